"""Six estimators of volatility over trailing windows. Arrays in, arrays out.

All give annualised volatility as a fraction (0.1458 is 14.58 % a year): sqrt(252 · daily variance). With

    o = ln(O_t / C_{t-1})    the night, from the close before to the open
    c = ln(C_t / O_t)        the session, from the open to the close
    r = ln(C_t / C_{t-1})    from close to close

and n the window in sessions, each estimator below gives the daily variance of its paper's formula. They agree with R's
`TTR::volatility`, but that TTR counts prices where `close_to_close` counts returns: its n is one more.

Yahoo's open of the index is often the close before, or some points from it: o is nearly 0, and the estimators that
use it see less of the night than there was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt

from chalicelib.moving import TrailingSums
from chalicelib.schema import WINDOWS, volatility_column

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

PERIODS_PER_YEAR = 252

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
    """What the estimators sum, over some bars: each series is computed once, and so is each of its sums."""

    def __init__(self, prices: Prices, windows: Sequence[int]) -> None:
        self.prices = prices
        self._windows = windows
        self._values: dict[Term, Floats] = {}
        self._sums: dict[tuple[Term, bool], TrailingSums] = {}

    def mean(self, term: Term, window: int) -> Floats:
        """The mean of each window, shape (bars - window + 1,)."""
        return self._sum(term, window) / window

    def variance(self, term: Term, window: int) -> Floats:
        """The sample variance (ddof 1) of each window, shape (bars - window + 1,)."""
        total, squares = self._sum(term, window), self._sum(term, window, squared=True)
        spread = squares - total**2 / window
        # Where the values are all but equal, the difference is of two numbers that are all but equal: once more, by
        # the definition. A window of zeros needs none: 0 - 0 is 0.
        doubtful = np.flatnonzero(spread < CANCELLED * squares)
        if len(doubtful):
            windows = np.lib.stride_tricks.sliding_window_view(self.values(term), window)[doubtful]
            spread[doubtful] = windows.var(axis=1) * window
        return spread / (window - 1)

    def values(self, term: Term) -> Floats:
        """A series, one value a bar."""
        if term not in self._values:
            self._values[term] = term(self.prices)
        return self._values[term]

    def _sum(self, term: Term, window: int, squared: bool = False) -> Floats:
        key = term, squared
        if key not in self._sums:
            values = self.values(term)
            self._sums[key] = TrailingSums(values**2 if squared else values, self._windows)
        return self._sums[key](window)


Term = Callable[[Prices], Floats]


def night(prices: Prices) -> Floats:
    """o. The first bar of a ticker has none: 0 here, and null in every window that would hold it."""
    return _since_last_close(prices, prices.open)


def session(prices: Prices) -> Floats:
    """c."""
    logs: Floats = np.log(prices.close / prices.open)
    return logs


def log_return(prices: Prices) -> Floats:
    """r. The first bar of a ticker has none: as `night`."""
    return _since_last_close(prices, prices.close)


def squared_night(prices: Prices) -> Floats:
    """o²."""
    return night(prices) ** 2


def squared_range(prices: Prices) -> Floats:
    """ln(H/L)²."""
    squares: Floats = np.log(prices.high / prices.low) ** 2
    return squares


def garman_klass_term(prices: Prices) -> Floats:
    """½ ln(H/L)² - (2 ln 2 - 1) c², never negative: |c| ≤ ln(H/L), and ½ > 2 ln 2 - 1."""
    term: Floats = 0.5 * squared_range(prices) - (2 * np.log(2) - 1) * session(prices) ** 2
    return term


def rogers_satchell_term(prices: Prices) -> Floats:
    """ln(H/C)·ln(H/O) + ln(L/C)·ln(L/O), each product of two of the same sign."""
    up = np.log(prices.high / prices.close) * np.log(prices.high / prices.open)
    down = np.log(prices.low / prices.close) * np.log(prices.low / prices.open)
    both: Floats = up + down
    return both


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
    return terms.variance(log_return, n)


def parkinson(terms: Terms, n: int) -> Floats:
    """mean[ln(H/L)²] / (4 ln 2).

    Assumes a Brownian motion without drift that is watched all the time; the night is not in it. Too low where
    the true high and low fall between trades.

    Source: M. Parkinson (1980), "The Extreme Value Method for Estimating the Variance of the Rate of Return".
    """
    daily: Floats = terms.mean(squared_range, n) / (4 * np.log(2))
    return daily


def garman_klass(terms: Terms, n: int) -> Floats:
    """mean[½ ln(H/L)² - (2 ln 2 - 1) c²].

    Assumes a Brownian motion without drift; the night is not in it.

    Source: M. B. Garman and M. J. Klass (1980), "On the Estimation of Security Price Volatilities from Historical
    Data": the practical form of their best analytic estimator.
    """
    return terms.mean(garman_klass_term, n)


def garman_klass_yang_zhang(terms: Terms, n: int) -> Floats:
    """mean[o² + ½ ln(H/L)² - (2 ln 2 - 1) c²].

    Garman-Klass with the night. Assumes no drift. A window of n sessions needs the close before the first of them.

    Source: the extension of Garman and Klass (1980) in D. Yang and Q. Zhang (2000), "Drift-Independent Volatility
    Estimation Based on High, Low, Open, and Close Prices".
    """
    return terms.mean(squared_night, n) + terms.mean(garman_klass_term, n)


def rogers_satchell(terms: Terms, n: int) -> Floats:
    """mean[ln(H/C)·ln(H/O) + ln(L/C)·ln(L/O)].

    Holds whatever the drift; the night is not in it.

    Source: L. C. G. Rogers and S. E. Satchell (1991), "Estimating Variance from High, Low and Closing Prices".
    """
    return terms.mean(rogers_satchell_term, n)


def yang_zhang(terms: Terms, n: int) -> Floats:
    """Var(o) + k·Var(c) + (1 - k)·rogers_satchell, with k = 0.34 / (1.34 + (n + 1)/(n - 1)), variances of ddof 1.

    Holds whatever the drift, and with the night. Two traps, both in most copies of it: the variances are around the
    mean of the window, not around 0; and the middle one is of c, from open to close, not of r. A window of n
    sessions needs the close before the first of them.

    Source: D. Yang and Q. Zhang (2000), "Drift-Independent Volatility Estimation Based on High, Low, Open, and Close
    Prices".
    """
    k = 0.34 / (1.34 + (n + 1) / (n - 1))
    return terms.variance(night, n) + k * terms.variance(session, n) + (1 - k) * rogers_satchell(terms, n)


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
        first = max(start - max(windows), 0)
        block = prices.between(first, start + BLOCK)
        terms = Terms(block, windows)
        for window in windows:
            partial = {needed: block.position < window - 1 + needed for needed in (False, True)}
            for name in estimators:
                estimator = ESTIMATORS[name]
                values = np.full(len(block), np.nan)
                # A difference of rounded numbers may fall below 0 by less than it is rounded; a root may not.
                daily = np.maximum(estimator.variance(terms, window), 0.0)
                values[window - 1 :] = np.sqrt(PERIODS_PER_YEAR * daily)
                values[partial[estimator.needs_close_before]] = np.nan
                found[volatility_column(name, window)][start : start + BLOCK] = values[start - first :]
    return found
