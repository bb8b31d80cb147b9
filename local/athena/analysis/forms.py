"""Conditional expressions, casts, and calls with a syntax of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from local.athena import types
from local.athena.analysis import casts, constants, operators
from local.athena.analysis.scopes import Scope
from local.athena.functions.dates import FIELDS, local
from local.athena.syntax import Node, failure, identifier, located, source, unsupported
from local.athena.types import Type
from local.athena.values import Value, value

if TYPE_CHECKING:
    from local.athena.analysis.expressions import Expressions

Handler = Callable[["Expressions", Node, Scope], Value]


def _cast(expressions: Expressions, node: Node, scope: Scope) -> Value:
    operand = expressions.analyse(node.expression(), scope)
    safe = node.TRY_CAST() is not None
    target = located(node, lambda: types.parse(source(node.type_())))
    if target.base.startswith("timestamp") and target.numbers[0] in {1, 2, 4, 5}:
        raise unsupported(node, f"a cast to {target}")
    return located(node, lambda: casts.cast(operand, target, safe=safe))


def _searched_case(expressions: Expressions, node: Node, scope: Scope) -> Value:
    conditions = [expressions.boolean(each.condition, scope, "CASE WHEN clause") for each in node.whenClause()]
    return _case(expressions, node, conditions, scope)


def _simple_case(expressions: Expressions, node: Node, scope: Scope) -> Value:
    operand = expressions.analyse(node.operand, scope)
    compared = [expressions.analyse(each.condition, scope) for each in node.whenClause()]
    conditions = [located(node, lambda each=each: operators.compare("=", operand, each)) for each in compared]  # type: ignore[misc]
    return _case(expressions, node, conditions, scope)


def _case(expressions: Expressions, node: Node, conditions: Sequence[Value], scope: Scope) -> Value:
    results = [expressions.analyse(each.result, scope) for each in node.whenClause()]
    results.append(expressions.analyse(node.elseExpression, scope) if node.elseExpression else constants.null())
    return located(node, lambda: case(conditions, results))


def case(conditions: Sequence[Value], results: Sequence[Value]) -> Value:
    """Return CASE with conditions and their results; the last result is that of ELSE.

    Raises:
        QueryFailure: the results have no common type.
    """
    cast = operators.unify(results, "All CASE results")
    branches = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in zip(conditions, cast[:-1], strict=True))
    return value(f"(CASE {branches} ELSE {cast[-1].sql} END)", cast[-1].type, *conditions, *results)


def _position(expressions: Expressions, node: Node, scope: Scope) -> Value:
    part, whole = (expressions.analyse(each, scope) for each in node.valueExpression())
    return expressions.function("strpos", [whole, part], node)


def _substring(expressions: Expressions, node: Node, scope: Scope) -> Value:
    return expressions.function(
        "substring", [expressions.analyse(each, scope) for each in node.valueExpression()], node
    )


def _trim(expressions: Expressions, node: Node, scope: Scope) -> Value:
    sides = node.trimsSpecification().getText().upper() if node.trimsSpecification() else "BOTH"
    name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[sides]
    arguments = [expressions.analyse(each, scope) for each in (node.trimSource, node.trimChar) if each]
    return expressions.function(name, arguments, node)


def _normalize(expressions: Expressions, node: Node, scope: Scope) -> Value:
    form = node.normalForm().getText().upper() if node.normalForm() else "NFC"
    return expressions.function(
        "normalize", [expressions.analyse(node.valueExpression(), scope), constants.text(form)], node
    )


def _extract(expressions: Expressions, node: Node, scope: Scope) -> Value:
    name = identifier(node.identifier()).lower()
    if name not in FIELDS:
        raise failure("INVALID_LITERAL", node, f"Invalid EXTRACT field: {name}")
    return expressions.function(name, [expressions.analyse(node.valueExpression(), scope)], node)


def _special_date_time_function(expressions: Expressions, node: Node, _: Scope) -> Value:
    name, digits = node.name.text.lower(), int(node.precision.text) if node.precision else 3
    if name == "current_date":
        return Value(f"DATE '{expressions.time.date()}'", types.DATE)
    if name == "current_time" or digits > 6:
        raise unsupported(node, source(node))
    moment = expressions.now(digits)
    if name == "current_timestamp":
        return moment
    if name == "localtimestamp":
        return Value(local(moment), types.timestamp(digits))
    return Value(f"CAST({local(moment)} AS TIME)", Type("time", (digits,)))


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


HANDLERS: dict[str, Handler] = {
    "cast": _cast,
    "searchedCase": _searched_case,
    "simpleCase": _simple_case,
    "position": _position,
    "substring": _substring,
    "trim": _trim,
    "normalize": _normalize,
    "extract": _extract,
    "specialDateTimeFunction": _special_date_time_function,
}

CALLS: dict[str, Handler] = {
    "date": _date,
    "if": _if,
    "now": _now,
    "nullif": _nullif,
    "try": _try,
    "typeof": _typeof,
}
"""Functions that are forms of the grammar in Trino, or that need the time of the statement."""
