"""Statistics of columns, exact and without NumPy, which would cost the API seconds to import. Values in, values out.

Athena has `approx_percentile` alone; here a percentile is one of the values, or lies exactly between two.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec


class Described(msgspec.Struct, frozen=True):
    """A column in five numbers; null where there are no values, and `sd` where there is one."""

    column: str
    count: int
    mean: float | None
    sd: float | None
    min: float | None
    max: float | None


class ConeRow(msgspec.Struct, frozen=True):
    """Where the volatility over one window stands among all of a range."""

    window: int
    count: int
    min: float | None
    p25: float | None
    median: float | None
    p75: float | None
    max: float | None
    data: date | None
    current: float | None
    percentile: float | None
    rank: int | None


class Fall(msgspec.Struct, frozen=True):
    """The deepest fall from a high close to a later low one, both in the range."""

    peak: date
    trough: date
    drawdown: float


def described(column: str, values: Iterable[float | None]) -> Described:
    """Count, mean, sample standard deviation (ddof 1), least and greatest of what is not null."""
    known = [value for value in values if value is not None]
    if not known:
        return Described(column, 0, None, None, None, None)
    mean = math.fsum(known) / len(known)
    squares = math.fsum((value - mean) ** 2 for value in known)
    sd = math.sqrt(squares / (len(known) - 1)) if len(known) > 1 else None
    return Described(column, len(known), mean, sd, min(known), max(known))


def cone_row(window: int, days: Sequence[date], values: Sequence[float | None]) -> ConeRow:
    """The distribution of a column over a range, and where its last value stands in it.

    Args:
        days, values: shape (n,), in order of date.

    Returns:
        `current` is the last value that is not null, and `data` its day; `percentile` the share of all
        values that are at most as high, from 0 to 1; `rank` is 1 for the highest.
    """
    known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
    if not known:
        return ConeRow(window, 0, None, None, None, None, None, None, None, None, None)
    ordered = sorted(value for _, value in known)
    day, current = known[-1]
    not_above = bisect_right(ordered, current)
    return ConeRow(
        window=window,
        count=len(ordered),
        min=ordered[0],
        p25=quantile(ordered, 0.25),
        median=quantile(ordered, 0.5),
        p75=quantile(ordered, 0.75),
        max=ordered[-1],
        data=day,
        current=current,
        percentile=not_above / len(ordered),
        rank=len(ordered) - not_above + 1,
    )


def quantile(ordered: Sequence[float], p: float) -> float:
    """The p-quantile of at least one value, interpolated linearly between the two nearest.

    Source: R. J. Hyndman and Y. Fan (1996), "Sample Quantiles in Statistical Packages": type 7, R's and NumPy's
    default.
    """
    position = (len(ordered) - 1) * p
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])


def deepest_fall(days: Sequence[date], closes: Sequence[float]) -> Fall | None:
    """The deepest fall within a range; None where there are no sessions. A range that only rises falls by 0."""
    deepest = None
    peak = 0
    for position, close in enumerate(closes):
        if close > closes[peak]:
            peak = position
        drawdown = close / closes[peak] - 1
        if deepest is None or drawdown < deepest.drawdown:
            deepest = Fall(days[peak], days[position], drawdown)
    return deepest
