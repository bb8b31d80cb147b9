"""The rows of the table of shares as a pure function of the bars in B3's files. Takes and returns DataFrames."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from chalicelib.market.events import events
from chalicelib.market.selection import select
from chalicelib.refine.features import add_features
from chalicelib.schema import CLOSE
from chalicelib.shares import DISTRIBUTION, EVENT
from chalicelib.sources import COTAHIST

_LEFT_OUT = ["gerado_em", "chave", "linha", DISTRIBUTION]
"""The columns of bars that neither the table nor the features need."""


@dataclass(frozen=True, slots=True)
class RefinedShares:
    """The result of refining bars.

    Attributes:
        rows: one row a ticker and session, in order of ticker and date, with at least the columns of `shares.SHARES`
            and `year`.
        refused: one row a refused bar, in the columns of `shares.REFUSED`.
    """

    rows: pd.DataFrame
    refused: pd.DataFrame


def refine(bars: pd.DataFrame, sessions: pd.DatetimeIndex) -> RefinedShares:
    """Select one bar a ticker and session, find the events, and compute the features.

    The order and the repetition of bars make no difference, and no row depends on another ticker.

    Args:
        bars: all bars of one or more tickers, as `parse.parse` finds them, in the columns of `shares.BARS`.
        sessions: the sessions with trading, at least from the first bar to the last.
    """
    chosen, refused = select(bars)
    chosen[EVENT] = events(chosen, sessions)
    # Before the features, which are many more columns to copy.
    chosen = chosen.drop(columns=_LEFT_OUT).assign(
        fechamento_oficial=chosen[CLOSE], fonte_fechamento=COTAHIST.name, fonte=COTAHIST.name, avisos=""
    )
    return RefinedShares(add_features(chosen), refused)
