"""The forecasts, their bands and their scores computed a second time: least squares by NumPy, the rest in pandas.

Does not import the library.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

HORIZONS = [1, 5, 21]


def columns(
    night: pd.Series, returns: pd.Series, rogers_satchell: pd.Series, ewma: pd.Series, start: str = "1997-03-01"
) -> dict[str, pd.Series]:
    """Return the expected columns of forecasts, by name. The series are indexed by ISO date.

    Args:
        night, returns: logarithmic, NaN for the first session.
        rogers_satchell: of each session.
        ewma: `vol_ewma`.
    """
    daily = rogers_satchell + night**2
    result: dict[str, pd.Series] = {}
    for h in HORIZONS:
        outcome = target(returns, h)
        for model, made in (("ewma", ewma), ("har", (252 * har(daily, outcome, h, start)) ** 0.5)):
            ratio = (252 * outcome) ** 0.5 / made
            earlier = ratio.where(np.isfinite(ratio)).shift(h).expanding(500)
            result[f"prev_{model}_{h}d"] = made
            result[f"prev_{model}_{h}d_inferior"] = made * earlier.quantile(0.1)
            result[f"prev_{model}_{h}d_superior"] = made * earlier.quantile(0.9)
    last = result["prev_har_21d"]
    known = last.round(11).dropna()  # ties in the last digits would change a rank
    ranks = known.rolling(1260, min_periods=252).rank(method="max", pct=True)
    result["prev_har_21d_percentil"] = (100 * ranks).reindex(last.index)
    return result


def target(returns: pd.Series, h: int) -> pd.Series:
    """Return the mean of the squared returns of the next h sessions."""
    squares = returns**2
    return sum((squares.shift(-lead) for lead in range(1, h + 1)), start=0 * squares) / h


def har(daily: pd.Series, outcome: pd.Series, h: int, start: str) -> pd.Series:
    """Return the variance forecast at each session: least squares with weights 1 / (mean of d over 22 sessions)."""
    frame = pd.DataFrame({"one": 1.0, "day": daily, "week": daily.rolling(5).mean(), "month": daily.rolling(22).mean()})
    rows = frame[(frame.index >= start) & (frame["month"] > 0)]
    made = pd.Series(np.nan, frame.index)
    if rows.empty:
        return made
    for refit in range(int(frame.index.searchsorted(rows.index[0])), len(frame), 21):
        if refit < h:
            continue
        fit = rows[rows.index <= frame.index[refit - h]]
        if len(fit) < 252:
            continue
        y = outcome[fit.index]
        root = fit["month"] ** -0.5
        coefficients = np.linalg.lstsq(fit.mul(root, axis=0).to_numpy(), (y * root).to_numpy())[0]
        values = frame.iloc[refit : refit + 21] @ coefficients
        made.iloc[refit : refit + 21] = values.where(values.between(y.min(), y.max()), y.mean())
    return made


def student_t(statistic: float, degrees: int) -> float:
    """Return the two-sided p-value, by the integral of the density."""
    x = np.linspace(abs(statistic), abs(statistic) + 60, 2_000_001)
    constant = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - math.log(degrees * math.pi) / 2
    return 2 * float(np.trapezoid(np.exp(constant - (degrees + 1) / 2 * np.log1p(x * x / degrees)), x))


def score(table: pd.DataFrame, model: str, h: int, first: str, last: str) -> dict[str, float]:
    """Return the score of a model from the columns of the table, in loops as the papers write the sums."""
    y = target(table["retorno_log"], h)
    frame = pd.DataFrame({
        "y": y,
        "f": table[f"prev_{model}_{h}d"] ** 2 / 252,
        "g": table[f"prev_ewma_{h}d"] ** 2 / 252,
        "lower": table[f"prev_{model}_{h}d_inferior"] ** 2 / 252,
        "upper": table[f"prev_{model}_{h}d_superior"] ** 2 / 252,
    }).loc[first:last].dropna(subset=["y", "f", "g"])  # fmt: skip
    loss, benchmark = (
        [math.log(f) + max(y, 1e-8) / f for f, y in zip(frame[name], frame["y"], strict=True)] for name in ("f", "g")
    )
    differences = [a - b for a, b in zip(loss, benchmark, strict=True)]
    n = len(differences)
    mean = math.fsum(differences) / n
    covariances = [
        math.fsum((differences[t] - mean) * (differences[t - lag] - mean) for t in range(lag, n)) / n
        for lag in range(h)
    ]
    variance = covariances[0] + 2 * math.fsum((1 - lag / h) * covariances[lag] for lag in range(1, h))
    corrected = (n + 1 - 2 * h + h * (h - 1) / n) / n
    banded = frame.dropna()
    return {
        "sessions": n,
        "qlike": math.fsum(loss) / n,
        "difference": mean,
        "statistic": mean / (variance / n) ** 0.5 * corrected**0.5 if variance else 0.0,
        "coverage": float(((banded["y"] >= banded["lower"]) & (banded["y"] <= banded["upper"])).mean()),
    }
