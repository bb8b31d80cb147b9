"""Steps from the text of a query to its plan: parse, bind parameters, analyse against the catalog."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from local.athena import syntax
from local.athena.analysis import relations
from local.athena.analysis.catalog import Catalog, Read
from local.athena.analysis.expressions import Expressions
from local.athena.analysis.queries import Queries
from local.athena.analysis.scopes import Scope
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.syntax import Node
from local.athena.types import Type
from local.athena.values import Value

CATALOG = relations.CATALOG


@dataclass(frozen=True, slots=True)
class Plan:
    """Query in DuckDB's SQL.

    Attributes:
        sql: the query, whose columns are c0, c1, …
        names: names of the columns; None for a column without a name.
        types: their types.
        reads: the tables that it uses.
    """

    sql: str
    names: tuple[str | None, ...]
    types: tuple[Type, ...]
    reads: Sequence[Read]


def parse(sql: str) -> Node:
    """Return the syntax tree of a text that contains one query.

    Raises:
        InvalidRequest: the text is not SQL, contains several statements, or its statement is not a query.
    """
    statement = syntax.parse(sql).statement()
    if syntax.kind(statement) != "statementDefault":
        word = statement.start.text
        raise InvalidRequest(f"line 1:1: mismatched input '{word}'. The local Athena does not support this statement")
    return statement.query()


def plan(
    sql: str,
    parameters: Sequence[str],
    database: str | None,
    catalog: Catalog,
    view: tuple[str, str] | None = None,
) -> Plan:
    """Return the plan of a query.

    Args:
        sql: query in Trino's SQL, with a `?` in WHERE for each parameter.
        parameters: SQL literals, or words without quotes, in the order of the `?` marks.
        database: default database of tables without one.
        catalog: tables and views.
        view: database and name of the view whose query this is.

    Raises:
        AthenaError: the query is wrong, or the local Athena does not support it.
    """
    query = parse(sql)
    # Athena has no time in its results that is finer than a millisecond.
    now = datetime.now(UTC).replace(tzinfo=None)
    queries = Queries(catalog, database, _bind(query, parameters), now)
    queries.views += [view] if view else []
    relation = queries.query(query, None)
    return Plan(relation.sql, tuple(item.name for item in relation.fields), tuple(relation.types), queries.reads)


def _bind(query: Node, parameters: Sequence[str]) -> dict[int, Value]:
    """Return the value of each parameter by the position of its mark.

    Raises:
        QueryFailure: the number of parameters is wrong, a parameter is not a literal, or a `?` is outside WHERE.
    """
    marks = list(syntax.parameters(query))
    if len(marks) != len(parameters):
        raise QueryFailure(
            "INVALID_PARAMETER_USAGE",
            f"line 1:1: Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}",
        )
    for mark in marks:
        if not syntax.is_in_where(mark):
            raise syntax.failure("SYNTAX_ERROR", mark, "'?' is allowed in WHERE only")
    return {mark.start.start: _literal(text) for mark, text in zip(marks, parameters, strict=True)}


_LITERALS = {
    "nullLiteral", "numericLiteral", "stringLiteral", "booleanLiteral", "typeConstructor", "binaryLiteral",
    "intervalLiteral",
}  # fmt: skip
_WRAPPERS = {"expression", "predicated", "valueExpressionDefault", "arithmeticUnary"}


_WORD = re.compile(r"[a-z_][a-z0-9_]*", re.IGNORECASE)


def _literal(text: str) -> Value:
    """Return the value of an execution parameter: that of a literal, or a word as text.

    Raises:
        QueryFailure: the parameter is neither a single literal nor a word.
    """
    try:
        node = syntax.parse(text, "standaloneExpression").expression()
    except InvalidRequest:
        node = None
    if node is not None and _WORD.fullmatch(text) and syntax.kind(_unwrapped(node)) == "columnReference":
        # awswrangler sends text without quotes, and Athena accepts one word.
        node = syntax.parse(f"'{text}'", "standaloneExpression").expression()
    if node is None or not _is_literal(node):
        raise QueryFailure("INVALID_PARAMETER_USAGE", f"execution parameter {text!r} is not a SQL literal")
    # A literal has no names and no queries.
    return Expressions(None, {}, datetime.now(UTC)).analyse(node, Scope())  # type: ignore[arg-type]


def _unwrapped(node: Node) -> Node:
    while syntax.kind(node) in _WRAPPERS and node.getChildCount() == 1:
        node = node.getChild(0)
    return node


def _is_literal(node: Node) -> bool:
    """Return whether an expression is a literal, a number with a sign, or a cast of one of these."""
    while syntax.kind(node) not in _LITERALS:
        if syntax.kind(node) == "cast":
            node = node.expression()
        elif syntax.kind(node) in _WRAPPERS and (node.getChildCount() == 1 or syntax.kind(node) == "arithmeticUnary"):
            node = node.getChild(node.getChildCount() - 1)
        else:
            return False
    return True
