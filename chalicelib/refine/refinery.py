"""Refined as a pure function of all of raw. Takes and returns DataFrames."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from chalicelib.forecast_score import ForecastScore
from chalicelib.instrument import Instrument
from chalicelib.refine import confirmation, scale, warnings
from chalicelib.refine.answers import HeldBack
from chalicelib.refine.confirmation import Confirmation
from chalicelib.refine.features import add_features
from chalicelib.refine.gaps import Coverage, coverage
from chalicelib.refine.kind import one_kind
from chalicelib.refine.live import fractional
from chalicelib.refine.quality import REASONS
from chalicelib.refine.quarantine import as_quarantine, quarantine
from chalicelib.refine.raw import RawRows
from chalicelib.refine.revisions import revisions
from chalicelib.refine.scores import scores
from chalicelib.refine.selection import Calendar, select
from chalicelib.schema import CLOSE, OPEN
from chalicelib.sources import REMOVAL

REASONS_LISTED = 5
"""The maximum number of downloads named in `Refined.degraded`."""


@dataclass(frozen=True, slots=True)
class Refined:
    """The result of refining raw.

    Attributes:
        bars: one row a session, in order of date, with at least the refined columns and `year`.
        quarantine: one row a refused bar or object, in the columns of `schema.QUARANTINE`.
        revisions: one row a change, in the columns of `schema.REVISIONS`.
        coverage: expected and missing sessions.
        official: what the official closes of B3 say of the bars.
        warnings: number of bars with each warning.
        opens_at_previous_close: number of bars that open exactly at the previous close.
        held_back: the downloads held back since the last one that agreed with the lake.
        out_of_date: whether the level of the last bars is unknown, because the year-end closes are too old.
        scores: the scores of the forecasts over the past.
        rows: number of rows in raw, of bars and of official closes; an object that cannot be read counts as one row.
        synthetic: whether the bars are generated.
        mixed: that objects of the other kind are refused, in a sentence; empty if none is.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    revisions: pd.DataFrame
    coverage: Coverage
    official: Confirmation
    warnings: Mapping[str, int]
    opens_at_previous_close: int
    held_back: list[HeldBack]
    out_of_date: bool
    scores: list[ForecastScore]
    rows: int
    synthetic: bool
    mixed: list[str]

    def degraded(self) -> list[str]:
        """Return why recent data is degraded, one sentence each; empty if it is not."""
        reasons = self.coverage.degraded()
        reasons += [str(answer) for answer in self.held_back[-REASONS_LISTED:]]
        if self.out_of_date:
            reasons.append("anchors out of date: the year-end closes of the scale are too old for the last sessions")
        return reasons + self.mixed

    def refused(self) -> dict[str, int]:
        """Return the number of bars refused for each reason; for the first two reasons, of whole objects."""
        counts = self.quarantine["motivo"].value_counts()
        return {rule.name: int(counts.get(rule.name, 0)) for rule in REASONS}


def refine(raw: RawRows, calendar: Calendar, instrument: Instrument) -> Refined:
    """Refuse unacceptable bars, select one bar a session, correct its close, compute the features and the warnings.

    For each session the acceptable bar with the greatest (rank of source, time of collection, key) wins, so the order
    and repetition of raw objects make no difference. Of the official closes the latest counts: see `official` and
    `confirmation`.

    Args:
        raw: the rows of every raw object of the instrument, as `raw.read` returns them.
        calendar: the sessions of the exchange.
        instrument: the instrument of the bars.
    """
    lake = one_kind(raw)
    selection = select(lake.raw, calendar, instrument)
    acceptable, sessions, official = selection.acceptable, selection.sessions, selection.official
    acceptable[warnings.FRACTIONAL_COLUMN] = fractional(acceptable, instrument)
    chosen = acceptable.drop_duplicates("data", keep="last")
    chosen = chosen[chosen["fonte"] != REMOVAL.name]
    bars = add_features(confirmation.correct(chosen, chosen["data"].map(official.latest), instrument))
    flags = warnings.warnings(bars, sessions, instrument)
    unreadable = [lake.raw.refused, as_quarantine(official.refused, official.refused["motivo"], "")]
    return Refined(
        bars=bars.assign(avisos=warnings.as_text(flags)),
        quarantine=quarantine(selection.rows, pd.concat(unreadable), bars, official.denied, selection.judgement.held),
        revisions=revisions(acceptable, official.closes, instrument),
        coverage=coverage(bars["data"], selection.rows, sessions, official.latest, instrument),
        official=confirmation.summarise(bars, official, instrument),
        warnings={name: int(flag.sum()) for name, flag in flags.items()},
        opens_at_previous_close=int((bars[OPEN] == bars[CLOSE].shift()).sum()),
        held_back=selection.judgement.pending,
        out_of_date=not lake.synthetic and scale.is_out_of_date(sessions[sessions <= bars["data"].max()], instrument),
        scores=scores(bars),
        rows=len(raw.rows) + len(raw.closes) + len(raw.refused),
        synthetic=lake.synthetic,
        mixed=lake.degraded(),
    )
