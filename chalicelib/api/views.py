"""One view for each kind of answer: from the parameters and the table to the answer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, datetime
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

from chalicelib.api import cursor, queries, summaries
from chalicelib.api.cache import Snapshot
from chalicelib.api.models import ConeAnswer, Day, Depth, Links, RowsAnswer, StatusAnswer, SummaryAnswer
from chalicelib.api.parameters import (
    VOLATILITY_COLUMN,
    AnomaliesParameters,
    CompareParameters,
    ConeParameters,
    PageParameters,
    SummaryParameters,
    VolatilityParameters,
)
from chalicelib.api.parsing import canonical
from chalicelib.api.queries import Row
from chalicelib.api.table import Table
from chalicelib.instrument import IBOV
from chalicelib.lake.freshness import closes_overdue, freshness
from chalicelib.schema import WINDOWS, volatility_column


def page(parameters: PageParameters, table: Table) -> RowsAnswer:
    """Return a page of sessions.

    Raises:
        BadParameter: the cursor is damaged or belongs to another query.
    """
    # A cursor belongs to all other parameters except the format.
    bound = {name: text for name, text in canonical(parameters).items() if name not in ("cursor", "format")}
    query = f"{table.path}?{urlencode(bound)}".encode()
    after = cursor.decode(parameters.cursor, query) if parameters.cursor else None
    rows = table.rows(queries.page(table.name, parameters, after))
    current = rows[: parameters.limit]
    next_link = None
    if len(rows) > len(current):
        next_link = table.link(parameters, cursor=cursor.encode(_position(current[-1], parameters), query))
    return RowsAnswer(
        [{name: row[name] for name in parameters.columns} for row in current],
        table.meta(len(current), parameters.columns, _computed_from(parameters), **_meta_fields(parameters)),
        Links(table.link(parameters), next_link),
    )


def _position(row: Row, parameters: PageParameters) -> cursor.Position:
    column, _ = queries.order(parameters.sort)
    value: Any = None if column == "data" else row[column]
    return cursor.Position(value, date.fromisoformat(str(row["data"])))


def _computed_from(parameters: PageParameters) -> list[str]:
    """The columns of the table that a page is computed from."""
    names = [*parameters.columns, queries.order(parameters.sort)[0]]
    return [parameters.volatility_column if name == VOLATILITY_COLUMN else name for name in names]


def _meta_fields(parameters: PageParameters) -> dict[str, Any]:
    """The fields of `meta` that depend on the route."""
    fields: dict[str, Any] = {}
    if VOLATILITY_COLUMN in (*parameters.columns, queries.order(parameters.sort)[0]):
        fields["volatility_column"] = parameters.volatility_column
    if isinstance(parameters, VolatilityParameters):
        fields |= {"estimator": parameters.estimator, "window": parameters.window}
    if isinstance(parameters, CompareParameters):
        fields["window"] = parameters.window
    if isinstance(parameters, AnomaliesParameters):
        fields |= {"method": parameters.method, "threshold": parameters.threshold}
    return fields


def cone(parameters: ConeParameters, table: Table) -> ConeAnswer:
    """Return the volatility cone: for each window the distribution over a range, and the last value in it."""
    names = {window: volatility_column(parameters.estimator, window) for window in WINDOWS}
    rows = table.rows(queries.columns(table.name, ["data", *names.values()], parameters))
    days = [date.fromisoformat(str(row["data"])) for row in rows]
    distributions = [
        summaries.cone_row(window, days, [_number(row[name]) for row in rows]) for window, name in names.items()
    ]
    return ConeAnswer(
        distributions,
        table.meta(len(distributions), (), names.values(), estimator=parameters.estimator, sessions=len(rows)),
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
    rows = table.rows(queries.columns(table.name, ["data", "retorno_log", "drawdown", *sources.values()], parameters))
    days = [date.fromisoformat(str(row["data"])) for row in rows]
    returns, drawdowns, closes = (_dated(days, rows, name) for name in ("retorno_log", "drawdown", "preco_fechamento"))
    return SummaryAnswer(
        rows=[summaries.describe(name, [_number(row[source]) for row in rows]) for name, source in sources.items()],
        best_day=_day(*max(returns, key=_value)) if returns else None,
        worst_day=_day(*min(returns, key=_value)) if returns else None,
        worst_drawdown=_depth(*min(drawdowns, key=_value)) if drawdowns else None,
        deepest_fall=summaries.deepest_fall([day for _, day in closes], [close for close, _ in closes]),
        meta=table.meta(
            len(sources),
            tuple(sources),
            sources.values(),
            sessions=len(rows),
            estimator=parameters.estimator,
            window=parameters.window,
            volatility_column=parameters.volatility_column,
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
    pairs = ((_number(row[column]), day) for day, row in zip(days, rows, strict=True))
    return [(value, day) for value, day in pairs if value is not None]


def _number(value: object) -> float | None:
    return value if isinstance(value, float) else None


def status(snapshot: Snapshot, now: datetime) -> StatusAnswer:
    """Return the state of the lake and the freshness of its data at a moment."""
    manifest, contents = snapshot.manifest, snapshot.contents
    if manifest is None or contents is None:
        return StatusAnswer(ticker=IBOV.ticker, state=manifest.state if manifest else "empty")
    return StatusAnswer(
        ticker=IBOV.ticker,
        state=manifest.state,
        as_of=contents.as_of,
        first_session=contents.first_session,
        rows=contents.rows,
        version=contents.version,
        synthetic=contents.synthetic,
        freshness=freshness(contents, now),
        quality=contents.quality,
        official_closes_overdue=closes_overdue(contents, now),
        updated_at=contents.run.finished_at,
        schema_version=contents.schema_version,
        code_version=contents.code_version,
    )
