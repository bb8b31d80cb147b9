"""The sessions of B3, from the calendar BVMF of exchange_calendars."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pandas as pd

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
