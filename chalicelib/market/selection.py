"""One bar for each ticker and session: that of the file with the newest header."""

from __future__ import annotations

import pandas as pd

from chalicelib.market.rules import CONFLICT
from chalicelib.schema import Column
from chalicelib.shares import BARS, REFUSED

KEY = ["ticker", "data"]

_PLACE = ["coletado_em", "chave", "linha"]
"""Where a bar comes from. It does not count when two records are compared."""

_CONTENT = [column.name for column in BARS if column.name not in _PLACE]


def select(bars: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the bars in order of ticker and date, and the refused ones in the columns of `REFUSED`.

    For each ticker and session, the file with the newest date in its header counts, not the order of the files; of
    equal records the one that was stored first. If records of files with that date differ, none of them is taken.

    Args:
        bars: the bars of any files, in any order, in the columns of `BARS`.
    """
    bars = bars.sort_values([*KEY, *_PLACE], kind="stable", ignore_index=True)
    repeated = bars.duplicated(KEY, keep=False)
    if not repeated.any():
        return bars, _refused(bars[:0])
    several = bars[repeated]
    newest = several[several["gerado_em"] == several.groupby(KEY, sort=False)["gerado_em"].transform("max")]
    distinct = newest.drop_duplicates(_CONTENT)
    conflict = distinct.duplicated(KEY, keep=False)
    taken = pd.concat([bars[~repeated], distinct[~conflict]]).sort_index()
    differing = pd.MultiIndex.from_frame(newest[KEY]).isin(pd.MultiIndex.from_frame(distinct.loc[conflict, KEY]))
    return taken.reset_index(drop=True), _refused(newest[differing])


def _refused(bars: pd.DataFrame) -> pd.DataFrame:
    text = bars["ticker"] + " " + bars["data"].dt.strftime("%Y-%m-%d")
    columns: tuple[Column, ...] = REFUSED
    return bars.assign(motivo=CONFLICT, registro=text)[[column.name for column in columns]].reset_index(drop=True)
