"""Frames of official closes, and the interface of what has them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Protocol

import pandas as pd

from chalicelib.errors import SourceEmpty
from chalicelib.ingest.sources import between
from chalicelib.schema import CLOSE

COMPLETE = "completo"
COLUMNS = ("data", CLOSE, COMPLETE)


class ClosesSource(Protocol):
    """A source of official closes."""

    @property
    def name(self) -> str:
        """Value of the column `fonte`."""

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """Return the official closes from `start` to `end`, both included; None is open.

        Returns:
            At least one row, in order of date: `data` (datetime64, midnight), `preco_fechamento` (float64, above 0) and
            `completo` (bool: the row comes from a complete answer about its calendar year, which fits its checksum).

        Raises:
            SourceError: the source returned no closes; the message says what it returned.
        """


def as_closes(closes: Mapping[date, float], *, complete: bool) -> pd.DataFrame:
    """Return closes as a frame in order of date, with the columns of `COLUMNS`."""
    days = sorted(closes)
    return pd.DataFrame(
        {"data": pd.to_datetime(days), CLOSE: [closes[day] for day in days], COMPLETE: complete}, columns=list(COLUMNS)
    )


def within(closes: pd.DataFrame, start: date | None, end: date | None, since: date | None, origin: str) -> pd.DataFrame:
    """Return the closes from `start` to `end`, both included, and not before `since`.

    Raises:
        SourceEmpty: there are none.
    """
    first = max((day for day in (start, since) if day is not None), default=None)
    found = between(closes, first, end)
    if found.empty:
        days = f"from {first or 'its first day'} to {end or 'its last'}"
        note = f"; closes before {since} are not read" if since is not None else ""
        raise SourceEmpty(f"{origin} has no closes {days}{note}")
    return found
