"""Explicit casts by Trino's rules, in DuckDB's SQL."""

from __future__ import annotations

from collections.abc import Callable

from local.athena import types
from local.athena.errors import QueryFailure
from local.athena.functions import json_casts
from local.athena.functions.dates import local, time_zone
from local.athena.functions.literals import quote
from local.athena.types import FLOATS, INTEGERS, NESTED, UNKNOWN, ZONED, Type
from local.athena.values import Value, fail, value

_NUMBER = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
_TIME = r"[0-9]{1,2}:[0-9]{1,2}(:[0-9]{1,2}(\.[0-9]+)?)?"
_DATE = r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}"

# Texts that Trino casts to each type. DuckDB casts more, for example 1_000 to an integer.
TEXTS = {
    **dict.fromkeys(INTEGERS, "[+-]?[0-9]+"),
    **dict.fromkeys(FLOATS, rf"\s*({_NUMBER}|[+-]?Infinity|NaN)\s*"),
    "decimal": _NUMBER,
    "boolean": "(?i)t|true|1|f|false|0",
    "date": rf"\s*{_DATE}\s*",
    "timestamp": rf"{_DATE}( {_TIME})?",
    "time": _TIME,
}

_NUMBERS = {*INTEGERS, *FLOATS, "decimal"}
# Types that Trino casts to each type, besides the type itself.
_SOURCES: dict[str, set[str]] = {
    **{base: {*_NUMBERS, "boolean", "varchar"} for base in (*_NUMBERS, "boolean")},
    "varchar": {*_NUMBERS, "boolean", "date", "timestamp", "time", "timestamp with time zone", "char"},
    "char": {"varchar"},
    "date": {"varchar", "timestamp", "timestamp with time zone"},
    "timestamp": {"varchar", "date", "timestamp with time zone"},
    "timestamp with time zone": {"date", "timestamp"},
    "time": {"varchar", "timestamp", "timestamp with time zone"},
    "varbinary": {"varchar"},
}


def cast(operand: Value, target: Type, *, safe: bool = False) -> Value:
    """Return CAST(operand AS target), or TRY_CAST if it is safe.

    Raises:
        QueryFailure: Trino has no such cast, or the local Athena does not support it.
    """
    if safe and (operand.aggregates or operand.windows or operand.subquery):
        raise QueryFailure(
            "NOT_SUPPORTED", "the local Athena does not support aggregates, windows and subqueries in TRY_CAST"
        )
    if target.base in ZONED and operand.type.base == target.base:
        target = target.at(operand.type.zone)
    text = _cast(operand, target)
    return value(f"TRY({text})" if safe else text, target, operand)


def check_precision(type_: Type) -> None:
    """Refuse times and timestamps finer than microseconds, which DuckDB does not have."""
    if type_.base in {"timestamp", "time", *ZONED} and type_.of and type_.numbers[0] > 6:
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not support {type_}")


def _cast(operand: Value, target: Type) -> str:
    source, sql = operand.type, operand.sql
    check_precision(target)
    if source == UNKNOWN:
        return f"CAST(NULL AS {types.duckdb(target)})"
    if "json" in (source.base, target.base) and source.base != target.base:
        return json_casts.to_json(operand) if target.base == "json" else json_casts.from_json(operand, target)
    if source.base in NESTED and target.base == source.base:
        return _cast_nested(operand, target)
    if source.base != target.base and source.base not in _SOURCES.get(target.base, ()):
        raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    special = _SPECIAL.get(target.base)
    if special:
        return special(operand, target)
    if source.base == "varchar":
        sql = _checked(sql, TEXTS[target.base], f"Cannot cast value to {target}")
    if source.base in FLOATS and target.base in INTEGERS:
        # Trino's cast rounds half away from zero, DuckDB's rounds half to even.
        sql = f"round({sql})"
    elif source.base in FLOATS and target.base == "decimal":
        # Trino rounds the shortest text of the number, half away from zero.
        sql = f"CAST({sql} AS VARCHAR)"
    return f"CAST({sql} AS {types.duckdb(target)})"


def _checked(sql: str, pattern: str, message: str) -> str:
    """Return a text that must match a pattern."""
    refusal = fail("INVALID_CAST_ARGUMENT", message, types.VARCHAR)
    return f"CASE WHEN {sql} IS NULL OR regexp_full_match({sql}, {quote(pattern)}) THEN {sql} ELSE {refusal} END"


def _to_varchar(operand: Value, target: Type) -> str:
    source, sql = operand.type, operand.sql
    if source.base in {"varchar", "char"}:
        if not target.of or (source.of and source.numbers[0] <= target.numbers[0] and source.base == "varchar"):
            return sql
        return f"left({sql}, {target.numbers[0]})"
    text = _text(operand)
    if target.of:
        refusal = fail("INVALID_CAST_ARGUMENT", f"Value cannot be represented as {target}", types.VARCHAR)
        text = f"CASE WHEN length({text}) > {target.numbers[0]} THEN {refusal} ELSE {text} END"
    return text


def _text(operand: Value) -> str:
    source, sql = operand.type, operand.sql
    if source.base in FLOATS:
        return f"{source.base}_text({sql})"
    if source.base in {"timestamp", "timestamp with time zone", "time"}:
        day = "" if source.base == "time" else "%Y-%m-%d "
        digits = source.numbers[0]
        moment = f"(DATE '2000-01-01' + {sql})" if source.base == "time" else local(operand)
        whole = f"strftime({moment}, '{day}%H:%M:%S')"
        fraction = f" || '.' || left(strftime({moment}, '%f'), {digits})" if digits else ""
        zone = f" || {quote(' ' + source.zone)}" if source.zone else ""
        return f"({whole}{fraction}{zone})"
    if source.base == "decimal":
        # DuckDB leaves out the zero before the point if the type has no digit there.
        sql = f"CAST({sql} AS DECIMAL(38, {source.numbers[1]}))"
    return f"CAST({sql} AS VARCHAR)"


def _to_char(operand: Value, target: Type) -> str:
    # A char is held without the spaces at its end, as they do not count in comparisons.
    return f"rtrim(left({operand.sql}, {target.numbers[0]}), ' ')"


def _to_date(operand: Value, _: Type) -> str:
    sql = local(operand)
    if operand.type.base == "varchar":
        sql = f"trim({_checked(sql, TEXTS['date'], 'Value cannot be cast to date')})"
    return f"CAST({sql} AS DATE)"


def _to_timestamp(operand: Value, target: Type) -> str:
    source, sql = operand.type, local(operand)
    if source.base == "varchar":
        sql = _checked(sql, TEXTS["timestamp"], f"Value cannot be cast to {target}")
    digits = target.numbers[0]
    finer = source.base == "varchar" or (source.of and source.numbers[0] > digits)
    sql = f"CAST({sql} AS TIMESTAMP)"
    return f"round_timestamp({sql}, {10 ** (6 - digits)})" if finer and digits < 6 else sql


def _to_zoned(operand: Value, target: Type) -> str:
    if operand.type.base == target.base:
        return operand.sql
    return f"timezone({time_zone(target.zone)}, CAST({operand.sql} AS TIMESTAMP))"


def _to_time(operand: Value, target: Type) -> str:
    sql = local(operand)
    if operand.type.base == "varchar":
        sql = _checked(sql, TEXTS["time"], f"Value cannot be cast to {target}")
    return f"CAST({sql} AS TIME)"


_SPECIAL: dict[str, Callable[[Value, Type], str]] = {
    "varchar": _to_varchar,
    "char": _to_char,
    "date": _to_date,
    "timestamp": _to_timestamp,
    "timestamp with time zone": _to_zoned,
    "time": _to_time,
    "varbinary": lambda operand, _: operand.sql if operand.type.base == "varbinary" else f"encode({operand.sql})",
}


def _cast_nested(operand: Value, target: Type) -> str:
    source, sql = operand.type, operand.sql
    if len(source.of) != len(target.of):
        raise QueryFailure("TYPE_MISMATCH", f"Cannot cast {source} to {target}")
    if source.base == "array":
        element = _cast(Value("e", source.elements[0]), target.elements[0])
        return sql if element == "e" else f"list_transform({sql}, lambda e: {element})"
    if source.base == "map":
        key, item = (
            _cast(Value(f"e.{part}", of), to)
            for part, of, to in zip(("key", "value"), source.elements, target.elements, strict=True)
        )
        return f"map_from_entries(list_transform(map_entries({sql}), lambda e: row({key}, {item})))"
    pairs = enumerate(zip(source.elements, target.elements, strict=True))
    parts = [_cast(Value(f"struct_extract({sql}, 'f{index}')", of), to) for index, (of, to) in pairs]
    fields = [f"f{index} := {part}" for index, part in enumerate(parts)]
    return f"CASE WHEN {sql} IS NULL THEN NULL ELSE struct_pack({', '.join(fields)}) END"
