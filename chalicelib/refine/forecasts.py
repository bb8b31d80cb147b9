"""The forecasts of the refined table, with their bands. Takes and returns NumPy arrays.

The forecast made at t uses sessions up to t only, so later sessions never change it.
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right, insort
from datetime import date

import numpy as np
import pandas as pd

from chalicelib.quantile import quantile
from chalicelib.refine.har import Regression
from chalicelib.refine.indicators import ewma_volatility, log_returns, tickers
from chalicelib.refine.rolling import TrailingSums
from chalicelib.refine.volatility import Floats, Prices, daily_variance
from chalicelib.schema import (
    BAND,
    FORECAST_PERCENTILE,
    HORIZONS,
    MODELS,
    PERIODS_PER_YEAR,
    band_columns,
    forecast_column,
)

FIT_FROM = date(1997, 3, 1)
"""The first day of the fits. Before, prices are small multiples of 0.1, and until 1994 there was hyperinflation."""

BAND_MINIMUM = 500
"""The number of earlier forecasts with a known outcome that a band needs."""

PERCENTILE_WINDOW, PERCENTILE_MINIMUM = 1260, 252
"""The number of last forecasts that the percentile compares with, and the number that it needs."""

DIGITS = 12
"""Significant digits of the columns. Two machines may differ in the last digits of a logarithm."""


def forecasts(prices: Prices, dates: pd.Series[pd.Timestamp]) -> dict[str, Floats]:
    """Return the forecasts of every model for every horizon, their bands, and the percentile, by column.

    EWMA has one forecast for all horizons: σ²_{t+1}. HAR has one regression for each, see `har`.

    Args:
        prices: n bars of one or more tickers.
        dates: their sessions.

    Returns:
        Arrays of shape (n,): annualised volatilities, √(252 · daily variance), and a percentage. NaN where there is no
        forecast, or not enough earlier ones.
    """
    variance, squares = daily_variance(prices), log_returns(prices) ** 2
    ewma = _rounded(ewma_volatility(prices))
    fitted = (dates >= pd.Timestamp(FIT_FROM)).to_numpy(bool)
    names = [name for model in MODELS for h in HORIZONS for name in _columns(model, h)]
    columns = {name: np.full(len(prices), np.nan) for name in [*names, FORECAST_PERCENTILE]}
    for bars in tickers(prices.position):
        first = int(np.argmax(np.append(fitted[bars], True)))
        regression = Regression.of(variance[bars], first)
        for h in HORIZONS:
            outcome = realised(squares[bars], h)
            har = np.sqrt(PERIODS_PER_YEAR * regression.forecast(outcome, h))
            for model, forecast in (("ewma", ewma[bars]), ("har", _rounded(har))):
                lower, upper = _band(forecast, np.sqrt(PERIODS_PER_YEAR * outcome), h)
                for name, values in zip(_columns(model, h), (forecast, lower, upper), strict=True):
                    columns[name][bars] = values
        columns[FORECAST_PERCENTILE][bars] = _percentile(columns[forecast_column("har", 21)][bars])
    return columns


def realised(squares: Floats, horizon: int) -> Floats:
    """Return the mean of the squared returns of the next sessions, shape (n,); NaN while they are not all known.

    Args:
        squares: r², shape (n,), NaN for the first bar.
    """
    means = np.full(len(squares), np.nan)
    sums = TrailingSums(squares[1:], HORIZONS)(horizon)
    means[: len(sums)] = sums / horizon
    return means


def _columns(model: str, horizon: int) -> tuple[str, str, str]:
    return (forecast_column(model, horizon), *band_columns(model, horizon))


def _band(forecast: Floats, outcome: Floats, horizon: int) -> tuple[Floats, Floats]:
    """The forecast times the quantiles of outcome / forecast over the earlier forecasts whose outcome is known.

    Args:
        made, outcome: annualised volatilities, shape (n,); the outcome of t is known at t + horizon.
    """
    bounds = np.full((len(forecast), 2), np.nan)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = np.where(forecast > 0, outcome / forecast, np.nan).tolist()
    earlier: list[float] = []
    for t, value in enumerate(forecast.tolist()):
        if t >= horizon and not math.isnan(ratio := ratios[t - horizon]):
            insort(earlier, ratio)
        if len(earlier) >= BAND_MINIMUM:
            bounds[t] = [value * quantile(earlier, p) for p in BAND]
    return _rounded(bounds[:, 0]), _rounded(bounds[:, 1])


def _percentile(forecast: Floats) -> Floats:
    """The percentage of the last 1,260 forecasts, this one included, that are at or below it; NaN below 252."""
    result = np.full(len(forecast), np.nan)
    positions = np.flatnonzero(~np.isnan(forecast))
    values = forecast[positions].tolist()
    ordered: list[float] = []
    for i, value in enumerate(values):
        insort(ordered, value)
        if i >= PERCENTILE_WINDOW:
            del ordered[bisect_left(ordered, values[i - PERCENTILE_WINDOW])]
        if len(ordered) >= PERCENTILE_MINIMUM:
            result[positions[i]] = 100 * bisect_right(ordered, value) / len(ordered)
    return _rounded(result)


def _rounded(values: Floats) -> Floats:
    """The values to `DIGITS` significant digits."""
    return np.array([float(f"{value:.{DIGITS - 1}e}") for value in values.tolist()])
