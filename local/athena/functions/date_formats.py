"""Formats of dates: MySQL's specifiers (date_format, date_parse) and Joda's patterns (format_datetime, parse_datetime).

Both are read into fields, such as `month` with at least two digits, which are printed and parsed alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

from local.athena.functions.literals import invalid, unsupported

MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
HALVES = ("AM", "PM")


@dataclass(frozen=True, slots=True)
class Field:
    """Field of a format.

    Attributes:
        name: the field, such as `month`, or `text` for a literal text.
        digits: minimum number of digits that are printed; zero for a name, and for a short name a negative number.
        text: the literal text; for a fraction, the maximum number of digits that are parsed.
    """

    name: str
    digits: int = 1
    text: str = ""


# Functions of a moment that return the number of a field, and the maximum number of digits of it.
_NUMBERS: dict[str, tuple[Callable[[datetime], int], int]] = {
    "year": (lambda moment: moment.year, 4),
    "short year": (lambda moment: moment.year % 100, 2),
    "week year": (lambda moment: moment.isocalendar().year, 4),
    "week": (lambda moment: moment.isocalendar().week, 2),
    "month": (lambda moment: moment.month, 2),
    "day": (lambda moment: moment.day, 2),
    "day of year": (lambda moment: moment.timetuple().tm_yday, 3),
    "day of week": (lambda moment: moment.isoweekday(), 1),
    "hour": (lambda moment: moment.hour, 2),
    "hour from 1": (lambda moment: moment.hour or 24, 2),
    "half hour": (lambda moment: moment.hour % 12, 2),
    "half hour from 1": (lambda moment: moment.hour % 12 or 12, 2),
    "minute": (lambda moment: moment.minute, 2),
    "second": (lambda moment: moment.second, 2),
}
_NAMES: dict[str, tuple[Callable[[datetime], int], tuple[str, ...]]] = {
    "month": (lambda moment: moment.month - 1, MONTHS),
    "day of week": (lambda moment: moment.weekday(), DAYS),
    "half": (lambda moment: moment.hour // 12, HALVES),
}

_MYSQL = {
    "a": [Field("day of week", -3)], "b": [Field("month", -3)], "c": [Field("month")], "d": [Field("day", 2)],
    "e": [Field("day")], "f": [Field("fraction", 6, "9")], "H": [Field("hour", 2)], "h": [Field("half hour from 1", 2)],
    "I": [Field("half hour from 1", 2)], "i": [Field("minute", 2)], "j": [Field("day of year", 3)],
    "k": [Field("hour")], "l": [Field("half hour from 1")], "M": [Field("month", 0)], "m": [Field("month", 2)],
    "p": [Field("half", 0)], "S": [Field("second", 2)], "s": [Field("second", 2)], "v": [Field("week", 2)],
    "W": [Field("day of week", 0)], "x": [Field("week year", 4)], "Y": [Field("year", 4)],
    "y": [Field("short year", 2)],
}  # fmt: skip
_COLON, _SPACE = Field("text", text=":"), Field("text", text=" ")
_MYSQL["T"] = [*_MYSQL["H"], _COLON, *_MYSQL["i"], _COLON, *_MYSQL["s"]]
_MYSQL["r"] = [*_MYSQL["h"], _COLON, *_MYSQL["i"], _COLON, *_MYSQL["s"], _SPACE, *_MYSQL["p"]]

_JODA = {
    "y": "year", "Y": "year", "x": "week year", "w": "week", "M": "month", "d": "day", "D": "day of year",
    "e": "day of week", "E": "day of week", "a": "half", "H": "hour", "k": "hour from 1", "K": "half hour",
    "h": "half hour from 1", "m": "minute", "s": "second", "S": "fraction", "Z": "zone",
}  # fmt: skip


@lru_cache(maxsize=256)
def mysql(pattern: str) -> tuple[Field, ...]:
    """Return the fields of a format with MySQL's specifiers; `%` before another character stands for that character."""
    fields: list[Field] = []
    for specifier, text in re.findall(r"%(.?)|([^%]+)", pattern, re.DOTALL):
        if specifier and specifier in "DUuVwX":
            raise invalid(f"%{specifier} not supported in date format string")
        fields += _MYSQL.get(specifier) or [Field("text", text=specifier or text)]
    return tuple(fields)


@lru_cache(maxsize=256)
def joda(pattern: str) -> tuple[Field, ...]:
    """Return the fields of a pattern of Joda-Time."""
    fields = []
    for quoted, letters, letter, text in re.findall(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z']+|')", pattern):
        if not letters:
            fields.append(Field("text", text=quoted.replace("''", "'") or text or "'"))
        elif letter in "GCz" or (letter == "Z" and len(letters) > 2):
            raise unsupported(f"{letters} in the pattern of a date")
        elif letter not in _JODA:
            raise invalid(f"Illegal pattern component: {letters}")
        elif letter in "yYx" and len(letters) == 2:
            fields.append(Field("short year", 2) if letter != "x" else Field("short week year"))
        elif letter in "Ea" or (letter == "M" and len(letters) > 2):
            fields.append(Field(_JODA[letter], -3 if len(letters) < 4 and letter != "a" else 0))
        else:
            fields.append(Field(_JODA[letter], len(letters)))
    return tuple(fields)


def render(fields: tuple[Field, ...], moment: datetime, offset: int = 0) -> str:
    """Return a moment as text.

    Args:
        offset: minutes of its time zone from UTC.
    """
    if moment.microsecond % 1000:
        raise unsupported("microseconds in the format of a date, because Trino formats milliseconds")
    return "".join(_render(field, moment, offset) for field in fields)


def _render(field: Field, moment: datetime, offset: int) -> str:
    if field.name == "text":
        return field.text
    if field.name == "fraction":
        return f"{moment.microsecond // 1000:03}".ljust(field.digits, "0")[: field.digits]
    if field.name == "zone":
        hours, minutes = divmod(abs(offset), 60)
        return f"{'-' if offset < 0 else '+'}{hours:02}{':' * (field.digits - 1)}{minutes:02}"
    if field.digits > 0 and field.name in _NUMBERS:
        return f"{_NUMBERS[field.name][0](moment):0{field.digits}}"
    if field.name not in _NAMES:
        raise unsupported(f"the field {field.name} in the pattern of a date")
    number, names = _NAMES[field.name]
    return names[number(moment)][: -field.digits or None]


@lru_cache(maxsize=256)
def _expression(fields: tuple[Field, ...]) -> re.Pattern[str]:
    """Return the regular expression of the texts of a format. As in Joda, a number takes as many digits as it can."""
    parts = []
    for index, field in enumerate(fields):
        if field.name == "text":
            parts.append(re.escape(field.text))
        elif field.name in {"week", "week year", "short week year"}:
            raise unsupported(f"parsing the field {field.name} of a date")
        elif field.name == "fraction":
            parts.append(rf"(?P<f{index}>[0-9]{{1,{field.text or field.digits}}}+)")
        elif field.name == "zone":
            parts.append(rf"(?P<f{index}>Z|[+-][0-9]{{2}}:?[0-9]{{2}})")
        elif field.digits > 0:
            digits = _NUMBERS[field.name][1]
            # A longer or shorter year is right in Trino too, but its rules are more than these.
            count = digits if field.name in {"year", "short year"} else f"1,{max(digits, field.digits)}"
            parts.append(rf"(?P<f{index}>[0-9]{{{count}}}+)")
        else:
            names = [name for long in _NAMES[field.name][1] for name in (long, long[:3])]
            parts.append(rf"(?P<f{index}>(?i:{'|'.join(names)}))")
    return re.compile("".join(parts))


def parse(fields: tuple[Field, ...], text: str) -> tuple[datetime, int | None]:
    """Return the moment that a text describes, and the minutes of its time zone from UTC if it has one."""
    match = _expression(fields).fullmatch(text)
    if match is None:
        raise invalid(f'Invalid format: "{text}"')
    values: dict[str, int] = {}
    for index, field in enumerate(fields):
        if field.name == "text":
            continue
        number = _number(field, match[f"f{index}"])
        if values.setdefault(field.name, number) != number:
            raise unsupported(f"two values of the field {field.name} of a date")
    try:
        moment = _moment(values)
    except ValueError as error:
        raise invalid(f'Cannot parse "{text}": {error}') from None
    week_day = values.get("day of week", moment.isoweekday())
    if week_day != moment.isoweekday():
        raise unsupported("a day of the week that is not that of the date")
    return moment, values.get("zone")


def _number(field: Field, text: str) -> int:
    if field.name == "fraction":
        return int(text[:3].ljust(3, "0")) * 1000
    if field.name == "zone":
        minutes = 0 if text == "Z" else int(text[1:3]) * 60 + int(text[-2:])
        return -minutes if text[0] == "-" else minutes
    if field.digits > 0:
        return int(text)
    prefixes = [name[:3].lower() for name in _NAMES[field.name][1]]
    return prefixes.index(text[:3].lower()) + (field.name != "half")


def _moment(values: dict[str, int]) -> datetime:
    year = values.get("year", 1970)
    if "short year" in values:
        year = values["short year"] + (1900 if values["short year"] >= 70 else 2000)
    hour = values.get("hour", 0)
    for name, size in (("hour from 1", 24), ("half hour", 12), ("half hour from 1", 12)):
        if name in values:
            if not (name.endswith("1")) <= values[name] <= size - (name == "half hour"):
                raise ValueError(f"Value {values[name]} is not an {name}")
            hour = values[name] % size
    if "half hour" in values or "half hour from 1" in values:
        hour += 12 * values.get("half", 0)
    elif values.get("half", hour // 12) != hour // 12:
        raise unsupported("a half of the day that is not that of the hour")
    time = (hour, values.get("minute", 0), values.get("second", 0), values.get("fraction", 0))
    moment = datetime(year, values.get("month", 1), values.get("day", 1), *time)  # noqa: DTZ001 - as in the text
    if "day of year" in values:
        if not {"month", "day"}.isdisjoint(values):
            raise unsupported("a day of the year beside a month or a day")
        moment += timedelta(days=values["day of year"] - 1)
        if moment.year != year or values["day of year"] == 0:
            raise ValueError("the day of the year is out of range")
    return moment
