"""Results as Athena writes them: every value as text, in the result's CSV and in GetQueryResults."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Sequence
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
    """Athena's name of the type of a result column."""
    return next(name for is_type, name, _ in _TYPES if is_type(type_))


def kind(type_: pa.DataType) -> str | None:
    """The kind of a result column, None if it is none whose text is known."""
    return next((kind for is_type, _, kind in _TYPES if is_type(type_)), None)


def as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """The column as Athena prints it; null stays null."""
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
    """A double as Java's Double.toString prints it: 1.0E7 from ten million on, and below a thousandth."""
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


def to_csv(names: Sequence[str], columns: Sequence[pa.ChunkedArray]) -> bytes:
    """The result object: every value in quotes, null as nothing at all."""
    body = pa.BufferOutputStream()
    pacsv.write_csv(pa.Table.from_arrays(columns, names), body, pacsv.WriteOptions(quoting_style="all_valid"))
    return bytes(body.getvalue())


@lru_cache(maxsize=4)
def from_csv(body: bytes) -> pa.Table:
    """The result object read back, every value as text: what is not in quotes is null."""
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
