"""The sessions of B3, from the calendar BVMF of exchange_calendars."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.instrument import IBOV

_MARGIN = pd.Timedelta(days=40)
"""exchange_calendars raises for a range without sessions; B3 has never closed for 40 days."""


@lru_cache(maxsize=8)
def sessions(start: date, end: date) -> pd.DatetimeIndex:
    """Return the sessions from `start` to `end`, both included, as midnights without a time zone, in order."""
    # The import takes a second, and not every importer of this module needs sessions.
    import exchange_calendars

    first, last = pd.Timestamp(start), pd.Timestamp(end)
    # By default the calendar covers the last twenty years and the next one.
    calendar = exchange_calendars.get_calendar("BVMF", start=first - _MARGIN, end=last + _MARGIN)
    dates: pd.DatetimeIndex = calendar.sessions
    return dates[(dates >= first) & (dates <= last)]


def trading_sessions(start: date, end: date) -> pd.DatetimeIndex:
    """Return the sessions from `start` to `end`, both included, without those on which B3 had no trading."""
    calendar = sessions(start, end)
    return calendar[~calendar.isin(pd.DatetimeIndex(list(IBOV.closures)))]


def positions(dates: pd.Series[pd.Timestamp], sessions: pd.DatetimeIndex) -> npt.NDArray[np.intp]:
    """Return the position of each date among the sessions, shape (n,); -1 where there is no session.

    Args:
        dates: midnights of any resolution. pandas' own lookup raises for dates that nanoseconds cannot express.
        sessions: in order.
    """
    days, known = dates.to_numpy().astype("datetime64[D]"), sessions.to_numpy().astype("datetime64[D]")
    at = np.searchsorted(known, days)
    found = at < len(known)
    found[found] = known[at[found]] == days[found]
    return np.where(found, at, -1)
