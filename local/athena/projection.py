"""Partition projection: the partitions of a table by its properties instead of those in the catalog.

Of the projected partitions only those with objects are returned, because the others have no rows.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from local.athena.errors import QueryFailure
from local.athena.locations import objects_below

Value = Callable[[str], str | None]
"""Function that returns the partition value of a text in a location, None if the text is not projected."""

_FIELDS = {"yyyy": "%Y", "MM": "%m", "dd": "%d", "HH": "%H", "mm": "%M", "ss": "%S"}
"""Python's directives by the letters of Java's formats. A value has as many digits as there are letters."""

_UNITS = {"DAYS": "dd", "HOURS": "HH", "MINUTES": "mm", "SECONDS": "ss"}
_NOW = re.compile(r"\s*NOW\s*(?:([+-])\s*(\d+)\s*(YEAR|MONTH|WEEK|DAY|HOUR|MINUTE|SECOND)S?\s*)?", re.IGNORECASE)


def is_projected(table: Mapping[str, Any]) -> bool:
    """Return whether a table has partition projection."""
    return str((table.get("Parameters") or {}).get("projection.enabled", "")).lower() == "true"


def injected(table: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the partition keys of type `injected`, whose values a query must have in its WHERE clause."""
    names = [key["Name"] for key in table.get("PartitionKeys") or ()] if is_projected(table) else []
    return tuple(name for name in names if _type(table, name) == "injected")


def partitions(table: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """Return the projected partitions that have objects, in the form of GetPartitions.

    Raises:
        QueryFailure: a property is absent or wrong, or the local Athena does not know its meaning.
    """
    keys = {key["Name"]: _projection(table, key["Name"], key["Type"], name) for key in table["PartitionKeys"]}
    storage = table["StorageDescriptor"]
    default = "/".join([storage["Location"].rstrip("/"), *(f"{key}=${{{key}}}" for key in keys)])
    template = (table["Parameters"].get("storage.location.template") or default).rstrip("/")
    parts = re.split(r"\$\{([^}]+)\}", template)
    if sorted(parts[1::2]) != sorted(keys):
        raise _invalid(name, f"storage.location.template must have each partition key once: {template}")
    pattern = re.compile(
        "".join(f"({keys[part][0]})" if index % 2 else re.escape(part) for index, part in enumerate(parts)) + "/"
    )
    result: dict[tuple[str, ...], dict[str, Any]] = {}
    for location in objects_below(parts[0].rpartition("/")[0]):
        match = pattern.match(location)
        texts = dict(zip(parts[1::2], match.groups(), strict=True)) if match else {}
        values = tuple(value for key, (_, of) in keys.items() if match and (value := of(texts[key])) is not None)
        if match and len(values) == len(keys):
            place = {**storage, "Location": match[0]}
            result[values] = {"Values": list(values), "StorageDescriptor": place}
    return list(result.values())


def _type(table: Mapping[str, Any], key: str) -> str:
    return str(table["Parameters"].get(f"projection.{key}.type", "")).strip().lower()


def _invalid(table: str, message: str) -> QueryFailure:
    return QueryFailure("INVALID_TABLE_PROPERTY", f"Table {table} has partition projection, but {message}")


def _unknown(table: str, message: str) -> QueryFailure:
    return QueryFailure("NOT_SUPPORTED", f"the local Athena does not project table '{table}': {message}")


def _projection(table: Mapping[str, Any], key: str, column: str, name: str) -> tuple[str, Value]:
    """Return the pattern of the texts of a key in a location, and the function that checks them."""

    def of(member: str, default: str | None = None) -> str:
        value = table["Parameters"].get(f"projection.{key}.{member}", default)
        if value is None:
            raise _invalid(name, f"projection.{key}.{member} is absent")
        return str(value)

    try:
        match _type(table, key):
            case "injected":
                return r"[^/]+", lambda text: text
            case "enum":
                return "|".join(map(re.escape, of("values").split(","))), lambda text: text
            case "integer":
                return _integers(of)
            case "date":
                return _dates(of, column, key, name)
    except ValueError as error:
        raise _invalid(name, f"a property of projection.{key} is wrong: {error}") from None
    raise _invalid(name, f"projection.{key}.type is none of enum, integer, date and injected")


def _integers(of: Callable[..., str]) -> tuple[str, Value]:
    least, most = map(int, of("range").split(","))
    interval, digits = int(of("interval", "1")), int(of("digits", "0"))

    def value(text: str) -> str | None:
        number = int(text)
        projected = least <= number <= most and (number - least) % interval == 0
        return text if projected and text == f"{number:0{digits}d}" else None

    return r"-?\d+", value


def _dates(of: Callable[..., str], column: str, key: str, name: str) -> tuple[str, Value]:
    defaults = {"date": ("yyyy-MM-dd", "DAYS"), "timestamp": ("yyyy-MM-dd HH:mm:ss", "SECONDS")}
    form, unit = defaults.get(column, (None, None))
    if of("format", "") or form is None:
        form = of("format")
        unit = "DAYS" if "dd" in form and "HH" not in form else None
    unit = of("interval.unit", unit or "").upper()
    interval = int(of("interval", "1"))
    tokens = [match[0] for match in re.finditer(r"([a-zA-Z])\1*|.", form)]
    if _UNITS.get(unit) not in tokens:
        raise _unknown(name, f"projection.{key}.interval.unit is {unit or 'absent'} for the format {form}")
    strptime, pattern = "", ""
    for token in tokens:
        if token not in _FIELDS and (token.isalpha() or token in ("'", "%")):
            raise _unknown(name, f"projection.{key}.format has {token}")
        strptime += _FIELDS.get(token, token)
        pattern += rf"\d{{{len(token)}}}" if token in _FIELDS else re.escape(token)
    first, last = (_bound(text, strptime) for text in of("range").split(","))
    step = timedelta(**{unit.lower(): interval})

    def value(text: str) -> str | None:
        try:
            moment = datetime.strptime(text, strptime)  # noqa: DTZ007 - without a zone, as the partition values
        except ValueError:
            return None
        if not first <= moment <= last or (moment - first) % step:
            return None
        return {"date": f"{moment:%Y-%m-%d}", "timestamp": f"{moment:%Y-%m-%d %H:%M:%S}"}.get(column, text)

    return pattern, value


def _bound(text: str, strptime: str) -> datetime:
    """Return a bound of a range, with the precision of the format. It is a date, or NOW plus or minus a duration."""
    now = _NOW.fullmatch(text)
    if now is None:
        return datetime.strptime(text.strip(), strptime)  # noqa: DTZ007
    moment = datetime.now(UTC).replace(tzinfo=None)
    sign, count, unit = now.groups()
    if sign:
        number, unit = int(f"{sign}{count}"), unit.upper()
        if unit in ("YEAR", "MONTH"):
            year, month = divmod(moment.year * 12 + moment.month - 1 + number * (12 if unit == "YEAR" else 1), 12)
            day = min(moment.day, calendar.monthrange(year, month + 1)[1])
            moment = moment.replace(year=year, month=month + 1, day=day)
        else:
            moment += timedelta(**{f"{unit.lower()}s": number})
    return datetime.strptime(moment.strftime(strptime), strptime)  # noqa: DTZ007
