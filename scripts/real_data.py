"""The real data, if it is there: beside the project, never in it."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import RAW, TICKER
from common.paths import ROOT

SHARED = ROOT.parent / "shared" / "data"
HISTORY = SHARED / "bvsp_daily_yahoo.csv"


def history() -> Refined:
    """What the real history comes to, as one download of Yahoo's."""
    bars = CsvFile(str(HISTORY)).fetch(None, None)
    rows = bars.assign(ticker=TICKER, fonte="yahoo", coletado_em=datetime(2025, 10, 14, 1, 30, tzinfo=UTC))
    found = raw.read(parquet.encode(rows, RAW), "raw/history.parquet")
    return refine(found.rows, found.refused, sessions)
