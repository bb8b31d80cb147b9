"""Checks that an answer is about the index and the year of the request, since an answer names neither."""

from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from chalicelib.errors import SourceMalformed
from chalicelib.instrument import Instrument
from chalicelib.schema import CLOSE

EXTRA, MISSING = 2, 5
"""The numbers of days on which an answer and the calendar may differ: the calendar may be wrong about a holiday.

Of the years 1998 to 2025 each fits its own sessions, apart from known gaps. Of the closes of one year dated in
another, those of most pairs of years fall on Saturdays or Sundays; where the two years begin on the same weekday,
Carnival, Good Friday and Corpus Christi differ, except in 18 of the 756 pairs. `check_level` finds these.
"""

DISTANCE, SHARE = 0.05, 0.05
"""Closes of another index or year: more than this share of them is further from the bars than this distance.

The largest distance of one of Yahoo's closes from the official one is 1.6 %, and no other index of B3 is near.
"""

STEP = 0.15
"""The largest change from the last close of a year to the first of the next. Since 1998 it is 7 %."""


def check_calendar(
    closes: pd.DataFrame, calendar: pd.DatetimeIndex, through: date, today: date, instrument: Instrument, *, origin: str
) -> None:
    """Check that the closes of a calendar year are on its sessions.

    Args:
        calendar: the sessions of the exchange, at least those of the year.
        through: the day up to which the year's sessions must have closes.
        today: the date in the time zone of the exchange; no close is after it.

    Raises:
        SourceMalformed: more days differ than the calendar may have wrong, or a close is on a weekend or in the future.
    """
    days = pd.DatetimeIndex(closes["data"])
    year = days[0].year
    if (later := days[days > pd.Timestamp(today)]).size:
        raise SourceMalformed(f"{origin} has a close of {later[0]:%Y-%m-%d}, which is after today, {today}")
    if (weekend := days[days.dayofweek >= 5]).size:
        raise SourceMalformed(
            f"{origin} has a close of {weekend[0]:%Y-%m-%d}, a {weekend[0]:%A}: it is about another year than {year}"
        )
    expected = calendar[calendar.year == year]
    extra = days.difference(expected)
    known = pd.DatetimeIndex([*instrument.known_gaps])
    missing = expected[expected <= pd.Timestamp(through)].difference(days).difference(known)
    if len(extra) > EXTRA or len(missing) > MISSING:
        raise SourceMalformed(
            f"{origin} has closes on {len(extra)} days of {year} without a session, and none on {len(missing)} "
            f"sessions; allowed: {EXTRA} and {MISSING}. It is incomplete, or about another year"
        )


def check_level(closes: pd.DataFrame, bars: pd.DataFrame, origin: str) -> None:
    """Check the closes against bars of the same sessions.

    Args:
        bars: with the columns `data` and `preco_fechamento`. Sessions that they lack are not checked.

    Raises:
        SourceMalformed: too many closes are too far from the bars.
    """
    both = closes.merge(bars[["data", CLOSE]].dropna(), on="data", suffixes=("", "_barra"))
    distance = (both[CLOSE] / both[f"{CLOSE}_barra"] - 1).abs()
    far = distance > DISTANCE
    if len(both) and far.mean() > SHARE:
        first = far.idxmax()
        raise SourceMalformed(
            f"{origin} has closes more than {DISTANCE:.0%} from the bars on {far.sum()} of {len(both)} sessions, first "
            f"on {both['data'][first]:%Y-%m-%d}: {both[CLOSE][first]}, bar {both[f'{CLOSE}_barra'][first]}. It is "
            "about another index or another year"
        )


def check_step(closes: pd.DataFrame, following: pd.DataFrame, origin: str) -> None:
    """Check that a year's closes end near the first close of the next year, which has been checked.

    Raises:
        SourceMalformed: they do not.
    """
    last, first = closes[CLOSE].iloc[-1], following[CLOSE].iloc[0]
    if abs(np.log(first / last)) > STEP:
        raise SourceMalformed(
            f"{origin} ends with {last}, and the next year begins with {first}; allowed: a step of {STEP:.0%}. It is "
            "about another index or another year"
        )
