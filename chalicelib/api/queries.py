"""Build the SQL that the API sends to Athena.

A client's value reaches SQL as a bound parameter of a checked type, as a name from an allow-list, or as an integer
literal formatted from a checked int: the limit, because Athena accepts `?` in WHERE only, and the year of a partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.api.columns import SCORE_COLUMN, VOLATILITY_COLUMN
from chalicelib.api.cursor import Position
from chalicelib.api.paging import PageParameters
from chalicelib.api.parameters import AnomaliesParameters, PeriodsParameters
from chalicelib.api.periods import AGGREGATES, sessions
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


def order(sort: str) -> tuple[str, bool]:
    """Return the column of a sort, and whether it is descending."""
    return sort.removeprefix("-"), sort.startswith("-")


def page(table: str, parameters: PageParameters, after: Position | None, since: int | None = None) -> Query:
    """Return the query of a page: one row more than its limit, which shows whether there is a next page.

    Args:
        table: the name of the table, a setting.
        after: the position of the previous page's last row, None for the first page.
        since: the first year that has any of the newest `last` sessions; None reads every year.

    Returns:
        A query for the requested columns, and for those that a cursor needs.
    """
    column, descending = order(parameters.sort)
    key = parameters.key
    names = list(dict.fromkeys([*parameters.columns, column, key]))
    expressions = {VOLATILITY_COLUMN: f'"{parameters.volatility_column}"'}
    conditions, literals = _range(table, parameters, since)
    outer = []
    # The years of the pages before are not read, unless the rows depend on them.
    if after is not None and column == key and not parameters.whole_range:
        conditions.append(f"year {'<=' if descending else '>='} {after.data.year:d}")
    source = f'"{table}"{_where(conditions)}'
    if isinstance(parameters, AnomaliesParameters):
        names = list(dict.fromkeys([*names, SCORE_COLUMN]))
        expressions[SCORE_COLUMN] = SCORES[parameters.method]
        outer.append(f'"{SCORE_COLUMN}" > ?')
        literals.append(_literal(parameters.threshold))
    if isinstance(parameters, PeriodsParameters):
        expressions = dict(AGGREGATES)
        source = f'({sessions(source, parameters.by, parameters.volatility_column)}) GROUP BY "{key}"'
    if after is not None:
        condition, bound = _after(after, column, key, descending)
        outer.append(condition)
        literals += bound
    columns = ", ".join(f'{expressions[name]} AS "{name}"' if name in expressions else f'"{name}"' for name in names)
    direction = "DESC" if descending else "ASC"
    by = f'"{key}" {direction}' if column == key else f'"{column}" {direction} NULLS LAST, "{key}" ASC'
    limit = parameters.limit + 1
    sql = (
        f"SELECT * FROM (SELECT {columns} FROM {source}){_where(outer)} "  # noqa: S608 - see above
        f"ORDER BY {by} LIMIT {limit:d}"
    )
    return Query(sql, tuple(literals), max_rows=limit)


def columns(table: str, names: Sequence[str], parameters: RangeParameters, since: int | None = None) -> Query:
    """Return the query of some columns for all sessions of a range, in order of date.

    Args:
        since: as in `page`.
    """
    conditions, literals = _range(table, parameters, since)
    quoted = ", ".join(f'"{name}"' for name in names)
    sql = f'SELECT {quoted} FROM "{table}"{_where(conditions)} ORDER BY "data"'  # noqa: S608 - see above
    return Query(sql, tuple(literals), max_rows=MAX_SESSIONS)


def last(table: str, names: Sequence[str], parameters: RangeParameters) -> Query:
    """Return the query of some columns of the last session of a range."""
    query = columns(table, names, parameters)
    return Query(f"{query.sql} DESC LIMIT 1", query.parameters, max_rows=1)


def latest(table: str, names: Sequence[str], ranked: Sequence[str], among: int, since: int | None) -> Query:
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
    pruning = [] if since is None else [f"year >= {since:d}"]
    newest = f'SELECT {columns} FROM "{table}"{_where(pruning)} ORDER BY "data" DESC LIMIT {among:d}'  # noqa: S608 - see above
    # ORDER BY and LIMIT apply after the window functions.
    sql = f'SELECT {columns}, {", ".join(ranks)} FROM ({newest}) ORDER BY "data" DESC LIMIT 1'  # noqa: S608 - see above
    return Query(sql, max_rows=1)


def _range(table: str, parameters: RangeParameters, since: int | None) -> tuple[list[str], list[str]]:
    """The conditions of a range, and the literals of their parameters.

    The conditions on the year prune partitions: otherwise Athena reads, and bills, all of them.
    """
    conditions, literals = [], []
    for bound, operator in ((parameters.first_day, ">="), (parameters.last_day, "<=")):
        if bound is not None:
            conditions += [f"year {operator} {bound.year:d}", f'"data" {operator} ?']
            literals.append(_literal(bound))
    if parameters.last is not None:
        conditions += [] if since is None else [f"year >= {since:d}"]
        newest = f'"{table}"{_where(conditions)} ORDER BY "data" DESC LIMIT {parameters.last:d}'
        conditions.append(f'"data" >= (SELECT min("data") FROM (SELECT "data" FROM {newest}))')  # noqa: S608 - see above
    return conditions, literals


def _after(position: Position, column: str, key: str, descending: bool) -> tuple[str, list[str]]:
    """The condition of the rows after a position, and the literals of its parameters."""
    day = _literal(position.data)
    if column == key:
        return f'"{key}" {"<" if descending else ">"} ?', [day]
    if position.value is None:
        return f'"{column}" IS NULL AND "{key}" > ?', [day]
    value = _literal(position.value)
    beyond = f'"{column}" {"<" if descending else ">"} ?'
    return f'({beyond} OR ("{column}" = ? AND "{key}" > ?) OR "{column}" IS NULL)', [value, value, day]


def _literal(value: date | float) -> str:
    """A value as an SQL literal. A double needs an exponent: without one it is a decimal."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"{value:.16e}" if isinstance(value, float) else f"{value:d}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
