"""Changes of a session's bar over time. Takes and returns DataFrames."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.confirmation import SOURCE_OF_CLOSE, correct
from chalicelib.schema import CLOSE, PRICES, REVISIONS

_COMPARED = [*PRICES, "volume_negociado"]
_COPIED = [*_COMPARED, "fonte"]
_ABOUT = ["data", "coletado_em", "chave"]


def revisions(acceptable: pd.DataFrame, closes: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Return every change of the bar that the lake shows for a session.

    The bars of a session are compared in the order in which they were collected. Each bar replaces the previous one,
    unless an earlier bar has a higher rank. A change of a price or of the volume is a revision, where a null
    volume equals 0; the first bar is not. An official close that corrects a bar is a revision with the source `b3`,
    unless it was collected before the bar or together with it. The result depends only on the content of raw, not on
    when it was refined.

    Args:
        acceptable: the rows that were not refused, with `rank`.
        closes: the acceptable official closes, with `coletado_em` and `chave`, in order of date and time.
        instrument: the instrument of the bars.

    Returns:
        The columns of `schema.REVISIONS`, in order of time, session and key.
    """
    ordered = acceptable.sort_values(["data", "coletado_em", "rank", "chave"], kind="stable")
    shown = ordered[ordered["rank"] >= ordered.groupby("data")["rank"].cummax()]
    if not closes.empty:
        shown = _with_closes(shown, closes, instrument)
    previous = shown.groupby("data")[_COPIED].shift()
    changed = previous["fonte"].notna() & _differs(shown[_COMPARED], previous[_COMPARED])
    old = previous[changed].add_suffix("_de")
    new = shown.loc[changed, _COPIED].add_suffix("_para")
    about = shown.loc[changed, ["data", "coletado_em", "chave"]].rename(columns={"coletado_em": "revisado_em"})
    changes = pd.concat([about, old, new], axis=1).sort_values(["revisado_em", "data", "chave"], kind="stable")
    return changes[[column.name for column in REVISIONS]].reset_index(drop=True)


def _differs(values: pd.DataFrame, previous: pd.DataFrame) -> pd.Series[bool]:
    """Return which rows differ from the previous row of their session. No volume and volume 0 are equal.

    A removal has no prices.
    """
    nothing = dict.fromkeys(_COMPARED, 0)
    return (values.fillna(nothing) != previous.fillna(nothing)).any(axis=1)


def _with_closes(shown: pd.DataFrame, closes: pd.DataFrame, instrument: Instrument) -> pd.DataFrame:
    """Return the bars that the lake shows after each new bar or new official close, in order of session and time.

    `fonte` is the source of the close.
    """
    # Most downloads repeat what the lake has.
    bars = shown[_differs(shown[_COPIED], shown.groupby("data")[_COPIED].shift())].reset_index(drop=True)
    news = closes[closes[CLOSE] != closes.groupby("data")[CLOSE].shift()]
    events = pd.concat(
        [
            bars[_ABOUT].assign(bar=bars.index.astype(float), close=np.nan, of_bar=True),
            news[_ABOUT].assign(bar=np.nan, close=news[CLOSE], of_bar=False),
        ]
    ).sort_values(["data", "coletado_em", "of_bar"], kind="stable", ignore_index=True)
    events[["bar", "close"]] = events.groupby("data")[["bar", "close"]].ffill()
    events = events[events["bar"].notna()]
    states = bars.loc[events["bar"].astype(int)].set_index(events.index).assign(**events[_ABOUT])
    states = correct(states, events["close"], instrument)
    return states.assign(fonte=states[SOURCE_OF_CLOSE])
