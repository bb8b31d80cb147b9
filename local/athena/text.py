"""Athena's text format of values, for the result CSV and for GetQueryResults."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from functools import lru_cache
from typing import Any, cast
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

from local.athena.types import INTEGERS, Type


def as_text(column: pa.ChunkedArray, type_: Type) -> pa.ChunkedArray:
    """Return a column of a type as text in Athena's format; null stays null."""
    if type_.base == "double":
        return _doubles(column)
    if type_.base == "timestamp" and type_.numbers[0] <= 3:
        return pc.strftime(column.cast(pa.timestamp("ms"), safe=False), format="%Y-%m-%d %H:%M:%S")
    if type_.base in _PLAIN:
        return column.cast(pa.string())
    texts = [None if value is None else element(value, type_) for value in _python(column)]
    return pa.chunked_array([pa.array(texts, pa.string())])


_PLAIN = {"boolean", *INTEGERS, "varchar", "json", "date", "unknown"}


def _python(column: pa.ChunkedArray) -> list[Any]:
    return cast("list[Any]", column.to_pylist(maps_as_pydicts=None))


def element(value: Any, type_: Type) -> str:
    """Return a value in Athena's format, as it is in a column of its own, or in an array, a map or a row."""
    if value is None:
        return "null"
    formatter = _FORMATTERS.get(type_.base)
    return formatter(value, type_) if formatter else str(value)


def _row(value: dict[str, Any], type_: Type) -> str:
    names = [name or f"field{index}" for index, name in enumerate(type_.names)]
    fields = zip(names, value.values(), type_.elements, strict=True)
    return "{" + ", ".join(f"{name}={element(item, of)}" for name, item, of in fields) + "}"


def _map(value: list[tuple[Any, Any]], type_: Type) -> str:
    key, item = type_.elements
    return "{" + ", ".join(f"{element(k, key)}={element(v, item)}" for k, v in value) + "}"


def _time(value: time, type_: Type) -> str:
    fraction = f".{value.microsecond:06d}"[: type_.numbers[0] + 1]
    return f"{value:%H:%M:%S}{fraction if type_.numbers[0] else ''}"


def _timestamp(value: datetime, type_: Type) -> str:
    if type_.zone:
        value = value.astimezone(_zone(type_.zone))
    # At least milliseconds, whatever the type.
    fraction = f"{value.microsecond:06d}"[: max(type_.numbers[0], 3)]
    text = f"{value:%Y-%m-%d %H:%M:%S}.{fraction}"
    return f"{text} {type_.zone}" if type_.zone else text


def _zone(name: str) -> tzinfo:
    if name[0] in "+-":
        offset = timedelta(hours=int(name[1:3]), minutes=int(name[4:]))
        return timezone(-offset if name[0] == "-" else offset)
    return ZoneInfo(name)


def _day_to_second(value: Any, _: Type) -> str:
    months, days, nanoseconds = value
    milliseconds = (months * 30 + days) * 86_400_000 + nanoseconds // 1_000_000
    sign, milliseconds = "-" if milliseconds < 0 else "", abs(milliseconds)
    seconds, fraction = divmod(milliseconds, 1000)
    minutes, hours = seconds // 60, seconds // 3600
    return f"{sign}{hours // 24} {hours % 24:02d}:{minutes % 60:02d}:{seconds % 60:02d}.{fraction:03d}"


def _year_to_month(value: Any, _: Type) -> str:
    months = value[0]
    return f"{'-' if months < 0 else ''}{abs(months) // 12}-{abs(months) % 12}"


_FORMATTERS: dict[str, Callable[[Any, Type], str]] = {
    "boolean": lambda value, _: "true" if value else "false",
    "decimal": lambda value, _: f"{value:f}",
    "double": lambda value, _: java_double(value),
    "real": lambda value, _: java_real(value),
    "char": lambda value, type_: value.ljust(type_.numbers[0]),
    "varbinary": lambda value, _: value.hex(" "),
    "timestamp": _timestamp,
    "timestamp with time zone": _timestamp,
    "time": _time,
    "interval day to second": _day_to_second,
    "interval year to month": _year_to_month,
    "array": lambda value, type_: "[" + ", ".join(element(item, type_.elements[0]) for item in value) + "]",
    "map": _map,
    "row": _row,
}


def _doubles(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = column.cast(pa.string())
    whole = pc.equal(pc.floor(column), column)
    text = pc.if_else(whole, pc.binary_join_element_wise(text, pa.scalar(".0"), pa.scalar("")), text)
    size = pc.abs(column)
    plain = pc.and_(pc.greater_equal(size, 1e-3), pc.less(size, 1e7))
    plain = pc.fill_null(pc.or_(plain, pc.equal(size, 0.0)), True)
    if pc.all(plain).as_py():
        return text
    others = [None if value is None else java_double(value) for value in column.to_pylist()]
    return pc.if_else(plain, text, pa.chunked_array([pa.array(others, pa.string())]))


def java_double(value: float) -> str:
    """Return a double in the format of Java's Double.toString: with an exponent from 1.0E7 on and below 0.001."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    if value == 0 or 1e-3 <= abs(value) < 1e7:
        return repr(value)
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    significant = (whole + fraction).lstrip("0")
    leading_zeros = len(whole + fraction) - len(significant)
    power = int(exponent or 0) + len(whole) - 1 - leading_zeros
    significant = significant.rstrip("0") or "0"
    return f"{sign}{significant[0]}.{significant[1:] or '0'}E{power}"


def java_real(value: float) -> str:
    """Return a real in the format of Java's Float.toString: the shortest digits that give the same real."""
    return java_double(float(str(pa.scalar(value, pa.float32()).cast(pa.string()))))


def double_text(value: float) -> str:
    """Return a double as Trino casts it to varchar: always with an exponent, as 1.5E0."""
    if not math.isfinite(value):
        return java_double(value)
    if value == 0:
        return "-0E0" if math.copysign(1, value) < 0 else "0E0"
    digits, _, exponent = f"{Decimal(repr(value)):.17e}".partition("e")
    return _scientific(digits, exponent)


def real_text(value: float) -> str:
    """Return a real as Trino casts it to varchar: with an exponent and at most seven digits."""
    if not math.isfinite(value):
        return java_double(value)
    digits, _, exponent = f"{value:.6e}".partition("e")
    return _scientific(digits, exponent)


def _scientific(digits: str, exponent: str) -> str:
    whole, _, fraction = digits.partition(".")
    return f"{whole}.{fraction.rstrip('0') or '0'}E{int(exponent)}"


def to_csv(names: Sequence[str], columns: Sequence[pa.ChunkedArray]) -> bytes:
    """Return the result CSV: values are quoted, null is an empty field without quotes."""
    body = pa.BufferOutputStream()
    pacsv.write_csv(pa.Table.from_arrays(columns, names), body, pacsv.WriteOptions(quoting_style="all_valid"))
    return bytes(body.getvalue())


@lru_cache(maxsize=4)
def from_csv(body: bytes) -> pa.Table:
    """Return the table of a result CSV with text columns; a field without quotes is null."""
    names = next(csv.reader(io.StringIO(body.decode())))
    return pacsv.read_csv(
        pa.BufferReader(body),
        read_options=pacsv.ReadOptions(column_names=[str(index) for index in range(len(names))], skip_rows=1),
        parse_options=pacsv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
        convert_options=pacsv.ConvertOptions(
            column_types={str(index): pa.string() for index in range(len(names))},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    ).rename_columns(names)
