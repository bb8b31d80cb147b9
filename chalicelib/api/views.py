"""What each route answers, from the parameters asked and the table."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from operator import itemgetter
from typing import Any
from urllib.parse import urlencode

import msgspec

from chalicelib.api import cursor, queries, summaries
from chalicelib.api.caveats import caveats
from chalicelib.api.models import AnswerMeta, ConeAnswer, Day, Depth, Links, RowsAnswer, SummaryAnswer
from chalicelib.api.parameters import VOLATILITY, Anomalies, Compare, Cone, Rows, Summary, Volatility
from chalicelib.api.queries import Query, Row
from chalicelib.instrument import IBOV
from chalicelib.lake.manifest import Contents
from chalicelib.schema import PERIODS_PER_YEAR, REFINED, WINDOWS, volatility_column

_UNITS = {column.name: column.unit for column in REFINED if column.type in ("double", "bigint") and column.unit}
_UNITS[VOLATILITY] = "fraction a year"


@dataclass(frozen=True, slots=True)
class Table:
    """The refined table at one version, as a view sees it.

    Attributes:
        address: of the route, as the client reached it.
        path: of the route, as the contract has it.
        name: of the table in the catalog.
        contents: what the manifest says of it.
        ask: gives the rows of a query.
    """

    address: str
    path: str
    name: str
    contents: Contents
    ask: Callable[[Query], list[Row]]

    def meta(self, count: int, columns: tuple[str, ...], sources: Iterable[str], **named: Any) -> AnswerMeta:
        """What to say of an answer in these columns.

        Args:
            sources: the table's columns that it is made from.
        """
        # The caveats are of the real history.
        warned = {} if self.contents.synthetic else caveats(sources)
        return AnswerMeta(
            ticker=IBOV.ticker,
            as_of=self.contents.as_of,
            version=self.contents.version,
            synthetic=self.contents.synthetic,
            count=count,
            periods_per_year=PERIODS_PER_YEAR,
            unit={name: _UNITS[name] for name in columns if name in _UNITS},
            caveats=warned or msgspec.UNSET,
            **named,
        )

    def link(self, asked: msgspec.Struct, **changed: Any) -> str:
        """Where the same is asked, with something changed."""
        query = urlencode(canonical(asked) | changed)
        return f"{self.address}?{query}" if query else self.address


def canonical(asked: msgspec.Struct) -> dict[str, str]:
    """The parameters that differ from their defaults, as texts, in the order of the contract."""
    texts = {}
    for field in msgspec.structs.fields(asked):
        value = getattr(asked, field.name)
        if value != field.default:
            texts[field.name] = ",".join(value) if isinstance(value, tuple) else str(value)
    return texts


def rows(asked: Rows, table: Table) -> RowsAnswer:
    """A page of sessions."""
    # The form of an answer is no part of the question.
    question = {name: text for name, text in canonical(asked).items() if name not in ("cursor", "format")}
    bound_to = f"{table.path}?{urlencode(question)}".encode()
    after = cursor.decode(asked.cursor, bound_to) if asked.cursor else None
    found = table.ask(queries.rows(table.name, asked, after))
    page = found[: asked.limit]
    following = None
    if len(found) > len(page):
        following = table.link(asked, cursor=cursor.encode(_position(page[-1], asked), bound_to))
    return RowsAnswer(
        [{name: row[name] for name in asked.columns} for row in page],
        table.meta(len(page), asked.columns, _sources(asked), **_named(asked)),
        Links(table.link(asked), following),
    )


def _position(row: Row, asked: Rows) -> cursor.Position:
    column, _ = queries.order(asked.sort)
    value: Any = None if column == "data" else row[column]
    return cursor.Position(value, date.fromisoformat(str(row["data"])))


def _sources(asked: Rows) -> list[str]:
    """The table's columns that a page is made from."""
    names = [*asked.columns, queries.order(asked.sort)[0]]
    return [asked.volatility if name == VOLATILITY else name for name in names]


def _named(asked: Rows) -> Mapping[str, Any]:
    """What `meta` says of a route's own parameters."""
    named: dict[str, Any] = {}
    if VOLATILITY in (*asked.columns, queries.order(asked.sort)[0]):
        named["volatility_column"] = asked.volatility
    if isinstance(asked, Volatility):
        named |= {"estimator": asked.estimator, "window": asked.window}
    if isinstance(asked, Compare):
        named["window"] = asked.window
    if isinstance(asked, Anomalies):
        named |= {"method": asked.method, "threshold": asked.threshold}
    return named


def cone(asked: Cone, table: Table) -> ConeAnswer:
    """For each window, how the volatility over it was distributed in a range, and where it stands at its end."""
    names = {window: volatility_column(asked.estimator, window) for window in WINDOWS}
    found = table.ask(queries.columns(table.name, ["data", *names.values()], asked))
    days = [date.fromisoformat(str(row["data"])) for row in found]
    distributions = [
        summaries.cone_row(window, days, [_number(row[name]) for row in found]) for window, name in names.items()
    ]
    return ConeAnswer(
        distributions,
        table.meta(len(distributions), (), names.values(), estimator=asked.estimator, sessions=len(found)),
        Links(table.link(asked), None),
    )


def summary(asked: Summary, table: Table) -> SummaryAnswer:
    """A range in numbers."""
    described = {
        "preco_fechamento": "preco_fechamento",
        "amplitude": "amplitude",
        "volatilidade_pct": "volatilidade_pct",
        VOLATILITY: asked.volatility,
    }
    found = table.ask(queries.columns(table.name, ["data", "retorno_log", "drawdown", *described.values()], asked))
    days = [date.fromisoformat(str(row["data"])) for row in found]
    returns, depths, closes = (_dated(days, found, name) for name in ("retorno_log", "drawdown", "preco_fechamento"))
    return SummaryAnswer(
        rows=[summaries.described(name, [_number(row[column]) for row in found]) for name, column in described.items()],
        best_day=_day(*max(returns, key=_value)) if returns else None,
        worst_day=_day(*min(returns, key=_value)) if returns else None,
        worst_drawdown=_depth(*min(depths, key=_value)) if depths else None,
        deepest_fall=summaries.deepest_fall([day for _, day in closes], [close for close, _ in closes]),
        meta=table.meta(
            len(described),
            tuple(described),
            described.values(),
            sessions=len(found),
            estimator=asked.estimator,
            window=asked.window,
            volatility_column=asked.volatility,
        ),
        links=Links(table.link(asked), None),
    )


# Of equal days the first is taken.
_value = itemgetter(0)


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
