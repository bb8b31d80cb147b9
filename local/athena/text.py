"""Athena's text format of values, for the result CSV and for GetQueryResults."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv

_TYPES: tuple[tuple[Callable[[pa.DataType], bool], str, str], ...] = (
    (pa.types.is_boolean, "boolean", "boolean"),
    (pa.types.is_int32, "integer", "integer"),
    (pa.types.is_int64, "bigint", "integer"),
    (pa.types.is_float64, "double", "double"),
    (pa.types.is_date32, "date", "date"),
    (lambda type_: pa.types.is_timestamp(type_) and type_.tz is None, "timestamp", "timestamp"),
    (pa.types.is_string, "varchar", "varchar"),
)


def type_name(type_: pa.DataType) -> str:
    """Return Athena's name of the type of a result column."""
    return next(name for is_type, name, _ in _TYPES if is_type(type_))


def kind(type_: pa.DataType) -> str | None:
    """Return the kind of a result column, or None if its text format is not supported."""
    return next((kind for is_type, _, kind in _TYPES if is_type(type_)), None)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column as text in Athena's format; null stays null."""
    if pa.types.is_floating(column.type):
        return _doubles(column)
    if pa.types.is_timestamp(column.type):
        return pc.strftime(column.cast(pa.timestamp("ms"), safe=False), format="%Y-%m-%d %H:%M:%S")
    return column.cast(pa.string())


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


def double_text(value: float) -> str:
    """Return a double as Trino casts it to varchar: always with an exponent, as 1.5E0."""
    if not math.isfinite(value):
        return java_double(value)
    digits, _, exponent = f"{Decimal(repr(value)).normalize():.17e}".partition("e")
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
