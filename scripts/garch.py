"""GARCH(1,1) with Student's t, by the library arch: reads returns from stdin, writes forecasts to stdout, both as JSON.

Runs in an environment of its own, `.venv/garch`, and imports nothing of this project. Source: T. Bollerslev (1987), "A
Conditionally Heteroskedastic Time Series Model for Speculative Prices and Rates of Return".
"""

from __future__ import annotations

import json
import sys

import numpy as np
from arch import arch_model

SCALE = 100
"""arch expects returns in percent."""


def forecast(returns: list[float], first: int, every: int, horizon: int) -> list[list[float]]:
    """Return the variance forecast at each session from `first` on for each of the next sessions, shape (n, horizon).

    The model is fitted to all returns up to a session, and filters the next `every` sessions with these parameters.
    """
    percent = SCALE * np.asarray(returns)
    forecasts: list[list[float]] = []
    for refit in range(first, len(percent), every):
        parameters = arch_model(percent[: refit + 1], mean="Zero", dist="t").fit(disp="off").params
        model = arch_model(percent[: refit + every], mean="Zero", dist="t").fix(parameters)
        forecasts += (
            model.forecast(horizon=horizon, start=refit, reindex=False).variance.to_numpy() / SCALE**2
        ).tolist()
    return forecasts


if __name__ == "__main__":
    json.dump(forecast(**json.load(sys.stdin)), sys.stdout)
