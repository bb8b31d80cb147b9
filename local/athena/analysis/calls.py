"""Calls of functions, and lambdas as their arguments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena.analysis import aggregates, forms
from local.athena.analysis.scopes import Scope
from local.athena.functions import overloads, resolve
from local.athena.functions.signature import Argument
from local.athena.syntax import Node, failure, identifier, kind, located, name_parts, place, unsupported
from local.athena.types import Type
from local.athena.values import Lambda, Value, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions


def call(expressions: Expressions, node: Node, scope: Scope) -> Value:
    """Return a call of a function."""
    parts = name_parts(node.qualifiedName())
    name = parts[0].lower()
    if len(parts) > 1:
        raise failure("FUNCTION_NOT_FOUND", node, f"Function '{'.'.join(parts)}' not registered")
    if node.processingMode() or node.label is not None:
        raise unsupported(node, "pattern recognition")
    form = forms.CALLS.get(name)
    if form:
        _check_scalar(node, name)
        return located(node, lambda: form(expressions, node, scope))
    declared = overloads(name, place(node))
    if node.ASTERISK() and name != "count":
        raise failure("FUNCTION_NOT_FOUND", node, f"Unexpected parameters (*) for function {name}")
    if declared[0].kind == "scalar":
        _check_scalar(node, name)
        arguments = [_argument(expressions, each, scope) for each in node.expression()]
        return located(node, lambda: _scalar(name, arguments, node))
    inner = replace(scope, in_aggregate=True) if scope.outputs and not node.over() else scope
    arguments = [_argument(expressions, each, inner) for each in node.expression()]
    return aggregates.aggregate(expressions, node, name, arguments, inner)


def _check_scalar(node: Node, name: str) -> None:
    """Check that a call has none of the clauses of aggregates."""
    if node.over():
        raise failure("FUNCTION_NOT_WINDOW", node, f"Not a window function: {name}")
    for clause, text in ((node.filter_(), "Filter"), (node.setQuantifier(), "DISTINCT"), (node.ORDER(), "ORDER BY")):
        if clause:
            raise failure("FUNCTION_NOT_AGGREGATE", node, f"{text} is only valid for aggregation functions: {name}")


def _argument(expressions: Expressions, node: Node, scope: Scope) -> Argument:
    """Return an argument, which may be a lambda."""
    inner = _lambda(node)
    if inner is None:
        return expressions.analyse(node, scope)
    names = [identifier(each).lower() for each in inner.identifier()]

    def body(parameters: Sequence[Type]) -> Value:
        # By depth, so that equal expressions have equal texts: GROUP BY compares them.
        depth = max((int(outer.sql[1:]) for outer in scope.locals.values()), default=0)
        aliases = [f"p{depth + index}" for index in range(1, len(names) + 1)]
        bound = {name: Value(alias, type_) for name, alias, type_ in zip(names, aliases, parameters, strict=True)}
        result = expressions.analyse(inner.expression(), replace(scope, locals={**scope.locals, **bound}))
        if result.aggregates or result.windows or result.subquery:
            raise failure("NOT_SUPPORTED", inner, "Lambda expression cannot contain aggregations or subqueries")
        return replace(result, sql=f"lambda {', '.join(aliases)}: {result.sql}", literal=None)

    return Lambda(len(names), body)


def _lambda(node: Node) -> Node | None:
    """Return the lambda that an argument is, or None."""
    while kind(node) in {"expression", "predicated", "valueExpressionDefault"} and node.getChildCount() == 1:
        node = node.getChild(0)
    return node if kind(node) == "lambda" else None


def _scalar(name: str, arguments: Sequence[Argument], node: Node) -> Value:
    function, bound = resolve(name, arguments, place(node))
    result = value(function.translate(bound), bound.returns, *bound.args)
    return replace(result, volatile=True) if function.volatile else result
