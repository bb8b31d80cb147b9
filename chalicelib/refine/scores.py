"""The scores of the forecasts of the refined table over the past.

QLIKE orders forecasts as if the true variance were known, although y is only a noisy measure of it.

Source: A. J. Patton (2011), "Volatility Forecast Comparison Using Imperfect Volatility Proxies".
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.forecast_score import ForecastScore
from chalicelib.refine.forecasts import realised
from chalicelib.refine.volatility import Floats
from chalicelib.schema import (
    HORIZONS,
    MODELS,
    PERIODS_PER_YEAR,
    Horizon,
    Model,
    Period,
    band_columns,
    forecast_column,
)

BENCHMARK: Model = "ewma"

PERIODS: dict[Period, tuple[str, str]] = {
    "2008 on": ("2008-01-01", "9999-12-31"),
    "2008 to 2018": ("2008-01-01", "2018-12-31"),
    "2019 on": ("2019-01-01", "9999-12-31"),
}
"""The first and the last day of each period. The model was chosen by the second; the third is apart from it."""

FLOOR = 1e-8
"""The lowest y of a score: a return of one basis point. About as much as the rounding of a price in whole points."""

MINIMUM_SESSIONS = 252
"""A period with fewer scored sessions has no score."""

DECIMALS = 6


def scores(bars: pd.DataFrame) -> list[ForecastScore]:
    """Return the score of each model for each horizon over each period.

    Args:
        bars: `data`, `retorno_log` and the forecasts, of one ticker, in order of date.
    """
    squares = bars["retorno_log"].to_numpy(np.float64) ** 2
    return [
        _score(bars, model, horizon, period, realised(squares, horizon))
        for model in MODELS
        for horizon in HORIZONS
        for period in PERIODS
    ]


def _score(bars: pd.DataFrame, model: Model, horizon: Horizon, period: Period, outcome: Floats) -> ForecastScore:
    forecast, benchmark = (_variance(bars, name, horizon) for name in (model, BENCHMARK))
    scored = bars["data"].between(*PERIODS[period]).to_numpy() & ~np.isnan(outcome) & (forecast > 0) & (benchmark > 0)
    y, f, g = outcome[scored], forecast[scored], benchmark[scored]
    if len(y) < MINIMUM_SESSIONS:
        return ForecastScore(model, horizon, period, len(y), None, None, None, None)
    losses = qlike(f, y)
    differences = losses - qlike(g, y)
    compared = model != BENCHMARK
    return ForecastScore(
        model,
        horizon,
        period,
        len(y),
        _round(float(losses.mean())),
        _round(float(differences.mean())) if compared else None,
        _round(diebold_mariano(differences, horizon)[1]) if compared else None,
        _coverage(bars, model, horizon, outcome, scored),
    )


def _variance(bars: pd.DataFrame, model: str, horizon: int) -> Floats:
    """The daily variance of the forecasts."""
    annual = bars[forecast_column(model, horizon)].to_numpy(np.float64)
    variance: Floats = annual * annual / PERIODS_PER_YEAR
    return variance


def _coverage(
    bars: pd.DataFrame, model: str, horizon: int, outcome: Floats, scored: npt.NDArray[np.bool_]
) -> float | None:
    lower, upper = (bars[name].to_numpy(np.float64)[scored] for name in band_columns(model, horizon))
    annual = np.sqrt(PERIODS_PER_YEAR * outcome[scored])
    inside = ((annual >= lower) & (annual <= upper))[~np.isnan(lower)]
    return _round(float(inside.mean())) if len(inside) else None


def qlike(forecast: Floats, outcome: Floats) -> Floats:
    """Return ln f + y / f of each forecast, shape (n,), with y at least `FLOOR`.

    Args:
        forecast, outcome: daily variances, shape (n,); forecasts are positive.
    """
    losses: Floats = np.log(forecast) + np.maximum(outcome, FLOOR) / forecast
    return losses


def diebold_mariano(differences: Floats, horizon: int) -> tuple[float, float]:
    """Return the statistic and the two-sided p-value of the test that two models have equal losses.

    The variance of the mean is Newey and West's with Bartlett weights and `horizon` - 1 lags, because the outcomes of
    neighbouring forecasts overlap. The statistic has the small-sample factor of Harvey, Leybourne and Newbold, and is
    compared with Student's t of n - 1 degrees of freedom.

    Sources: F. X. Diebold and R. S. Mariano (1995), "Comparing Predictive Accuracy". W. K. Newey and K. D. West (1987),
    "A Simple, Positive Semi-Definite, Heteroskedasticity and Autocorrelation Consistent Covariance Matrix". D. Harvey,
    S. Leybourne and P. Newbold (1997), "Testing the Equality of Prediction Mean Squared Errors".

    Args:
        differences: of the losses, shape (n,), in order of time; n is above 2 · horizon.

    Returns:
        (0, 1) if the losses are equal.
    """
    n, mean = len(differences), float(differences.mean())
    centred = differences - mean
    variance = float((centred * centred).sum()) / n
    for lag in range(1, horizon):
        variance += 2 * (1 - lag / horizon) * float((centred[lag:] * centred[:-lag]).sum()) / n
    if variance <= 0:
        return 0.0, 1.0
    factor = (n + 1 - 2 * horizon + horizon * (horizon - 1) / n) / n
    statistic = mean / math.sqrt(variance / n) * math.sqrt(factor)
    return statistic, student_t(statistic, n - 1)


def student_t(statistic: float, degrees: int) -> float:
    """Return the probability that Student's t is further from 0 than the statistic.

    Source: M. Abramowitz and I. A. Stegun (1964), Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
    """
    angle = math.atan(abs(statistic) / math.sqrt(degrees))
    cosine = math.cos(angle)
    term = cosine if degrees % 2 else 1.0
    total = 0.0
    for k in range(degrees % 2, degrees - 1, 2):
        total += term
        term *= (k + 1) / (k + 2) * cosine * cosine
    inside = 2 / math.pi * (angle + math.sin(angle) * total) if degrees % 2 else math.sin(angle) * total
    return max(1 - inside, 0.0)


def _round(value: float) -> float:
    return round(value, DECIMALS)
