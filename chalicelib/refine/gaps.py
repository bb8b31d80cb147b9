"""Gaps: sessions of the calendar without a bar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.quality import FUTURE, LIVE
from chalicelib.sources import REMOVAL

RECENT = 60
"""The number of last sessions in which a gap without a known reason makes the lake degraded."""

PATIENCE = 2
"""The number of last sessions in which a gap does not count: Yahoo may still fill it."""

LIVE_IN_A_ROW = 3
"""The number of consecutive sessions refused as live that make the lake degraded: Yahoo may have changed its format."""


BAR_MISSING = "B3 has a close of this session; no source has a bar of it that can be accepted"
NO_SESSION = "B3 has no close of this day: no session"
"""The reasons for a gap that official closes give."""

REMOVED = "the bar was removed by hand"


@dataclass(frozen=True, slots=True)
class Coverage:
    """The expected sessions of the lake, and the missing ones.

    Attributes:
        sessions: the calendar's sessions from the first bar to the last readable row on a session. Refused rows count,
            except those refused as in the future.
        missing: the sessions without a bar, with the reason where it is known.
        live: the missing sessions with at least one bar refused as live.
    """

    sessions: pd.DatetimeIndex
    missing: Mapping[date, str | None]
    live: frozenset[date]

    def degraded(self) -> list[str]:
        """Return why recent data is degraded, one sentence each; empty if it is not."""
        recent = [session.date() for session in self.sessions[-RECENT:]]
        overdue = [day for day in recent[:-PATIENCE] if day in self.missing and self.missing[day] is None]
        reasons = [f"no bar of {day}, for no known reason" for day in overdue]
        for start in range(len(recent) - LIVE_IN_A_ROW + 1):
            run = recent[start : start + LIVE_IN_A_ROW]
            if self.live.issuperset(run):
                reasons.append(f"{LIVE_IN_A_ROW} sessions in a row refused as live, from {run[0]}")
                break
        return reasons


def coverage(
    bars: pd.Series[pd.Timestamp],
    rows: pd.DataFrame,
    sessions: pd.DatetimeIndex,
    official: pd.Series[float],
    instrument: Instrument,
) -> Coverage:
    """Compare the bars with the calendar.

    Args:
        bars: the dates of the bars, in order.
        rows: the readable rows of raw, with `data` and `motivo` (empty where the row was acceptable).
        sessions: the calendar's sessions, at least from the first bar to the last row that is not in the future.
        official: the official close of each session, by date in order; NaN if B3 says that there was no session.
        instrument: its known gaps are reasons, then the official closes.
    """
    if bars.empty:
        return Coverage(sessions[:0], {}, frozenset())
    past = rows[rows["data"].isin(sessions) & (rows["motivo"] != FUTURE.name)]
    last = max([past["data"].max(), *official.index[-1:]])
    covered = sessions[(sessions >= bars.iloc[0]) & (sessions <= last)]
    missing = covered.difference(pd.DatetimeIndex(bars))
    live = past.loc[(past["motivo"] == LIVE.name) & past["data"].isin(missing), "data"]
    by_hand = dict.fromkeys(past.loc[(past["fonte"] == REMOVAL.name) & (past["motivo"] == ""), "data"], REMOVED)
    return Coverage(
        covered,
        {
            day.date(): by_hand.get(day) or instrument.known_gaps.get(day.date()) or _reason(day, official)
            for day in missing
        },
        frozenset(day.date() for day in live),
    )


def _reason(day: pd.Timestamp, official: pd.Series[float]) -> str | None:
    if day not in official.index:
        return None
    return NO_SESSION if pd.isna(official[day]) else BAR_MISSING
