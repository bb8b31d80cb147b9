"""The sessions whose close does not compare with the close before: dividends, splits, bonuses and long pauses.

B3's files have no table of corporate actions, but they count the distributions of each security (DISMES).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from chalicelib.market.columns import Flags
from chalicelib.market.rules import is_isin
from chalicelib.shares import DISTRIBUTION, ISIN, QUOTED_SHARES

LONGEST_PAUSE = 5
"""The number of sessions without a bar of the ticker that is no event."""


def events(bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> Flags:
    """Return whether each bar is an event, shape (n,).

    It is one if the number of distributions, the number of quoted shares or the ISIN differs from the bar before of
    the same ticker, or if more than `LONGEST_PAUSE` sessions of the exchange lie between them. An ISIN in place of an
    internal code is no event: all securities got theirs on 1995-05-15. The first bar of a ticker is none.

    Args:
        bars: in order of ticker and date, in the columns of `BARS`.
        sessions: the sessions with trading, at least from the first bar to the last. Not the dates of the bars: a year
            that the lake lacks is a pause too.
    """
    same_ticker = _unchanged(bars["ticker"])
    changed = ~_unchanged(bars[DISTRIBUTION]) | ~_unchanged(bars[QUOTED_SHARES])
    renamed = np.flatnonzero(same_ticker & ~_unchanged(bars[ISIN]))
    isins = bars[ISIN].fillna("")
    changed[renamed] |= _is_isin(isins.iloc[renamed - 1]) | ~_is_isin(isins.iloc[renamed])
    days = bars["data"].to_numpy()
    pause = np.searchsorted(sessions, days[1:]) - np.searchsorted(sessions, days[:-1], side="right")
    changed[1:] |= pause > LONGEST_PAUSE
    return changed & same_ticker


def _unchanged(values: pd.Series[Any]) -> Flags:
    """Return whether each value is that of the row before, shape (n,). The first row has none."""
    codes, _ = pd.factorize(values, use_na_sentinel=True)
    unchanged = np.zeros(len(values), np.bool_)
    unchanged[1:] = codes[1:] == codes[:-1]
    return unchanged


def _is_isin(values: pd.Series[str]) -> Flags:
    chars = np.array([value.encode("latin-1") for value in values], "S12")
    return is_isin(chars.view(np.uint8).reshape(-1, 12))
