"""Refined as a pure function of all of raw. Frames in, frames out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chalicelib.errors import MixedLake
from chalicelib.refine import warnings
from chalicelib.refine.features import add_features
from chalicelib.refine.gaps import Coverage, coverage
from chalicelib.refine.quality import NO_SESSION, REASONS, fractional, refusals
from chalicelib.refine.raw import quarantine
from chalicelib.refine.revisions import revisions
from chalicelib.schema import PRICES
from chalicelib.sources import RANKS, SYNTHETIC

Calendar = Callable[[date, date], pd.DatetimeIndex]
"""The sessions from a day to another, both included."""

FIRST_INDEX = pd.Timestamp("1968-01-02")
"""The day from which IBOVESPA is computed: no session of it lies before."""

COPIES_THE_DAY_BEFORE = "copia do dia anterior"


@dataclass(frozen=True, slots=True)
class Refined:
    """What raw comes to.

    Attributes:
        bars: one row a session, in order of date: the refined columns and `year`.
        quarantine: one row a refused bar or object, in the columns of `schema.QUARANTINE`.
        revisions: one row a change, in the columns of `schema.REVISIONS`.
        coverage: which sessions there should be.
        warnings: how many bars have each warning.
        opens_at_previous_close: how many bars open at the close before, to the cent.
        rows: how many rows raw holds.
        synthetic: whether the bars are generated ones.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    revisions: pd.DataFrame
    coverage: Coverage
    warnings: Mapping[str, int]
    opens_at_previous_close: int
    rows: int
    synthetic: bool

    def refused(self) -> dict[str, int]:
        """How many bars were refused for each reason, or whole objects for the first two."""
        counts = self.quarantine["motivo"].value_counts()
        return {reason: int(counts.get(reason, 0)) for reason in REASONS}


def refine(rows: pd.DataFrame, refused: pd.DataFrame, calendar: Calendar) -> Refined:
    """Refuse what cannot be a bar, pick one bar a session, compute the features and the warnings.

    For each session the acceptable bar with the greatest (rank of source, time of collection, key) wins, so the
    order in which objects arrive, and how often, makes no difference.

    Args:
        rows: the rows of every raw object, as `raw.read` gives them.
        refused: what could not be read of them, in the columns of `schema.QUARANTINE`.
        calendar: the sessions of B3.

    Raises:
        MixedLake: some bars are synthetic and some are not.
    """
    synthetic = is_synthetic(rows)
    ordered = rows.assign(rank=rows["fonte"].map(RANKS)).sort_values(
        ["data", "rank", "coletado_em", "chave"], kind="stable", ignore_index=True
    )
    sessions = _sessions(ordered, calendar)
    reasons = refusals(ordered, sessions)
    acceptable = ordered[reasons == ""].assign(fracionario=fractional)
    bars = add_features(acceptable.drop_duplicates("data", keep="last"))
    flags = warnings.warnings(bars, sessions)
    return Refined(
        bars=bars.assign(avisos=warnings.as_text(flags)),
        quarantine=_quarantine(ordered.assign(motivo=reasons), refused, bars),
        revisions=revisions(acceptable),
        coverage=coverage(bars["data"], ordered.assign(motivo=reasons), sessions),
        warnings={name: int(flag.sum()) for name, flag in flags.items()},
        opens_at_previous_close=int((bars["preco_abertura"] == bars["preco_fechamento"].shift()).sum()),
        rows=len(rows) + len(refused),
        synthetic=synthetic,
    )


def is_synthetic(rows: pd.DataFrame) -> bool:
    """Whether the bars are generated ones.

    Raises:
        MixedLake: some are and some are not; names a raw object of each kind.
    """
    generated = rows["fonte"] == SYNTHETIC
    if generated.any() and not generated.all():
        raise MixedLake(
            f"the lake holds synthetic bars ({rows.loc[generated, 'chave'].iloc[0]}) and real ones "
            f"({rows.loc[~generated, 'chave'].iloc[0]}); allowed: one kind only"
        )
    return bool(generated.any())


def _sessions(rows: pd.DataFrame, calendar: Calendar) -> pd.DatetimeIndex:
    if rows.empty:
        return pd.DatetimeIndex([])
    # A date far in the future is refused as such; the calendar need not reach it.
    last = rows["coletado_em"].max().tz_localize(None)
    known = rows.loc[(rows["data"] >= FIRST_INDEX) & (rows["data"] <= last), "data"]
    if known.empty:
        return pd.DatetimeIndex([])
    return calendar(known.min().date(), known.max().date())


def _quarantine(rows: pd.DataFrame, refused: pd.DataFrame, bars: pd.DataFrame) -> pd.DataFrame:
    """All that was refused, in order of key, date and reason, so that the order of raw makes no difference."""
    mine = rows[rows["motivo"] != ""]
    found = pd.concat([refused, quarantine(mine, "", "").assign(motivo=mine["motivo"], nota=_notes(mine, bars))])
    return found.sort_values(["chave", "data", "motivo"], kind="stable", ignore_index=True)


def _notes(refused: pd.DataFrame, bars: pd.DataFrame) -> list[str]:
    """For a bar on a day without a session, whether it copies the session before."""
    before = bars[["data", *PRICES]].sort_values("data")
    beside = pd.merge_asof(
        refused.reset_index()[["index", "data", *PRICES]].sort_values("data", kind="stable"),
        before,
        on="data",
        allow_exact_matches=False,
        suffixes=("", "_antes"),
    ).set_index("index")
    copies = (beside[list(PRICES)].to_numpy() == beside[[f"{name}_antes" for name in PRICES]].to_numpy()).all(axis=1)
    copied = set(beside.index[copies])
    ghosts = refused["motivo"] == NO_SESSION
    return [COPIES_THE_DAY_BEFORE if ghost and row in copied else "" for row, ghost in ghosts.items()]
