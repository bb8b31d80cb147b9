"""The views of several tickers: those of the market, and their ranking on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from msgspec import UNSET

from chalicelib.api import cursor, queries
from chalicelib.api.columns import TICKERS
from chalicelib.api.market_parameters import RankingParameters, TickersParameters
from chalicelib.api.models import ListedTicker, RankingAnswer, TickersAnswer
from chalicelib.api.table import Table
from chalicelib.api.views import page_links, position_of


def tickers(parameters: TickersParameters, table: Table) -> TickersAnswer:
    """Return a page of tickers.

    Raises:
        BadParameter: the cursor is damaged or belongs to another query.
    """
    after, query = position_of(parameters, table, cursor.TickerPosition)
    column, descending = queries.order(parameters.sort)
    selected = table.tickers.search(parameters.q, parameters.class_)
    ordered = _sorted([(_value(each, column), each.ticker) for each in selected], column, descending=descending)
    # The position of the page before is one more entry: its ticker may be gone.
    start = 0
    if after is not None:
        last = (after.value, after.ticker)
        start = _sorted([*ordered, last], column, descending=descending).index(last)
        start += last in ordered
    following = [table.tickers.listed[ticker] for _, ticker in ordered[start:]]
    current = following[: parameters.limit]
    position = None
    if len(following) > len(current):
        position = cursor.TickerPosition(_value(current[-1], column), current[-1].ticker)
    return TickersAnswer(
        current,
        table.market_meta(len(current), [each.name for each in TICKERS], total=len(selected)),
        page_links(parameters, table, position, query),
    )


def ranking(parameters: RankingParameters, table: Table) -> RankingAnswer:
    """Return a page of the tickers of a day, in order of a column.

    Raises:
        BadParameter: as `tickers`.
    """
    after, query = position_of(parameters, table, cursor.TickerPosition)
    day = parameters.date or table.contents.as_of or date.min
    rows = table.rows(queries.ranking(table.source.table, parameters, day, after))
    current = rows[: parameters.limit]
    position = None
    if len(rows) > len(current):
        value: Any = current[-1][parameters.by]
        position = cursor.TickerPosition(value, f"{current[-1]['ticker']}")
    return RankingAnswer(
        [{name: row[name] for name in parameters.columns} for row in current],
        table.market_meta(len(current), parameters.columns, data=parameters.date or table.contents.as_of or UNSET),
        page_links(parameters, table, position, query),
    )


def _value(ticker: ListedTicker, column: str) -> float | int | None:
    """What a sort compares: None for the tickers themselves, the number of the day for a date."""
    value: Any = None if column == "ticker" else getattr(ticker, column)
    return value.toordinal() if isinstance(value, date) else value


def _sorted(
    entries: Iterable[tuple[float | int | None, str]], column: str, *, descending: bool
) -> list[tuple[float | int | None, str]]:
    """Values and tickers in order of a column: nulls come last, ties are in order of ticker."""
    by_ticker = sorted(entries, key=lambda entry: entry[1], reverse=descending and column == "ticker")
    return sorted(
        by_ticker,
        key=lambda entry: (entry[0] is None, 0.0 if entry[0] is None else -entry[0] if descending else entry[0]),
    )
