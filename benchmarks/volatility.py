"""Benchmarks of the 42 volatility columns, compared with rolling windows in pandas and window functions in DuckDB.

All compute the same formulas, and their results are compared before the measurement. All use one core: the project and
pandas have no threads, DuckDB is limited to one.
"""

from __future__ import annotations

import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.report import Table, milliseconds
from chalicelib.estimators import ESTIMATORS
from chalicelib.refine.volatility import Prices, volatility
from chalicelib.schema import WINDOWS, volatility_column
from common.paths import ROOT

SHARED = ROOT.parent / "shared" / "data"
STOCKS = SHARED / "b3_stocks_daily_yahoo.parquet"

ROWS = 538_000
TICKERS = 1_560
"""The number of bars and of tickers of the comparison."""

TOLERANCE = 1e-9
"""The maximum relative difference between the results."""

COLUMNS = [volatility_column(estimator, window) for window in WINDOWS for estimator in ESTIMATORS]


def bars(rows: int = ROWS) -> pd.DataFrame:
    """Return this many bars of many tickers: copies of 78 real stocks if available, else random walks as long as those.

    For `ROWS` bars these are 20 copies, and so `TICKERS` tickers.
    """
    if STOCKS.exists():
        stocks = pd.read_parquet(STOCKS, columns=["ticker", "open", "high", "low", "close"])
        copies = [stocks.assign(ticker=stocks["ticker"] + f"#{copy}") for copy in range(-(-rows // len(stocks)))]
        return pd.concat(copies, ignore_index=True).head(rows)
    day, gap, up, down = np.random.default_rng(0).standard_normal((4, rows)) * 0.02
    close = 20 * np.exp(0.1 * np.cumsum(day))
    opened = close * np.exp(gap)
    return pd.DataFrame(
        {
            "ticker": (np.arange(rows) // (ROWS // TICKERS)).astype(str),
            "open": opened,
            "high": np.maximum(opened, close) * np.exp(np.abs(up)),
            "low": np.minimum(opened, close) * np.exp(-np.abs(down)),
            "close": close,
        }
    )


def prices_of(frame: pd.DataFrame) -> Prices:
    """Return the bars as arrays."""
    position = frame.groupby("ticker", sort=False).cumcount().to_numpy().astype(np.intp)
    opened, high, low, close = (frame[name].to_numpy(np.float64) for name in ("open", "high", "low", "close"))
    return Prices(opened, high, low, close, position)


def with_pandas(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the 42 columns by groupby().rolling()."""
    groups = frame["ticker"]
    before = frame["close"].groupby(groups, sort=False).shift()
    o, c = np.log(frame["open"] / before), np.log(frame["close"] / frame["open"])
    r = np.log(frame["close"] / before)
    hl2 = np.log(frame["high"] / frame["low"]) ** 2
    gk = 0.5 * hl2 - (2 * np.log(2) - 1) * c**2
    up = np.log(frame["high"] / frame["close"]) * np.log(frame["high"] / frame["open"])
    rs = up + np.log(frame["low"] / frame["close"]) * np.log(frame["low"] / frame["open"])
    terms = pd.DataFrame({"o": o, "c": c, "r": r, "hl2": hl2, "gk": gk, "gkyz": o**2 + gk, "rs": rs})
    columns: dict[str, pd.Series[float]] = {}
    for n in WINDOWS:
        rolling = terms.groupby(groups, sort=False).rolling(n)
        mean = rolling[["hl2", "gk", "gkyz", "rs"]].mean().reset_index(drop=True)
        variance = rolling[["o", "c", "r"]].var().reset_index(drop=True)
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        daily = {
            "close_to_close": variance["r"],
            "parkinson": mean["hl2"] / (4 * np.log(2)),
            "garman_klass": mean["gk"],
            "garman_klass_yang_zhang": mean["gkyz"],
            "rogers_satchell": mean["rs"],
            "yang_zhang": variance["o"] + k * variance["c"] + (1 - k) * mean["rs"],
        }
        columns |= {volatility_column(name, n): np.sqrt(252 * values) for name, values in daily.items()}
    return pd.DataFrame(columns)


def duckdb_query() -> str:
    """Return the SQL of the 42 columns. A column is null while its window is not full."""
    columns = []
    for n in WINDOWS:
        k = 0.34 / (1.34 + (n + 1) / (n - 1))
        daily = {
            "close_to_close": (f"var_samp(r) OVER w{n}", n),
            "parkinson": (f"avg(hl2) OVER w{n} / (4 * ln(2))", n - 1),
            "garman_klass": (f"avg(gk) OVER w{n}", n - 1),
            "garman_klass_yang_zhang": (f"avg(o * o + gk) OVER w{n}", n),
            "rogers_satchell": (f"avg(rs) OVER w{n}", n - 1),
            "yang_zhang": (
                f"var_samp(o) OVER w{n} + {k!r} * var_samp(c) OVER w{n} + {1 - k!r} * avg(rs) OVER w{n}",
                n,
            ),
        }
        columns += [
            f"CASE WHEN position >= {first} THEN sqrt(252 * ({value})) END AS {volatility_column(name, n)}"
            for name, (value, first) in daily.items()
        ]
    windows = ", ".join(
        f"w{n} AS (PARTITION BY ticker ORDER BY position ROWS BETWEEN {n - 1} PRECEDING AND CURRENT ROW)"
        for n in WINDOWS
    )
    return f"""
        WITH terms AS (
            SELECT row, ticker, position, ln(close / open) AS c, ln(high / low) ^ 2 AS hl2,
                   ln(open / lag(close) OVER t) AS o, ln(close / lag(close) OVER t) AS r,
                   0.5 * ln(high / low) ^ 2 - (2 * ln(2) - 1) * ln(close / open) ^ 2 AS gk,
                   ln(high / close) * ln(high / open) + ln(low / close) * ln(low / open) AS rs
            FROM bars WINDOW t AS (PARTITION BY ticker ORDER BY position)
        )
        SELECT row, {", ".join(columns)} FROM terms WINDOW {windows}
    """  # noqa: S608 - built from constants


def with_duckdb(connection: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """Return the columns as an Arrow table, in any order of rows."""
    return connection.sql(query).to_arrow_table()


def difference(other: pd.DataFrame, expected: pd.DataFrame) -> float:
    """Return the largest relative difference. Rounding errors below 1e-7 where the expected value is 0 are ignored.

    Raises:
        ValueError: nulls differ, or the difference is above the tolerance.
    """
    ours, theirs = expected[COLUMNS].to_numpy(), other[COLUMNS].to_numpy()
    if (np.isnan(ours) != np.isnan(theirs)).any():
        raise ValueError("nulls differ")
    known = ~np.isnan(ours) & ~((ours == 0) & (theirs < 1e-7))
    largest = float(np.max(np.abs(theirs[known] / ours[known] - 1)))
    if largest > TOLERANCE:
        raise ValueError(f"differs by {largest:.1e}")
    return largest


def best_of(runs: int, work: Callable[[], object]) -> float:
    """Return the seconds of the fastest run, which other processes disturb least."""
    durations = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        durations.append(time.perf_counter() - start)
    return min(durations)


def comparison() -> Table:
    """Measure the 42 columns on one core."""
    frame = bars()
    prices = prices_of(frame)
    ours = pd.DataFrame(volatility(prices))
    connection = duckdb.connect(config={"threads": 1})
    connection.execute("SET enable_progress_bar = false")
    connection.register("source", frame.assign(position=prices.position, row=np.arange(len(frame))))
    connection.execute("CREATE TABLE bars AS SELECT * FROM source")
    query = duckdb_query()
    by_duckdb = with_duckdb(connection, query).to_pandas().sort_values("row", ignore_index=True)
    differences = [difference(with_pandas(frame), ours), difference(by_duckdb, ours)]
    times = [
        best_of(5, lambda: volatility(prices)),
        best_of(2, lambda: with_pandas(frame)),
        best_of(3, lambda: with_duckdb(connection, query)),
    ]
    table = pa.table({name: ours[name].to_numpy() for name in COLUMNS})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "columns.parquet"
        settings: dict[str, Any] = {"compression": "NONE", "use_dictionary": False, "write_statistics": False}
        writing = best_of(3, lambda: pq.write_table(table, path, **settings))
        reading = best_of(3, lambda: pq.read_table(path, use_threads=False, memory_map=True))
    rows = [
        ("b3-dataflow", milliseconds(times[0]), "", "1"),
        ("pandas groupby().rolling()", milliseconds(times[1]), f"{differences[0]:.0e}", f"{times[1] / times[0]:.0f}"),
        ("DuckDB, one thread", milliseconds(times[2]), f"{differences[1]:.0e}", f"{times[2] / times[0]:.0f}"),
        ("reading these columns from parquet", milliseconds(reading), "", f"{reading / times[0]:.1f}"),
        ("writing them to parquet", milliseconds(writing), "", f"{writing / times[0]:.1f}"),
    ]
    return Table(
        "The 42 columns of volatility",
        f"{len(frame):,} bars of {frame['ticker'].nunique():,} tickers, one core, the best of several runs in one "
        f"process. Results differ by at most {TOLERANCE:g} of a value. The parquet file has no compression, "
        "dictionaries or statistics, which is the fastest to read and write.",
        ("", "time", "largest relative difference", "relative time"),
        tuple(rows),
    )


SIZES = (10_000, 100_000, 1_000_000, 3_000_000)


def growth() -> Table:
    """Measure the time for each of `SIZES`, and the peak memory for `ROWS` bars."""
    largest = bars(SIZES[-1])
    rows, seconds = [], []
    for size in SIZES:
        prices = prices_of(largest.head(size))
        seconds.append(best_of(3, lambda prices=prices: volatility(prices)))  # type: ignore[misc]
        rows.append((f"{size:,}", milliseconds(seconds[-1]), f"{seconds[-1] / size * 1e9:.0f} ns"))
    exponent = np.polyfit(np.log(SIZES), np.log(seconds), 1)[0]
    memory, output = _memory()
    return Table(
        "Time by number of bars, and memory",
        f"The same 42 columns. Time is proportional to the number of bars to the power of {exponent:.2f}. For {ROWS:,} "
        f"bars the peak memory is {memory / output:.2f} times the size of the result ({output / 2**20:,.0f} MiB).",
        ("bars", "time", "per bar"),
        tuple(rows),
    )


def _memory() -> tuple[int, int]:
    """Return the peak memory of the computation in bytes, including the columns, and the size of the columns."""
    prices = prices_of(bars())
    tracemalloc.start()
    columns = volatility(prices)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return peak, sum(values.nbytes for values in columns.values())
