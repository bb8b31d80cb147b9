"""Dates and times as texts and as Unix time, and moments in a time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal
from zoneinfo import ZoneInfoNotFoundError

from local.athena.functions import literals
from local.athena.functions.date_formats import joda, mysql, parse, render
from local.athena.functions.dates import MOMENTS, check_zone, local, offset, shown
from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.patterns import Binding
from local.athena.functions.signature import Call, python, scalar, table
from local.athena.types import DAY_TO_SECOND, Type


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
    try:
        return check_zone(f"{sign}{minutes // 60:02}:{minutes % 60:02}")
    except ZoneInfoNotFoundError:
        raise invalid(f"Invalid offset minutes {minutes}") from None


def _date_format(call: Call) -> str:
    return f"py_date_format_timestamp_p_varchar(CAST({local(call.args[0])} AS TIMESTAMP), {call.args[1].sql})"


def _format_datetime(call: Call) -> str:
    moment, pattern = call.args
    zone = f"CAST({offset(moment)} AS BIGINT)" if moment.type.zone else "-1"
    text = f"CAST({local(moment)} AS TIMESTAMP), {pattern.sql}, {zone}"
    return f"py_format_datetime_timestamp_p_varchar_bigint({text})"


def _format_joda(moment: datetime, pattern: str, minutes: int) -> str:
    fields = joda(pattern)
    if minutes == -1 and any(field.name == "zone" for field in fields):
        raise invalid("format_datetime for TIMESTAMP type, cannot use 'Z' nor 'z' in format")
    return render(fields, moment, minutes)


def _parse_joda(text: str, pattern: str, zone: str) -> datetime:
    moment, minutes = parse(joda(pattern), text)
    if minutes is not None and _zone_of_offset(minutes) != zone:
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
    return shown(call.returns, text)


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
    minutes_from_utc = int(zone[1:3]) * 60 + int(zone[3:].removeprefix(":") or 0) if zone else None
    return moment, -minutes_from_utc if minutes_from_utc and zone[0] == "-" else minutes_from_utc


def _iso_zone(binding: Binding) -> Type:
    text = binding.get("0")
    return _in_zone(_zone_of_offset(_iso(text)[1]) if isinstance(text, str) else "UTC")


def _from_iso(text: str, zone: str) -> datetime:
    moment, minutes = _iso(text)
    if _zone_of_offset(minutes) != zone:
        raise unsupported("time zones in texts that are not literals")
    return moment


def _to_iso(call: Call) -> str:
    moment, digits = call.args[0], call.args[0].type.numbers[0]
    text = f"strftime({local(moment)}, '%Y-%m-%dT%H:%M:%S')"
    if digits:
        text += f" || '.' || left(strftime({local(moment)}, '%f'), {digits})"
    if moment.type.zone:
        minutes = offset(moment)
        hours = f"format('{{:02d}}:{{:02d}}', abs({minutes}) // 60, abs({minutes}) % 60)"
        sign = f"CASE WHEN {minutes} < 0 THEN '-' ELSE '+' END"
        text += f" || CASE WHEN {minutes} = 0 THEN 'Z' ELSE {sign} || {hours} END"
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


_MOST_SECONDS = 2**53
"""Number from which on a double has not every whole number."""


def _readable(seconds: float) -> str:
    if not abs(seconds) < _MOST_SECONDS:
        raise unsupported(f"{seconds} seconds in human_readable_seconds")
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
    scalar("at_timezone(timestamp(p) with time zone, varchar) -> timestamp(p) with time zone", "{0}",
           result=_zoned(1)),
    *(scalar(f"date_format({type_}, varchar) -> varchar", _date_format) for type_ in MOMENTS),
    python("date_parse(varchar, varchar) -> timestamp(3)", lambda text, pattern: parse(mysql(pattern), text)[0]),
    *(scalar(f"format_datetime({type_}, varchar) -> varchar", _format_datetime) for type_ in MOMENTS),
    python("from_iso8601_date(varchar) -> date", _iso_day),
    scalar("from_iso8601_timestamp(varchar) -> timestamp(3) with time zone",
           lambda call: shown(call.returns, f"py_from_iso_varchar_varchar({call.args[0].sql}, "
                                             f"{literals.quote(call.returns.zone)})"), result=_iso_zone),
    scalar("from_unixtime(double) -> timestamp(3) with time zone", _from_unix),
    scalar("from_unixtime(double, varchar) -> timestamp(3) with time zone", _from_unix, result=_zoned(1)),
    scalar("from_unixtime(double, bigint, bigint) -> timestamp(3) with time zone", _from_unix, result=_offset_zone),
    python("human_readable_seconds(double) -> varchar", _readable),
    scalar("parse_datetime(varchar, varchar) -> timestamp(3) with time zone", _parse_datetime, result=_parsed_zone),
    scalar(f"parse_duration(varchar) -> {DAY_TO_SECOND}", "to_microseconds(py_duration_varchar({0}) * 1000)"),
    scalar("to_iso8601(date) -> varchar", "strftime({0}, '%Y-%m-%d')"),
    *(scalar(f"to_iso8601({type_}) -> varchar", _to_iso) for type_ in MOMENTS[1:]),
    *(scalar(f"to_unixtime({type_}) -> double", "(epoch_us({0}) / 1000000)") for type_ in MOMENTS[1:]),
    scalar("with_timezone(timestamp(p), varchar) -> timestamp(p) with time zone",
           lambda call: shown(call.returns, call.args[0].sql), result=_zoned(1)),
)  # fmt: skip

# Functions for the translations above.
python("date_format(timestamp(p), varchar) -> varchar", lambda moment, pattern: render(mysql(pattern), moment))
python("duration(varchar) -> bigint", _duration)
python("format_datetime(timestamp(p), varchar, bigint) -> varchar", _format_joda)
python("from_iso(varchar, varchar) -> timestamp(3)", _from_iso)
python("parse_datetime(varchar, varchar, varchar) -> timestamp(3)", _parse_joda)
