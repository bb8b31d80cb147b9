"""Six estimators of volatility over trailing windows. Arrays in, arrays out.

All give annualised volatility as a fraction (0.1458 is 14.58 % a year): sqrt(252 · daily variance). With

    o = ln(O_t / C_{t-1})    the night, from the close before to the open
    c = ln(C_t / O_t)        the session, from the open to the close
    r = ln(C_t / C_{t-1})    from close to close

and n the window in sessions, each estimator below gives the daily variance of its paper's formula. They agree with R's
`TTR::volatility`, but that TTR counts prices where `close_to_close` counts returns: its n is one more.

Yahoo's open of the index is often the close before, or some points from it: o is nearly 0, and the estimators that
use it see less of the night than there was. `caveats` has by how much.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from chalicelib.refine.rolling import TrailingSums
from chalicelib.schema import PERIODS_PER_YEAR, WINDOWS, volatility_column

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

BLOCK = 1 << 14
"""Rows that are worked on at once: few enough to stay in the processor's cache."""

CANCELLED = 1e-5
"""A sum of squares around the mean below this share of the plain one has lost digits that matter."""


@dataclass(frozen=True)
class Prices:
    """Bars of one ticker after another, those of each in order of date.

    Attributes:
        open, high, low, close: shape (n,), finite and positive, low ≤ open, close ≤ high.
        position: shape (n,), how many bars of the same ticker come before each.
    """

    open: Floats
    high: Floats
    low: Floats
    close: Floats
    position: Positions

    def __len__(self) -> int:
        return len(self.close)

    def between(self, start: int, stop: int) -> Prices:
        """The bars from one to another."""
        return Prices(*(getattr(self, field.name)[start:stop] for field in fields(self)))


class Terms:
    """What the estimators sum, over some bars: each series is computed once, and so is each of its sums.

    The first bar of a ticker has no close before it. Its o and r are 0 here, and every window that holds it is null
    for an estimator that needs the close before.
    """

    def __init__(self, prices: Prices, windows: Sequence[int]) -> None:
        self._windows = windows
        self._sums: dict[tuple[str, int], TrailingSums] = {}
        session, high, low = (np.log(side / prices.open) for side in (prices.close, prices.high, prices.low))
        self._series: dict[str, Floats] = {
            "o": _since_last_close(prices, prices.open),
            "c": session,
            "r": _since_last_close(prices, prices.close),
            "range": high - low,
            # Neither can be negative: |c| ≤ ln(H/L) and ½ > 2 ln 2 - 1, and each product is of two of the same sign.
            # Their rounded logarithms may say so by less than they are rounded, and a root may not.
            "garman_klass": np.maximum(0.5 * (high - low) ** 2 - (2 * np.log(2) - 1) * session**2, 0.0),
            "rogers_satchell": np.maximum((high - session) * high + (low - session) * low, 0.0),
        }

    def mean(self, series: str, window: int) -> Floats:
        """The mean of a series over each window, shape (bars - window + 1,)."""
        return self._sum(series, 1, window) * (1 / window)

    def mean_square(self, series: str, window: int) -> Floats:
        """The mean of its square over each window, shape (bars - window + 1,)."""
        return self._sum(series, 2, window) * (1 / window)

    def variance(self, series: str, window: int) -> Floats:
        """The sample variance (ddof 1) of a series over each window, shape (bars - window + 1,), never negative."""
        total, squares = self._sum(series, 1, window), self._sum(series, 2, window)
        spread = total * total
        spread *= -1 / window
        spread += squares
        # Where the values are all but equal, the difference is of two numbers that are all but equal: once more, by
        # the definition. A window of zeros needs none: 0 - 0 is 0.
        doubtful = np.flatnonzero(spread < CANCELLED * squares)
        if len(doubtful):
            windows = np.lib.stride_tricks.sliding_window_view(self._series[series], window)[doubtful]
            spread[doubtful] = windows.var(axis=1) * window
        spread *= 1 / (window - 1)
        return spread

    def _sum(self, series: str, power: int, window: int) -> Floats:
        if (series, power) not in self._sums:
            values = self._series[series]
            self._sums[series, power] = TrailingSums(values if power == 1 else values * values, self._windows)
        return self._sums[series, power](window)


def _since_last_close(prices: Prices, until: Floats) -> Floats:
    logs = np.zeros(len(until))
    np.log(until[1:] / prices.close[:-1], out=logs[1:])
    logs[prices.position == 0] = 0.0
    return logs


def close_to_close(terms: Terms, n: int) -> Floats:
    """The sample variance (ddof 1) of the last n values of r.

    Assumes nothing of the path within the day, and uses nothing of it. The mean is estimated, not taken for 0. The
    window is of n returns, that is, of n + 1 closes.

    Source: the textbook estimator, for instance in J. C. Hull, Options, Futures, and Other Derivatives, "Estimating
    volatility from historical data".
    """
    return terms.variance("r", n)


def parkinson(terms: Terms, n: int) -> Floats:
    """mean[ln(H/L)²] / (4 ln 2).

    Assumes a Brownian motion without drift that is watched all the time; the night is not in it. Too low where
    the true high and low fall between trades.

    Source: M. Parkinson (1980), "The Extreme Value Method for Estimating the Variance of the Rate of Return".
    """
    daily: Floats = terms.mean_square("range", n) / (4 * np.log(2))
    return daily


def garman_klass(terms: Terms, n: int) -> Floats:
    """mean[½ ln(H/L)² - (2 ln 2 - 1) c²].

    Assumes a Brownian motion without drift; the night is not in it.

    Source: M. B. Garman and M. J. Klass (1980), "On the Estimation of Security Price Volatilities from Historical
    Data": the practical form of their best analytic estimator.
    """
    return terms.mean("garman_klass", n)


def garman_klass_yang_zhang(terms: Terms, n: int) -> Floats:
    """mean[o² + ½ ln(H/L)² - (2 ln 2 - 1) c²].

    Garman-Klass with the night. Assumes no drift. A window of n sessions needs the close before the first of them.

    Source: the extension of Garman and Klass (1980) in D. Yang and Q. Zhang (2000), "Drift-Independent Volatility
    Estimation Based on High, Low, Open, and Close Prices".
    """
    return terms.mean_square("o", n) + terms.mean("garman_klass", n)


def rogers_satchell(terms: Terms, n: int) -> Floats:
    """mean[ln(H/C)·ln(H/O) + ln(L/C)·ln(L/O)].

    Holds whatever the drift; the night is not in it.

    Source: L. C. G. Rogers and S. E. Satchell (1991), "Estimating Variance from High, Low and Closing Prices".
    """
    return terms.mean("rogers_satchell", n)


def yang_zhang(terms: Terms, n: int) -> Floats:
    """Var(o) + k·Var(c) + (1 - k)·rogers_satchell, with k = 0.34 / (1.34 + (n + 1)/(n - 1)), variances of ddof 1.

    Holds whatever the drift, and with the night. Two traps, both in most copies of it: the variances are around the
    mean of the window, not around 0; and the middle one is of c, from open to close, not of r. A window of n
    sessions needs the close before the first of them.

    Source: D. Yang and Q. Zhang (2000), "Drift-Independent Volatility Estimation Based on High, Low, Open, and Close
    Prices".
    """
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return terms.variance("o", n) + k * terms.variance("c", n) + (1 - k) * rogers_satchell(terms, n)


@dataclass(frozen=True, slots=True)
class Estimator:
    """An estimator of the daily variance.

    Attributes:
        variance: gives it for each window of n bars.
        needs_close_before: whether a window needs the close before its first bar.
    """

    variance: Callable[[Terms, int], Floats]
    needs_close_before: bool


ESTIMATORS: Mapping[str, Estimator] = {
    "close_to_close": Estimator(close_to_close, needs_close_before=True),
    "parkinson": Estimator(parkinson, needs_close_before=False),
    "garman_klass": Estimator(garman_klass, needs_close_before=False),
    "garman_klass_yang_zhang": Estimator(garman_klass_yang_zhang, needs_close_before=True),
    "rogers_satchell": Estimator(rogers_satchell, needs_close_before=False),
    "yang_zhang": Estimator(yang_zhang, needs_close_before=True),
}


def volatility(
    prices: Prices, estimators: Sequence[str] = tuple(ESTIMATORS), windows: Sequence[int] = WINDOWS
) -> dict[str, Floats]:
    """Every estimator over every window, by the name of its column.

    Args:
        prices: n bars.
        windows: sessions, at least 2.

    Returns:
        Arrays of shape (n,): annualised, a fraction; NaN, never 0, while the window is not full.
    """
    found = {volatility_column(name, window): np.empty(len(prices)) for name in estimators for window in windows}
    for start in range(0, len(prices), BLOCK):
        # A block sees as many bars before it as the longest window holds.
        before = min(start, max(windows))
        block = prices.between(start - before, start + BLOCK)
        terms = Terms(block, windows)
        for window in windows:
            # The first windows of the block end in the bars before it, or later than its first.
            skipped, missing = max(before - window + 1, 0), max(window - 1 - before, 0)
            # By whether an estimator needs the close before the window.
            partial = [block.position[before:] < window - 1 + needed for needed in (False, True)]
            for name in estimators:
                estimator = ESTIMATORS[name]
                values = found[volatility_column(name, window)][start : start + BLOCK]
                values[:missing] = np.nan
                annual = values[missing:]
                np.multiply(estimator.variance(terms, window)[skipped:], PERIODS_PER_YEAR, out=annual)
                np.sqrt(annual, out=annual)
                np.putmask(values, partial[estimator.needs_close_before], np.nan)
    return found
