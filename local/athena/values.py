"""Typed expressions in DuckDB's SQL: what the analysis of an expression of Trino returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from local.athena import types
from local.athena.coercion import coerces
from local.athena.errors import QueryFailure
from local.athena.types import Type

LONGEST = 3_000_000
"""Maximum number of characters of an expression in DuckDB's SQL."""


@dataclass(frozen=True, slots=True)
class Reference:
    """Use of a column of a relation.

    Attributes:
        level: number of the query whose FROM clause has the relation.
        relation: number of the relation, unique in the statement.
        column: name of the column.
        place: place in the text, such as `line 1:8`.
        text: column as it is written in the statement.
    """

    level: int
    relation: int
    column: str
    place: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True)
class Value:
    """Expression.

    Attributes:
        sql: expression in DuckDB's SQL. It is a single operand: an operator around it needs no parentheses.
        type: its type in Trino.
        columns: columns that it uses outside aggregates and grouped expressions.
        literal: value of a literal, otherwise None.
        aggregates: whether it has an aggregate of the same query.
        windows: whether it has a window function.
        volatile: whether two evaluations may differ, as of random().
        subquery: whether it has a subquery.
        finite: whether it is not NaN, as a literal.
    """

    sql: str
    type: Type
    columns: frozenset[Reference] = frozenset()
    literal: str | int | float | Decimal | bool | None = None
    aggregates: bool = False
    windows: bool = False
    volatile: bool = False
    subquery: bool = False
    finite: bool = False


@dataclass(frozen=True, slots=True)
class Lambda:
    """Lambda as an argument of a function.

    Attributes:
        arity: number of its parameters.
        body: function that returns the lambda with these parameter types, as a Value with DuckDB's lambda and the
            type of its result.
    """

    arity: int
    body: Callable[[Sequence[Type]], Value]


def value(sql: str, type_: Type, *parts: Value) -> Value:
    """Return an expression that has other expressions as parts."""
    if len(sql) > LONGEST:
        raise QueryFailure("NOT_SUPPORTED", "the statement is too large for the local Athena")
    return Value(
        sql,
        type_,
        frozenset().union(*(part.columns for part in parts)),
        None,
        any(part.aggregates for part in parts),
        any(part.windows for part in parts),
        any(part.volatile for part in parts),
        any(part.subquery for part in parts),
    )


def coerce(operand: Value, target: Type) -> Value:
    """Return an expression with the type to which Trino casts it implicitly.

    Raises:
        QueryFailure: Trino does not cast its type to the target.
    """
    if not coerces(operand.type, target):
        raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {operand.type} to {target}")
    if operand.type.base == target.base and operand.type.base in {"varchar", "char"}:
        return replace(operand, type=target)
    if operand.type == target:
        return operand
    finite = operand.finite or operand.type.base not in types.FLOATS
    return replace(operand, sql=f"CAST({operand.sql} AS {types.duckdb(target)})", type=target, finite=finite)


def fail(code: str, message: str, type_: Type) -> str:
    """Return an expression of DuckDB that fails the query with an error code and a message of Trino.

    It is a cast that fails, because DuckDB does not allow its function error() within TRY.
    """
    text = f"{code}: {message}".replace("'", "''")
    return f"CAST(CAST(CAST('{text}' AS INTEGER) AS VARCHAR) AS {types.duckdb(type_)})"
