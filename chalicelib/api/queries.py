"""Build the SQL that the API sends to Athena.

A client's value reaches SQL as a bound parameter of a checked type, as a name from an allow-list, or as an integer
literal formatted from a checked int: the limit, because Athena accepts `?` in WHERE only, and the year of a partition.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.api.cursor import Position
from chalicelib.api.parameters import (
    SCORE_COLUMN,
    VOLATILITY_COLUMN,
    AnomaliesParameters,
    PageParameters,
    RangeParameters,
)
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


def page(table: str, parameters: PageParameters, after: Position | None) -> Query:
    """Return the query of a page: one row more than its limit, which shows whether there is a next page.

    Args:
        table: the name of the table, a setting.
        after: the position of the previous page's last row, None for the first page.

    Returns:
        A query for the requested columns, and for those that a cursor needs.
    """
    column, descending = order(parameters.sort)
    names = list(dict.fromkeys([*parameters.columns, column, "data"]))
    aliases = {VOLATILITY_COLUMN: f'"{parameters.volatility_column}"'}
    inner, literals = _range(parameters)
    outer = []
    if isinstance(parameters, AnomaliesParameters):
        names = list(dict.fromkeys([*names, SCORE_COLUMN]))
        aliases[SCORE_COLUMN] = SCORES[parameters.method]
        outer.append(f'"{SCORE_COLUMN}" > ?')
        literals.append(_literal(parameters.threshold))
    if after is not None:
        # A score over a range needs all its sessions, so the cursor of `/ibov/anomalies` leaves no year out.
        if column == "data" and not isinstance(parameters, AnomaliesParameters):
            inner.append(f"year {'<=' if descending else '>='} {after.data.year:d}")
        condition, bound = _after(after, column, descending)
        outer.append(condition)
        literals += bound
    columns = ", ".join(f'{aliases[name]} AS "{name}"' if name in aliases else f'"{name}"' for name in names)
    direction = "DESC" if descending else "ASC"
    by = f'"data" {direction}' if column == "data" else f'"{column}" {direction} NULLS LAST, "data" ASC'
    limit = parameters.limit + 1
    sql = (
        f'SELECT * FROM (SELECT {columns} FROM "{table}"{_where(inner)}){_where(outer)} '  # noqa: S608 - see above
        f"ORDER BY {by} LIMIT {limit:d}"
    )
    return Query(sql, tuple(literals), max_rows=limit)


def columns(table: str, names: Sequence[str], parameters: RangeParameters) -> Query:
    """Return the query of some columns for all sessions of a range, in order of date."""
    conditions, literals = _range(parameters)
    quoted = ", ".join(f'"{name}"' for name in names)
    sql = f'SELECT {quoted} FROM "{table}"{_where(conditions)} ORDER BY "data"'  # noqa: S608 - see above
    return Query(sql, tuple(literals), max_rows=MAX_SESSIONS)


def last(table: str, names: Sequence[str], parameters: RangeParameters) -> Query:
    """Return the query of some columns of the last session of a range."""
    query = columns(table, names, parameters)
    return Query(f"{query.sql} DESC LIMIT 1", query.parameters, max_rows=1)


def _range(parameters: RangeParameters) -> tuple[list[str], list[str]]:
    """The conditions of a range, and the literals of their parameters.

    The conditions on the year prune partitions: otherwise Athena reads, and bills, all of them.
    """
    conditions, literals = [], []
    for bound, operator in ((parameters.first, ">="), (parameters.last, "<=")):
        if bound is not None:
            conditions += [f"year {operator} {bound.year:d}", f'"data" {operator} ?']
            literals.append(_literal(bound))
    return conditions, literals


def _after(position: Position, column: str, descending: bool) -> tuple[str, list[str]]:
    """The condition of the rows after a position, and the literals of its parameters."""
    day = _literal(position.data)
    if column == "data":
        return f'"data" {"<" if descending else ">"} ?', [day]
    if position.value is None:
        return f'"{column}" IS NULL AND "data" > ?', [day]
    value = _literal(position.value)
    beyond = f'"{column}" {"<" if descending else ">"} ?'
    return f'({beyond} OR ("{column}" = ? AND "data" > ?) OR "{column}" IS NULL)', [value, value, day]


def _literal(value: date | float) -> str:
    """A value as an SQL literal. A double needs an exponent: without one it is a decimal."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"{value:.16e}" if isinstance(value, float) else f"{value:d}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
