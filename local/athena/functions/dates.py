"""Functions of dates and times."""

from __future__ import annotations

import re
from calendar import isleap, monthrange
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.athena.errors import QueryFailure
from local.athena.functions import literals
from local.athena.functions.literals import unsupported
from local.athena.functions.signature import Call, Function, python, scalar, table
from local.athena.types import BIGINT, DAY_TO_SECOND, YEAR_TO_MONTH, Type
from local.athena.values import Value

_DATE_UNITS = ("day", "week", "month", "quarter", "year")
_TIME_UNITS = ("millisecond", "second", "minute", "hour")

MOMENTS = ("date", "timestamp(p)", "timestamp(p) with time zone")

# Fields of extract(… FROM …), which are functions too, and DuckDB's functions.
_DATE_FIELDS = {
    "day": "day", "day_of_month": "day", "day_of_week": "isodow", "day_of_year": "dayofyear", "dow": "isodow",
    "doy": "dayofyear", "month": "month", "quarter": "quarter", "week": "week", "week_of_year": "week", "year": "year",
    "year_of_week": "isoyear", "yow": "isoyear",
}  # fmt: skip
_TIME_FIELDS = {"hour": "hour", "minute": "minute", "second": "second"}
_ZONE_FIELDS = ("timezone_hour", "timezone_minute")
FIELDS = {*_DATE_FIELDS, *_TIME_FIELDS, *_ZONE_FIELDS}
"""Fields of extract(… FROM …)."""


# Microseconds of a field of an interval day to second, and the number of them in the next larger field.
_INTERVAL_FIELDS = {
    "day": (86_400_000_000, 2**62), "hour": (3_600_000_000, 24), "minute": (60_000_000, 60), "second": (1_000_000, 60),
    "millisecond": (1000, 1000),
}  # fmt: skip


def local(value: Value) -> str:
    """Return the SQL of a moment without its time zone, as it is shown in its zone."""
    return f"timezone({time_zone(value.type.zone)}, {value.sql})" if value.type.zone else value.sql


def time_zone(name: str) -> str:
    """Return the SQL of a time zone. DuckDB has the offset +01:30 as GMT+01:30."""
    return literals.quote(f"GMT{name}" if name[0] in "+-" else name)


_UTC = {"gmt", "gmt0", "greenwich", "uct", "universal", "ut", "utc", "z", "zulu"}
"""Other names of UTC, which Trino shows as UTC."""


def check_zone(name: str) -> str:
    """Return a time zone.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
        QueryFailure: the local Athena does not support it.
    """
    if offset := re.fullmatch(r"(?:UTC|GMT|UT)?([+-]\d\d:\d\d)", name):
        name = offset[1]
        if int(name[1:3]) * 60 + int(name[4:]) > 14 * 60 or int(name[4:]) > 59:
            raise ZoneInfoNotFoundError(name)
        return "UTC" if name[1:] == "00:00" else name
    if name.lower().removeprefix("etc/") in _UTC:
        return "UTC"
    if re.match("(?i)etc/|gmt|utc?", name):
        raise unsupported(f"the time zone {name}")
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_/+-]*", name):
        raise ZoneInfoNotFoundError(name)
    ZoneInfo(name)
    return name


def unit(call: Call) -> str:
    """Return the unit of a call of date_add, date_diff or date_trunc."""
    name, moment = literals.text(call, 0).lower(), call.args[-1].type
    allowed = _DATE_UNITS if moment.base == "date" else (*_TIME_UNITS, *_DATE_UNITS)
    if name not in allowed:
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"'{name}' is not a valid {moment.base.upper()} field")
    return name


def _field(name: str, function: str) -> list[Function]:
    types = MOMENTS if name in _DATE_FIELDS else (*MOMENTS[1:], "time(p)")
    return [scalar(f"{name}({type_}) -> bigint", lambda call: f"{function}({local(call.args[0])})") for type_ in types]


def offset(moment: Value) -> str:
    """Return the SQL of the minutes of a moment's time zone from UTC."""
    return f"((epoch_us({local(moment)}) - epoch_us({moment.sql})) // 60000000)"


def _zone_field(name: str) -> Function:
    def translate(call: Call) -> str:
        minutes = Value(offset(call.args[0]), BIGINT)
        return call.bind([minutes], f"sign({{0}}) * (abs({{0}}) {'//' if name == 'timezone_hour' else '%'} 60)")

    return scalar(f"{name}(timestamp(p) with time zone) -> bigint", translate)


def shown(moment: Type, text: str) -> str:
    """Return a moment in the time zone of its type."""
    return f"timezone({time_zone(moment.zone)}, {text})" if moment.zone else text


def _add(call: Call) -> str:
    name, (_, count, moment) = unit(call), call.args
    step = f"{count.sql} * INTERVAL '1 {name}'"
    if name in _TIME_UNITS:
        return f"({moment.sql} + {step})"
    return shown(moment.type, f"({local(moment)} + {step})")


def _difference(call: Call) -> str:
    name, (_, *moments) = unit(call), call.args
    if name in _TIME_UNITS:
        moments = [Value(moment.sql, moment.type.at("UTC" if moment.type.zone else "")) for moment in moments]
    texts = ", ".join(f"CAST({local(moment)} AS TIMESTAMP)" for moment in moments)
    return f"py_complete_units_varchar_timestamp_p_timestamp_p('{name}', {texts})"


_MILLISECONDS = {
    "millisecond": 1, "second": 1000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000
}  # fmt: skip


def _complete_units(name: str, start: datetime, end: datetime) -> int:
    """Return the number of complete units between two moments, by the rules of Joda-Time."""
    if end < start:
        return -_complete_units(name, end, start)
    start, end = (moment.replace(microsecond=moment.microsecond // 1000 * 1000) for moment in (start, end))
    if name in _MILLISECONDS:
        return (end - start) // timedelta(milliseconds=_MILLISECONDS[name])
    if name == "year":
        return end.year - start.year - (_since_new_year(end, start) < _since_new_year(start, end))
    if end.day == monthrange(end.year, end.month)[1] and start.day > end.day:
        start = start.replace(day=end.day)
    rest = [moment - moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for moment in (start, end)]
    months = (end.year - start.year) * 12 + end.month - start.month - (rest[1] < rest[0])
    return months // 3 if name == "quarter" else months


def _since_new_year(moment: datetime, other: datetime) -> timedelta:
    """Return the time since the start of the year, without 29 February if the other year does not have it."""
    since = moment - moment.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
    extra = isleap(moment.year) and not isleap(other.year) and since >= timedelta(days=59)
    return since - timedelta(days=1) if extra else since


def _truncate(call: Call) -> str:
    name, moment = unit(call), call.args[1]
    return shown(moment.type, f"date_trunc('{name}', {local(moment)})")


FUNCTIONS = table(
    *(overload for item in (_DATE_FIELDS | _TIME_FIELDS).items() for overload in _field(*item)),
    *(scalar(f"millisecond({type_}) -> bigint", lambda call: f"(epoch_ms({local(call.args[0])}) % 1000 + 1000) % 1000")
      for type_ in MOMENTS[1:]),
    *map(_zone_field, _ZONE_FIELDS),
    *(scalar(f"{name}({DAY_TO_SECOND}) -> bigint", f"(epoch_us({{0}}) // {size} % {count})")
      for name, (size, count) in _INTERVAL_FIELDS.items()),
    *(scalar(f"{name}({YEAR_TO_MONTH}) -> bigint", f"{name}({{0}})") for name in ("year", "month")),
    scalar("current_timezone() -> varchar", "CAST('UTC' AS VARCHAR)"),
    *(scalar(f"date_add(varchar, bigint, {type_}) -> {type_}", _add) for type_ in MOMENTS),
    *(scalar(f"date_diff(varchar, {type_}, {type_}) -> bigint", _difference) for type_ in MOMENTS),
    *(scalar(f"date_trunc(varchar, {type_}) -> {type_}", _truncate) for type_ in MOMENTS),
    *(scalar(f"last_day_of_month({type_}) -> date", lambda call: f"last_day({local(call.args[0])})")
      for type_ in MOMENTS),
    scalar(f"to_milliseconds({DAY_TO_SECOND}) -> bigint", "(epoch_us({0}) // 1000)"),
)  # fmt: skip

# The function of the translation above.
python("complete_units(varchar, timestamp(p), timestamp(p)) -> bigint", _complete_units)
