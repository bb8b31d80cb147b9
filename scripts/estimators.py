"""Compare the estimators of volatility with close-to-close on the real history: `python -m scripts.estimators`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.estimators import ESTIMATORS
from chalicelib.instrument import IBOV
from chalicelib.refine.rule import since
from chalicelib.schema import CLOSE, OPEN, volatility_column
from scripts import blocks
from scripts.real_data import history

COMPARED = (21, 252)

REFERENCE = "close_to_close"


def night_percent(bars: pd.DataFrame) -> float:
    """Return the variance of ln(O_t/C_{t-1}) in percent of that of ln(C_t/C_{t-1})."""
    night = np.log(bars[OPEN] / bars[CLOSE].shift())
    recent = since(bars["data"], IBOV.opens_at_previous_close_since)
    return float(100 * night[recent].var() / bars.loc[recent, "retorno_log"].var())


def ratios(bars: pd.DataFrame, estimator: str, window: int) -> pd.Series:
    """Return an estimator divided by close-to-close over the same window, for each session."""
    recent = bars[since(bars["data"], IBOV.opens_at_previous_close_since)]
    return recent[volatility_column(estimator, window)] / recent[volatility_column(REFERENCE, window)]


def table(bars: pd.DataFrame) -> str:
    """Return the comparison of each estimator with close-to-close, as markdown.

    Args:
        bars: the refined bars of the real history.
    """
    rows: list[tuple[object, ...]] = []
    for estimator in ESTIMATORS:
        if estimator != REFERENCE:
            compared = [ratios(bars, estimator, window) for window in COMPARED]
            cells = [cell for each in compared for cell in (f"{100 * (each < 1).mean():.1f} %", f"{each.median():.3f}")]
            rows.append((f"`{estimator}`", *cells))
    names = [name for window in COMPARED for name in (f"below, {window} sessions", f"median ratio, {window} sessions")]
    share = (
        f"From {IBOV.opens_at_previous_close_since:%Y} to {bars['data'].iloc[-1].date()} the variance of "
        f"ln(O_t/C_{{t-1}}) is {night_percent(bars):.2f} % of that of ln(C_t/C_{{t-1}}).\n"
    )
    return f"{share}\n{blocks.table(('estimator', *names), rows)}"


if __name__ == "__main__":
    print(table(history().bars), end="")
