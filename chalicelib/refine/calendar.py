"""The sessions of B3, from the exchange calendar BVMF."""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import pandas as pd

_MARGIN = pd.Timedelta(days=40)
"""The calendar refuses a range that holds no session; no closure of B3 ever lasted this long."""


@lru_cache(maxsize=8)
def sessions(start: date, end: date) -> pd.DatetimeIndex:
    """The sessions from `start` to `end`, both included, as naive midnights in order."""
    # It takes a second to import: only those who ask for sessions pay for it.
    import exchange_calendars

    first, last = pd.Timestamp(start), pd.Timestamp(end)
    # Without `start` and `end` the calendar holds twenty years back and one ahead.
    calendar = exchange_calendars.get_calendar("BVMF", start=first - _MARGIN, end=last + _MARGIN)
    found: pd.DatetimeIndex = calendar.sessions
    return found[(found >= first) & (found <= last)]
