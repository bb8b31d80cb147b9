"""Functions of dates and times."""

from __future__ import annotations

import re

from local.athena.errors import QueryFailure
from local.athena.functions import literals
from local.athena.functions.signature import Call, Function, scalar, table
from local.athena.values import Value

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_UNITS = ("millisecond", "second", "minute", "hour", *_DATE_UNITS)

# Specifiers of date_format, which are MySQL's, and the equivalent specifiers of DuckDB's strftime.
_SPECIFIERS = {
    "%a": "%a", "%b": "%b", "%c": "%-m", "%d": "%d", "%e": "%-d", "%f": "%f", "%H": "%H", "%h": "%I", "%I": "%I",
    "%i": "%M", "%j": "%j", "%k": "%-H", "%l": "%-I", "%M": "%B", "%m": "%m", "%p": "%p", "%r": "%I:%M:%S %p",
    "%S": "%S", "%s": "%S", "%T": "%H:%M:%S", "%W": "%A", "%Y": "%Y", "%y": "%y", "%%": "%%",
}  # fmt: skip

MOMENTS = ("date", "timestamp(p)", "timestamp(p) with time zone")

# Fields of extract(… FROM …), which are functions too, and the functions of DuckDB.
_DATE_FIELDS = {
    "day": "day", "day_of_month": "day", "day_of_week": "isodow", "day_of_year": "dayofyear", "dow": "isodow",
    "doy": "dayofyear", "month": "month", "quarter": "quarter", "week": "week", "week_of_year": "week", "year": "year",
    "year_of_week": "isoyear", "yow": "isoyear",
}  # fmt: skip
_TIME_FIELDS = {"hour": "hour", "minute": "minute", "second": "second"}


def local(value: Value) -> str:
    """Return the SQL of a moment without its time zone, as it is shown in its zone."""
    return f"timezone({time_zone(value.type.zone)}, {value.sql})" if value.type.zone else value.sql


def time_zone(name: str) -> str:
    """Return the SQL of a time zone. DuckDB has offsets as names with the other sign."""
    if name[0] in "+-":
        name = f"Etc/GMT{'-' if name[0] == '+' else '+'}{int(name[1:3])}"
    return literals.quote(name)


def unit(call: Call, units: tuple[str, ...] = _UNITS) -> str:
    """Return the unit of a call of date_add, date_diff or date_trunc."""
    name, moment = literals.text(call, 0).lower(), call.args[-1].type
    allowed = _DATE_UNITS if moment.base == "date" else units
    if name not in allowed:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"'{name}' is not a valid {moment.base.upper()} field")
    return name


def _field(name: str, function: str) -> list[Function]:
    types = MOMENTS if name in _DATE_FIELDS else MOMENTS[1:]
    return [scalar(f"{name}({type_}) -> bigint", lambda call: f"{function}({local(call.args[0])})") for type_ in types]


def _add(call: Call) -> str:
    return f"({call.args[2].sql} + {call.args[1].sql} * INTERVAL '1 {unit(call)}')"


def _difference(call: Call) -> str:
    # Trino's date_diff counts complete units, as DuckDB's date_sub; DuckDB's date_diff counts boundaries crossed.
    return f"date_sub('{unit(call)}', {local(call.args[1])}, {local(call.args[2])})"


def _truncate(call: Call) -> str:
    name, moment = unit(call), call.args[1]
    text = f"date_trunc('{name}', {local(moment)})"
    return f"timezone({time_zone(moment.type.zone)}, {text})" if moment.type.zone else text


def _format(call: Call) -> str:
    pattern = literals.text(call, 1)
    unknown = next((part for part in re.findall(r"%.?", pattern) if part not in _SPECIFIERS), None)
    if unknown:
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not support {unknown} in date_format")
    translated = re.sub(r"%.", lambda match: _SPECIFIERS[match[0]], pattern)
    return f"strftime({local(call.args[0])}, {literals.quote(translated)})"


FIELDS = (*_DATE_FIELDS, *_TIME_FIELDS)

FUNCTIONS = table(
    *(overload for item in (_DATE_FIELDS | _TIME_FIELDS).items() for overload in _field(*item)),
    *(scalar(f"date_add(varchar, bigint, {type_}) -> {type_}", _add) for type_ in MOMENTS),
    *(scalar(f"date_diff(varchar, {type_}, {type_}) -> bigint", _difference) for type_ in MOMENTS),
    *(scalar(f"date_format({type_}, varchar) -> varchar", _format) for type_ in MOMENTS),
    *(scalar(f"date_trunc(varchar, {type_}) -> {type_}", _truncate) for type_ in MOMENTS),
    *(scalar(f"last_day_of_month({type_}) -> date", lambda call: f"last_day({local(call.args[0])})")
      for type_ in MOMENTS),
)  # fmt: skip
