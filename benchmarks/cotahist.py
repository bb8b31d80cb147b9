"""Benchmarks of the market: parsing COTAHIST beside DuckDB, and the features of its bars."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import duckdb
import numpy as np
import pyarrow as pa

from benchmarks.report import Table
from chalicelib.market.parse import parse
from chalicelib.market.refinery import refine
from chalicelib.market.rules import FIRST_SESSION
from chalicelib.refine import parquet
from chalicelib.refine.calendar import trading_sessions
from scripts.generate_market import LAST_SESSION, generate

SIZES = (100_000, 1_000_000, 10_000_000, 30_000_000)
"""Numbers of records, a quarter of which are bars."""

CORES = (1, 2)

_STORED = datetime(2026, 1, 1, tzinfo=UTC)


def parsed(path: Path) -> pa.Table:
    """Return the bars of a file."""
    with path.open("rb") as file:
        return parse(file, path.name, _STORED).bars


def _checksum(path: Path) -> tuple[int, float]:
    bars = parsed(path)
    return bars.num_rows, float(np.sum(bars["preco_fechamento"].to_numpy()))


def by_processes(paths: Sequence[Path], cores: int) -> tuple[int, float]:
    """Return the number of bars and the sum of their closes, by one process a core."""
    if cores == 1:
        results = [_checksum(path) for path in paths]
    else:
        # A forked process would share the threads of DuckDB.
        with ProcessPoolExecutor(cores, mp_context=get_context("spawn")) as pool:
            results = list(pool.map(_checksum, paths))
    return sum(rows for rows, _ in results), sum(total for _, total in results)


def by_duckdb(paths: Sequence[Path], cores: int) -> tuple[int, float]:
    """Return the same by a query that reads the same fields and applies the same rules."""

    def text(first: int, last: int) -> str:
        return f"substr(line, {first}, {last - first + 1})"

    price = f"CAST({{}} AS DOUBLE) / (100 * CAST({text(211, 217)} AS DOUBLE))"
    prices = ", ".join(
        f"{price.format(text(first, last))} AS {name}"
        for name, first, last in (("open", 57, 69), ("high", 70, 82), ("low", 83, 95), ("close", 109, 121))
    )
    numbers = ", ".join(
        f"CAST({text(first, last)} AS BIGINT) AS {name}"
        for name, first, last in (("trades", 148, 152), ("shares", 153, 170), ("value", 171, 188), ("dist", 243, 245))
    )
    files = ", ".join(f"'{path}'" for path in paths)
    query = f"""
        CREATE TABLE bars AS
        SELECT strptime({text(3, 10)}, '%Y%m%d')::DATE AS day, trim({text(13, 24)}) AS ticker, {prices}, {numbers},
               trim({text(28, 39)}) || ' ' || trim({text(40, 42)}) AS name, trim({text(231, 242)}) AS isin,
               CASE WHEN {text(237, 239)} = 'BDR' THEN 'bdr' WHEN {text(237, 239)} IN ('CDA', 'UNT') THEN 'unit'
                    WHEN {text(237, 239)} = 'CTF' THEN 'fund' ELSE 'acao' END AS class
        FROM read_csv([{files}], columns = {{'line': 'VARCHAR'}}, delim = '\t', quote = '', header = false)
        WHERE {text(1, 2)} = '01' AND {text(25, 27)} = '010' AND {text(53, 56)} = 'R$  '
          AND {text(11, 12)} IN ('02', '05', '06', '07', '08', '09', '11', '12', '14')
    """  # noqa: S608 - built from constants and the paths of this benchmark
    with duckdb.connect(config={"threads": cores}) as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(query)
        ((rows, total),) = connection.sql("SELECT count(*), sum(close) FROM bars").fetchall()
    return int(rows), float(total)


def parsing(sizes: Sequence[int] = SIZES) -> Table:
    """Measure the parser and DuckDB on the same text, with 1 and 2 cores."""
    rows = []
    works: dict[str, Callable[[Sequence[Path], int], tuple[int, float]]] = {
        "b3-dataflow": by_processes,
        "DuckDB": by_duckdb,
    }
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            files = generate(Path(folder), size, seed=1, text=True)
            records = sum(files.values())
            for cores in CORES:
                results = {}
                for name, work in works.items():
                    start = time.perf_counter()
                    results[name] = work([*files], cores)
                    seconds = time.perf_counter() - start
                    rows.append((f"{records:,}", str(cores), name, f"{seconds:.1f} s", f"{records / seconds:,.0f}"))
                _check_equal(results)
    return Table(
        "Parsing COTAHIST",
        "Text of a generated market, a quarter of whose records are bars. Both read the same fields, the closes are "
        "compared. DuckDB checks no record, and neither header nor trailer. With 2 cores, b3-dataflow starts 2 "
        "processes, which is a part of its time.",
        ("records", "cores", "", "time", "records a second"),
        tuple(rows),
    )


def _check_equal(results: dict[str, tuple[int, float]]) -> None:
    (rows, total), (other_rows, other_total) = results.values()
    if rows != other_rows or abs(total / other_total - 1) > 1e-9:
        raise ValueError(f"results differ: {results}")


def features(sizes: Sequence[int] = SIZES[:-1]) -> Table:
    """Measure the selection, the events and all columns of the table of shares, on one core.

    The bars of 30 million records and all of their columns are larger than the memory of 24 GB.
    """
    calendar, rows = trading_sessions(FIRST_SESSION, LAST_SESSION), []
    for size in sizes:
        with tempfile.TemporaryDirectory() as folder:
            bars = parquet.to_frame(pa.concat_tables([parsed(path) for path in generate(Path(folder), size, seed=1)]))
        start = time.perf_counter()
        refine(bars, calendar)
        seconds = time.perf_counter() - start
        rows.append(
            (f"{len(bars):,}", f"{bars['ticker'].nunique():,}", f"{seconds:.1f} s", f"{len(bars) / seconds:,.0f}")
        )
    return Table(
        "Refining shares",
        "From the bars in memory to all columns of the table, one core.",
        ("bars", "tickers", "time", "bars a second"),
        tuple(rows),
    )
