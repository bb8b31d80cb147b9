"""Unfinished bars: the session was still going on, or the bar was not final yet, at the time of the download."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.rule import since
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN, PRICES
from chalicelib.sources import FINAL, WHOLE_POINTS

LAST = "ultima"
"""Column of raw rows: whether a row has the latest date of its object."""

SETTLED_AFTER = timedelta(hours=12)
"""A bar that the source returns unchanged after this time is final, even if its prices are not whole."""


def live(rows: pd.DataFrame, _sessions: pd.DatetimeIndex, instrument: Instrument) -> pd.Series[bool]:
    """Return which rows are unfinished bars.

    The time of day proves nothing: unfinished bars occur hours after the close. A row is live if

    - its source has whole points, a price is not whole, and the source did not return the same prices at least twelve
      hours before; or
    - open, high or low is 0 and the close is not; or
    - it is the last row of its download, flat and without volume, and its source is not always final.

    Volume 0 alone is no sign: 2,413 final sessions of Yahoo have it.
    """
    still_forming = fractional(rows, instrument) & ~settled(rows)
    half_empty = (rows[[OPEN, HIGH, LOW]] == 0).any(axis=1) & (rows[CLOSE] > 0)
    flat = (rows[OPEN] == rows[HIGH]) & (rows[HIGH] == rows[LOW]) & (rows[LOW] == rows[CLOSE])
    no_volume = rows["volume_negociado"].fillna(0) == 0
    stub = rows[LAST] & flat & no_volume & ~rows["fonte"].isin(FINAL)
    return still_forming | half_empty | stub


def fractional(rows: pd.DataFrame, instrument: Instrument) -> pd.Series[bool]:
    """Return which rows have a price that is not whole, though final bars of the source are whole.

    Final bars are whole from `whole_points_since` of the instrument on.
    """
    not_whole = (rows[list(PRICES)] % 1 != 0).any(axis=1)
    return not_whole & rows["fonte"].isin(WHOLE_POINTS) & since(rows["data"], instrument.whole_points_since)


def settled(rows: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows a source with whole points also returned at least twelve hours before, with the same prices."""
    candidates = rows[rows["fonte"].isin(WHOLE_POINTS)]
    first = candidates.groupby(["fonte", "data", *PRICES])["coletado_em"].transform("min")
    return (candidates["coletado_em"] - first >= SETTLED_AFTER).reindex(rows.index, fill_value=False)
