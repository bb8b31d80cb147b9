"""The real history of the index. It is optional, and outside of the repository."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.instrument import IBOV
from chalicelib.layout import RawObject
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.refine.rule import since
from chalicelib.schema import CLOSE, OFFICIAL_CLOSES, RAW
from chalicelib.sources import B3, YAHOO
from common.paths import ROOT

SHARED = ROOT.parent / "shared" / "data"
HISTORY = SHARED / "bvsp_daily_yahoo.csv"

COLLECTED_AT = datetime(2025, 10, 14, 1, 30, tzinfo=UTC)


def history(*, with_closes: bool = False) -> Refined:
    """Refine the real history, as one download from Yahoo, and the official closes if they are asked for."""
    bars = CsvFile(str(HISTORY)).fetch(None, None)
    rows = bars.assign(ticker=IBOV.ticker, fonte=YAHOO.name, coletado_em=COLLECTED_AT)
    bodies = {"raw/history.parquet": parquet.encode(rows, RAW)}
    if with_closes:
        bodies["raw/closes.parquet"] = parquet.encode(official_closes(), OFFICIAL_CLOSES)
    return refine(raw.read_all([RawObject(key, body, len(body)) for key, body in bodies.items()], IBOV), sessions, IBOV)


def official_closes() -> pd.DataFrame:
    """Return the official closes of the real history in the columns of raw, as complete answers."""
    rows = pd.read_csv(HISTORY, parse_dates=["date"]).dropna(subset="official_close")
    rows = rows[rows["is_session"] & since(rows["date"], IBOV.official_closes_since)]
    return pd.DataFrame({"data": rows["date"], CLOSE: rows["official_close"]}).assign(
        completo=True, ticker=IBOV.ticker, fonte=B3.name, coletado_em=COLLECTED_AT
    )
