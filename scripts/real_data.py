"""The real data: beside the project, never in it, and optional."""

from __future__ import annotations

from datetime import UTC, datetime

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.instrument import IBOV
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import RAW
from chalicelib.sources import YAHOO
from common.paths import ROOT

SHARED = ROOT.parent / "shared" / "data"
HISTORY = SHARED / "bvsp_daily_yahoo.csv"


def history() -> Refined:
    """Refine the real history, as one download from Yahoo."""
    bars = CsvFile(str(HISTORY)).fetch(None, None)
    collected_at = datetime(2025, 10, 14, 1, 30, tzinfo=UTC)
    rows = bars.assign(ticker=IBOV.ticker, fonte=YAHOO.name, coletado_em=collected_at)
    return refine(raw.read(parquet.encode(rows, RAW), "raw/history.parquet", IBOV), sessions, IBOV)
