"""What the estimators of volatility give on the real history beside close-to-close: `python -m scripts.estimators`."""

from __future__ import annotations

import numpy as np
import pandas as pd

from chalicelib.refine.warnings import CLOSES_SINCE
from chalicelib.schema import ESTIMATORS, volatility_column
from scripts import blocks
from scripts.real_data import history

COMPARED = (21, 252)

REFERENCE = "close_to_close"


def night_percent(bars: pd.DataFrame) -> float:
    """The variance of ln(O_t/C_{t-1}) in percent of that of ln(C_t/C_{t-1})."""
    night = np.log(bars["preco_abertura"] / bars["preco_fechamento"].shift())
    since = bars["data"] >= CLOSES_SINCE
    return float(100 * night[since].var() / bars.loc[since, "retorno_log"].var())


def ratios(bars: pd.DataFrame, estimator: str, window: int) -> pd.Series:
    """An estimator divided by close-to-close over the same window, session by session."""
    since = bars[bars["data"] >= CLOSES_SINCE]
    return since[volatility_column(estimator, window)] / since[volatility_column(REFERENCE, window)]


def table(bars: pd.DataFrame) -> str:
    """Each estimator beside close-to-close, as markdown.

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
        f"From {CLOSES_SINCE.year} to {bars['data'].iloc[-1].date()} the variance of ln(O_t/C_{{t-1}}) is "
        f"{night_percent(bars):.2f} % of that of ln(C_t/C_{{t-1}}).\n"
    )
    return f"{share}\n{blocks.table(('estimator', *names), rows)}"


if __name__ == "__main__":
    print(table(history().bars), end="")
