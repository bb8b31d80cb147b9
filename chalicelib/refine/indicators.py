"""Indicators other than the estimators of volatility. Takes and returns NumPy arrays.

The bars of a ticker are consecutive, in order of date, and `position` is the number of bars of the same ticker before
each. No window includes bars of two tickers.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from chalicelib.refine.volatility import Floats, Positions, Prices
from chalicelib.schema import PERIODS_PER_YEAR

EWMA_DECAY, EWMA_SEED = 0.94, 21
"""λ, and the number of squared returns whose mean is the first value."""

ATR_PERIODS = 14
"""In sessions."""

ZSCORE_WINDOW, ZSCORE_MINIMUM, ZSCORE_PEAK = 252, 21, 1.5
"""The maximum and the minimum number of previous sessions, and the z-score above which a session is a peak."""


def log_returns(prices: Prices) -> Floats:
    """Return ln(C_t / C_{t-1}), shape (n,); NaN for the first bar of a ticker."""
    logs = np.full(len(prices), np.nan)
    np.log(prices.close[1:] / prices.close[:-1], out=logs[1:])
    logs[prices.position == 0] = np.nan
    return logs


def ewma_volatility(prices: Prices) -> Floats:
    """Return the volatility forecast at t for t+1, annualised, a fraction; shape (n,).

    σ²_{t+1} = 0.94 σ²_t + 0.06 r_t², seeded with the mean of the first 21 r², NaN before.

    Source: J. P. Morgan (1996), RiskMetrics Technical Document: λ = 0.94 for daily returns with an assumed mean of 0.
    """
    squares = log_returns(prices) ** 2
    daily = np.full(len(prices), np.nan)
    for bars in tickers(prices.position):
        daily[bars][1:] = _smoothed(squares[bars][1:], EWMA_DECAY, EWMA_SEED)
    annual: Floats = np.sqrt(PERIODS_PER_YEAR * daily)
    return annual


def average_true_range(prices: Prices) -> Floats:
    """Return Wilder's ATR over 14 periods, in the unit of the prices; shape (n,).

    TR_t = max(H_t, C_{t-1}) - min(L_t, C_{t-1}), none for the first bar; seeded with the mean of the first 14, then
    (13 · ATR_{t-1} + TR_t) / 14. As R's `TTR::ATR`.

    Source: J. W. Wilder (1978), New Concepts in Technical Trading Systems.
    """
    before = prices.close[:-1]
    ranges = np.maximum(prices.high[1:], before) - np.minimum(prices.low[1:], before)
    average = np.full(len(prices), np.nan)
    for bars in tickers(prices.position):
        average[bars][1:] = _smoothed(ranges[bars.start : bars.stop - 1], 1 - 1 / ATR_PERIODS, ATR_PERIODS)
    return average


def causal_zscore(hundredths: npt.NDArray[np.int64], position: Positions) -> Floats:
    """Return (x_t - mean) / sd, with mean and sd (ddof 1) over the previous 252 values, or as many as there are.

    NaN with fewer than 21 previous values, or if they are all equal. Mean and sd use only values before t.

    Args:
        hundredths: shape (n,), the values in whole hundredths: their sums are exact, and equal values have a standard
            deviation of exactly 0. Each below 10⁷.
        position: shape (n,).
    """
    counts = np.minimum(position, ZSCORE_WINDOW)
    last = np.arange(len(hundredths))
    total, squares = (_between(last - counts, last, values) for values in (hundredths, hundredths**2))
    defined = counts >= ZSCORE_MINIMUM
    spread = counts * squares - total**2
    defined &= spread > 0
    n = np.where(defined, counts, 2).astype(np.float64)
    deviation = np.sqrt(np.where(defined, spread, 1) / (n * (n - 1)))
    return np.where(defined, (hundredths - total / n) / deviation, np.nan)


def drawdown(prices: Prices) -> Floats:
    """Return C_t / max(C_0, …, C_t) - 1, a fraction from -1 to 0; shape (n,)."""
    highest = np.empty(len(prices))
    for bars in tickers(prices.position):
        highest[bars] = np.maximum.accumulate(prices.close[bars])
    return prices.close / highest - 1


def tickers(position: Positions) -> Iterator[slice]:
    """Yield the slice of each ticker's bars."""
    starts = np.flatnonzero(position == 0)
    for start, stop in zip(starts, np.append(starts, len(position))[1:], strict=True):
        yield slice(int(start), int(stop))


def _smoothed(values: Floats, decay: float, seed: int) -> Floats:
    """Return decay · y + (1 - decay) · x, starting from the mean of the first `seed` values; NaN before."""
    if len(values) < seed:
        return np.full(len(values), np.nan)
    rest = accumulate(values[seed:].tolist(), lambda y, x: decay * y + (1 - decay) * x, initial=values[:seed].mean())
    return np.concatenate([np.full(seed - 1, np.nan), np.fromiter(rest, np.float64)])


def _between(start: Positions, stop: Positions, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the sums of values[start:stop]; with integers the subtraction is exact."""
    sums: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(values)])
    return sums[stop] - sums[start]
