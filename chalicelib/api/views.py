"""One view for each kind of answer: from the parameters and the table to the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

import msgspec
from msgspec import UNSET

from chalicelib.api import cursor, queries, summaries
from chalicelib.api.choices import EWMA, EstimatorOrEwma
from chalicelib.api.columns import VOLATILITY_COLUMN
from chalicelib.api.market_parameters import RankingParameters, TickersParameters
from chalicelib.api.models import (
    ConeAnswer,
    Day,
    Depth,
    LatestAnswer,
    Links,
    PeriodsAnswer,
    RankedVolatility,
    RowsAnswer,
    SummaryAnswer,
)
from chalicelib.api.paging import PageParameters
from chalicelib.api.parameters import (
    RANKED_AMONG,
    AnomaliesParameters,
    CompareParameters,
    ConeParameters,
    LatestParameters,
    PeriodsParameters,
    SummaryParameters,
    VolatilityParameters,
)
from chalicelib.api.parsing import canonical
from chalicelib.api.queries import Row
from chalicelib.api.regimes import Regime, regime
from chalicelib.api.summaries import ConeRow
from chalicelib.api.table import Table, number
from chalicelib.estimators import ESTIMATORS
from chalicelib.schema import CLOSE, FORECAST_PERCENTILE, OPEN, WINDOWS, volatility_column
from chalicelib.shares import EVENT


def page(parameters: PageParameters, table: Table) -> RowsAnswer:
    """Return a page of sessions or periods.

    Raises:
        BadParameter: the cursor is damaged or belongs to another query.
    """
    after, query = position_of(parameters, table, cursor.Position)
    rows = table.rows(queries.page(table.source, parameters, after, table.since(parameters.last)))
    current = rows[: parameters.limit]
    position = _position(current[-1], parameters) if len(rows) > len(current) else None
    return RowsAnswer(
        [{name: row[name] for name in parameters.columns} for row in current],
        table.meta(len(current), parameters.columns, _computed_from(parameters), **_meta_fields(parameters)),
        page_links(parameters, table, position, query),
    )


def position_of(
    parameters: PageParameters | RankingParameters | TickersParameters, table: Table, kind: type[cursor.P]
) -> tuple[cursor.P | None, bytes]:
    """Return the position in the cursor of a request, and the query that its cursors are bound to.

    Raises:
        BadParameter: the cursor is damaged or belongs to another query.
    """
    # A cursor is valid with the same parameters only, except the format.
    bound = {name: text for name, text in canonical(parameters).items() if name not in ("cursor", "format")}
    query = f"{table.path}?{urlencode(bound)}".encode()
    return (cursor.decode(parameters.cursor, query, kind) if parameters.cursor else None), query


def page_links(
    parameters: msgspec.Struct, table: Table, position: cursor.Position | cursor.TickerPosition | None, query: bytes
) -> Links:
    """Return the links of a page.

    Args:
        position: of its last row, None on the last page.
        query: as `position_of` returns it.
    """
    following = table.link(parameters, cursor=cursor.encode(position, query)) if position else None
    return Links(table.link(parameters), following)


def periods(parameters: PeriodsParameters, table: Table) -> PeriodsAnswer:
    """Return a page of periods.

    Raises:
        BadParameter: as `page`.
    """
    answer = page(parameters, table)
    return PeriodsAnswer(answer.rows, answer.meta, answer.links)


def _position(row: Row, parameters: PageParameters) -> cursor.Position:
    column, _ = queries.order(parameters.sort)
    value: Any = None if column == parameters.key else row[column]
    return cursor.Position(value, date.fromisoformat(str(row[parameters.key])))


_VOLATILITIES = {VOLATILITY_COLUMN, "vol_media"}
"""The columns that are computed from the requested volatility."""


def _computed_from(parameters: PageParameters) -> list[str]:
    """The columns of the table that a page is computed from."""
    names = [*parameters.columns, queries.order(parameters.sort)[0]]
    return [parameters.volatility_column if name in _VOLATILITIES else name for name in names]


def _meta_fields(parameters: PageParameters) -> dict[str, Any]:
    """The fields of `meta` that depend on the route."""
    fields: dict[str, Any] = {}
    if not _VOLATILITIES.isdisjoint((*parameters.columns, queries.order(parameters.sort)[0])):
        fields["volatility_column"] = parameters.volatility_column
    if isinstance(parameters, VolatilityParameters | PeriodsParameters):
        fields |= _volatility(parameters)
    if isinstance(parameters, PeriodsParameters):
        fields["by"] = parameters.by
    if isinstance(parameters, CompareParameters):
        fields["window"] = parameters.window
    if isinstance(parameters, AnomaliesParameters):
        fields |= {"method": parameters.method, "threshold": parameters.threshold}
    return fields


def _volatility(parameters: VolatilityParameters | PeriodsParameters | SummaryParameters) -> dict[str, Any]:
    """The fields of `meta` for a chosen estimator."""
    return {"estimator": parameters.estimator, "window": parameters.effective_window or UNSET}


def latest(parameters: LatestParameters, table: Table) -> LatestAnswer:
    """Return the newest session, and its volatility by each estimator with its rank among the newest sessions."""
    names: dict[EstimatorOrEwma, str] = {name: volatility_column(name, parameters.window) for name in ESTIMATORS}
    names["ewma"] = EWMA
    session = parameters.session_columns
    query = queries.latest(table.source, session, tuple(names.values()), RANKED_AMONG, table.since(RANKED_AMONG))
    row: dict[str, Any] = next(iter(table.rows(query)), {})
    rows = []
    for name, column in names.items():
        value, count = row.get(column), row.get(f"{column}_count", 0)
        rank = row[f"{column}_rank"] if value is not None else None
        percentile = (count - rank + 1) / count if rank is not None else None
        window = None if name == "ewma" else parameters.window
        rows.append(RankedVolatility(name, window, column, value, percentile, rank, count))
    return LatestAnswer(
        session={name: row[name] for name in session} if row else None,
        regime=regime(number(row.get(FORECAST_PERCENTILE))),
        rows=rows,
        meta=table.meta(
            len(rows),
            (*session, *RankedVolatility.__struct_fields__, *Regime.__struct_fields__),
            (*session, *names.values()),
            window=parameters.window,
            sessions=min(RANKED_AMONG, sum(table.years.values())),
        ),
        links=Links(table.link(parameters), None),
    )


def cone(parameters: ConeParameters, table: Table) -> ConeAnswer:
    """Return the volatility cone: for each window the distribution over a range, and the last value in it."""
    names = {window: volatility_column(parameters.estimator, window) for window in WINDOWS}
    rows = table.rows(
        queries.columns(table.source, ["data", *names.values()], parameters, table.since(parameters.last))
    )
    days = [date.fromisoformat(str(row["data"])) for row in rows]
    distributions = [
        summaries.cone_row(window, days, [number(row[name]) for row in rows]) for window, name in names.items()
    ]
    return ConeAnswer(
        distributions,
        table.meta(
            len(distributions),
            ConeRow.__struct_fields__,
            names.values(),
            estimator=parameters.estimator,
            sessions=len(rows),
        ),
        Links(table.link(parameters), None),
    )


def summary(parameters: SummaryParameters, table: Table) -> SummaryAnswer:
    """Return statistics of a range."""
    sources = {
        "preco_fechamento": "preco_fechamento",
        "amplitude": "amplitude",
        "volatilidade_pct": "volatilidade_pct",
        VOLATILITY_COLUMN: parameters.volatility_column,
    }
    columns = ["data", "retorno_log", "drawdown", *sources.values()]
    if table.source.events:
        columns += [OPEN, EVENT]
    rows = table.rows(queries.columns(table.source, columns, parameters, table.since(parameters.last)))
    days = [date.fromisoformat(str(row["data"])) for row in rows]
    returns, drawdowns, closes = (_dated(days, rows, name) for name in ("retorno_log", "drawdown", "preco_fechamento"))
    return SummaryAnswer(
        rows=[summaries.describe(name, [number(row[source]) for row in rows]) for name, source in sources.items()],
        best_day=_day(*max(returns, key=_value)) if returns else None,
        worst_day=_day(*min(returns, key=_value)) if returns else None,
        worst_drawdown=_depth(*min(drawdowns, key=_value)) if drawdowns else None,
        deepest_fall=summaries.deepest_fall(
            [day for _, day in closes], _chained(rows) if table.source.events else [close for close, _ in closes]
        ),
        meta=table.meta(
            len(sources),
            (*sources, "count", *Day.__struct_fields__, *Depth.__struct_fields__),
            sources.values(),
            sessions=len(rows),
            volatility_column=parameters.volatility_column,
            **_volatility(parameters),
        ),
        links=Links(table.link(parameters), None),
    )


_value = itemgetter(0)
"""Key of min and max, which return the earliest session of equal values."""


def _day(retorno_log: float, day: date) -> Day:
    return Day(day, retorno_log, 100 * math.expm1(retorno_log))


def _depth(drawdown: float, day: date) -> Depth:
    return Depth(day, drawdown)


def _dated(days: Sequence[date], rows: Sequence[Row], column: str) -> list[tuple[float, date]]:
    """The values of a column that are not null, each with its session."""
    pairs = ((number(row[column]), day) for day, row in zip(days, rows, strict=True))
    return [(value, day) for value, day in pairs if value is not None]


def _chained(rows: Sequence[Row]) -> list[float]:
    """The closes of a share, chained over its events. A share has all prices of each session."""
    closes, opens = ([number(row[name]) or 0.0 for row in rows] for name in (CLOSE, OPEN))
    return summaries.chained(closes, opens, [row[EVENT] is True for row in rows])
