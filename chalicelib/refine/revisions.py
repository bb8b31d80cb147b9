"""Changes of a session's bar over time. Takes and returns DataFrames."""

from __future__ import annotations

import pandas as pd

from chalicelib.schema import OPEN, PRICES, REVISIONS

_COMPARED = [*PRICES, "volume_negociado"]
_COPIED = [*_COMPARED, "fonte"]


def revisions(acceptable: pd.DataFrame) -> pd.DataFrame:
    """Return every change of the bar that the lake shows for a session.

    The bars of a session are compared in the order in which they were collected. Each bar replaces the previous one,
    unless an earlier bar has a higher rank. A change of a price or of the volume is a revision, where a null
    volume equals 0; the first bar is not. The result depends only on the content of raw, not on when it was refined.

    Args:
        acceptable: the rows that were not refused, with `rank`.

    Returns:
        The columns of `schema.REVISIONS`, in order of time, session and key.
    """
    ordered = acceptable.sort_values(["data", "coletado_em", "rank", "chave"], kind="stable")
    shown = ordered[ordered["rank"] >= ordered.groupby("data")["rank"].cummax()]
    values = shown[_COMPARED].fillna({"volume_negociado": 0})
    previous = values.groupby(shown["data"]).shift()
    changed = previous[OPEN].notna() & (values != previous).any(axis=1)
    old = shown.groupby("data")[_COPIED].shift()[changed].add_suffix("_de")
    new = shown.loc[changed, _COPIED].add_suffix("_para")
    about = shown.loc[changed, ["data", "coletado_em", "chave"]].rename(columns={"coletado_em": "revisado_em"})
    changes = pd.concat([about, old, new], axis=1).sort_values(["revisado_em", "data", "chave"], kind="stable")
    return changes[[column.name for column in REVISIONS]].reset_index(drop=True)
