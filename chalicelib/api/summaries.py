"""Exact statistics of columns. Pure functions, without NumPy, which takes seconds to import.

Athena has only `approx_percentile`; these percentiles are exact.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from datetime import date

import msgspec

from chalicelib.quantile import quantile


class Described(msgspec.Struct, frozen=True):
    """Statistics of a column. Without values `count` is 0 and the others are null; `sd` is null for one value too."""

    column: str
    count: int
    mean: float | None
    sd: float | None
    min: float | None
    max: float | None


class ConeRow(msgspec.Struct, frozen=True):
    """The distribution of the volatility over one window in a range, and the last value in it.

    `std` is the sample standard deviation of the values. They overlap, which makes it too low; `std_corrected` corrects
    it (Hodges and Tompkins 2002), and is null unless there are more values than sessions in a window.
    """

    window: int
    count: int
    std: float | None
    std_corrected: float | None
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
    """The largest drop from a close to a later close of the range."""

    peak: date
    trough: date
    drawdown: float


def describe(column: str, values: Iterable[float | None]) -> Described:
    """Return count, mean, sample standard deviation (ddof 1), minimum and maximum of the values that are not null."""
    known = [value for value in values if value is not None]
    if not known:
        return Described(column, 0, None, None, None, None)
    mean = math.fsum(known) / len(known)
    squares = math.fsum((value - mean) ** 2 for value in known)
    sd = math.sqrt(squares / (len(known) - 1)) if len(known) > 1 else None
    return Described(column, len(known), mean, sd, min(known), max(known))


def cone_row(window: int, days: Sequence[date], values: Sequence[float | None]) -> ConeRow:
    """Return the distribution of a column over a range, and the rank of its last value in it.

    Args:
        window: in sessions.
        days, values: shape (n,), in order of date; the values are fractions a year.

    Returns:
        `current` is the last value that is not null and `data` its day; `percentile` is the fraction of values
        at or below it; `rank` is 1 for the highest value.
    """
    known = [(day, value) for day, value in zip(days, values, strict=True) if value is not None]
    if not known:
        return ConeRow(window, 0, None, None, None, None, None, None, None, None, None, None, None)
    ordered = sorted(value for _, value in known)
    day, current = known[-1]
    not_above = bisect_right(ordered, current)
    return ConeRow(
        window=window,
        count=len(ordered),
        std=describe("", ordered).sd,
        std_corrected=corrected_std(ordered, window),
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


def corrected_std(values: Sequence[float], window: int) -> float | None:
    """Return the standard deviation of values over overlapping windows, corrected for the overlap.

    Overlapping windows share sessions, so their values spread less than those of independent windows. With n windows of
    h sessions, in a sample of T = n + h - 1 sessions, the variance of the values (ddof 0) is multiplied by

        m = 1 / (1 - h/n + (h² - 1) / (3n²))

    which makes it unbiased for means over independent sessions; for h = 1 it is the sample variance.

    Source: S. Hodges and R. Tompkins (2002), "Volatility Cones and Their Sampling Properties", Journal of Derivatives
    10(1).

    Args:
        values: shape (n,), one a window.
        window: h, in sessions.

    Returns:
        None if n <= h.
    """
    n, h = len(values), window
    if n <= h:
        return None
    mean = math.fsum(values) / n
    variance = math.fsum((value - mean) ** 2 for value in values) / n
    return math.sqrt(variance / (1 - h / n + (h * h - 1) / (3 * n * n)))


def deepest_fall(days: Sequence[date], closes: Sequence[float]) -> Fall | None:
    """Return the largest drop from a close to a later close.

    Args:
        days, closes: shape (n,), in order of date; the closes are above 0.

    Returns:
        None without sessions; a `Fall` with drawdown 0 if the closes never drop.
    """
    deepest = None
    peak = 0
    for position, close in enumerate(closes):
        if close > closes[peak]:
            peak = position
        drawdown = close / closes[peak] - 1
        if deepest is None or drawdown < deepest.drawdown:
            deepest = Fall(days[peak], days[position], drawdown)
    return deepest


def chained(closes: Sequence[float], opens: Sequence[float], events: Sequence[bool]) -> list[float]:
    """Return closes chained over events, on the level of the first one.

    The night before an event is left out: from it on, each close is multiplied by the close before / the open of the
    event. Without events the closes are returned as they are.

    Args:
        closes, opens: shape (n,), in order of date, above 0.
        events: shape (n,). The first one makes no difference.
    """
    factor = 1.0
    result: list[float] = []
    for position, (close, opened, event) in enumerate(zip(closes, opens, events, strict=True)):
        if event and position:
            factor *= closes[position - 1] / opened
        result.append(close * factor)
    return result
