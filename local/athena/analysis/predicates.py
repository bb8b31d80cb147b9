"""Predicates after an operand: comparisons, BETWEEN, IN, LIKE, IS NULL, IS DISTINCT FROM."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis import operators, subqueries
from local.athena.analysis.scopes import Scope
from local.athena.coercion import coerces, common
from local.athena.errors import QueryFailure
from local.athena.syntax import Node, failure
from local.athena.types import BIGINT, BOOLEAN, NESTED, UNKNOWN
from local.athena.values import Value, coerce, fail, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions

Handler = Callable[["Expressions", Value, Node, Scope], Value]


def _negated(node: Node, result: Value) -> Value:
    return value(f"(NOT {result.sql})", BOOLEAN, result) if node.NOT() else result


def _comparison(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    right = expressions.analyse(node.right, scope)
    return operators.compare(node.comparisonOperator().getText(), left, right)


def _quantified(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    operator, quantifier = node.comparisonOperator().getText(), node.comparisonQuantifier().getText().upper()
    return subqueries.quantified(expressions.queries, left, (operator, quantifier), node.query(), scope)


def _between(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    low, high = expressions.analyse(node.lower, scope), expressions.analyse(node.upper, scope)
    bounds = [operators.compare(">=", left, low), operators.compare("<=", left, high)]
    return _negated(node, value(f"({bounds[0].sql} AND {bounds[1].sql})", BOOLEAN, *bounds))


def _in_list(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    items = [expressions.analyse(item, scope) for item in node.expression()]
    return _negated(node, is_in(left, items))


def is_in(left: Value, items: Sequence[Value]) -> Value:
    """Return `left IN (items)`."""
    operand, *others = operators.unify([left, *items], "IN value and list items")
    if operand.type.base in NESTED:
        compared = [operators.compare("=", operand, other) for other in others]
        return value(f"({' OR '.join(each.sql for each in compared)})", BOOLEAN, *compared)
    return value(f"({operand.sql} IN ({', '.join(other.sql for other in others)}))", BOOLEAN, operand, *others)


def _in_subquery(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    return _negated(node, subqueries.contains(expressions.queries, left, node.query(), scope))


def _like(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    operands = [left, expressions.analyse(node.pattern, scope)]
    escape = expressions.analyse(node.escape, scope) if node.escape else None
    for operand in [*operands, *([escape] if escape else [])]:
        if operand.type.base not in {"varchar", "unknown"}:
            raise QueryFailure(
                "TYPE_MISMATCH", f"Left side of LIKE expression must evaluate to a varchar, not {operand.type}"
            )
    text = f"{coerce(left, types.VARCHAR).sql} LIKE {coerce(operands[1], types.VARCHAR).sql}"
    if escape is None:
        return _negated(node, value(f"({text})", BOOLEAN, *operands))
    if not isinstance(escape.literal, str) or len(escape.literal) != 1:
        raise failure("INVALID_FUNCTION_ARGUMENT", node, "Escape string must be a single character")
    return _negated(node, value(f"({text} ESCAPE {escape.sql})", BOOLEAN, *operands))


def _null(_: Expressions, left: Value, node: Node, __: Scope) -> Value:
    return value(f"({left.sql} IS {'NOT ' if node.NOT() else ''}NULL)", BOOLEAN, left)


def _distinct(expressions: Expressions, left: Value, node: Node, scope: Scope) -> Value:
    return operators.distinct(left, expressions.analyse(node.right, scope), negated=bool(node.NOT()))


HANDLERS: dict[str, Handler] = {
    "comparison": _comparison,
    "quantifiedComparison": _quantified,
    "between": _between,
    "inList": _in_list,
    "inSubquery": _in_subquery,
    "like": _like,
    "nullPredicate": _null,
    "distinctFrom": _distinct,
}


def subscript(base: Value, index: Value) -> Value:
    """Return an element of an array by its position, or a value of a map by its key."""
    if base.type.base == "array" and coerces(index.type, BIGINT):
        element, position = base.type.elements[0], coerce(index, BIGINT)
        message = "Array subscript must be positive and less than or equal to array length"
        inside = f"{position.sql} BETWEEN 1 AND len({base.sql})"
    elif base.type.base == "map" and common(index.type, base.type.elements[0]) == base.type.elements[0]:
        element, position = base.type.elements[1], coerce(index, base.type.elements[0])
        message = "Key not present in map"
        inside = f"map_contains({base.sql}, {position.sql})"
    else:
        raise QueryFailure("TYPE_MISMATCH", f"Cannot apply operator: {base.type}[{index.type}]")
    null = f"{base.sql} IS NULL OR {position.sql} IS NULL"
    refusal = "NULL" if element == UNKNOWN else fail("INVALID_FUNCTION_ARGUMENT", message, element)
    text = f"(CASE WHEN {null} THEN NULL WHEN {inside} THEN {base.sql}[{position.sql}] ELSE {refusal} END)"
    return value(text, element, base, index)
