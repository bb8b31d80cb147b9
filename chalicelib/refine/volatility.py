"""The estimators of `chalicelib.estimators` over trailing windows. Takes and returns NumPy arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from chalicelib.estimators import ESTIMATORS, EstimatorName, Series
from chalicelib.refine.rolling import TrailingSums
from chalicelib.schema import PERIODS_PER_YEAR, WINDOWS, volatility_column

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]

BLOCK = 1 << 14
"""Bars computed at once: few enough to stay in the processor's cache."""

CANCELLED = 1e-5
"""If the sum of squares around the mean is below this fraction of the sum of squares, significant digits are lost."""


@dataclass(frozen=True)
class Prices:
    """The bars of one or more tickers. The bars of a ticker are consecutive, in order of date.

    Attributes:
        open, high, low, close: shape (n,), finite and positive, low ≤ open, close ≤ high.
        position: shape (n,), number of bars of the same ticker before each bar.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    position: Positions

    def __len__(self) -> int:
        return len(self.close)

    def between(self, start: int, stop: int) -> Prices:
        """Return the bars from position `start` to `stop`, `stop` excluded."""
        return Prices(*(getattr(self, field.name)[start:stop] for field in fields(self)))


class Terms:
    """The statistics that the estimators use, over some bars; each series and each sum is computed once.

    The first bar of a ticker has no previous close. Its o and r are 0 here, and `volatility` sets every window that
    contains it to null where the estimator uses the night.
    """

    def __init__(self, prices: Prices, windows: Sequence[int]) -> None:
        self._windows = windows
        self._sums: dict[tuple[Series, int], TrailingSums] = {}
        c, high, low = (np.log(side / prices.open) for side in (prices.close, prices.high, prices.low))
        self._series: Mapping[Series, Floats] = {
            "o": _since_previous_close(prices, prices.open),
            "c": c,
            "r": _since_previous_close(prices, prices.close),
            "range": high - low,
            # Neither term can be negative: |c| ≤ ln(H/L) and ½ > 2 ln 2 - 1, and both products have factors of equal
            # sign. Rounded logarithms can make them slightly negative, and the square root would be NaN.
            "garman_klass": np.maximum(0.5 * (high - low) ** 2 - (2 * np.log(2) - 1) * c**2, 0.0),
            "rogers_satchell": np.maximum((high - c) * high + (low - c) * low, 0.0),
        }

    def mean(self, series: Series, window: int) -> Floats:
        """Return the mean of a series over each window, shape (bars - window + 1,)."""
        return self._sum(series, 1, window) * (1 / window)

    def mean_square(self, series: Series, window: int) -> Floats:
        """Return the mean of the squares over each window, shape (bars - window + 1,)."""
        return self._sum(series, 2, window) * (1 / window)

    def variance(self, series: Series, window: int) -> Floats:
        """Return the sample variance (ddof 1) over each window, shape (bars - window + 1,), never negative."""
        total, squares = self._sum(series, 1, window), self._sum(series, 2, window)
        spread = total * total
        spread *= -1 / window
        spread += squares
        # Where the values of a window are almost equal, the difference loses its digits: compute those windows by the
        # definition. A window of zeros is exact already.
        inexact = np.flatnonzero(spread < CANCELLED * squares)
        if len(inexact):
            windows = np.lib.stride_tricks.sliding_window_view(self._series[series], window)[inexact]
            spread[inexact] = windows.var(axis=1) * window
        spread *= 1 / (window - 1)
        return spread

    def _sum(self, series: Series, power: int, window: int) -> Floats:
        if (series, power) not in self._sums:
            values = self._series[series]
            self._sums[series, power] = TrailingSums(values if power == 1 else values * values, self._windows)
        return self._sums[series, power](window)


def _since_previous_close(prices: Prices, side: Floats) -> Floats:
    logs = np.zeros(len(side))
    np.log(side[1:] / prices.close[:-1], out=logs[1:])
    logs[prices.position == 0] = 0.0
    return logs


def daily_variance(prices: Prices) -> Floats:
    """Return Rogers-Satchell's variance of each session plus the square of the night, shape (n,).

    The first bar of a ticker has no night.
    """
    terms = Terms(prices, (1,))
    return terms.mean("rogers_satchell", 1) + terms.mean_square("o", 1)


def volatility(
    prices: Prices, estimators: Sequence[EstimatorName] = tuple(ESTIMATORS), windows: Sequence[int] = WINDOWS
) -> dict[str, Floats]:
    """Return every estimator over every window, by the name of its column.

    Args:
        prices: n bars.
        windows: sessions, at least 2.

    Returns:
        Arrays of shape (n,): annualised, a fraction; NaN, never 0, while the window is not full.
    """
    columns = {volatility_column(name, window): np.empty(len(prices)) for name in estimators for window in windows}
    for start in range(0, len(prices), BLOCK):
        # A block includes as many earlier bars as the longest window holds.
        before = min(start, max(windows))
        block = prices.between(start - before, start + BLOCK)
        terms = Terms(block, windows)
        for window in windows:
            # The first windows end in the earlier bars, or the block starts before the first window ends.
            skipped, missing = max(before - window + 1, 0), max(window - 1 - before, 0)
            partial = {night: block.position[before:] < window - 1 + night for night in (False, True)}
            for name in estimators:
                estimator = ESTIMATORS[name]
                values = columns[volatility_column(name, window)][start : start + BLOCK]
                values[:missing] = np.nan
                annual = values[missing:]
                np.multiply(estimator.variance(terms, window)[skipped:], PERIODS_PER_YEAR, out=annual)
                np.sqrt(annual, out=annual)
                np.putmask(values, partial[estimator.uses_night], np.nan)
    return columns
