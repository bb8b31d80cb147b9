"""Calls of aggregates and window functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from local.athena import coercion, types
from local.athena.analysis import windows
from local.athena.analysis.scopes import Scope
from local.athena.functions import resolve
from local.athena.functions.literals import quote
from local.athena.functions.signature import Argument, Function
from local.athena.syntax import Node, failure, name_parts, place, source, string, unsupported
from local.athena.types import BIGINT
from local.athena.values import Value, coerce, fail, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions

_MAX_LISTAGG = 1_048_576
"""Maximum size of a result of listagg, in bytes, as in Trino."""


def aggregate(expressions: Expressions, node: Node, name: str, arguments: Sequence[Argument], scope: Scope) -> Value:
    """Return a call of an aggregate or a window function."""
    function, bound = resolve(name, arguments, place(node))
    over = node.over()
    if function.kind == "window" and not over:
        raise failure("MISSING_OVER", node, f"Window function {name} requires an OVER clause")
    values = [argument for argument in arguments if isinstance(argument, Value)]
    parts = list(bound.args)
    distinct = node.setQuantifier() is not None and node.setQuantifier().DISTINCT() is not None
    if distinct:
        _check_distinct(node, name, values)
    order = ""
    if node.ORDER():
        items = [windows.sort_item(expressions, each, scope) for each in node.sortItem()]
        parts += [item for item, _ in items]
        _check_order(node, function, distinct, values, [item for item, _ in items])
        order = windows.order_by(items)
    tail = ""
    if node.filter_():
        condition = expressions.condition(node.filter_().booleanExpression(), scope, "FILTER")
        if condition.aggregates or condition.windows:
            raise failure(
                "EXPRESSION_NOT_SCALAR", node, "FILTER clause cannot contain aggregations or window functions"
            )
        parts.append(condition)
        tail = f" FILTER (WHERE {condition.sql})"
    nulls = " IGNORE NULLS" if node.nullTreatment() and node.nullTreatment().IGNORE() else ""
    if node.nullTreatment() and name not in windows.WITH_NULLS:
        raise failure("NOT_SUPPORTED", node, f"Cannot specify null treatment clause for {name} function")
    if over:
        window = windows.over(expressions, over, function, scope)
        parts += window.parts
        tail += window.sql
    bound = replace(bound, distinct="DISTINCT " if distinct else "", order=order, over=tail, nulls=nulls)
    result = value(function.translate(bound), bound.returns, *parts)
    if over:
        if order:
            raise failure("NOT_SUPPORTED", node, "Window function with ORDER BY is not supported")
        return _windowed(node, distinct, result, parts)
    return _aggregated(node, name, scope, result)


def _check_distinct(node: Node, name: str, arguments: Sequence[Value]) -> None:
    if not all(coercion.is_comparable(argument.type) for argument in arguments):
        raise failure("TYPE_MISMATCH", node, "DISTINCT can only be applied to comparable types")
    if len(arguments) != 1:
        raise unsupported(node, f"DISTINCT with several arguments in {name}")


def _check_order(
    node: Node, function: Function, distinct: bool, arguments: Sequence[Value], items: Sequence[Value]
) -> None:
    if function.kind == "window":
        raise failure("FUNCTION_NOT_AGGREGATE", node, "ORDER BY is only valid for aggregation functions")
    if distinct and not {item.sql for item in items} <= {argument.sql for argument in arguments}:
        raise failure(
            "EXPRESSION_NOT_IN_DISTINCT",
            node,
            "For aggregate function with DISTINCT, ORDER BY expressions must appear in arguments",
        )


def _windowed(node: Node, distinct: bool, result: Value, parts: Sequence[Value]) -> Value:
    if any(part.windows for part in parts):
        raise failure("NESTED_WINDOW", node, "Cannot nest window functions inside window function or specification")
    if distinct:
        raise failure("NOT_SUPPORTED", node, "DISTINCT in window function parameters not yet supported")
    return replace(result, windows=True)


def _aggregated(node: Node, name: str, scope: Scope, result: Value) -> Value:
    if result.aggregates:
        raise failure(
            "NESTED_AGGREGATION", node, f"Cannot nest aggregations inside aggregation '{name}': {source(node)}"
        )
    if result.windows:
        raise failure(
            "NESTED_WINDOW", node, f"Cannot nest window functions inside aggregation '{name}': {source(node)}"
        )
    others = frozenset(column for column in result.columns if column.level != scope.level)
    return replace(result, columns=others, aggregates=True)


def listagg(expressions: Expressions, node: Node, scope: Scope) -> Value:
    """Return LISTAGG(value, separator) WITHIN GROUP (ORDER BY …)."""
    argument = expressions.analyse(node.expression(), scope)
    if argument.type.base not in {"varchar", "unknown"}:
        raise failure("TYPE_MISMATCH", node, f"Expected expression of varchar, but got {argument.type}")
    items = [windows.sort_item(expressions, each, scope) for each in node.sortItem()]
    separator = string(node.string()) if node.string() else ""
    distinct = node.setQuantifier() is not None and node.setQuantifier().DISTINCT() is not None
    if distinct and not {item.sql for item, _ in items} <= {argument.sql}:
        raise unsupported(node, "DISTINCT in LISTAGG with another order")
    text = coerce(argument, types.VARCHAR).sql
    quoted = quote(separator)
    sql = f"string_agg({'DISTINCT ' if distinct else ''}{text}, {quoted}{windows.order_by(items)})"
    if node.listAggOverflowBehavior() and node.listAggOverflowBehavior().TRUNCATE():
        refusal = fail("NOT_SUPPORTED", "the local Athena does not support ON OVERFLOW TRUNCATE", types.VARCHAR)
    else:
        message = f"Concatenated string has the length in bytes larger than the maximum output length {_MAX_LISTAGG}"
        refusal = fail("EXCEEDED_FUNCTION_MEMORY_LIMIT", message, types.VARCHAR)
    sql = f"CASE WHEN strlen({sql}) > {_MAX_LISTAGG} THEN {refusal} ELSE {sql} END"
    return _aggregated(node, "listagg", scope, value(sql, types.VARCHAR, argument, *(item for item, _ in items)))


def grouping(_: Expressions, node: Node, scope: Scope) -> Value:
    """Return GROUPING(columns): a bit for each column, set if it is not in the grouping set."""
    columns = []
    for each in node.qualifiedName():
        column = scope.find(name_parts(each), node)
        if column is None or column.sql not in scope.groups:
            raise failure(
                "INVALID_COLUMN_REFERENCE",
                node,
                f"The arguments to GROUPING() must be expressions referenced by the GROUP BY: {source(each)}",
            )
        columns.append(column.sql)
    type_ = types.INTEGER if len(columns) < 32 else BIGINT
    return Value(f"CAST(grouping({', '.join(columns)}) AS {types.duckdb(type_)})", type_, aggregates=True)
