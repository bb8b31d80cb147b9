"""Files that have the columns of bars, but not the daily bars of the index."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from chalicelib.errors import SourceMalformed
from chalicelib.ingest.sources.files.dialects import ADJUSTED, EVENTS
from chalicelib.instrument import IBOV
from chalicelib.schema import CLOSE
from chalicelib.sources import SYNTHETIC

_TICKERS = sorted({IBOV.ticker, *IBOV.symbols.values()})
_TICKER_COLUMNS = ("ticker", "symbol", "ativo", "papel", "código", "codigo")

# The last bar of a longer period may be that of the current day, so it is not counted. A holiday moves a bar by days.
_PERIODS = {"weekly": (5, 10), "monthly": (26, 35), "quarterly": (85, 97)}


def tickers_in(cells: pd.DataFrame) -> set[str]:
    """Return the tickers in the columns that have them."""
    return {str(ticker) for name in _TICKER_COLUMNS if name in cells for ticker in cells[name].unique() if ticker}


def check_tickers(tickers: Collection[str], origin: str) -> None:
    """Raise SourceMalformed if one of the tickers is not that of the index."""
    if any(ticker.casefold() not in {name.casefold() for name in _TICKERS} for ticker in tickers):
        listed = ", ".join(sorted(tickers)[:3]) + (", …" if len(tickers) > 3 else "")
        number = f"{len(tickers)} tickers, " if len(tickers) > 1 else ""
        raise SourceMalformed(f"{origin} has bars of {number}{listed}; allowed: one of {', '.join(_TICKERS)}")


def check_index(cells: pd.DataFrame, bars: pd.DataFrame, origin: str) -> None:
    """Raise SourceMalformed if the bars are of a share, or generated.

    Args:
        cells: the other columns, with the index of `bars`.
    """
    for name in EVENTS:
        if name in cells and (pd.to_numeric(cells[name], errors="coerce").fillna(0) != 0).any():
            raise SourceMalformed(f"{origin} has {name}: it is of a share or a fund, and the index has none")
    if ADJUSTED in cells:
        adjusted = pd.to_numeric(cells[ADJUSTED], errors="coerce")
        differs = (adjusted - bars[CLOSE]).abs() > 1e-6 * bars[CLOSE].abs()
        if differs.any():
            raise SourceMalformed(
                f"{origin}, line {differs.idxmax()}: the adjusted close is not the close, so the file is of a share or "
                "a fund; those of the index are equal"
            )
    if "fonte" in cells and cells["fonte"].isin(SYNTHETIC).any():
        raise SourceMalformed(f"{origin} has generated bars: fonte is {', '.join(SYNTHETIC)}; allowed: real bars")


def check_daily(days: pd.Series[pd.Timestamp], origin: str) -> None:
    """Raise SourceMalformed if the bars are of weeks, months or quarters."""
    gaps = days.sort_values().diff().dt.days.dropna().iloc[: -1 if len(days) > 3 else None]
    for period, (shortest, longest) in _PERIODS.items():
        if len(days) > 2 and gaps.min() >= shortest and gaps.median() <= longest:
            raise SourceMalformed(
                f"{origin} has {period} bars: its dates are {gaps.median():.0f} days apart; allowed: daily bars"
            )
