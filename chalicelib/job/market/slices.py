"""Slices of the market: ranges of tickers in alphabetical order, which one task refines at a time.

The bars decide the slices, not the number of tasks or machines, so that every cluster writes the same files.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import pyarrow as pa
import pyarrow.compute as pc

BARS = 400_000
"""The number of bars of a slice, unless one ticker has more. A task then takes 1.3 GiB (docs/scaling.md)."""


def firsts(counts: Iterable[Mapping[str, int]], size: int = BARS) -> list[str]:
    """Return the first ticker of each slice.

    Args:
        counts: the number of bars of each ticker, of each file.
        size: the number of bars of a slice.
    """
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    result: list[str] = []
    bars = 0
    for ticker in sorted(total):
        if not result or bars + total[ticker] > size:
            result.append(ticker)
            bars = 0
        bars += total[ticker]
    return result


def numbers(tickers: pa.ChunkedArray, first_tickers: Sequence[str]) -> pa.ChunkedArray:
    """Return the number of the slice of each ticker, int32."""
    distinct = pc.unique(tickers)
    number = [bisect.bisect_right(first_tickers, ticker) - 1 for ticker in distinct.to_pylist()]
    return pc.take(pa.array(number, pa.int32()), pc.index_in(tickers, distinct))
