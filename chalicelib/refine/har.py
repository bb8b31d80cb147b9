"""HAR: the heterogeneous autoregressive regression of volatility, refitted as time goes on. Takes and returns arrays.

Sums are accumulated in the order of time, and nothing uses BLAS, whose results differ between processors.

Sources: F. Corsi (2009), "A Simple Approximate Long-Memory Model of Realized Volatility": the regressors, without
weights. A. Clements and D. P. A. Preve (2021), "A Practical Guide to Harnessing the HAR Volatility Model": weighted
least squares. T. Bollerslev, A. J. Patton and R. Quaedvlieg (2016), "Exploiting the Errors": the insanity filter.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from chalicelib.refine.rolling import TrailingSums
from chalicelib.refine.volatility import Floats

WEEK, MONTH = 5, 22
"""The sessions of the means that are regressors."""

REFIT_EVERY = 21
"""In sessions."""

MINIMUM_ROWS = 252
"""The number of rows of the first fit."""

Weighting = Callable[[Floats], Floats]
"""From the means of d over 22 sessions to the weights of the rows, both of shape (n,)."""


def by_level(monthly: Floats) -> Floats:
    """Return 1 / monthly: the variance of an error is assumed to be proportional to the level of d.

    Of 1, 1 / monthly and 1 / monthly², it has the best score from 2008 to 2018: see docs/forecasts.md.
    """
    return 1 / monthly


@dataclass(frozen=True, slots=True)
class Regression:
    """The rows of the regressions of one series.

    Attributes:
        regressors: shape (n, 4): 1, d_t, and the means of d over 5 and 22 sessions, d = Rogers-Satchell + o². NaN
            until 22 sessions have a previous close.
        weights: shape (n,), 0 where the row is in no fit.
    """

    regressors: Floats
    weights: Floats

    @staticmethod
    def of(daily: Floats, fit_from: int, weighting: Weighting = by_level) -> Regression:
        """Return the rows of a series.

        Args:
            daily: d, shape (n,); its first value is not used, because the first session has no previous close.
            fit_from: the position of the first row of the fits.
        """
        regressors = np.column_stack(
            [np.ones(len(daily)), daily, trailing_mean(daily, WEEK), trailing_mean(daily, MONTH)]
        )
        regressors[:MONTH] = np.nan
        with np.errstate(divide="ignore", over="ignore"):
            weights = weighting(regressors[:, 3])
        weights[:fit_from] = 0
        return Regression(regressors, np.where(np.isfinite(weights), weights, 0.0))

    def forecast(self, target: Floats, horizon: int) -> Floats:
        """Return the forecast of the target made at each session, shape (n,); NaN before the first fit.

        The regression is fitted again every 21 sessions, to all rows whose target is known by then. A forecast outside
        of the range of the target in its fit is replaced by the mean of the target in its fit.

        Args:
            target: y, shape (n,): y_t is known `horizon` sessions after t, NaN if that is after the last session.
        """
        used = (self.weights > 0) & ~np.isnan(target)
        result = np.full(len(target), np.nan)
        if not used.any():
            return result
        first = int(np.argmax(used))
        rows, y = np.where(used[:, None], self.regressors, 0.0), np.where(used, target, 0.0)
        sums, counts = _normal_equations(rows, y, np.where(used, self.weights, 0.0)), np.cumsum(used)
        total = np.cumsum(y)
        lowest = np.minimum.accumulate(np.where(used, target, np.inf))
        highest = np.maximum.accumulate(np.where(used, target, -np.inf))
        for refit in range(first, len(target), REFIT_EVERY):
            last = refit - horizon
            if last < 0 or counts[last] < MINIMUM_ROWS:
                continue
            b = _solve(sums[last].tolist())
            until = slice(refit, refit + REFIT_EVERY)
            x = self.regressors[until]
            values = b[0] + b[1] * x[:, 1] + b[2] * x[:, 2] + b[3] * x[:, 3]
            within_range = (values >= lowest[last]) & (values <= highest[last])
            result[until] = np.where(within_range, values, total[last] / counts[last])
        return result


def trailing_mean(values: Floats, window: int) -> Floats:
    """Return the mean of the last values at each position, shape (n,); NaN while there are fewer than the window."""
    means = np.full(len(values), np.nan)
    means[window - 1 :] = TrailingSums(values, (WEEK, MONTH))(window) / window
    return means


_PAIRS = [(i, j) for i in range(4) for j in range(i + 1)]
"""The lower triangle of a symmetric matrix, by rows."""


def _normal_equations(rows: Floats, y: Floats, weights: Floats) -> Floats:
    """The sums of the normal equations up to each row, shape (n, 14): the pairs of regressors, then each with y."""
    weighted = rows * weights[:, None]
    products = [weighted[:, i] * rows[:, j] for i, j in _PAIRS] + [weighted[:, i] * y for i in range(4)]
    sums: Floats = np.cumsum(np.column_stack(products), axis=0)
    return sums


def _solve(sums: list[float]) -> list[float]:
    """The coefficients from the sums of one fit, by Cholesky's decomposition; NaN if the matrix is singular."""
    matrix = dict(zip(_PAIRS, sums, strict=False))
    right = sums[len(_PAIRS) :]
    root: dict[tuple[int, int], float] = {}
    for i, j in _PAIRS:
        rest = matrix[i, j]
        for k in range(j):
            rest -= root[i, k] * root[j, k]
        if i == j and rest <= 0:
            return [float("nan")] * 4
        root[i, j] = rest**0.5 if i == j else rest / root[j, j]
    half = [0.0] * 4
    for i in range(4):
        rest = right[i]
        for k in range(i):
            rest -= root[i, k] * half[k]
        half[i] = rest / root[i, i]
    result = [0.0] * 4
    for i in reversed(range(4)):
        rest = half[i]
        for k in range(i + 1, 4):
            rest -= root[k, i] * result[k]
        result[i] = rest / root[i, i]
    return result
