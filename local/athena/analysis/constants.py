"""Literals of the grammar, as values."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time
from decimal import Decimal
from zoneinfo import ZoneInfoNotFoundError

from local.athena import types
from local.athena.analysis import casts
from local.athena.errors import QueryFailure
from local.athena.functions import json
from local.athena.functions.dates import check_zone, time_zone
from local.athena.functions.literals import quote
from local.athena.syntax import Node, failure, identifier, kind, string, unsupported
from local.athena.types import BIGINT, BOOLEAN, DATE, DAY_TO_SECOND, DOUBLE, INTEGER, UNKNOWN, YEAR_TO_MONTH, Type
from local.athena.values import Value

_MAX_INTEGER, _MAX_BIGINT = 2**31 - 1, 2**63 - 1

_TIMESTAMP = re.compile(
    r"(\d{4}-\d{1,2}-\d{1,2})(?: (\d{1,2}:\d{1,2}(?::\d{1,2})?)(?:\.(\d{1,12}))?)?(?: ?([A-Za-z].*|[+-]\d\d:\d\d))?"
)
_UNITS = {"DAY": 86_400_000, "HOUR": 3_600_000, "MINUTE": 60_000, "SECOND": 1000}
"""Milliseconds of each unit of an interval day to second."""


def null() -> Value:
    return Value("NULL", UNKNOWN)


def boolean(node: Node) -> Value:
    text = node.getText().lower()
    return Value(text, BOOLEAN, literal=text == "true")


def text(content: str) -> Value:
    return Value(quote(content), types.varchar(len(content)), literal=content)


def number(node: Node) -> Value:
    """Return an integer, decimal or double literal.

    Raises:
        QueryFailure: an integer or decimal has too many digits.
    """
    written = node.getText()
    digits = written.removeprefix("-")
    if kind(node) == "doubleLiteral":
        return Value(f"CAST({written} AS DOUBLE)", DOUBLE, literal=float(written), finite=True)
    if not re.fullmatch(r"[0-9.]+", digits):
        raise unsupported(node, f"the number {written}")
    if kind(node) == "decimalLiteral":
        return decimal(node, written)
    if int(digits) > _MAX_BIGINT + written.startswith("-"):
        raise failure("SYNTAX_ERROR", node, f"Invalid numeric literal: {written}")
    type_ = INTEGER if -_MAX_INTEGER - 1 <= int(written) <= _MAX_INTEGER else BIGINT
    return Value(f"CAST({written} AS {types.duckdb(type_)})", type_, literal=int(written), finite=True)


def decimal(node: Node, written: str) -> Value:
    """Return a decimal with the digits that are written; zeros in front of them do not count."""
    whole, _, fraction = written.lstrip("+-").partition(".")
    precision = max(len(whole.lstrip("0")) + len(fraction), 1)
    if precision > types.MAX_PRECISION:
        raise failure("INVALID_LITERAL", node, f"'{written}' is not a valid DECIMAL literal")
    type_ = types.decimal(precision, len(fraction))
    return Value(f"CAST('{written}' AS {types.duckdb(type_)})", type_, literal=Decimal(written), finite=True)


def binary(node: Node) -> Value:
    digits = re.sub(r"\s", "", node.getText()[2:-1])
    if not re.fullmatch(r"([0-9a-fA-F]{2})*", digits):
        raise failure("SYNTAX_ERROR", node, "Binary literal must contain an even number of hexadecimal digits")
    return Value(f"unhex('{digits}')", types.VARBINARY)


def typed(node: Node) -> Value:
    """Return a literal with the name of its type before it, such as DATE '2025-01-02'.

    Raises:
        QueryFailure: the text is not a literal of the type, or there is no such type.
    """
    content = string(node.string())
    name = identifier(node.identifier()).lower() if node.identifier() else "double"
    special = _TYPED.get(name)
    try:
        if special:
            return special(content)
        if name == "decimal":
            if re.match(r"[+-]?0\d", content):
                # Trino's documentation counts these zeros in the precision, its code does not.
                raise unsupported(node, "zeros in front of a DECIMAL literal")
            return decimal(node, _checked(content, r"[+-]?(\d+\.?\d*|\.\d+)"))
        target = types.parse(name)
        if target.base not in {"varchar", "char"}:
            _checked(content, casts.TEXTS.get(target.base, ""))
    except (ValueError, ZoneInfoNotFoundError):
        raise failure("INVALID_LITERAL", node, f"'{content}' is not a valid {name.upper()} literal") from None
    return text(content) if target.base == "varchar" else casts.cast(text(content), target)


def _checked(content: str, pattern: str) -> str:
    """Return a text that must match a pattern.

    Raises:
        ValueError: it does not match.
    """
    if not re.fullmatch(pattern, content):
        raise ValueError(content)
    return content


def _date(content: str) -> Value:
    day = date(*map(int, _checked(content, casts.TEXTS["date"]).strip().split("-")))
    return Value(f"DATE '{day}'", DATE, literal=str(day))


def _timestamp(content: str) -> Value:
    match = _TIMESTAMP.fullmatch(content)
    if not match:
        raise ValueError(content)
    day, clock, fraction, zone = match.groups()
    moment = datetime.combine(date(*map(int, day.split("-"))), _time_of_day(clock or "0"))
    precision = len(fraction or "")
    casts.check_precision(types.timestamp(precision))
    sql = f"TIMESTAMP '{moment}.{(fraction or '').ljust(6, '0')}'"
    if not zone:
        return Value(sql, types.timestamp(precision), literal=content)
    name = check_zone(zone)
    return Value(f"timezone({time_zone(name)}, {sql})", Type("timestamp with time zone", (precision,), zone=name))


def _time_of_day(text: str) -> time:
    hour, minute, second, *_ = [*map(int, text.split(":")), 0, 0]
    return time(hour, minute, second)


def _time(content: str) -> Value:
    if re.fullmatch(rf"{casts.TEXTS['time']} ?[+-]\d\d:\d\d", content):
        raise QueryFailure("NOT_SUPPORTED", "the local Athena does not support time with time zone")
    _checked(content, casts.TEXTS["time"])
    digits = len(content.partition(".")[2])
    return casts.cast(text(content), Type("time", (digits,)))


_TYPED: dict[str, Callable[[str], Value]] = {
    "date": _date,
    "timestamp": _timestamp,
    "time": _time,
    "boolean": lambda content: casts.cast(text(content), BOOLEAN),
    "json": lambda content: Value(quote(json.parse(content)), types.JSON),
}


def interval(node: Node) -> Value:
    """Return an interval literal, such as INTERVAL '2' DAY or INTERVAL '1-2' YEAR TO MONTH.

    Raises:
        QueryFailure: the text is not an interval of these fields.
    """
    content = string(node.string())
    sign = -1 if node.sign is not None and node.sign.text == "-" else 1
    first = node.from_.getText().upper()
    last = node.to.getText().upper() if node.to is not None else first
    try:
        if first in {"YEAR", "MONTH"}:
            months = sign * _months(content, first, last)
            return Value(f"to_months(CAST({months} AS INTEGER))", YEAR_TO_MONTH)
        milliseconds = sign * _milliseconds(content, first, last)
    except ValueError:
        raise failure("INVALID_LITERAL", node, f"'{content}' is not a valid INTERVAL literal") from None
    return Value(f"to_microseconds(CAST({milliseconds * 1000} AS BIGINT))", DAY_TO_SECOND)


def _months(content: str, first: str, last: str) -> int:
    if last not in {"YEAR", "MONTH"}:
        raise ValueError(content)
    match = re.fullmatch(r"(-?)(\d+)(?:-(\d+))?", content)
    if not match or bool(match[3]) is not (first != last):
        raise ValueError(content)
    months = int(match[2]) * (12 if first == "YEAR" else 1) + int(match[3] or 0)
    return -months if match[1] else months


def _milliseconds(content: str, first: str, last: str) -> int:
    names = list(_UNITS)
    fields = names[names.index(first) : names.index(last) + 1] if last in names else []
    shape = {"DAY": r"(\d+)", "HOUR": r"(\d+)", "MINUTE": r"(\d+)", "SECOND": r"(\d+(?:\.\d{1,3})?)"}
    pattern = ":".join(shape[name] for name in fields).replace(r"(\d+):", r"(\d+) ", 1 if first == "DAY" else 0)
    match = re.fullmatch(f"(-?){pattern}", content)
    if not fields or not match:
        raise ValueError(content)
    total = sum(Decimal(match[index + 2]) * _UNITS[name] for index, name in enumerate(fields))
    return int(-total if match[1] else total)
