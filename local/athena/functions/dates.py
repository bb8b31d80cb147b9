"""Functions of dates and times."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from local.athena.errors import QueryFailure
from local.athena.functions import literals
from local.athena.functions.date_formats import joda, mysql, parse, render
from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.patterns import Binding
from local.athena.functions.signature import Call, Function, python, scalar, table
from local.athena.types import BIGINT, DAY_TO_SECOND, Type
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


def local(value: Value) -> str:
    """Return the SQL of a moment without its time zone, as it is shown in its zone."""
    return f"timezone({time_zone(value.type.zone)}, {value.sql})" if value.type.zone else value.sql


def time_zone(name: str) -> str:
    """Return the SQL of a time zone. DuckDB has offsets as names with the other sign."""
    if name[0] in "+-":
        name = f"Etc/GMT{'-' if name[0] == '+' else '+'}{int(name[1:3])}"
    return literals.quote(name)


def check_zone(name: str) -> str:
    """Return a time zone.

    Raises:
        ZoneInfoNotFoundError: there is no such zone.
        QueryFailure: DuckDB does not have it, because it is an offset in minutes.
    """
    if re.fullmatch(r"[+-]\d\d:\d\d", name):
        if name[3:] != ":00" or int(name[1:3]) > 12:
            raise unsupported(f"the time zone {name}")
        return "UTC" if name[1:] == "00:00" else name
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_/+-]*", name):
        raise ZoneInfoNotFoundError(name)
    ZoneInfo(name)
    return name


def _zoned(index: int) -> Callable[[Binding], Type]:
    """Return the function of the type of a result in the time zone that an argument has as a literal."""

    def type_(binding: Binding) -> Type:
        name, precision = binding.get(str(index)), binding.get("p", 3)
        if not isinstance(name, str):
            raise unsupported("a time zone that is not a literal")
        try:
            return _in_zone(check_zone(name), precision if isinstance(precision, int) else 3)
        except ZoneInfoNotFoundError:
            raise invalid(f"'{name}' is not a valid time zone") from None

    return type_


def _in_zone(name: str, precision: int = 3) -> Type:
    return Type("timestamp with time zone", (precision,), zone=name)


def _zone_of_offset(minutes: int | None) -> str:
    sign, minutes = ("-" if (minutes or 0) < 0 else "+"), abs(minutes or 0)
    return check_zone(f"{sign}{minutes // 60:02}:{minutes % 60:02}")


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


def _offset(moment: Value) -> str:
    """Return the SQL of the minutes of a moment's time zone from UTC."""
    return f"((epoch_us({local(moment)}) - epoch_us({moment.sql})) // 60000000)"


def _zone_field(name: str) -> Function:
    def translate(call: Call) -> str:
        minutes = Value(_offset(call.args[0]), BIGINT)
        return call.bind([minutes], f"sign({{0}}) * (abs({{0}}) {'//' if name == 'timezone_hour' else '%'} 60)")

    return scalar(f"{name}(timestamp(p) with time zone) -> bigint", translate)


def _shown(moment: Type, text: str) -> str:
    """Return a moment in the time zone of its type."""
    return f"timezone({time_zone(moment.zone)}, {text})" if moment.zone else text


def _add(call: Call) -> str:
    name, (_, count, moment) = unit(call), call.args
    step = f"{count.sql} * INTERVAL '1 {name}'"
    if name in _TIME_UNITS:
        return f"({moment.sql} + {step})"
    return _shown(moment.type, f"({local(moment)} + {step})")


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
    last = (end.replace(day=28) + timedelta(days=4)).replace(day=1) - timedelta(days=1)
    if end.day == last.day and start.day > end.day:
        start = start.replace(day=end.day)
    rest = [moment - moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0) for moment in (start, end)]
    months = (end.year - start.year) * 12 + end.month - start.month - (rest[1] < rest[0])
    return months // 3 if name == "quarter" else months


def _since_new_year(moment: datetime, other: datetime) -> timedelta:
    """Return the time since the start of the year, without 29 February if the other year does not have it."""
    since = moment - datetime(moment.year, 1, 1)
    extra = _is_leap(moment.year) and not _is_leap(other.year) and since >= timedelta(days=59)
    return since - timedelta(days=1) if extra else since


def _is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def _truncate(call: Call) -> str:
    name, moment = unit(call), call.args[1]
    return _shown(moment.type, f"date_trunc('{name}', {local(moment)})")


def _date_format(call: Call) -> str:
    return f"py_date_format_timestamp_p_varchar(CAST({local(call.args[0])} AS TIMESTAMP), {call.args[1].sql})"


def _format_datetime(call: Call) -> str:
    moment, pattern = call.args
    zone = f"CAST({_offset(moment)} AS BIGINT)" if moment.type.zone else "-1"
    text = f"CAST({local(moment)} AS TIMESTAMP), {pattern.sql}, {zone}"
    return f"py_format_datetime_timestamp_p_varchar_bigint({text})"


def _format_joda(moment: datetime, pattern: str, offset: int) -> str:
    fields = joda(pattern)
    if offset == -1 and any(field.name == "zone" for field in fields):
        raise invalid("format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format")
    return render(fields, moment, offset)


def _parse_joda(text: str, pattern: str, zone: str) -> datetime:
    moment, offset = parse(joda(pattern), text)
    if offset is not None and _zone_of_offset(offset) != zone:
        raise unsupported("time zones in texts that are not literals")
    return moment


def _parsed_zone(binding: Binding) -> Type:
    text, pattern = binding.get("0"), binding.get("1")
    if not isinstance(pattern, str):
        raise unsupported("a pattern of parse_datetime that is not a literal")
    if any(field.name == "short year" for field in joda(pattern)):
        raise unsupported("parsing years of two digits in parse_datetime")
    return _in_zone(_zone_of_offset(parse(joda(pattern), text)[1]) if isinstance(text, str) else "UTC")


def _parse_datetime(call: Call) -> str:
    text = call.fill(f"py_parse_datetime_varchar_varchar_varchar({{all}}, {literals.quote(call.returns.zone)})")
    return _shown(call.returns, text)


_ISO = re.compile(
    r"(?P<day>\d{4}(?:-\d\d(?:-\d\d)?|-W\d\d(?:-\d)?|-\d{3})?)"
    r"(?:T(?:(?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)(?:[.,](?P<fraction>\d{1,9}))?)?)?)?"
    r"(?P<zone>Z|[+-]\d\d(?::?\d\d)?)?)?"
)


def _iso_day(text: str) -> date:
    try:
        if re.fullmatch(r"\d{4}-\d{3}", text):
            return datetime.strptime(text, "%Y-%j").date()  # noqa: DTZ007 - a date has no time zone
        return date.fromisoformat(text if "W" in text else text + "-01" * (2 - text.count("-")))
    except ValueError as error:
        raise invalid(f'Cannot parse "{text}": {error}') from None


def _iso(text: str) -> tuple[datetime, int | None]:
    match = _ISO.fullmatch(text)
    if match is None:
        raise invalid(f'Invalid format: "{text}"')
    fraction = (match["fraction"] or "").ljust(3, "0")[:3]
    hour, minute, second = (int(match[name] or 0) for name in ("hour", "minute", "second"))
    try:
        moment = datetime.combine(_iso_day(match["day"]), datetime.min.time()).replace(
            hour=hour, minute=minute, second=second, microsecond=int(fraction) * 1000
        )
    except ValueError as error:
        raise invalid(f'Cannot parse "{text}": {error}') from None
    zone = (match["zone"] or "").replace("Z", "+00:00")
    offset = int(zone[1:3]) * 60 + int(zone[3:].removeprefix(":") or 0) if zone else None
    return moment, -offset if offset and zone[0] == "-" else offset


def _iso_zone(binding: Binding) -> Type:
    text = binding.get("0")
    return _in_zone(_zone_of_offset(_iso(text)[1]) if isinstance(text, str) else "UTC")


def _from_iso(text: str, zone: str) -> datetime:
    moment, offset = _iso(text)
    if _zone_of_offset(offset) != zone:
        raise unsupported("time zones in texts that are not literals")
    return moment


def _to_iso(call: Call) -> str:
    moment, digits = call.args[0], call.args[0].type.numbers[0]
    text = f"strftime({local(moment)}, '%Y-%m-%dT%H:%M:%S')"
    if digits:
        text += f" || '.' || left(strftime({local(moment)}, '%f'), {digits})"
    if moment.type.zone:
        offset = _offset(moment)
        hours = f"format('{{:02d}}:{{:02d}}', abs({offset}) // 60, abs({offset}) % 60)"
        text += f" || CASE WHEN {offset} = 0 THEN 'Z' ELSE CASE WHEN {offset} < 0 THEN '-' ELSE '+' END || {hours} END"
    return f"({text})"


# The time in milliseconds, rounded as Java's Math.round does.
_UNIX = "make_timestamp(CAST(floor({0} * 1000 + 0.5) AS BIGINT) * 1000)"


def _from_unix(call: Call) -> str:
    return f"timezone('UTC', {call.fill(_UNIX)})"


def _offset_zone(binding: Binding) -> Type:
    hours, minutes = binding.get("1"), binding.get("2")
    if not isinstance(hours, int) or not isinstance(minutes, int):
        raise unsupported("an offset that is not a literal")
    return _in_zone(_zone_of_offset(hours * 60 + minutes))


def _readable(seconds: float) -> str:
    rest, parts = abs(int(Decimal(seconds).quantize(Decimal(1), ROUND_HALF_UP))), []
    for name, size in (("week", 604_800), ("day", 86_400), ("hour", 3600), ("minute", 60), ("second", 1)):
        count, rest = divmod(rest, size)
        if count:
            parts.append(f"{count} {name}{'s' * (count != 1)}")
    return ", ".join(parts) or "0 seconds"


_DURATIONS = {"ns": "1e-6", "us": "1e-3", "ms": "1", "s": "1e3", "m": "6e4", "h": "3.6e6", "d": "8.64e7"}


def _duration(text: str) -> int:
    """Return the milliseconds of a duration, such as 5m or 3.81 d."""
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*", text)
    if match is None or match[2] not in _DURATIONS:
        raise invalid(f"duration is not a valid data duration string: {text}")
    return int((Decimal(match[1]) * Decimal(_DURATIONS[match[2]])).quantize(Decimal(1), ROUND_HALF_UP))


FUNCTIONS = table(
    *(overload for item in (_DATE_FIELDS | _TIME_FIELDS).items() for overload in _field(*item)),
    *(scalar(f"millisecond({type_}) -> bigint", lambda call: f"(epoch_ms({local(call.args[0])}) % 1000 + 1000) % 1000")
      for type_ in MOMENTS[1:]),
    *map(_zone_field, _ZONE_FIELDS),
    scalar("at_timezone(timestamp(p) with time zone, varchar) -> timestamp(p) with time zone", "{0}",
           result=_zoned(1)),
    scalar("current_timezone() -> varchar", "CAST('UTC' AS VARCHAR)"),
    *(scalar(f"date_add(varchar, bigint, {type_}) -> {type_}", _add) for type_ in MOMENTS),
    *(scalar(f"date_diff(varchar, {type_}, {type_}) -> bigint", _difference) for type_ in MOMENTS),
    *(scalar(f"date_format({type_}, varchar) -> varchar", _date_format) for type_ in MOMENTS),
    python("date_parse(varchar, varchar) -> timestamp(3)", lambda text, pattern: parse(mysql(pattern), text)[0]),
    *(scalar(f"date_trunc(varchar, {type_}) -> {type_}", _truncate) for type_ in MOMENTS),
    *(scalar(f"format_datetime({type_}, varchar) -> varchar", _format_datetime) for type_ in MOMENTS),
    python("from_iso8601_date(varchar) -> date", _iso_day),
    scalar("from_iso8601_timestamp(varchar) -> timestamp(3) with time zone",
           lambda call: _shown(call.returns, f"py_from_iso_varchar_varchar({call.args[0].sql}, "
                                             f"{literals.quote(call.returns.zone)})"), result=_iso_zone),
    scalar("from_unixtime(double) -> timestamp(3) with time zone", _from_unix),
    scalar("from_unixtime(double, varchar) -> timestamp(3) with time zone", _from_unix, result=_zoned(1)),
    scalar("from_unixtime(double, bigint, bigint) -> timestamp(3) with time zone", _from_unix, result=_offset_zone),
    python("human_readable_seconds(double) -> varchar", _readable),
    *(scalar(f"last_day_of_month({type_}) -> date", lambda call: f"last_day({local(call.args[0])})")
      for type_ in MOMENTS),
    scalar("parse_datetime(varchar, varchar) -> timestamp(3) with time zone", _parse_datetime, result=_parsed_zone),
    scalar(f"parse_duration(varchar) -> {DAY_TO_SECOND}", "to_microseconds(py_duration_varchar({0}) * 1000)"),
    scalar("to_iso8601(date) -> varchar", "strftime({0}, '%Y-%m-%d')"),
    *(scalar(f"to_iso8601({type_}) -> varchar", _to_iso) for type_ in MOMENTS[1:]),
    scalar(f"to_milliseconds({DAY_TO_SECOND}) -> bigint", "(epoch_us({0}) // 1000)"),
    *(scalar(f"to_unixtime({type_}) -> double", "(epoch_us({0}) / 1000000)") for type_ in MOMENTS[1:]),
    scalar("with_timezone(timestamp(p), varchar) -> timestamp(p) with time zone",
           lambda call: _shown(call.returns, call.args[0].sql), result=_zoned(1)),
)  # fmt: skip

# Functions for the translations above.
python("complete_units(varchar, timestamp(p), timestamp(p)) -> bigint", _complete_units)
python("date_format(timestamp(p), varchar) -> varchar", lambda moment, pattern: render(mysql(pattern), moment))
python("duration(varchar) -> bigint", _duration)
python("format_datetime(timestamp(p), varchar, bigint) -> varchar", _format_joda)
python("from_iso(varchar, varchar) -> timestamp(3)", _from_iso)
python("parse_datetime(varchar, varchar, varchar) -> timestamp(3)", _parse_joda)
