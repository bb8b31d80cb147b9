"""Expressions, as typed values in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from local.athena import types
from local.athena.analysis import (
    aggregates,
    calls,
    casts,
    constants,
    forms,
    json_forms,
    operators,
    predicates,
    structures,
    subqueries,
)
from local.athena.analysis.scopes import Scope
from local.athena.analysis.subqueries import Queries
from local.athena.functions import resolve
from local.athena.functions.dates import check_zone, time_zone
from local.athena.syntax import Node, failure, kind, located, place, string, unsupported
from local.athena.types import Type
from local.athena.values import Value, value


class Expressions:
    """Analysis of expressions.

    Args:
        queries: analysis of the queries in expressions.
        parameters: values of the parameters (`?`) by the position of the mark in the text.
        time: time of the statement, in UTC.
    """

    def __init__(self, queries: Queries, parameters: Mapping[int, Value], time: datetime) -> None:
        self.queries = queries
        self.parameters = parameters
        self.time = time

    def analyse(self, node: Node, scope: Scope) -> Value:
        """Return the value of an expression.

        Raises:
            QueryFailure: the expression is wrong, or the local Athena does not support it.
        """
        handler = HANDLERS.get(kind(node))
        if handler is None:
            raise unsupported(node)
        return scope.grouped(handler(self, node, scope))

    def boolean(self, node: Node, scope: Scope, where: str) -> Value:
        """Return an expression that must be boolean. `where` names its place in the message of the error."""
        return located(node, lambda: operators.boolean(self.analyse(node, scope), where))

    def condition(self, node: Node, scope: Scope, clause: str) -> Value:
        """Return the condition of a clause."""
        return self.boolean(node, scope, f"{clause} clause")

    def function(self, name: str, arguments: Sequence[Value], node: Node) -> Value:
        """Return a call of a scalar function."""
        function, call = resolve(name, arguments, place(node))
        return value(function.translate(call), call.returns, *arguments)

    def now(self, digits: int = 3) -> Value:
        """Return the time of the statement as a timestamp with time zone."""
        text = f"{self.time:%Y-%m-%d %H:%M:%S.%f}"[: 20 + digits].rstrip(".")
        zone = Type("timestamp with time zone", (digits,), zone="UTC")
        return Value(f"timezone({time_zone('UTC')}, TIMESTAMP '{text}')", zone)


Handler = Callable[[Expressions, Node, Scope], Value]


def _logical_not(expressions: Expressions, node: Node, scope: Scope) -> Value:
    operand = expressions.boolean(node.booleanExpression(), scope, "Value of logical NOT expression")
    return value(f"(NOT {operand.sql})", types.BOOLEAN, operand)


def _logical(expressions: Expressions, node: Node, scope: Scope) -> Value:
    operator = kind(node).upper()
    # A loop over the left operands, because a long chain would exceed the limit of Python's stack.
    operands: list[Node] = []
    while kind(node).upper() == operator:
        operands.append(node.booleanExpression(1))
        node = node.booleanExpression(0)
    where = f"Logical expression term of {operator}"
    values = [expressions.boolean(each, scope, where) for each in (node, *reversed(operands))]
    return value(f"({f' {operator} '.join(each.sql for each in values)})", types.BOOLEAN, *values)


def _predicated(expressions: Expressions, node: Node, scope: Scope) -> Value:
    left = expressions.analyse(node.valueExpression(), scope)
    predicate = node.predicate()
    if predicate is None:
        return left
    handler = predicates.HANDLERS.get(kind(predicate))
    if handler is None:
        raise unsupported(predicate)
    return located(node, lambda: handler(expressions, left, predicate, scope))


def _arithmetic(expressions: Expressions, node: Node, scope: Scope) -> Value:
    # A loop over the left operands, as in `_logical`.
    steps: list[Node] = []
    while kind(node) == "arithmeticBinary":
        steps.append(node)
        node = node.left
    result = expressions.analyse(node, scope)
    for step in reversed(steps):
        operands = (result, expressions.analyse(step.right, scope))
        result = scope.grouped(_calculate(step, *operands))
    return result


def _calculate(node: Node, left: Value, right: Value) -> Value:
    return located(node, lambda: operators.arithmetic(node.operator.text, left, right))


def _sign(expressions: Expressions, node: Node, scope: Scope) -> Value:
    operand = expressions.analyse(node.valueExpression(), scope)
    return operand if node.operator.text == "+" else located(node, lambda: operators.negative(operand))


def _concatenation(expressions: Expressions, node: Node, scope: Scope) -> Value:
    first, operands = node, []
    while kind(node) == "concatenation":
        operands.append(expressions.analyse(node.right, scope))
        node = node.left
    operands.append(expressions.analyse(node, scope))
    return located(first, lambda: operators.concatenate(operands[::-1]))


def _at_time_zone(expressions: Expressions, node: Node, scope: Scope) -> Value:
    moment = expressions.analyse(node.valueExpression(), scope)
    specifier = node.timeZoneSpecifier()
    if kind(specifier) != "timeZoneString":
        raise unsupported(specifier)
    name = string(specifier.string())
    try:
        name = check_zone(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise failure("INVALID_FUNCTION_ARGUMENT", node, f"'{name}' is not a valid time zone") from None
    if moment.type.base == "timestamp":
        moment = casts.cast(moment, Type("timestamp with time zone", moment.type.of, zone="UTC"))
    if moment.type.base != "timestamp with time zone":
        raise failure("TYPE_MISMATCH", node, f"Type of value must be a time or timestamp, not {moment.type}")
    return replace(moment, type=moment.type.at(name))


HANDLERS: dict[str, Handler] = {
    **forms.HANDLERS,
    **json_forms.FORMS,
    **structures.HANDLERS,
    "expression": lambda expressions, node, scope: expressions.analyse(node.booleanExpression(), scope),
    "valueExpressionDefault": lambda expressions, node, scope: expressions.analyse(node.primaryExpression(), scope),
    "parenthesizedExpression": lambda expressions, node, scope: expressions.analyse(node.expression(), scope),
    "numericLiteral": lambda _, node, __: constants.number(node.number()),
    "stringLiteral": lambda _, node, __: constants.text(string(node.string())),
    "booleanLiteral": lambda _, node, __: constants.boolean(node),
    "nullLiteral": lambda *_: constants.null(),
    "binaryLiteral": lambda _, node, __: constants.binary(node),
    "intervalLiteral": lambda _, node, __: constants.interval(node.interval()),
    "typeConstructor": lambda _, node, __: constants.typed(node),
    "parameter": lambda expressions, node, _: expressions.parameters[node.start.start],
    "logicalNot": _logical_not,
    "and": _logical,
    "or": _logical,
    "predicated": _predicated,
    "arithmeticBinary": _arithmetic,
    "arithmeticUnary": _sign,
    "concatenation": _concatenation,
    "atTimeZone": _at_time_zone,
    "subqueryExpression": lambda expressions, node, scope: subqueries.scalar(expressions.queries, node.query(), scope),
    "exists": lambda expressions, node, scope: subqueries.exists(expressions.queries, node.query(), scope),
    "functionCall": calls.call,
    "listagg": aggregates.listagg,
    "groupingOperation": aggregates.grouping,
}
"""The analysis of each alternative of the grammar, by its name there."""
