"""Refined as a pure function of all of raw. Takes and returns DataFrames."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chalicelib.errors import MixedLake
from chalicelib.instrument import Instrument
from chalicelib.refine import confirmation, warnings
from chalicelib.refine.confirmation import Confirmation
from chalicelib.refine.features import add_features
from chalicelib.refine.gaps import Coverage, coverage
from chalicelib.refine.live import fractional
from chalicelib.refine.official import OfficialCloses, read_closes
from chalicelib.refine.quality import FOREIGN, NO_SESSION, REASONS, refusals
from chalicelib.refine.quarantine import as_quarantine, quarantine
from chalicelib.refine.raw import RawRows, no_closes
from chalicelib.refine.revisions import revisions
from chalicelib.schema import CLOSE, OPEN
from chalicelib.sources import CORRECTION, RANKS, SYNTHETIC

Calendar = Callable[[date, date], pd.DatetimeIndex]
"""Function that returns the sessions from one day to another, both included."""


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
        rows: number of rows in raw, of bars and of official closes; an object that cannot be read counts as one row.
        synthetic: whether the bars are generated.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    revisions: pd.DataFrame
    coverage: Coverage
    official: Confirmation
    warnings: Mapping[str, int]
    opens_at_previous_close: int
    rows: int
    synthetic: bool

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

    Raises:
        MixedLake: some bars are synthetic and some are not.
    """
    synthetic = is_synthetic(raw.rows)
    unreadable = [raw.refused, _foreign_closes(raw.closes)] if synthetic else [raw.refused]
    closes = no_closes() if synthetic else raw.closes
    ordered = raw.rows.assign(rank=raw.rows["fonte"].map(RANKS)).sort_values(
        ["data", "rank", "coletado_em", "chave"], kind="stable", ignore_index=True
    )
    sessions = _sessions(pd.concat([ordered[_DATED], closes[_DATED]]), calendar, instrument)
    official = read_closes(closes, sessions, instrument)
    ordered["motivo"] = _reasons(ordered, official, sessions, instrument)
    acceptable = ordered[ordered["motivo"] == ""].drop(columns="motivo")
    acceptable[warnings.FRACTIONAL_COLUMN] = fractional(acceptable, instrument)
    chosen = acceptable.drop_duplicates("data", keep="last")
    bars = add_features(confirmation.correct(chosen, chosen["data"].map(official.latest), instrument))
    flags = warnings.warnings(bars, sessions, instrument)
    unreadable.append(as_quarantine(official.refused, official.refused["motivo"], ""))
    return Refined(
        bars=bars.assign(avisos=warnings.as_text(flags)),
        quarantine=quarantine(ordered, pd.concat(unreadable), bars, official.denied),
        revisions=revisions(acceptable, official.closes, instrument),
        coverage=coverage(bars["data"], ordered, sessions, official.latest, instrument),
        official=confirmation.summarise(bars, official, instrument),
        warnings={name: int(flag.sum()) for name, flag in flags.items()},
        opens_at_previous_close=int((bars[OPEN] == bars[CLOSE].shift()).sum()),
        rows=len(raw.rows) + len(raw.closes) + len(raw.refused),
        synthetic=synthetic,
    )


_DATED = ["data", "coletado_em"]


def _reasons(
    rows: pd.DataFrame, official: OfficialCloses, sessions: pd.DatetimeIndex, instrument: Instrument
) -> pd.Series[str]:
    """Return the reason to refuse each bar: the first rule that applies, or that B3 says that there was no session."""
    reasons = refusals(rows, sessions, instrument)
    denied = rows["data"].isin(official.denied) & (rows["fonte"] != CORRECTION.name)
    return reasons.mask((reasons == "") & denied, NO_SESSION.name)


def _foreign_closes(closes: pd.DataFrame) -> pd.DataFrame:
    """Return the objects of official closes in the columns of quarantine: synthetic bars have no official closes."""
    objects = closes[["chave"]].drop_duplicates()
    return as_quarantine(objects, FOREIGN.name, "official closes in a lake of synthetic bars; allowed: none")


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
    return calendar(dates.min().date(), dates.max().date())
