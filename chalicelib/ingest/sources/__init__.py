"""The interface of all sources of bars. Each source is a module of this package.

Sources import pandas and HTTP libraries, so only handlers that ingest import them.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Source(Protocol):
    """A source of bars. It returns them unchanged, including nulls, unfinished bars and implausible values."""

    @property
    def name(self) -> str:
        """Value of the column `fonte`: a key of `chalicelib.sources.SOURCES`."""

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """Return the daily bars from `start` to `end`, both included; None is open.

        Returns:
            At least one row, in order of date: `data` (datetime64, midnight), the four prices (float64, NaN where
            null) and `volume_negociado` (Int64, NA where null).

        Raises:
            SourceError: the source did not respond, its response cannot be read, or it has no bars from `start` to
                `end`.
        """


def between(bars: pd.DataFrame, start: date | None, end: date | None) -> pd.DataFrame:
    """Return the bars from `start` to `end`, both included; None is open."""
    if start is not None:
        bars = bars[bars["data"] >= start.isoformat()]
    if end is not None:
        bars = bars[bars["data"] <= end.isoformat()]
    return bars.reset_index(drop=True)
