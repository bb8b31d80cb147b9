"""Refined as a pure function of all of raw. Takes and returns DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import pandas as pd

from chalicelib.errors import MixedLake
from chalicelib.instrument import Instrument
from chalicelib.refine import scale, warnings
from chalicelib.refine.answers import HeldBack, judge
from chalicelib.refine.features import add_features
from chalicelib.refine.gaps import Coverage, coverage
from chalicelib.refine.live import fractional
from chalicelib.refine.quality import REASONS, refusals
from chalicelib.refine.quarantine import quarantine
from chalicelib.refine.revisions import revisions
from chalicelib.schema import CLOSE, OPEN
from chalicelib.sources import RANKS, SYNTHETIC

Calendar = Callable[[date, date], pd.DatetimeIndex]
"""Function that returns the sessions from one day to another, both included."""

REASONS_LISTED = 5
"""The maximum number of downloads named in `Refined.degraded`."""

_AFTER_LAST = timedelta(days=15)
"""The sessions extend so long after the last row, which shows whether the row was recent when it was collected."""


@dataclass(frozen=True, slots=True)
class Refined:
    """The result of refining raw.

    Attributes:
        bars: one row a session, in order of date: the refined columns and `year`.
        quarantine: one row a refused bar or object, in the columns of `schema.QUARANTINE`.
        revisions: one row a change, in the columns of `schema.REVISIONS`.
        coverage: expected and missing sessions.
        warnings: number of bars with each warning.
        opens_at_previous_close: number of bars that open exactly at the previous close.
        held_back: the downloads held back since the last one that agreed with the lake.
        out_of_date: whether the level of the last bars is unknown, because the year-end closes are too old.
        rows: number of rows in raw.
        synthetic: whether the bars are generated.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    revisions: pd.DataFrame
    coverage: Coverage
    warnings: Mapping[str, int]
    opens_at_previous_close: int
    held_back: list[HeldBack]
    out_of_date: bool
    rows: int
    synthetic: bool

    def degraded(self) -> list[str]:
        """Return why recent data is degraded, one sentence each; empty if it is not."""
        reasons = self.coverage.degraded()
        reasons += [f"{answer.key} is held back: {answer.because}" for answer in self.held_back[-REASONS_LISTED:]]
        if self.out_of_date:
            reasons.append("anchors out of date: the year-end closes of the scale are too old for the last sessions")
        return reasons

    def refused(self) -> dict[str, int]:
        """Return the number of bars refused for each reason; for the first two reasons, of whole objects."""
        counts = self.quarantine["motivo"].value_counts()
        return {rule.name: int(counts.get(rule.name, 0)) for rule in REASONS}


def refine(
    rows: pd.DataFrame,
    unreadable: pd.DataFrame,
    calendar: Calendar,
    instrument: Instrument,
    accepted: Collection[str] = (),
) -> Refined:
    """Refuse unacceptable bars, select one bar a session, compute the features and the warnings.

    For each session the acceptable bar with the greatest (rank of source, time of collection, key) wins, so the order
    and repetition of raw objects make no difference.

    Args:
        rows: the rows of every raw object of the instrument, as `raw.read` returns them.
        unreadable: the rows that `raw.read` refused, in the columns of `schema.QUARANTINE`.
        calendar: the sessions of the exchange.
        instrument: the instrument of the bars.
        accepted: the keys of the objects that are not held back, because a person accepted them.

    Raises:
        MixedLake: some bars are synthetic and some are not.
    """
    synthetic = is_synthetic(rows)
    ordered = rows.assign(rank=rows["fonte"].map(RANKS)).sort_values(
        ["data", "rank", "coletado_em", "chave"], kind="stable", ignore_index=True
    )
    sessions = _sessions(ordered, calendar, instrument)
    ordered["motivo"] = refusals(ordered, sessions, instrument)
    judgement = judge(ordered, sessions, instrument, accepted)
    ordered["motivo"] = judgement.reasons
    acceptable = ordered[ordered["motivo"] == ""].drop(columns="motivo")
    acceptable[warnings.FRACTIONAL_COLUMN] = fractional(acceptable, instrument)
    bars = add_features(acceptable.drop_duplicates("data", keep="last"))
    flags = warnings.warnings(bars, sessions, instrument)
    return Refined(
        bars=bars.assign(avisos=warnings.as_text(flags)),
        quarantine=quarantine(ordered, unreadable, bars, judgement.held),
        revisions=revisions(acceptable),
        coverage=coverage(bars["data"], ordered, sessions, instrument),
        warnings={name: int(flag.sum()) for name, flag in flags.items()},
        opens_at_previous_close=int((bars[OPEN] == bars[CLOSE].shift()).sum()),
        held_back=judgement.pending,
        out_of_date=not synthetic and scale.is_out_of_date(sessions[sessions <= bars["data"].max()], instrument),
        rows=len(rows) + len(unreadable),
        synthetic=synthetic,
    )


def is_synthetic(rows: pd.DataFrame) -> bool:
    """Return whether the bars are generated.

    Raises:
        MixedLake: some are and some are not; names a raw object of each kind.
    """
    generated = rows["fonte"].isin(SYNTHETIC)
    if generated.any() and not generated.all():
        raise MixedLake(
            f"the lake holds synthetic bars ({rows.loc[generated, 'chave'].iloc[0]}) and real ones "
            f"({rows.loc[~generated, 'chave'].iloc[0]}); allowed: one kind only"
        )
    return bool(generated.any())


def _sessions(rows: pd.DataFrame, calendar: Calendar, instrument: Instrument) -> pd.DatetimeIndex:
    if rows.empty:
        return pd.DatetimeIndex([])
    # A date in the future is refused, so the calendar need not reach it.
    first, last = pd.Timestamp(instrument.first_session), rows["coletado_em"].max().tz_localize(None)
    dates = rows.loc[(rows["data"] >= first) & (rows["data"] <= last), "data"]
    if dates.empty:
        return pd.DatetimeIndex([])
    earliest, latest = scale.span(dates.min().date(), dates.max().date(), instrument)
    return calendar(earliest, max(latest, dates.max().date() + _AFTER_LAST))
