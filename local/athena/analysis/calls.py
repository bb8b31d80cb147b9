"""Calls of functions: scalar functions with lambdas, aggregates, and window functions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from local.athena import coercion, types
from local.athena.analysis import casts, operators, windows
from local.athena.analysis.scopes import Scope
from local.athena.errors import QueryFailure
from local.athena.functions import overloads, resolve
from local.athena.functions.signature import Argument, Function
from local.athena.syntax import Node, failure, identifier, kind, name_parts, place, source, string, unsupported
from local.athena.types import BIGINT, Type
from local.athena.values import Lambda, Value, coerce, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions

T = TypeVar("T")


def located(node: Node, operation: Callable[[], T]) -> T:
    """Return the result of an operation; if it fails, its message has the place of a node."""
    try:
        return operation()
    except QueryFailure as error:
        if error.message.startswith("line "):
            raise
        raise failure(error.code, node, error.message) from None


def call(expressions: Expressions, node: Node, scope: Scope) -> Value:
    """Return a call of a function."""
    parts = name_parts(node.qualifiedName())
    name = parts[0].lower()
    if len(parts) > 1:
        raise failure("FUNCTION_NOT_FOUND", node, f"Function '{'.'.join(parts)}' not registered")
    if node.processingMode() or node.label is not None:
        raise unsupported(node, "pattern recognition")
    form = _FORMS.get(name)
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
    return _aggregate(expressions, node, name, scope)


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
        aliases = [expressions.lambda_name() for _ in names]
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


def _aggregate(expressions: Expressions, node: Node, name: str, scope: Scope) -> Value:
    """Return a call of an aggregate or a window function."""
    inner = replace(scope, in_aggregate=True) if scope.outputs and not node.over() else scope
    arguments = [_argument(expressions, each, inner) for each in node.expression()]
    function, bound = resolve(name, arguments, place(node))
    over = node.over()
    if function.kind == "window" and not over:
        raise failure("MISSING_OVER", node, f"Window function {name} requires an OVER clause")
    values = [argument for argument in arguments if isinstance(argument, Value)]
    parts = list(values)
    distinct = node.setQuantifier() is not None and node.setQuantifier().DISTINCT() is not None
    if distinct:
        _check_distinct(node, name, values)
    order = ""
    if node.ORDER():
        items = [windows.sort_item(expressions, each, inner) for each in node.sortItem()]
        parts += [item for item, _ in items]
        _check_order(node, function, distinct, values, [item for item, _ in items])
        order = " ORDER BY " + ", ".join(text for _, text in items)
    tail = ""
    if node.filter_():
        condition = expressions.condition(node.filter_().booleanExpression(), inner, "FILTER")
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
    if node.listAggOverflowBehavior() and node.listAggOverflowBehavior().TRUNCATE():
        raise unsupported(node, "ON OVERFLOW TRUNCATE")
    argument = expressions.analyse(node.expression(), scope)
    if argument.type.base not in {"varchar", "unknown"}:
        raise failure("TYPE_MISMATCH", node, f"Expected expression of varchar, but got {argument.type}")
    items = [windows.sort_item(expressions, each, scope) for each in node.sortItem()]
    separator = string(node.string()) if node.string() else ""
    distinct = node.setQuantifier() is not None and node.setQuantifier().DISTINCT() is not None
    if distinct and not {item.sql for item, _ in items} <= {argument.sql}:
        raise unsupported(node, "DISTINCT in LISTAGG with another order")
    text = coerce(argument, types.VARCHAR).sql
    quoted = "'" + separator.replace("'", "''") + "'"
    order = ", ".join(each for _, each in items)
    sql = f"string_agg({'DISTINCT ' if distinct else ''}{text}, {quoted} ORDER BY {order})"
    return _aggregated(node, "listagg", scope, value(sql, types.VARCHAR, argument, *(item for item, _ in items)))


def grouping(_: Expressions, node: Node, scope: Scope) -> Value:
    """Return GROUPING(columns): a bit for each column, set if it is not in the grouping set."""
    columns = []
    for each in node.qualifiedName():
        found = scope.find(name_parts(each), node)
        if found is None or found.sql not in scope.groups:
            raise failure(
                "INVALID_COLUMN_REFERENCE",
                node,
                f"The arguments to GROUPING() must be expressions referenced by the GROUP BY: {source(each)}",
            )
        columns.append(found.sql)
    type_ = types.INTEGER if len(columns) < 32 else BIGINT
    return Value(f"CAST(grouping({', '.join(columns)}) AS {types.duckdb(type_)})", type_, aggregates=True)


def _if(expressions: Expressions, node: Node, scope: Scope) -> Value:
    parts = [expressions.analyse(each, scope) for each in node.expression()]
    if len(parts) not in {2, 3}:
        raise failure("SYNTAX_ERROR", node, "Invalid number of arguments for 'if' function")
    condition = operators.boolean(parts[0], "IF value")
    results = [*parts[1:], Value("NULL", types.UNKNOWN)][:2]
    cast = operators.unify(results, "IF results")
    sql = f"(CASE WHEN {condition.sql} THEN {cast[0].sql} ELSE {cast[1].sql} END)"
    return value(sql, cast[0].type, *parts)


def _nullif(expressions: Expressions, node: Node, scope: Scope) -> Value:
    parts = [expressions.analyse(each, scope) for each in node.expression()]
    if len(parts) != 2:
        raise failure("SYNTAX_ERROR", node, "Invalid number of arguments for 'nullif' function")
    equal = operators.compare("=", *parts)
    return value(f"(CASE WHEN {equal.sql} THEN NULL ELSE {parts[0].sql} END)", parts[0].type, *parts)


def _try(expressions: Expressions, node: Node, scope: Scope) -> Value:
    parts = [expressions.analyse(each, scope) for each in node.expression()]
    if len(parts) != 1:
        raise failure("SYNTAX_ERROR", node, "The 'try' function must have exactly one argument")
    (operand,) = parts
    if operand.aggregates or operand.windows or operand.subquery or operand.volatile:
        raise unsupported(node, "aggregates, window functions and subqueries in TRY")
    return value(f"TRY({operand.sql})", operand.type, operand)


def _typeof(expressions: Expressions, node: Node, scope: Scope) -> Value:
    parts = [expressions.analyse(each, scope) for each in node.expression()]
    if len(parts) != 1:
        raise failure("FUNCTION_NOT_FOUND", node, "Unexpected parameters for function typeof. Expected: typeof(t)")
    text = str(parts[0].type)
    return Value("'" + text.replace("'", "''") + "'", types.VARCHAR, parts[0].columns)


def _now(expressions: Expressions, node: Node, _: Scope) -> Value:
    if node.expression():
        raise failure("FUNCTION_NOT_FOUND", node, "Unexpected parameters for function now. Expected: now()")
    return expressions.now()


def _date(expressions: Expressions, node: Node, scope: Scope) -> Value:
    parts = [expressions.analyse(each, scope) for each in node.expression()]
    if len(parts) != 1:
        raise failure("FUNCTION_NOT_FOUND", node, "Unexpected parameters for function date. Expected: date(x)")
    return casts.cast(parts[0], types.DATE)


_FORMS: dict[str, Callable[[Expressions, Node, Scope], Value]] = {
    "date": _date,
    "if": _if,
    "now": _now,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
}
