"""Expressions, as typed values in DuckDB's SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from zoneinfo import ZoneInfoNotFoundError

from local.athena import types
from local.athena.analysis import calls, casts, constants, json_forms, operators, predicates, subqueries
from local.athena.analysis.scopes import Scope
from local.athena.analysis.subqueries import Queries
from local.athena.functions import resolve
from local.athena.functions.dates import FIELDS, check_zone, local, time_zone
from local.athena.syntax import Node, failure, identifier, kind, place, source, string, unsupported
from local.athena.types import UNKNOWN, Type
from local.athena.values import Value, value


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()


class Expressions:
    """Analysis of expressions. Each method is named after the alternative of the grammar that it handles.

    Args:
        queries: analysis of the queries in expressions.
        parameters: values of the parameters (`?`) by the position of the mark in the text.
        now: time of the statement, in UTC.
    """

    def __init__(self, queries: Queries, parameters: dict[int, Value], now: datetime) -> None:
        self.queries = queries
        self._parameters = parameters
        self._now = now
        self._lambdas = 0

    def analyse(self, node: Node, scope: Scope) -> Value:
        """Return the value of an expression.

        Raises:
            QueryFailure: the expression is wrong, or the local Athena does not support it.
        """
        form = json_forms.FORMS.get(kind(node))
        if form:
            return scope.grouped(form(self, node, scope))
        name = _snake(kind(node))
        handler: Callable[[Node, Scope], Value] | None = getattr(
            self, f"{name}_" if name in {"and", "or"} else name, None
        )
        if handler is None:
            raise unsupported(node)
        return scope.grouped(handler(node, scope))

    # Rules with one child.

    def expression(self, node: Node, scope: Scope) -> Value:
        return self.analyse(node.booleanExpression(), scope)

    def value_expression_default(self, node: Node, scope: Scope) -> Value:
        return self.analyse(node.primaryExpression(), scope)

    def parenthesized_expression(self, node: Node, scope: Scope) -> Value:
        return self.analyse(node.expression(), scope)

    def numeric_literal(self, node: Node, _: Scope) -> Value:
        return constants.number(node.number())

    def string_literal(self, node: Node, _: Scope) -> Value:
        return constants.text(string(node.string()))

    def boolean_literal(self, node: Node, _: Scope) -> Value:
        return constants.boolean(node)

    def null_literal(self, _: Node, __: Scope) -> Value:
        return constants.null()

    def binary_literal(self, node: Node, _: Scope) -> Value:
        return constants.binary(node)

    def interval_literal(self, node: Node, _: Scope) -> Value:
        return constants.interval(node.interval())

    def type_constructor(self, node: Node, _: Scope) -> Value:
        return constants.typed(node)

    def parameter(self, node: Node, _: Scope) -> Value:
        return self._parameters[node.start.start]

    # Names.

    def column_reference(self, node: Node, scope: Scope) -> Value:
        name = identifier(node.identifier())
        found = scope.find([name], node)
        if found is None:
            raise failure("COLUMN_NOT_FOUND", node, f"Column '{name}' cannot be resolved")
        return found

    def dereference(self, node: Node, scope: Scope) -> Value:
        names = dotted(node)
        if names is not None:
            found = scope.find(names, node)
            if found is not None:
                return found
            base = dotted(node.base)
            if base is not None and len(base) == 1 and scope.find(base, node) is None:
                raise failure("COLUMN_NOT_FOUND", node, f"Column '{'.'.join(names)}' cannot be resolved")
        row = self.analyse(node.base, scope)
        if row.type.base != "row":
            raise failure("TYPE_MISMATCH", node, f"Expression {source(node.base)} is not of type ROW")
        name = identifier(node.fieldName)
        matching = [index for index, each in enumerate(row.type.names) if each and each.lower() == name.lower()]
        if len(matching) != 1:
            code = "AMBIGUOUS_NAME" if matching else "COLUMN_NOT_FOUND"
            raise failure(code, node, f"Column '{source(node)}' {'is ambiguous' if matching else 'cannot be resolved'}")
        return row_field(row, matching[0])

    # Operators.

    def logical_not(self, node: Node, scope: Scope) -> Value:
        operand = self._condition(node.booleanExpression(), scope, "Value of logical NOT expression")
        return value(f"(NOT {operand.sql})", types.BOOLEAN, operand)

    def and_(self, node: Node, scope: Scope) -> Value:
        return self._logical(node, scope, "AND")

    def or_(self, node: Node, scope: Scope) -> Value:
        return self._logical(node, scope, "OR")

    def _logical(self, node: Node, scope: Scope, operator: str) -> Value:
        # A loop over the left operands, because a long chain would exceed the limit of Python's stack.
        operands: list[Node] = []
        current = node
        while type(current) is type(node):
            operands.append(current.booleanExpression(1))
            current = current.booleanExpression(0)
        operands.append(current)
        values = [self._condition(each, scope, f"Logical expression term of {operator}") for each in reversed(operands)]
        return value(f"({f' {operator} '.join(each.sql for each in values)})", types.BOOLEAN, *values)

    def _condition(self, node: Node, scope: Scope, where: str) -> Value:
        return calls.located(node, lambda: operators.boolean(self.analyse(node, scope), where))

    def condition(self, node: Node, scope: Scope, clause: str) -> Value:
        """Return the condition of a clause."""
        return self._condition(node, scope, f"{clause} clause")

    def predicated(self, node: Node, scope: Scope) -> Value:
        left = self.analyse(node.valueExpression(), scope)
        predicate = node.predicate()
        if predicate is None:
            return left
        handler = predicates.HANDLERS.get(kind(predicate))
        if handler is None:
            raise unsupported(predicate)
        return calls.located(node, lambda: handler(self, left, predicate, scope))

    def arithmetic_binary(self, node: Node, scope: Scope) -> Value:
        # A loop over the left operands, see `_logical`.
        steps: list[Node] = []
        current = node
        while kind(current) == "arithmeticBinary":
            steps.append(current)
            current = current.left
        result = self.analyse(current, scope)
        for step in reversed(steps):
            left, right = result, self.analyse(step.right, scope)
            result = scope.grouped(
                calls.located(step, lambda a=left, b=right, o=step.operator.text: operators.arithmetic(o, a, b))  # type: ignore[misc]
            )
        return result

    def arithmetic_unary(self, node: Node, scope: Scope) -> Value:
        operand = self.analyse(node.valueExpression(), scope)
        return operand if node.operator.text == "+" else calls.located(node, lambda: operators.negative(operand))

    def concatenation(self, node: Node, scope: Scope) -> Value:
        operands: list[Value] = []
        current = node
        while kind(current) == "concatenation":
            operands.append(self.analyse(current.right, scope))
            current = current.left
        operands.append(self.analyse(current, scope))
        return calls.located(node, lambda: operators.concatenate(operands[::-1]))

    def at_time_zone(self, node: Node, scope: Scope) -> Value:
        moment = self.analyse(node.valueExpression(), scope)
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

    # Constructors and their parts.

    def row_constructor(self, node: Node, scope: Scope) -> Value:
        parts = [self.analyse(each, scope) for each in node.expression()]
        return row_of(parts)

    def array_constructor(self, node: Node, scope: Scope) -> Value:
        parts = [self.analyse(each, scope) for each in node.expression()]
        cast = calls.located(node, lambda: operators.unify(parts, "All ARRAY elements"))
        type_ = types.array(cast[0].type if cast else UNKNOWN)
        return value(f"CAST([{', '.join(part.sql for part in cast)}] AS {types.duckdb(type_)})", type_, *cast)

    def subscript(self, node: Node, scope: Scope) -> Value:
        base, index = self.analyse(node.value, scope), self.analyse(node.index, scope)
        if base.type.base == "row":
            position = index.literal
            if not isinstance(position, int) or not 1 <= position <= len(base.type.of):
                raise failure("INVALID_FUNCTION_ARGUMENT", node, "Subscript expression on ROW requires a valid index")
            return row_field(base, position - 1)
        return calls.located(node, lambda: predicates.subscript(base, index))

    def cast(self, node: Node, scope: Scope) -> Value:
        operand = self.analyse(node.expression(), scope)
        safe = node.TRY_CAST() is not None
        return calls.located(node, lambda: casts.cast(operand, types.parse(source(node.type_())), safe=safe))

    # Conditional expressions.

    def searched_case(self, node: Node, scope: Scope) -> Value:
        conditions = [self._condition(each.condition, scope, "CASE WHEN clause") for each in node.whenClause()]
        return self._case(node, conditions, scope)

    def simple_case(self, node: Node, scope: Scope) -> Value:
        operand = self.analyse(node.operand, scope)
        compared = [self.analyse(each.condition, scope) for each in node.whenClause()]
        conditions = [calls.located(node, lambda each=each: operators.compare("=", operand, each)) for each in compared]  # type: ignore[misc]
        return self._case(node, conditions, scope)

    def _case(self, node: Node, conditions: Sequence[Value], scope: Scope) -> Value:
        results = [self.analyse(each.result, scope) for each in node.whenClause()]
        results.append(self.analyse(node.elseExpression, scope) if node.elseExpression else constants.null())
        return calls.located(node, lambda: case(conditions, results))

    # Subqueries.

    def subquery_expression(self, node: Node, scope: Scope) -> Value:
        return subqueries.scalar(self.queries, node.query(), scope)

    def exists(self, node: Node, scope: Scope) -> Value:
        return subqueries.exists(self.queries, node.query(), scope)

    # Functions, and forms of the grammar that are functions.

    def function_call(self, node: Node, scope: Scope) -> Value:
        return calls.call(self, node, scope)

    def listagg(self, node: Node, scope: Scope) -> Value:
        return calls.listagg(self, node, scope)

    def grouping_operation(self, node: Node, scope: Scope) -> Value:
        return calls.grouping(self, node, scope)

    def position(self, node: Node, scope: Scope) -> Value:
        part, whole = (self.analyse(each, scope) for each in node.valueExpression())
        return self.function("strpos", [whole, part], node)

    def substring(self, node: Node, scope: Scope) -> Value:
        return self.function("substring", [self.analyse(each, scope) for each in node.valueExpression()], node)

    def trim(self, node: Node, scope: Scope) -> Value:
        sides = node.trimsSpecification().getText().upper() if node.trimsSpecification() else "BOTH"
        name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[sides]
        arguments = [self.analyse(each, scope) for each in (node.trimSource, node.trimChar) if each]
        return self.function(name, arguments, node)

    def normalize(self, node: Node, scope: Scope) -> Value:
        form = node.normalForm().getText().upper() if node.normalForm() else "NFC"
        return self.function("normalize", [self.analyse(node.valueExpression(), scope), constants.text(form)], node)

    def extract(self, node: Node, scope: Scope) -> Value:
        name = identifier(node.identifier()).lower()
        if name not in FIELDS:
            raise failure("INVALID_LITERAL", node, f"Invalid EXTRACT field: {name}")
        return self.function(name, [self.analyse(node.valueExpression(), scope)], node)

    def special_date_time_function(self, node: Node, _: Scope) -> Value:
        name, digits = node.name.text.lower(), int(node.precision.text) if node.precision else 3
        if name == "current_date":
            return Value(f"DATE '{self._now.date()}'", types.DATE)
        if name == "current_time" or digits > 6:
            raise unsupported(node, source(node))
        moment = self.now(digits)
        if name == "current_timestamp":
            return moment
        if name == "localtimestamp":
            return Value(local(moment), types.timestamp(digits))
        return Value(f"CAST({local(moment)} AS TIME)", Type("time", (digits,)))

    def now(self, digits: int = 3) -> Value:
        """Return the time of the statement."""
        text = f"{self._now:%Y-%m-%d %H:%M:%S.%f}"[: 20 + digits].rstrip(".")
        zone = Type("timestamp with time zone", (digits,), zone="UTC")
        return Value(f"timezone({time_zone('UTC')}, TIMESTAMP '{text}')", zone)

    def current_user(self, node: Node, _: Scope) -> Value:
        raise unsupported(node, "CURRENT_USER")

    def function(self, name: str, arguments: Sequence[Value], node: Node) -> Value:
        """Return a call of a scalar function."""
        function, call = resolve(name, arguments, place(node))
        return value(function.translate(call), call.returns, *arguments)

    def lambda_name(self) -> str:
        """Return a name for the parameter of a lambda, unique in the statement."""
        self._lambdas += 1
        return f"p{self._lambdas}"


def case(conditions: Sequence[Value], results: Sequence[Value]) -> Value:
    """Return CASE with conditions and their results; the last result is that of ELSE.

    Raises:
        QueryFailure: the results have no common type.
    """
    cast = operators.unify(results, "All CASE results")
    branches = " ".join(f"WHEN {when.sql} THEN {then.sql}" for when, then in zip(conditions, cast[:-1], strict=True))
    return value(f"(CASE {branches} ELSE {cast[-1].sql} END)", cast[-1].type, *conditions, *results)


def row_of(parts: Sequence[Value], names: Sequence[str | None] = ()) -> Value:
    """Return a row of values."""
    type_ = types.row(tuple(part.type for part in parts), tuple(names))
    fields = ", ".join(f"f{index} := {part.sql}" for index, part in enumerate(parts))
    return value(f"CAST(struct_pack({fields}) AS {types.duckdb(type_)})", type_, *parts)


def row_field(row: Value, index: int) -> Value:
    """Return a field of a row by its position from 0."""
    return value(f"struct_extract({row.sql}, 'f{index}')", row.type.elements[index], row)


def dotted(node: Node) -> list[str] | None:
    """Return the names of a.b.c, or None if the node is another expression."""
    if kind(node) == "columnReference":
        return [identifier(node.identifier())]
    if kind(node) == "dereference":
        base = dotted(node.base)
        return None if base is None else [*base, identifier(node.fieldName)]
    return None
