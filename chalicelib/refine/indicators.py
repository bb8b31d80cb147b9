"""What the refined table computes beside the estimators of volatility. Arrays in, arrays out.

As everywhere, bars of one ticker follow another, those of each in order of date, and `position` tells how many bars
of the same ticker come before each: no window reaches from one ticker into the next.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from chalicelib.refine.volatility import Floats, Positions, Prices
from chalicelib.schema import PERIODS_PER_YEAR

EWMA_DECAY, EWMA_SEED = 0.94, 21

ATR_PERIODS = 14

ZSCORE_WINDOW, ZSCORE_MINIMUM, ZSCORE_PEAK = 252, 21, 1.5


def log_returns(prices: Prices) -> Floats:
    """ln(C_t / C_{t-1}), shape (n,); NaN for the first bar of a ticker."""
    logs = np.full(len(prices), np.nan)
    np.log(prices.close[1:] / prices.close[:-1], out=logs[1:])
    logs[prices.position == 0] = np.nan
    return logs


def ewma_volatility(prices: Prices) -> Floats:
    """The volatility that is forecast at t for t+1, annualised, a fraction; shape (n,).

    σ²_{t+1} = 0.94 σ²_t + 0.06 r_t², seeded with the mean of the first 21 r², NaN before.

    Source: J. P. Morgan (1996), RiskMetrics Technical Document: λ = 0.94 for daily returns, whose mean is taken for 0.
    """
    squares = log_returns(prices) ** 2
    daily = np.full(len(prices), np.nan)
    for bars in _tickers(prices.position):
        daily[bars][1:] = _smoothed(squares[bars][1:], EWMA_DECAY, EWMA_SEED)
    annual: Floats = np.sqrt(PERIODS_PER_YEAR * daily)
    return annual


def average_true_range(prices: Prices) -> Floats:
    """Wilder's ATR over 14 periods, in the unit of the prices; shape (n,).

    TR_t = max(H_t, C_{t-1}) - min(L_t, C_{t-1}), none for the first bar; seeded with the mean of the first 14, then
    (13 · ATR_{t-1} + TR_t) / 14. As R's `TTR::ATR`.

    Source: J. W. Wilder (1978), New Concepts in Technical Trading Systems.
    """
    before = prices.close[:-1]
    ranges = np.maximum(prices.high[1:], before) - np.minimum(prices.low[1:], before)
    average = np.full(len(prices), np.nan)
    for bars in _tickers(prices.position):
        average[bars][1:] = _smoothed(ranges[bars.start : bars.stop - 1], 1 - 1 / ATR_PERIODS, ATR_PERIODS)
    return average


def causal_zscore(hundredths: npt.NDArray[np.int64], position: Positions) -> Floats:
    """How far each value is from those before it: (x_t - mean) / sd over t-252 … t-1, or what there is of them.

    NaN with fewer than 21 values before, or if they are all equal. Nothing of t or after is in mean and sd (ddof 1).

    Args:
        hundredths: shape (n,), the values in whole hundredths: their sums are exact, and equal values have a standard
            deviation of exactly 0. Below 10⁷ each.
        position: shape (n,).
    """
    counts = np.minimum(position, ZSCORE_WINDOW)
    last = np.arange(len(hundredths))
    total, squares = (_between(last - counts, last, values) for values in (hundredths, hundredths**2))
    known = counts >= ZSCORE_MINIMUM
    spread = counts * squares - total**2
    known &= spread > 0
    n = np.where(known, counts, 2).astype(np.float64)
    deviation = np.sqrt(np.where(known, spread, 1) / (n * (n - 1)))
    return np.where(known, (hundredths - total / n) / deviation, np.nan)


def drawdown(prices: Prices) -> Floats:
    """C_t / max(C_0, …, C_t) - 1, a fraction from -1 to 0; shape (n,)."""
    highest = np.empty(len(prices))
    for bars in _tickers(prices.position):
        highest[bars] = np.maximum.accumulate(prices.close[bars])
    return prices.close / highest - 1


def _tickers(position: Positions) -> Iterator[slice]:
    """The bars of each ticker."""
    starts = np.flatnonzero(position == 0)
    for start, stop in zip(starts, np.append(starts, len(position))[1:], strict=True):
        yield slice(int(start), int(stop))


def _smoothed(values: Floats, decay: float, seed: int) -> Floats:
    """The mean of the first `seed` values, then decay · y + (1 - decay) · x; NaN before."""
    if len(values) < seed:
        return np.full(len(values), np.nan)
    rest = accumulate(values[seed:].tolist(), lambda y, x: decay * y + (1 - decay) * x, initial=values[:seed].mean())
    return np.concatenate([np.full(seed - 1, np.nan), np.fromiter(rest, np.float64)])


def _between(start: Positions, stop: Positions, values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """The sum of values[start:stop], exact: integers lose nothing to subtraction."""
    sums: npt.NDArray[np.int64] = np.concatenate([[0], np.cumsum(values)])
    return sums[stop] - sums[start]
