"""Files of COTAHIST for tests: a writer of a few records, the real day, and a plain reader of it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from chalicelib.market.parse import Parsed, parse
from chalicelib.refine import parquet
from chalicelib.refine.calendar import trading_sessions
from scripts.cotahist import encode, write

STORED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
GENERATED = date(2025, 12, 31)
KEY = "cotahist/file.zip"

Record = Mapping[str, Any]

PETR4: Record = {
    "DATA": 20250102,
    "CODNEG": b"PETR4",
    "NOMRES": b"PETROBRAS",
    "ESPECI": b"PN  EJ  N2",
    "CODISI": b"BRPETRACNPR6",
    "PREABE": 3600,
    "PREMAX": 3700,
    "PREMIN": 3550,
    "PREULT": 3680,
    "TOTNEG": 12345,
    "QUATOT": 30_000_000,
    "VOLTOT": 108_000_000_005,
    "DISMES": 230,
}


def record(**changes: Any) -> bytes:
    """Return a record of PETR4, with other values in some fields."""
    return encode({**PETR4, **changes}, 1).tobytes()


def file(*records: bytes, generated: date = GENERATED, suffix: str = ".txt", **options: Any) -> bytes:
    """Return a file of these records: a text, or a zip."""
    blocks = [np.frombuffer(each, np.uint8).reshape(-1, 247) for each in records]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"COTAHIST_A{generated.year}{suffix}"
        write(path, blocks, generated, **options)
        return path.read_bytes()


def parsed(*records: bytes, key: str = KEY, **options: Any) -> Parsed:
    return parse(BytesIO(file(*records, **options)), key, STORED)


def bars(*records: bytes, **options: Any) -> pd.DataFrame:
    return parquet.to_frame(parsed(*records, **options).bars)


def history(frame: pd.DataFrame, ticker: str = "PETR4", **fields: Any) -> bytes:
    """Return the records of one ticker.

    Args:
        frame: `date` (datetime64), `open`, `high`, `low`, `close` in cents (whole numbers), one row a session.
        fields: other fields, a value or one for each row.
    """
    values = {
        "DATA": frame["date"].dt.strftime("%Y%m%d").astype(np.int64),
        "PREABE": frame["open"],
        "PREMAX": frame["high"],
        "PREMIN": frame["low"],
        "PREULT": frame["close"],
    }
    return encode({**PETR4, "CODNEG": ticker.encode(), **values, **fields}, len(frame)).tobytes()


@cache
def market_sessions() -> pd.DatetimeIndex:
    return trading_sessions(date(1994, 7, 4), date(2026, 12, 31))


def stocks(shared: Path, tickers: int | None = None) -> dict[str, pd.DataFrame]:
    """Return the real prices of each stock in cents, in order of date. Bars that are no bars are left out."""
    table = pd.read_parquet(shared / "b3_stocks_daily_yahoo.parquet")
    table["date"] = pd.to_datetime(table["date"])
    for side in ("open", "high", "low", "close"):
        table[side] = np.rint(table[side] * 100)
    table = table.dropna(subset=["open", "high", "low", "close"])
    table["high"] = table[["open", "high", "close"]].max(axis=1)
    table["low"] = table[["open", "low", "close"]].min(axis=1)
    table = table[table["low"] >= 1].sort_values(["ticker", "date"])
    names: Sequence[str] = sorted(table["ticker"].unique())[:tickers]
    return {name.removesuffix(".SA"): table[table["ticker"] == name].reset_index(drop=True) for name in names}


LAYOUT = {
    "TIPREG": 2, "DATA": 8, "CODBDI": 2, "CODNEG": 12, "TPMERC": 3, "NOMRES": 12, "ESPECI": 10, "PRAZOT": 3,
    "MODREF": 4, "PREABE": 13, "PREMAX": 13, "PREMIN": 13, "PREMED": 13, "PREULT": 13, "PREOFC": 13, "PREOFV": 13,
    "TOTNEG": 5, "QUATOT": 18, "VOLTOT": 18, "PREEXE": 13, "INDOPC": 1, "DATVEN": 8, "FATCOT": 7, "PTOEXE": 13,
    "CODISI": 12, "DISMES": 3,
}  # fmt: skip
"""The width of each field, in their order: B3's layout, written a second time."""


def plain_records(path: Path) -> list[dict[str, str]]:
    """Return the records of a text, read one after the other."""
    records = []
    for line in path.read_text("latin-1").splitlines():
        if not line.startswith("01"):
            continue
        at, fields = 0, {}
        for name, width in LAYOUT.items():
            fields[name] = line[at : at + width].strip()
            at += width
        assert at == len(line) == 245
        records.append(fields)
    return records
