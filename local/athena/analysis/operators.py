"""Operators: their types by Trino's rules, and the same operation in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from local.athena import coercion, decimals, types
from local.athena.coercion import is_number
from local.athena.errors import QueryFailure
from local.athena.functions.dates import local, time_zone
from local.athena.types import (
    BOOLEAN,
    DATE,
    DAY_TO_SECOND,
    DOUBLE,
    FLOATS,
    INTEGERS,
    UNKNOWN,
    YEAR_TO_MONTH,
    Type,
)
from local.athena.values import Value, coerce, fail, value

INTERVALS = (DAY_TO_SECOND, YEAR_TO_MONTH)
_NAMES = {"=": "=", "<>": "<>", "!=": "<>"}


def mismatch(operator: str, left: Value, right: Value) -> QueryFailure:
    """Return the failure of an operator that does not take its operands."""
    return QueryFailure("TYPE_MISMATCH", f"Cannot apply operator: {left.type} {operator} {right.type}")


def unify(values: Sequence[Value], where: str) -> list[Value]:
    """Return values cast to their common type.

    Raises:
        QueryFailure: they have none.
    """
    common = coercion.common_of(item.type for item in values)
    if common is None:
        names = " and ".join(dict.fromkeys(str(item.type) for item in values))
        raise QueryFailure("TYPE_MISMATCH", f"{where} must be of one type, not {names}")
    return [coerce(item, common) for item in values]


def boolean(operand: Value, where: str) -> Value:
    """Return a condition, which must be boolean.

    Raises:
        QueryFailure: it has another type.
    """
    if operand.type not in (BOOLEAN, UNKNOWN):
        raise QueryFailure("TYPE_MISMATCH", f"{where} must evaluate to a boolean: actual type {operand.type}")
    return coerce(operand, BOOLEAN)


def compare(operator: str, left: Value, right: Value) -> Value:
    """Return `left operator right` for a comparison.

    Raises:
        QueryFailure: the operands are not comparable.
    """
    operator = _NAMES.get(operator, operator)
    common = coercion.common(left.type, right.type)
    if common is None and left.type.base in types.ZONED and right.type.base == left.type.base:
        # The zone of a timestamp does not count in comparisons.
        right = replace(right, type=right.type.at(left.type.zone))
        common = coercion.common(left.type, right.type)
    able = coercion.is_comparable if operator in {"=", "<>"} else coercion.is_orderable
    if common is None or not able(common):
        raise mismatch(operator, left, right)
    a, b = coerce(left, common), coerce(right, common)
    return value(_comparison(operator, a.sql, b.sql, common, (a.finite, b.finite)), BOOLEAN, left, right)


def _comparison(operator: str, a: str, b: str, type_: Type, finite: tuple[bool, bool]) -> str:
    plain = f"({a} {operator} {b})"
    if type_.base in FLOATS:
        # In DuckDB NaN equals itself and is greater than all other numbers; in Trino no comparison with it is true.
        checked = {"=": a, ">": a, ">=": a, "<": b, "<=": b, "<>": a}[operator]
        if finite[0 if checked == a else 1]:
            return plain
        return f"({plain} OR isnan({a}))" if operator == "<>" else f"({plain} AND NOT isnan({checked}))"
    if type_.base == "row":
        return _compare_rows(operator, a, b, type_)
    if type_.base in {"array", "map"}:
        if operator not in {"=", "<>"} or type_.base == "map" or type_.elements[0].base in types.NESTED:
            raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not compare values of type {type_}")
        null = f"(list_has_null({a}) OR list_has_null({b}))"
        refusal = fail("NOT_SUPPORTED", "the local Athena does not compare arrays with null elements", BOOLEAN)
        return f"CASE WHEN {null} THEN {refusal} ELSE {plain} END"
    return plain


def _compare_rows(operator: str, a: str, b: str, type_: Type) -> str:
    """Compare rows field by field: a field that is null makes the result null, unless another field decides it."""
    pairs = [(f"struct_extract({a}, 'f{index}')", f"struct_extract({b}, 'f{index}')") for index in range(len(type_.of))]
    fields = list(zip(pairs, type_.elements, strict=True))
    if operator in {"=", "<>"}:
        joined = " AND ".join(_comparison("=", *pair, of, (False, False)) for pair, of in fields)
        return f"({joined})" if operator == "=" else f"(NOT ({joined}))"
    raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not compare rows with {operator}")


def distinct(left: Value, right: Value, *, negated: bool) -> Value:
    """Return `left IS [NOT] DISTINCT FROM right`."""
    operator = "IS NOT DISTINCT FROM" if negated else "IS DISTINCT FROM"
    common = coercion.common(left.type, right.type)
    if common is None or not coercion.is_comparable(common):
        raise mismatch(operator, left, right)
    return value(f"({coerce(left, common).sql} {operator} {coerce(right, common).sql})", BOOLEAN, left, right)


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """Return `left operator right` for an operator of + - * / %.

    Raises:
        QueryFailure: the operator does not take the operands.
    """
    if is_number(left.type) and is_number(right.type):
        return _numbers(operator, left, right)
    if UNKNOWN in (left.type, right.type):
        other = right if left.type == UNKNOWN else left
        if is_number(other.type):
            return _numbers(operator, coerce(left, other.type), coerce(right, other.type))
        raise mismatch(operator, left, right)
    result = _moments(operator, left, right)
    if result is None:
        raise mismatch(operator, left, right)
    return value(*result, left, right)


def _numbers(operator: str, left: Value, right: Value) -> Value:
    common = coercion.common(left.type, right.type)
    if common is None:
        raise mismatch(operator, left, right)
    if common.base == "decimal":
        a, b = (coerce(operand, coercion.as_decimal(operand.type)) for operand in (left, right))
        result = decimals.arithmetic(operator, a.type, b.type)
        text = decimals.apply(operator, a.sql, b.sql, (a.type, b.type))
        return value(f"CAST({text} AS {types.duckdb(result)})", result, left, right)
    a, b = coerce(left, common), coerce(right, common)
    # In Trino the quotient of integers is an integer, truncated towards zero.
    symbol = "//" if operator == "/" and common.base in INTEGERS else operator
    return value(f"CAST(({a.sql} {symbol} {b.sql}) AS {types.duckdb(common)})", common, left, right)


def _moments(operator: str, left: Value, right: Value) -> tuple[str, Type] | None:
    """Return the SQL and the type of an operation with dates, times or intervals, or None if there is none."""
    if operator in {"*", "/"}:
        return _scale(operator, left, right)
    a, b = left.type, right.type
    if a in INTERVALS and a == b and operator in {"+", "-"}:
        return f"({left.sql} {operator} {right.sql})", a
    if a in INTERVALS and operator == "+":
        return _shift(operator, right, left)
    if b in INTERVALS and operator in {"+", "-"}:
        return _shift(operator, left, right)
    common = coercion.common(a.at(""), b.at(""))
    if operator == "-" and common is not None and coercion.is_moment(common):
        return f"(CAST({local(left)} AS TIMESTAMP) - CAST({local(right)} AS TIMESTAMP))", DAY_TO_SECOND
    return None


def _scale(operator: str, left: Value, right: Value) -> tuple[str, Type] | None:
    """Return an interval multiplied or divided by a number."""
    if operator == "*" and right.type in INTERVALS:
        left, right = right, left
    if left.type not in INTERVALS or not is_number(right.type):
        return None
    factor = coerce(right, DOUBLE).sql
    if left.type == YEAR_TO_MONTH:
        months = f"(extract(year FROM {left.sql}) * 12 + extract(month FROM {left.sql}))"
        return f"to_months(CAST(trunc({months} {operator} {factor}) AS INTEGER))", left.type
    milliseconds = f"CAST(trunc(epoch_us({left.sql}) / 1000 {operator} {factor}) AS BIGINT)"
    return f"to_microseconds({milliseconds} * 1000)", left.type


def _shift(operator: str, moment: Value, interval: Value) -> tuple[str, Type] | None:
    """Return a date or time plus or minus an interval."""
    text, type_ = f"({moment.sql} {operator} {interval.sql})", moment.type
    if type_.base == "date":
        return _shift_date(text, interval), DATE
    if interval.type == DAY_TO_SECOND and type_.of:
        # An interval of days to seconds has milliseconds.
        type_ = replace(type_, of=(max(type_.numbers[0], 3),))
    match type_.base:
        case "timestamp with time zone" if interval.type == YEAR_TO_MONTH:
            text = f"timezone({time_zone(type_.zone)}, ({local(moment)} {operator} {interval.sql}))"
            return text, type_
        case "timestamp" | "timestamp with time zone":
            return text, type_
        case "time" if interval.type == DAY_TO_SECOND:
            return f"CAST({text} AS TIME)", type_
    return None


def _shift_date(text: str, interval: Value) -> str:
    shifted = f"CAST({text} AS DATE)"
    if interval.type == YEAR_TO_MONTH:
        return shifted
    refusal = fail("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date", DATE)
    part = f"epoch_us({interval.sql}) % 86400000000 <> 0"
    return f"(CASE WHEN {part} THEN {refusal} ELSE {shifted} END)"


def negative(operand: Value) -> Value:
    """Return `-operand`."""
    if operand.type in INTERVALS or is_number(operand.type):
        literal = -operand.literal if isinstance(operand.literal, int | float) else operand.literal
        text = f"CAST((-{operand.sql}) AS {types.duckdb(operand.type)})"
        return replace(value(text, operand.type, operand), literal=literal, finite=operand.finite)
    if operand.type == UNKNOWN:
        return operand
    raise QueryFailure("TYPE_MISMATCH", f"Cannot negate {operand.type}")


def concatenate(operands: Sequence[Value]) -> Value:
    """Return `a || b` for texts, arrays or binary strings.

    Raises:
        QueryFailure: the operands have other types.
    """
    bases = {operand.type.base for operand in operands} - {"unknown"}
    if bases <= {"varchar"}:
        cast = [operand if operand.type.base == "varchar" else coerce(operand, types.VARCHAR) for operand in operands]
        return value(f"({' || '.join(operand.sql for operand in cast)})", types.VARCHAR, *operands)
    if bases == {"varbinary"}:
        return value(f"({' || '.join(operand.sql for operand in operands)})", types.VARBINARY, *operands)
    if "array" in bases:
        return _concatenate_arrays(operands)
    raise mismatch("||", operands[0], operands[-1])


def _concatenate_arrays(operands: Sequence[Value]) -> Value:
    elements = [operand.type.elements[0] if operand.type.base == "array" else operand.type for operand in operands]
    element = coercion.common_of(elements)
    if element is None:
        raise mismatch("||", operands[0], operands[-1])
    lists = []
    for operand in operands:
        if operand.type.base == "array" or operand.type == UNKNOWN:
            lists.append(coerce(operand, types.array(element)).sql)
        else:
            lists.append(f"[{coerce(operand, element).sql}]")
    # DuckDB takes a null array as an empty one.
    null = " OR ".join(f"{item} IS NULL" for item in lists)
    return value(f"CASE WHEN {null} THEN NULL ELSE ({' || '.join(lists)}) END", types.array(element), *operands)
