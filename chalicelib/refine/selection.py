"""The rows of raw that the lake takes: each row gets the first reason to refuse it, or none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine import scale
from chalicelib.refine.answers import Judgement, judge
from chalicelib.refine.official import OfficialCloses, read_closes
from chalicelib.refine.quality import NO_SESSION, refusals
from chalicelib.refine.raw import RawRows
from chalicelib.sources import CORRECTION, RANKS, REMOVAL

Calendar = Callable[[date, date], pd.DatetimeIndex]
"""Function that returns the sessions from one day to another, both included."""

AFTER_LAST = timedelta(days=15)
"""The sessions extend so long after the last row, which shows whether the row was recent when it was collected."""

_DATED = ["data", "coletado_em"]


@dataclass(frozen=True, slots=True)
class Selection:
    """The judged rows of raw.

    Attributes:
        rows: every readable row in order of session, rank, time and key, with `rank` and `motivo`: the reason to
            refuse it, empty where it is acceptable.
        sessions: the calendar's sessions, from the first row (or the year-end close before it) to some days after the
            last.
        official: the official closes.
        judgement: the downloads that are held back.
    """

    rows: pd.DataFrame
    sessions: pd.DatetimeIndex
    official: OfficialCloses
    judgement: Judgement

    @property
    def acceptable(self) -> pd.DataFrame:
        """The acceptable rows; of each session, the last one wins."""
        return self.rows[self.rows["motivo"] == ""].drop(columns="motivo")


def select(raw: RawRows, calendar: Calendar, instrument: Instrument) -> Selection:
    """Judge every row of raw. The order and repetition of raw objects make no difference.

    Args:
        raw: the rows of every raw object of the instrument, as `raw.read` returns them.
        calendar: the sessions of the exchange.
        instrument: the instrument of the bars.
    """
    rows = raw.rows.assign(rank=raw.rows["fonte"].map(RANKS)).sort_values(
        ["data", "rank", "coletado_em", "chave"], kind="stable", ignore_index=True
    )
    sessions = _sessions(pd.concat([rows[_DATED], raw.closes[_DATED]]), calendar, instrument)
    official = read_closes(raw.closes, sessions, instrument)
    rows["motivo"] = _reasons(rows, official, sessions, instrument)
    judgement = judge(rows, sessions, instrument, raw.accepted, official.latest)
    rows["motivo"] = judgement.reasons
    return Selection(rows, sessions, official, judgement)


def _reasons(
    rows: pd.DataFrame, official: OfficialCloses, sessions: pd.DatetimeIndex, instrument: Instrument
) -> pd.Series[str]:
    """Return the reason to refuse each bar: the first rule that applies, or that B3 says that there was no session."""
    reasons = refusals(rows, sessions, instrument)
    denied = rows["data"].isin(official.denied) & ~rows["fonte"].isin([CORRECTION.name, REMOVAL.name])
    return reasons.mask((reasons == "") & denied, NO_SESSION.name)


def _sessions(rows: pd.DataFrame, calendar: Calendar, instrument: Instrument) -> pd.DatetimeIndex:
    if rows.empty:
        return pd.DatetimeIndex([])
    # A date in the future is refused, so the calendar need not reach it.
    first, last = pd.Timestamp(instrument.first_session), rows["coletado_em"].max().tz_localize(None)
    dates = rows.loc[(rows["data"] >= first) & (rows["data"] <= last), "data"]
    if dates.empty:
        return pd.DatetimeIndex([])
    earliest, latest = scale.span(dates.min().date(), dates.max().date(), instrument)
    return calendar(earliest, max(latest, dates.max().date() + AFTER_LAST))
