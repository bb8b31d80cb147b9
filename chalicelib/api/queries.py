"""Build the SQL that the API sends to Athena.

A client's value reaches SQL as a bound parameter of a checked type, as a name from an allow-list, or as an integer
literal formatted from a checked int: the limit, because Athena accepts `?` in WHERE only, and the year of a partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.api.columns import SCORE_COLUMN, VOLATILITY_COLUMN
from chalicelib.api.cursor import Position, TickerPosition
from chalicelib.api.market_parameters import RankingParameters
from chalicelib.api.paging import PageParameters
from chalicelib.api.parameters import AnomaliesParameters, PeriodsParameters
from chalicelib.api.periods import AGGREGATES, CHAINED_AGGREGATES, chained_sessions, sessions
from chalicelib.api.ranges import RangeParameters
from chalicelib.api.scores import SCORES

Value = str | int | float | bool | None
Row = dict[str, Value]
"""A row of an answer, by column name."""

MAX_SESSIONS = 20_000
"""An upper bound of the sessions since 1968."""


@dataclass(frozen=True, slots=True)
class Query:
    """One query.

    Attributes:
        sql: the SQL, with `?` for each parameter in WHERE.
        parameters: SQL literals.
        max_rows: an upper bound of the rows; below `athena.PAGE_ROWS` one response holds them.
    """

    sql: str
    parameters: tuple[str, ...] = ()
    max_rows: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """The rows that a query reads.

    Attributes:
        table: the name of the table in the catalog, a setting.
        ticker: the ticker whose rows they are; None for a table with the rows of the index.
    """

    table: str
    ticker: str | None = None

    @property
    def events(self) -> bool:
        """Whether rows may be events, whose night before is left out."""
        return self.ticker is not None

    def conditions(self) -> tuple[list[str], list[str]]:
        """Return the conditions of the rows, and the literals of their parameters."""
        # The files of the market are in order of ticker: the condition prunes their row groups.
        return ([], []) if self.ticker is None else (['"ticker" = ?'], [_literal(self.ticker)])


def order(sort: str) -> tuple[str, bool]:
    """Return the column of a sort, and whether it is descending."""
    return sort.removeprefix("-"), sort.startswith("-")


def page(source: Source, parameters: PageParameters, after: Position | None, since: int | None = None) -> Query:
    """Return the query of a page: one row more than its limit, which shows whether there is a next page.

    Args:
        after: the position of the previous page's last row, None for the first page.
        since: the first year that has any of the newest `last` sessions; None reads every year.

    Returns:
        A query for the requested columns, and for those that a cursor needs.
    """
    column, descending = order(parameters.sort)
    key = parameters.key
    names = list(dict.fromkeys([*parameters.columns, column, key]))
    expressions = {VOLATILITY_COLUMN: f'"{parameters.volatility_column}"'}
    conditions, literals = _range(source, parameters, since)
    outer = []
    # The years of the pages before are not read, unless the rows depend on them.
    if after is not None and column == key and not parameters.whole_range:
        conditions.append(f"year {'<=' if descending else '>='} {after.data.year:d}")
    rows = f'"{source.table}"{_where(conditions)}'
    if isinstance(parameters, AnomaliesParameters):
        names = list(dict.fromkeys([*names, SCORE_COLUMN]))
        expressions[SCORE_COLUMN] = SCORES[parameters.method]
        outer.append(f'"{SCORE_COLUMN}" > ?')
        literals.append(_literal(parameters.threshold))
    if isinstance(parameters, PeriodsParameters):
        expressions = dict(CHAINED_AGGREGATES if source.events else AGGREGATES)
        inner = chained_sessions if source.events else sessions
        rows = f'({inner(rows, parameters.by, parameters.volatility_column)}) GROUP BY "{key}"'
    columns = ", ".join(f'{expressions[name]} AS "{name}"' if name in expressions else f'"{name}"' for name in names)
    return _page(f"SELECT {columns} FROM {rows}", parameters, outer, literals, after)  # noqa: S608 - see above


def ranking(table: str, parameters: RankingParameters, day: date, after: TickerPosition | None) -> Query:
    """Return the query of a page of the ranking of a day. Arguments as in `page`."""
    names = list(dict.fromkeys([*parameters.columns, parameters.by, "ticker"]))
    conditions, literals = [f"year = {day.year:d}", '"data" = ?'], [_literal(day)]
    if parameters.class_ is not None:
        conditions.append('"classe" = ?')
        literals.append(_literal(parameters.class_))
    columns = ", ".join(f'"{name}"' for name in names)
    rows = f'SELECT {columns} FROM "{table}"{_where(conditions)}'  # noqa: S608 - see above
    return _page(rows, parameters, [], literals, after)


def _page(
    rows: str,
    parameters: PageParameters | RankingParameters,
    outer: list[str],
    literals: list[str],
    after: Position | TickerPosition | None,
) -> Query:
    """The query of a page of rows.

    Args:
        rows: a SELECT of all rows, without an order.
        outer: conditions of its rows.
        literals: of the parameters in `rows` and `outer`.
    """
    column, descending = order(parameters.sort)
    key = parameters.key
    if after is not None:
        condition, bound = _after(after, column, key, descending)
        outer = [*outer, condition]
        literals = [*literals, *bound]
    direction = "DESC" if descending else "ASC"
    by = f'"{key}" {direction}' if column == key else f'"{column}" {direction} NULLS LAST, "{key}" ASC'
    limit = parameters.limit + 1
    sql = f"SELECT * FROM ({rows}){_where(outer)} ORDER BY {by} LIMIT {limit:d}"  # noqa: S608 - see above
    return Query(sql, tuple(literals), max_rows=limit)


def columns(source: Source, names: Sequence[str], parameters: RangeParameters, since: int | None = None) -> Query:
    """Return the query of some columns for all sessions of a range, in order of date.

    Args:
        since: as in `page`.
    """
    conditions, literals = _range(source, parameters, since)
    quoted = ", ".join(f'"{name}"' for name in names)
    sql = f'SELECT {quoted} FROM "{source.table}"{_where(conditions)} ORDER BY "data"'  # noqa: S608 - see above
    return Query(sql, tuple(literals), max_rows=MAX_SESSIONS)


def last(source: Source, names: Sequence[str], parameters: RangeParameters) -> Query:
    """Return the query of some columns of the last session of a range."""
    query = columns(source, names, parameters)
    return Query(f"{query.sql} DESC LIMIT 1", query.parameters, max_rows=1)


def latest(source: Source, names: Sequence[str], ranked: Sequence[str], among: int, since: int | None) -> Query:
    """Return the query of the newest session: some columns, and the rank of others among the newest sessions.

    Args:
        names: the columns to return.
        ranked: columns; `<name>_rank` is 1 for the highest of their values, and `<name>_count` is the number of values.
        among: the number of the newest sessions that a value is ranked among.
        since: as in `page`.
    """
    ranks = (
        f'rank() OVER (ORDER BY "{name}" DESC NULLS LAST) AS "{name}_rank", count("{name}") OVER () AS "{name}_count"'
        for name in ranked
    )
    columns = ", ".join(f'"{name}"' for name in dict.fromkeys(["data", *names, *ranked]))
    conditions, literals = source.conditions()
    conditions += [] if since is None else [f"year >= {since:d}"]
    newest = f'SELECT {columns} FROM "{source.table}"{_where(conditions)} ORDER BY "data" DESC LIMIT {among:d}'  # noqa: S608 - see above
    # ORDER BY and LIMIT apply after the window functions.
    sql = f'SELECT {columns}, {", ".join(ranks)} FROM ({newest}) ORDER BY "data" DESC LIMIT 1'  # noqa: S608 - see above
    return Query(sql, tuple(literals), max_rows=1)


def _range(source: Source, parameters: RangeParameters, since: int | None) -> tuple[list[str], list[str]]:
    """The conditions of a range, and the literals of their parameters.

    The conditions on the year prune partitions: otherwise Athena reads, and bills, all of them.
    """
    conditions, literals = source.conditions()
    for bound, operator in ((parameters.first_day, ">="), (parameters.last_day, "<=")):
        if bound is not None:
            conditions += [f"year {operator} {bound.year:d}", f'"data" {operator} ?']
            literals.append(_literal(bound))
    if parameters.last is not None:
        conditions += [] if since is None else [f"year >= {since:d}"]
        newest = f'"{source.table}"{_where(conditions)} ORDER BY "data" DESC LIMIT {parameters.last:d}'
        conditions.append(f'"data" >= (SELECT min("data") FROM (SELECT "data" FROM {newest}))')  # noqa: S608 - see above
        # The parameters of the inner query follow those of the outer one.
        literals = [*literals, *literals]
    return conditions, literals


def _after(position: Position | TickerPosition, column: str, key: str, descending: bool) -> tuple[str, list[str]]:
    """The condition of the rows after a position, and the literals of its parameters."""
    row = _literal(position.key)
    if column == key:
        return f'"{key}" {"<" if descending else ">"} ?', [row]
    if position.value is None:
        return f'"{column}" IS NULL AND "{key}" > ?', [row]
    value = _literal(position.value)
    beyond = f'"{column}" {"<" if descending else ">"} ?'
    return f'({beyond} OR ("{column}" = ? AND "{key}" > ?) OR "{column}" IS NULL)', [value, value, row]


def _literal(value: date | float | str) -> str:
    """A value as an SQL literal. A double needs an exponent: without one it is a decimal."""
    if isinstance(value, str):
        return "'{}'".format(value.replace("'", "''"))
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"{value:.16e}" if isinstance(value, float) else f"{value:d}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
