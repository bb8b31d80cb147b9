"""Downloads of a generated history, for tests of what is held back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pandas as pd

from chalicelib import layout
from chalicelib.refine import parquet
from chalicelib.refine.refinery import Refined
from chalicelib.schema import ACCEPTANCES, PRICES
from tests.support.bars import raw_object, refined, session_bars

Object = tuple[str, bytes]

HISTORY = session_bars("2024-01-02", 420)
FIRST = 400
"""The number of sessions of the first download."""


def evening(number: int) -> datetime:
    """Return the evening of a session, by its number."""
    moment: datetime = (HISTORY["data"][number - 1] + pd.Timedelta(hours=25)).tz_localize("UTC").to_pydatetime()
    return moment


def download(number: int, bars: pd.DataFrame | None = None, source: str = "yahoo", hours: float = 0) -> Object:
    """Return a download of the evening of a session: the last 275 sessions, or other bars."""
    if bars is None:
        bars = HISTORY.iloc[max(number - 275, 0) : number]
    return raw_object(bars.reset_index(drop=True), source, evening(number) + timedelta(hours=hours))


def first() -> Object:
    return download(FIRST, HISTORY.head(FIRST))


def acceptance(key: str, hours: float = 1) -> Object:
    now = evening(FIRST + 10) + timedelta(hours=hours)
    rows = pd.DataFrame({"objeto_aceito": [key], "ticker": "IBOV", "fonte": "aceite", "coletado_em": now})
    return layout.raw_key(now), parquet.encode(rows, ACCEPTANCES)


def recent(number: int) -> pd.DataFrame:
    return HISTORY.iloc[number - 275 : number].reset_index(drop=True)


def held(*objects: Object) -> list[str]:
    return [answer.because for answer in refined(*objects).held_back]


def assert_clean(result: Refined, number: int) -> None:
    """Assert that the lake has the true prices of the first sessions, and no others."""
    assert result.bars["data"].tolist() == HISTORY["data"].head(number).tolist()
    assert result.bars[list(PRICES)].to_numpy().tolist() == HISTORY[list(PRICES)].head(number).to_numpy().tolist()
