"""The estimators of `chalicelib.estimators` over trailing windows. Takes and returns NumPy arrays."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chalicelib.estimators import ESTIMATORS, EstimatorName, Series
from chalicelib.refine.rolling import TrailingSums
from chalicelib.schema import PERIODS_PER_YEAR, WINDOWS, volatility_column

Floats = npt.NDArray[np.float64]
Positions = npt.NDArray[np.intp]
Flags = npt.NDArray[np.bool_]

BLOCK = 1 << 14
"""Bars computed at once: few enough to stay in the processor's cache."""

CANCELLED = 1e-5
"""If the sum of squares around the mean is below this fraction of the sum of squares, significant digits are lost."""

NIGHTLY: Collection[Series] = {"o", "r"}
"""The series whose value of a session depends on the session before."""


@dataclass(frozen=True)
class Prices:
    """The bars of one or more tickers. The bars of a ticker are consecutive, in order of date.

    Attributes:
        open, high, low, close: shape (n,), finite and positive, low ≤ open, close ≤ high.
        position: shape (n,), number of bars of the same ticker before each bar.
        event: shape (n,), whether the night before each bar is left out, because the closes before and after it do
            not compare: a dividend, a split. False for the first bar of a ticker. None if there is no such night.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    position: Positions
    event: Flags | None = None

    def __len__(self) -> int:
        return len(self.close)

    def between(self, start: int, stop: int) -> Prices:
        """Return the bars from position `start` to `stop`, `stop` excluded."""
        bars = slice(start, stop)
        event = None if self.event is None else self.event[bars]
        return Prices(self.open[bars], self.high[bars], self.low[bars], self.close[bars], self.position[bars], event)


class Terms:
    """The statistics that the estimators use, over some bars; each series and each sum is computed once.

    The first bar of a ticker has no previous close. Its o and r are 0 here, and `volatility` sets every window that
    contains it to null where the estimator uses the night. On an event o and r are 0 too, and statistics of them are
    over the other sessions of the window. A window without events has the same operations, whatever other windows
    have.
    """

    def __init__(self, prices: Prices, windows: Sequence[int]) -> None:
        self._windows = windows
        self._sums: dict[tuple[Series, int], TrailingSums] = {}
        self._nights = None
        if prices.event is not None and prices.event.any():
            self._nights = TrailingSums((~prices.event).astype(np.float64), windows)
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

    def nights(self, window: int) -> Floats | int:
        """Return V, the number of sessions of each window that are no event: one number if no session is an event."""
        return window if self._nights is None else self._nights(window)

    def mean(self, series: Series, window: int) -> Floats:
        """Return the mean of a series over each window, shape (bars - window + 1,)."""
        return self._sum(series, 1, window) * (1 / self._count(series, window))

    def mean_square(self, series: Series, window: int) -> Floats:
        """Return the mean of the squares over each window, shape (bars - window + 1,)."""
        return self._sum(series, 2, window) * (1 / self._count(series, window))

    def variance(self, series: Series, window: int) -> Floats:
        """Return the sample variance (ddof 1) over each window, shape (bars - window + 1,), never negative."""
        count = self._count(series, window, least=2)
        total, squares = self._sum(series, 1, window), self._sum(series, 2, window)
        spread = total * total
        spread *= -1 / count
        spread += squares
        # Where the values of a window are almost equal, the difference loses its digits: compute those windows by the
        # definition. A window of zeros is exact already.
        inexact = np.flatnonzero(spread < CANCELLED * squares)
        if len(inexact):
            spread[inexact] = self._spread(series, window, inexact)
        spread *= 1 / (count - 1)
        return spread

    def _spread(self, series: Series, window: int, at: Positions) -> Floats:
        """Return the sum of squares around the mean of the windows that start at these positions."""
        windows = np.lib.stride_tricks.sliding_window_view(self._series[series], window)[at]
        spread: Floats = windows.var(axis=1) * window
        if series not in NIGHTLY or self._nights is None:
            return spread
        used = np.lib.stride_tricks.sliding_window_view(self._nights(1) > 0, window)[at]
        events = np.flatnonzero(~used.all(axis=1))
        values, used = windows[events], used[events]
        # The values of events are 0, and add nothing to the sum.
        mean = values.sum(axis=1) / np.maximum(used.sum(axis=1), 1)
        spread[events] = (np.where(used, values - mean[:, None], 0.0) ** 2).sum(axis=1)
        return spread

    def _count(self, series: Series, window: int, least: int = 1) -> Floats | int:
        """Return the number of values in each window, and `least` where it is lower, to divide by it."""
        return np.maximum(self.nights(window), least) if series in NIGHTLY and self._nights else window

    def _sum(self, series: Series, power: int, window: int) -> Floats:
        if (series, power) not in self._sums:
            values = self._series[series]
            self._sums[series, power] = TrailingSums(values if power == 1 else values * values, self._windows)
        return self._sums[series, power](window)


def _since_previous_close(prices: Prices, side: Floats) -> Floats:
    logs = np.zeros(len(side))
    np.log(side[1:] / prices.close[:-1], out=logs[1:])
    logs[prices.position == 0] = 0.0
    if prices.event is not None:
        logs[prices.event] = 0.0
    return logs


def fewest_nights(window: int) -> int:
    """Return the number of nights that a window needs: half of its sessions, and two."""
    return max(2, -(-window // 2))


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
        Arrays of shape (n,): annualised, a fraction; NaN, never 0, while the window is not full, and, of estimators
        that use the night, while it has fewer than `fewest_nights` nights.
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
            nights = terms.nights(window)
            if not isinstance(nights, int):
                partial[True][missing:] |= nights[skipped:] < fewest_nights(window)
            for name in estimators:
                estimator = ESTIMATORS[name]
                values = columns[volatility_column(name, window)][start : start + BLOCK]
                values[:missing] = np.nan
                annual = values[missing:]
                np.multiply(estimator.variance(terms, window)[skipped:], PERIODS_PER_YEAR, out=annual)
                np.sqrt(annual, out=annual)
                np.putmask(values, partial[estimator.uses_night], np.nan)
    return columns
