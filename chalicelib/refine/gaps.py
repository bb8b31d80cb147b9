"""Sessions of the calendar that the lake has no bar of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chalicelib.refine.quality import FUTURE, LIVE

ASH_WEDNESDAY = "Ash Wednesday: no trading in those years"
MAUNDY_THURSDAY = "Maundy Thursday: no trading in those years"
YAHOO = "a session that Yahoo has no bar of"

KNOWN: Mapping[date, str] = {
    date(1994, 2, 16): ASH_WEDNESDAY,
    date(1994, 3, 31): MAUNDY_THURSDAY,
    date(1994, 7, 1): "first day of the real: a bank holiday",
    date(1994, 10, 3): "general election: no trading",
    date(1995, 3, 1): ASH_WEDNESDAY,
    date(1995, 4, 13): MAUNDY_THURSDAY,
    date(1996, 2, 21): ASH_WEDNESDAY,
    date(1996, 4, 4): MAUNDY_THURSDAY,
    date(1996, 10, 3): "municipal elections: no trading",
    date(1997, 3, 27): MAUNDY_THURSDAY,
    date(1997, 7, 9): "holiday of the state of São Paulo, in its first year",
    date(1998, 4, 9): MAUNDY_THURSDAY,
    date(1999, 4, 1): MAUNDY_THURSDAY,
    date(2001, 9, 11): f"attacks in the United States, trading was suspended: {YAHOO}",
    date(2012, 1, 2): YAHOO,
    date(2012, 2, 22): f"Ash Wednesday, a short session: {YAHOO}",
    date(2020, 11, 20): f"a holiday of São Paulo that the pandemic moved to May: {YAHOO}",
}
"""Gaps whose reason is known: days on which the calendar has a session and B3 had none, and sessions that Yahoo lacks.

For the former the open of the next session is the close of the one before, to the cent, in all but 1996-04-04,
1996-10-03, 1997-07-09 and 1999-04-01. Of 1997-10-06 nothing is known.
"""

RECENT = 60
"""Sessions back that a gap makes the lake degraded."""

PATIENCE = 2
"""Sessions that Yahoo is given to fill a hole before it counts."""

LIVE_IN_A_ROW = 3
"""Sessions refused as live, one after another, that make the lake degraded: Yahoo may have changed its ways."""


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which sessions the lake has, and which it should have.

    Attributes:
        sessions: the calendar's sessions from the first bar to the last that raw tells of, refused ones included.
        missing: those of them without a bar, with the reason where it is known.
        live: those of the missing for which every bar was refused as live, or some of them.
    """

    sessions: pd.DatetimeIndex
    missing: Mapping[date, str | None]
    live: frozenset[date]

    def degraded(self) -> list[str]:
        """Why the lake is not what it should be lately; empty if it is."""
        recent = [session.date() for session in self.sessions[-RECENT:]]
        late = [day for day in recent[:-PATIENCE] if day in self.missing and self.missing[day] is None]
        reasons = [f"no bar of {day}, for no known reason" for day in late]
        for start in range(len(recent) - LIVE_IN_A_ROW + 1):
            run = recent[start : start + LIVE_IN_A_ROW]
            if self.live.issuperset(run):
                reasons.append(f"{LIVE_IN_A_ROW} sessions in a row refused as live, from {run[0]}")
                break
        return reasons


def coverage(bars: pd.Series[pd.Timestamp], seen: pd.DataFrame, sessions: pd.DatetimeIndex) -> Coverage:
    """Compare the bars with the calendar.

    Args:
        bars: the dates of the bars, in order.
        seen: the readable rows of raw, with `data` and `motivo` (empty where the row was acceptable).
        sessions: the calendar's sessions, at least from the first bar to the last row.
    """
    if bars.empty:
        return Coverage(sessions[:0], {}, frozenset())
    told = seen[seen["data"].isin(sessions) & (seen["motivo"] != FUTURE)]
    covered = sessions[(sessions >= bars.iloc[0]) & (sessions <= told["data"].max())]
    missing = covered.difference(pd.DatetimeIndex(bars))
    live = told.loc[(told["motivo"] == LIVE) & told["data"].isin(missing), "data"]
    return Coverage(
        covered,
        {day.date(): KNOWN.get(day.date()) for day in missing},
        frozenset(day.date() for day in live),
    )
