"""The lines that name the columns. `yfinance.download(…).to_csv()` writes two or three of them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

HEADER_ROWS = 3
"""The largest number of rows in a header."""

_TICKER_START = re.compile(r"[a-z^]")

_DATE, _PRICE, _TICKER = "date", "price", "ticker"


@dataclass(frozen=True, slots=True)
class Header:
    """The names of the columns, in lower case.

    Attributes:
        names: one for each column.
        tickers: those that a header of several rows names.
        rows: the number of rows of the header.
    """

    names: tuple[str, ...]
    tickers: frozenset[str] = frozenset()
    rows: int = 1


def header(rows: Sequence[Sequence[str]]) -> Header | None:
    """Return the header of a table from its first rows, None if there is no row."""
    if not rows:
        return None
    names = [tuple(cell.casefold() for cell in row) for row in rows]
    first = names[0]
    if len(rows) > 1 and len(names[1]) == len(first):
        corners = (first[0], names[1][0])
        if corners == (_DATE, "") and all(_TICKER_START.match(cell) for cell in names[1][1:]):
            return Header(first, frozenset(rows[1][1:]), 2)
        third = names[2] if len(rows) > 2 else ()
        if third and third[0] == _DATE and not any(third[1:]):
            levels = {(_PRICE, _TICKER): (0, 1), (_TICKER, _PRICE): (1, 0)}
            # Older versions of yfinance do not name the levels.
            levels["", ""] = (0, 1) if "close" in first else (1, 0)
            if corners in levels:
                prices, tickers = levels[corners]
                return Header((_DATE, *names[prices][1:]), frozenset(rows[tickers][1:]), 3)
    return Header(first)
