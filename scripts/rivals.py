"""Rivals of the forecasts of the table, never in it. Walk-forward too: what is made at t uses sessions up to t."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from chalicelib.refine.features import prices_of
from chalicelib.refine.forecasts import FIT_FROM, realised
from chalicelib.refine.har import MINIMUM_ROWS, MONTH, REFIT_EVERY, Regression, Weighting, by_level, trailing_mean
from chalicelib.refine.scores import FLOOR
from chalicelib.refine.volatility import Floats, daily_variance
from chalicelib.schema import HORIZONS, PERIODS_PER_YEAR, forecast_column
from common.paths import ROOT

GARCH = ROOT / ".venv" / "garch" / "bin" / "python"

WEIGHTINGS: Mapping[str, Weighting] = {
    "1 (ordinary least squares)": lambda monthly: np.where(np.isnan(monthly), np.nan, 1.0),
    "1 / mean over 22 sessions": by_level,
    "1 / mean over 22 sessions, squared": lambda monthly: 1 / monthly**2,
}

Forecasts = dict[int, Floats]
"""The daily variance forecast at each session, by horizon, shape (n,); NaN where there is none."""


class History:
    """The series of refined bars that the models use."""

    def __init__(self, bars: pd.DataFrame) -> None:
        self.bars = bars
        self.squares = bars["retorno_log"].to_numpy(np.float64) ** 2
        self.daily = daily_variance(prices_of(bars))
        self.first = int((bars["data"] < pd.Timestamp(FIT_FROM)).sum())
        self.outcomes = {h: realised(self.squares, h) for h in HORIZONS}

    def of_the_table(self, model: str) -> Forecasts:
        """Return the forecasts of a model of the table."""
        return {h: self.bars[forecast_column(model, h)].to_numpy(np.float64) ** 2 / PERIODS_PER_YEAR for h in HORIZONS}

    def har(self, weighting: Weighting) -> Forecasts:
        """Return HAR with another weighting."""
        regression = Regression.of(self.daily, self.first, weighting)
        return {h: regression.forecast(self.outcomes[h], h) for h in HORIZONS}

    def last_21(self) -> Forecasts:
        """Return the mean of r² over the last 21 sessions, for all horizons."""
        return dict.fromkeys(HORIZONS, trailing_mean(self.squares, 21))

    def log_har(self) -> Forecasts:
        """Return HAR of the logarithms, by ordinary least squares.

        The level is the mean of y / exp(fit) in the fit, the smearing estimate of N. Duan (1983), "Smearing Estimate: A
        Nonparametric Retransformation Method". The logarithm of y is taken of at least `FLOOR`.
        """
        means = [self.daily, trailing_mean(self.daily, 5), trailing_mean(self.daily, MONTH)]
        x = np.column_stack([np.ones(len(self.daily)), *(np.log(np.maximum(mean, FLOOR)) for mean in means)])
        return {h: _log_regression(x, self.outcomes[h], h, self.first) for h in HORIZONS}

    def garch(self, first_scored: str) -> Forecasts:
        """Return GARCH(1,1)-t, refitted as often as HAR, from a day on: `make forecasts` installs it."""
        returns = self.bars["retorno_log"].to_numpy(np.float64)[self.first :]
        before = int((self.bars["data"] < first_scored).sum())
        request = {
            "returns": returns.tolist(),
            "first": before - self.first,
            "every": REFIT_EVERY,
            "horizon": max(HORIZONS),
        }
        command = [str(GARCH), str(ROOT / "scripts" / "garch.py")]
        run = subprocess.run(command, input=json.dumps(request), stdout=subprocess.PIPE, text=True, check=True)
        forecasts = np.full((len(self.bars), max(HORIZONS)), np.nan)
        forecasts[before:] = json.loads(run.stdout)
        return {h: forecasts[:, :h].mean(axis=1) for h in HORIZONS}


def combined(mean: Callable[[list[Floats]], Floats], *parts: Forecasts) -> Forecasts:
    """Return a combination of forecasts."""
    return {h: mean([part[h] for part in parts]) for h in HORIZONS}


def arithmetic(parts: list[Floats]) -> Floats:
    """Return the mean of each forecast."""
    mean: Floats = np.mean(parts, axis=0)
    return mean


def geometric(parts: list[Floats]) -> Floats:
    """Return the geometric mean of each forecast."""
    mean: Floats = np.exp(np.mean(np.log(parts), axis=0))
    return mean


def _log_regression(x: Floats, outcome: Floats, horizon: int, first: int) -> Floats:
    forecasts = np.full(len(outcome), np.nan)
    for refit in range(first, len(outcome), REFIT_EVERY):
        rows = slice(first, refit - horizon + 1)
        y = outcome[rows]
        if len(y) < MINIMUM_ROWS:
            continue
        coefficients = np.linalg.lstsq(x[rows], np.log(np.maximum(y, FLOOR)))[0]
        level = np.mean(y / np.exp(x[rows] @ coefficients))
        until = slice(refit, refit + REFIT_EVERY)
        values = level * np.exp(x[until] @ coefficients)
        forecasts[until] = np.where((values >= y.min()) & (values <= y.max()), values, y.mean())
    return forecasts
