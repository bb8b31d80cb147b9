"""How the bar of a session changed over time. Frames in, frames out."""

from __future__ import annotations

import pandas as pd

from chalicelib.schema import PRICES, REVISIONS

_COMPARED = [*PRICES, "volume_negociado"]
_KEPT = [*_COMPARED, "fonte"]


def revisions(acceptable: pd.DataFrame) -> pd.DataFrame:
    """Every change of the bar that a session shows.

    The bars of a session are taken in the order in which they were collected; each that ranks at least as high as
    all before it takes the place. A change of a price or of the volume is a revision; the first bar is none. So the
    result depends on what raw holds, not on when it was refined.

    Args:
        acceptable: the rows that were not refused, with `rank`.

    Returns:
        The columns of `schema.REVISIONS`, in order of time, session and key.
    """
    ordered = acceptable.sort_values(["data", "coletado_em", "rank", "chave"], kind="stable")
    shown = ordered[ordered["rank"] >= ordered.groupby("data")["rank"].cummax()]
    values = shown[_COMPARED].fillna({"volume_negociado": 0})
    before = values.groupby(shown["data"]).shift()
    changed = before[PRICES[0]].notna() & (values != before).any(axis=1)
    old = shown.groupby("data")[_KEPT].shift()[changed].add_suffix("_de")
    new = shown.loc[changed, _KEPT].add_suffix("_para")
    about = shown.loc[changed, ["data", "coletado_em", "chave"]].rename(columns={"coletado_em": "revisado_em"})
    found = pd.concat([about, old, new], axis=1).sort_values(["revisado_em", "data", "chave"], kind="stable")
    return found[[column.name for column in REVISIONS]].reset_index(drop=True)
