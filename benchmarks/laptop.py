"""Benchmarks of the local Athena, and of the start of `make run`."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.report import Table, median_seconds, milliseconds
from chalicelib import wiring
from chalicelib.api.queries import Query
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.csv_file import CsvFile
from common.paths import ROOT
from local import moto_state
from local.laptop import Laptop
from local.sample import Sample

HISTORY = ROOT.parent / "shared" / "data" / "bvsp_daily_yahoo.csv"

RUNS = 50

QUERIES = {
    "one row a year": Query(
        "SELECT year, count(*) AS n, avg(volatilidade_pct) AS mean, max(volatilidade_pct) AS max "
        "FROM ibov_refined GROUP BY year ORDER BY year"
    ),
    "ten most volatile days": Query(
        "SELECT data, volatilidade_pct FROM ibov_refined ORDER BY volatilidade_pct DESC LIMIT 10"
    ),
    "every session, six columns": Query(
        "SELECT data, preco_fechamento, amplitude, volatilidade_pct, vol_mean_3d, vol_std_3d "
        "FROM ibov_refined ORDER BY data DESC",
        max_rows=10_000,
    ),
}


def source() -> Source:
    """Return the real history if it is available, else generated bars."""
    return CsvFile(str(HISTORY)) if HISTORY.exists() else Sample(date(2025, 10, 13))


def athena() -> Table:
    """Measure queries over the whole history, with the client of the API and in DuckDB alone."""
    with Laptop() as laptop:
        laptop.create_stack()
        laptop.ingest(source())
        laptop.refined()
        contents = laptop.contents()
        if contents is None:
            raise RuntimeError("the job committed nothing")
        client = wiring.api_dependencies().athena
        connection = in_memory_duckdb()
        rows = []
        for name, query in QUERIES.items():
            local = median_seconds(lambda query=query: client.rows(query), RUNS)  # type: ignore[misc]
            alone = median_seconds(lambda sql=query.sql: connection.sql(sql).fetchall(), RUNS)  # type: ignore[misc]
            rows.append((name, milliseconds(local), milliseconds(alone), f"{local / alone:,.0f}"))
    return Table(
        "A query in the local Athena",
        f"{contents.rows:,} sessions in {len(contents.years)} partitions, median of {RUNS}. Through boto3: start, "
        "poll every 25 ms, read the result. For comparison, the same SQL in DuckDB over the same rows in memory.",
        ("query", "local Athena", "DuckDB alone", "ratio"),
        tuple(rows),
    )


def in_memory_duckdb() -> Any:
    """Return a DuckDB connection with the refined table in memory, as `ibov_refined`."""
    keys = [entry.key for entry in moto_state.objects("b3-dataflow-refined", "refined/")]
    tables = []
    for key in keys:
        table = pq.read_table(pa.BufferReader(moto_state.read("b3-dataflow-refined", key)))
        tables.append(table.append_column("year", pa.repeat(pa.scalar(int(key[13:17]), pa.int32()), len(table))))
    connection = duckdb.connect()
    connection.register("ibov_refined", pa.concat_tables(tables))
    return connection


def start() -> Table:
    """Measure the start of `python -m local`, until it serves requests."""
    bars = source()
    name = f"csv:{bars.location}" if isinstance(bars, CsvFile) else "sample"
    seconds = sorted(_ready(name) for _ in range(3))
    return Table(
        "`make run`, with packages installed",
        f"From the start of Python to the line `Ready in`, source `{name.partition(':')[0]}`; the median of three.",
        ("ready in",),
        ((f"{seconds[1]:.1f} s",),),
    )


def _ready(name: str) -> float:
    command = [sys.executable, "-u", "-m", "local", "--source", name, "--port", "0", "--aws-port", "0"]
    start_time, ready = time.perf_counter(), None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith("Ready in"):
                ready = time.perf_counter() - start_time
            # The last line of the output: the server is ready.
            if line.rstrip().endswith("/status'"):
                process.terminate()
    if ready is None:
        raise RuntimeError(f"python -m local --source {name} was never ready")
    return ready
