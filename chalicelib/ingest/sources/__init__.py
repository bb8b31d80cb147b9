"""Where bars come from. Each source is a module; all share the interface below.

The sources import pandas and more: only a handler that ingests imports them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Source(Protocol):
    """Gives bars as it has them: nulls, unfinished bars and errors included."""

    @property
    def name(self) -> str:
        """What the bars say of their origin, in `fonte`: a key of `chalicelib.sources.RANKS`."""

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """The daily bars from `start` to `end`, both included; None is open.

        Returns:
            At least one row, in order of date: `data` (datetime64, midnight), the four prices (float64, NaN where
            null) and `volume_negociado` (Int64, NA where null).

        Raises:
            SourceError: the source did not give bars; the message says what it gave.
        """


def between(bars: pd.DataFrame, start: date | None, end: date | None) -> pd.DataFrame:
    """The bars from `start` to `end`, both included; None is open."""
    if start is not None:
        bars = bars[bars["data"] >= start.isoformat()]
    if end is not None:
        bars = bars[bars["data"] <= end.isoformat()]
    return bars.reset_index(drop=True)
