"""The real data, if it is there: beside the project, never in it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from chalicelib import parquet, raw
from chalicelib.b3_calendar import sessions
from chalicelib.refinery import Refined, refine
from chalicelib.schema import RAW, TICKER
from chalicelib.sources.csv_file import CsvFile

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared" / "data"
HISTORY = SHARED / "bvsp_daily_yahoo.csv"


def history() -> Refined:
    """What the real history comes to, as one download of Yahoo's."""
    bars = CsvFile(str(HISTORY)).fetch(None, None)
    rows = bars.assign(ticker=TICKER, fonte="yahoo", coletado_em=datetime(2025, 10, 14, 1, 30, tzinfo=UTC))
    found = raw.read(parquet.encode(rows, RAW), "raw/history.parquet")
    return refine(found.rows, found.refused, sessions)
