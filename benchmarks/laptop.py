"""How fast the laptop's AWS answers, and how soon `make run` is ready."""

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

QUESTIONS = {
    "a row a year": Query(
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
    """The real history where it is, generated bars elsewhere."""
    return CsvFile(str(HISTORY)) if HISTORY.exists() else Sample(date(2025, 10, 13))


def athena() -> Table:
    """Questions over the whole history: submitted, polled and read as the API does it."""
    with Laptop() as laptop:
        laptop.create_stack()
        laptop.ingest(source())
        laptop.refined()
        contents = laptop.contents()
        if contents is None:
            raise RuntimeError("the job committed nothing")
        ask = wiring.api_dependencies().athena
        bare = bare_duckdb()
        rows = []
        for name, query in QUESTIONS.items():
            through = median_seconds(lambda query=query: ask.rows(query), RUNS)  # type: ignore[misc]
            alone = median_seconds(lambda sql=query.sql: bare.sql(sql).fetchall(), RUNS)  # type: ignore[misc]
            rows.append((name, milliseconds(through), milliseconds(alone), f"{through / alone:,.0f}"))
    return Table(
        "A question to the local Athena",
        f"{contents.rows:,} sessions in {len(contents.years)} partitions, median of {RUNS}. Through boto3: start, "
        "poll every 25 ms, read the result. Beside it the same SQL in DuckDB alone, over the same rows in memory.",
        ("question", "local Athena", "DuckDB alone", "ratio"),
        tuple(rows),
    )


def bare_duckdb() -> Any:
    keys = [entry.key for entry in moto_state.objects("b3-dataflow-refined", "refined/")]
    tables = []
    for key in keys:
        table = pq.read_table(pa.BufferReader(moto_state.read("b3-dataflow-refined", key)))
        tables.append(table.append_column("year", pa.repeat(pa.scalar(int(key[13:17]), pa.int32()), len(table))))
    connection = duckdb.connect()
    connection.register("ibov_refined", pa.concat_tables(tables))
    return connection


def start() -> Table:
    """`python -m local` from nothing to the first answer."""
    where = source()
    name = f"csv:{where.location}" if isinstance(where, CsvFile) else "sample"
    seconds = sorted(_ready(name) for _ in range(3))
    return Table(
        "`make run`, with packages installed",
        f"From the start of Python to the line `Ready in`, source `{name.partition(':')[0]}`; the middle of three.",
        ("ready in",),
        ((f"{seconds[1]:.1f} s",),),
    )


def _ready(name: str) -> float:
    command = [sys.executable, "-u", "-m", "local", "--source", name, "--port", "0", "--aws-port", "0"]
    began, ready = time.perf_counter(), None
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            if line.startswith("Ready in"):
                ready = time.perf_counter() - began
            # The last of the three addresses to try: now it serves.
            if line.rstrip().endswith("/status'"):
                process.terminate()
    if ready is None:
        raise RuntimeError(f"python -m local --source {name} was never ready")
    return ready
