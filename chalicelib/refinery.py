"""Refined as a pure function of all of raw. Frames in, frames out."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from chalicelib.errors import MixedLake, RawUnreadable
from chalicelib.features import add_daily_features
from chalicelib.quality import REASONS, refusals
from chalicelib.schema import QUARANTINE
from chalicelib.sources import RANKS, SYNTHETIC


@dataclass(frozen=True, slots=True)
class Refined:
    """What raw comes to.

    Attributes:
        bars: one row a session, in order of date: the refined columns and `year`.
        quarantine: one row a refused bar, in the columns of `schema.QUARANTINE`.
        synthetic: whether the bars are generated ones.
    """

    bars: pd.DataFrame
    quarantine: pd.DataFrame
    synthetic: bool

    def refused(self) -> dict[str, int]:
        """How many bars were refused for each reason."""
        counts = self.quarantine["motivo"].value_counts()
        return {reason: int(counts.get(reason, 0)) for reason in REASONS}


def refine(raw: pd.DataFrame) -> Refined:
    """Refuse what cannot be a bar, pick one bar a session, compute the features.

    For each session the acceptable bar with the greatest (rank of source, time of collection, key) wins, so the
    order in which objects arrive, and how often, makes no difference.

    Args:
        raw: every row of every raw object, in the columns of `schema.RAW`, and `chave`: the object's key.

    Raises:
        MixedLake: some bars are synthetic and some are not.
        RawUnreadable: a bar's `fonte` is none of `RANKS`.
    """
    synthetic = is_synthetic(raw)
    foreign = raw[~raw["fonte"].isin(RANKS)]
    if len(foreign):
        raise RawUnreadable(
            f"{foreign['chave'].iloc[0]} holds a bar from {foreign['fonte'].iloc[0]!r}; allowed: {', '.join(RANKS)}"
        )
    ordered = raw.assign(rank=raw["fonte"].map(RANKS)).sort_values(
        ["data", "rank", "coletado_em", "chave"], kind="stable", ignore_index=True
    )
    reasons = refusals(ordered)
    acceptable = ordered[reasons == ""]
    winners = acceptable.drop_duplicates("data", keep="last").assign(avisos="")
    refused = ordered[reasons != ""].assign(motivo=reasons[reasons != ""])
    return Refined(
        bars=add_daily_features(winners),
        quarantine=refused[[column.name for column in QUARANTINE]].reset_index(drop=True),
        synthetic=synthetic,
    )


def is_synthetic(raw: pd.DataFrame) -> bool:
    """Whether the bars are generated ones.

    Raises:
        MixedLake: some are and some are not; names a raw object of each kind.
    """
    generated = raw["fonte"] == SYNTHETIC
    if generated.any() and not generated.all():
        raise MixedLake(
            f"the lake holds synthetic bars ({raw.loc[generated, 'chave'].iloc[0]}) and real ones "
            f"({raw.loc[~generated, 'chave'].iloc[0]}); allowed: one kind only"
        )
    return bool(generated.any())
