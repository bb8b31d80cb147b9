"""The SQL that the API sends, and nothing else.

What a user gave reaches SQL as a bound parameter of a checked type, as a name from an allow-list, or as an
integer literal printed from a checked int: Athena takes `?` in WHERE only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from chalicelib.api.cursor import Position
from chalicelib.api.parameters import SCORE, VOLATILITY, Anomalies, Rows, Span
from chalicelib.api.scores import SCORES

Value = str | int | float | bool | None
Row = dict[str, Value]
"""A row of an answer, by column name."""

MOST_SESSIONS = 20_000
"""More than there can be: the index is of 1968."""


@dataclass(frozen=True, slots=True)
class Query:
    """A question.

    Attributes:
        sql: the SQL, with `?` for each parameter in WHERE.
        parameters: SQL literals.
        most: the most rows that the answer can have, where that is known to be many.
    """

    sql: str
    parameters: tuple[str, ...] = ()
    most: int = 0


def order(sort: str) -> tuple[str, bool]:
    """The column of a sort, and whether it descends."""
    return sort.removeprefix("-"), sort.startswith("-")


def rows(table: str, asked: Rows, after: Position | None) -> Query:
    """The sessions asked for, in their order, and one more than the limit: whether there is a next page.

    Args:
        table: the table's name, a setting.
        after: the last row of the page before.

    Returns:
        A query for the columns asked for, and for those that a cursor is made of.
    """
    column, descending = order(asked.sort)
    wanted = list(dict.fromkeys([*asked.columns, column, "data"]))
    aliases = {VOLATILITY: f'"{asked.volatility}"'}
    inner, parameters = _span(asked)
    outer = []
    if isinstance(asked, Anomalies):
        wanted = list(dict.fromkeys([*wanted, SCORE]))
        aliases[SCORE] = SCORES[asked.method]
        outer.append(f'"{SCORE}" > ?')
        parameters.append(_literal(asked.threshold))
    if after is not None:
        # A score over a range is of all its sessions, whatever the page.
        if column == "data" and not isinstance(asked, Anomalies):
            inner.append(f"year {'<=' if descending else '>='} {after.data.year:d}")
        condition, bound = _after(after, column, descending)
        outer.append(condition)
        parameters += bound
    columns = ", ".join(f'{aliases[name]} AS "{name}"' if name in aliases else f'"{name}"' for name in wanted)
    direction = "DESC" if descending else "ASC"
    by = f'"data" {direction}' if column == "data" else f'"{column}" {direction} NULLS LAST, "data" ASC'
    limit = asked.limit + 1
    sql = (
        f'SELECT * FROM (SELECT {columns} FROM "{table}"{_where(inner)}){_where(outer)} '  # noqa: S608 - see above
        f"ORDER BY {by} LIMIT {limit:d}"
    )
    return Query(sql, tuple(parameters), most=limit)


def columns(table: str, names: Sequence[str], asked: Span) -> Query:
    """Some columns of all sessions of a range, in order of date."""
    conditions, parameters = _span(asked)
    listed = ", ".join(f'"{name}"' for name in names)
    sql = f'SELECT {listed} FROM "{table}"{_where(conditions)} ORDER BY "data"'  # noqa: S608 - see above
    return Query(sql, tuple(parameters), most=MOST_SESSIONS)


def _span(asked: Span) -> tuple[list[str], list[str]]:
    """The conditions of a range, and the values that they bind.

    The year is the partition: without it, Athena would read (and bill) all of them.
    """
    conditions, parameters = [], []
    for bound, operator in ((asked.first, ">="), (asked.last, "<=")):
        if bound is not None:
            conditions += [f"year {operator} {bound.year:d}", f'"data" {operator} ?']
            parameters.append(_literal(bound))
    return conditions, parameters


def _after(position: Position, column: str, descending: bool) -> tuple[str, list[str]]:
    """The condition on the rows after a position, and the values that it binds."""
    day = _literal(position.data)
    if column == "data":
        return f'"data" {"<" if descending else ">"} ?', [day]
    if position.value is None:
        return f'"{column}" IS NULL AND "data" > ?', [day]
    value = _literal(position.value)
    beyond = f'"{column}" {"<" if descending else ">"} ?'
    return f'({beyond} OR ("{column}" = ? AND "data" > ?) OR "{column}" IS NULL)', [value, value, day]


def _literal(value: date | float) -> str:
    """A value as a literal of SQL. A double has an exponent: without one, Athena takes it for a decimal."""
    if isinstance(value, date):
        return f"DATE '{value.isoformat()}'"
    return f"{value:.16e}" if isinstance(value, float) else f"{value:d}"


def _where(conditions: Sequence[str]) -> str:
    return f" WHERE {' AND '.join(conditions)}" if conditions else ""
