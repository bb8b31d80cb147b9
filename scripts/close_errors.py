"""What Yahoo's wrong closes do to the estimators of volatility, by year: `make closes`.

Compares the real history with and without the official closes of B3.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd

from chalicelib.estimators import ESTIMATORS
from chalicelib.instrument import IBOV
from chalicelib.refine.confirmation import SOURCE_OF_CLOSE
from chalicelib.refine.rule import since
from chalicelib.schema import CLOSE, OPEN, volatility_column
from chalicelib.sources import B3
from scripts.blocks import table
from scripts.real_data import history

WINDOWS = (5, 21)


def errors(given: pd.DataFrame, corrected: pd.DataFrame, column: str) -> pd.Series[float]:
    """Return the relative error of a column in percent, by session; 0 where it is equal, NaN where there is none.

    Args:
        given, corrected: the refined bars without and with the official closes, of the same sessions.
    """
    return 100 * (given[column] / corrected[column] - 1).abs()


def text(given: pd.DataFrame, corrected: pd.DataFrame) -> str:
    """Return the errors by year, for each window, as markdown.

    Args:
        given, corrected: as `errors`.
    """
    recent = since(corrected["data"], IBOV.opens_at_previous_close_since)
    given, corrected = given[recent], corrected[recent]
    return "\n".join([*_summary(given, corrected), *(_window(given, corrected, window) for window in WINDOWS)])


def _summary(given: pd.DataFrame, corrected: pd.DataFrame) -> Iterator[str]:
    wrong = corrected[SOURCE_OF_CLOSE] == B3.name
    before, after = (_night(bars)[wrong] for bars in (given, corrected))
    yield (
        f"{wrong.sum()} of {len(wrong):,} sessions from {IBOV.opens_at_previous_close_since:%Y} on are corrected. "
        f"The next open is nearer to the official close on {(after < before).sum()}: "
        f"the median of |ln(O_t/C_{{t-1}})| falls from {before.median():.2f} bp to {after.median():.2f} bp.\n"
    )


def _night(bars: pd.DataFrame) -> pd.Series[float]:
    """Return |ln(O/C)| of the next open and the close of each session, in basis points."""
    return 1e4 * pd.Series(np.log(bars[OPEN].shift(-1) / bars[CLOSE]), bars.index).abs()


def _window(given: pd.DataFrame, corrected: pd.DataFrame, window: int) -> str:
    years = corrected["data"].dt.year
    wrong = (corrected[SOURCE_OF_CLOSE] == B3.name).groupby(years).sum()
    cells: dict[str, list[str]] = {}
    for name in ESTIMATORS:
        each = errors(given, corrected, volatility_column(name, window))
        cells[name] = [_cell(each[years == year]) for year in wrong.index]
    rows = [(year, wrong[year], *(cells[name][row] for name in cells)) for row, year in enumerate(wrong.index)]
    names = ("year", "wrong closes", *(f"`{name}`" for name in ESTIMATORS))
    return f"Over {window} sessions, percent:\n\n{table(names, rows)}"


def _cell(values: pd.Series[float]) -> str:
    """Return the maximum, and the median of the values that are not 0."""
    changed = values[values > 0]
    return f"{changed.max():.1f} ({changed.median():.1f})" if len(changed) else "0"


if __name__ == "__main__":
    print(text(history().bars, history(with_closes=True).bars), end="")
