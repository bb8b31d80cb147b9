"""Columns of foreign parquet files in the types of the schema. Takes and returns Arrow data.

Accepted are other widths of integers and floats, decimals, dates as midnights, and times without a zone, which are UTC.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.refine.parquet import ARROW


def convert(table: pa.Table, name: str, type_: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """Return a column in a Glue type, null where its value does not fit, and the flags of those values.

    A column that the table lacks is all null, and fits.
    """
    nulls = pa.chunked_array([pa.nulls(len(table), ARROW[type_])])
    if name not in table.column_names:
        return nulls, pa.chunked_array([pa.repeat(False, len(table))])
    column = table[name]
    if column.type == ARROW[type_] and type_ != "date":
        return column, pa.chunked_array([pa.repeat(False, len(table))])
    accepts, converter = _CONVERTERS[type_]
    converted = converter(column) if accepts(column.type) else nulls
    # A date is required; any other value may be null.
    misfits = pc.is_null(converted) if type_ == "date" else pc.and_(pc.is_null(converted), _is_valid(column))
    return converted, misfits


def _is_valid(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return which values are neither null nor NaN, which is pandas' null in a column of floats."""
    return pc.invert(pc.is_null(column, nan_is_null=pa.types.is_floating(column.type)))


def _dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    days = column.cast(pa.date32(), safe=False)
    whole = pc.equal(days.cast(column.type), column) if column.type != pa.date32() else pc.is_valid(column)
    return pc.if_else(whole, days, None)


def _whole_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type):
        # Only an unsigned value that is too large wraps around to a negative one.
        wrapped = column.cast(pa.int64(), safe=False)
        fits = pc.greater_equal(wrapped, 0) if pa.types.is_unsigned_integer(column.type) else pc.is_valid(wrapped)
        return pc.if_else(fits, wrapped, None)
    numbers = column.cast(pa.float64(), safe=False)
    whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), 2.0**53))
    return pc.if_else(whole, numbers, None).cast(pa.int64())


def _booleans(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column


def _doubles(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.float64(), safe=False)


def _strings(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.string())


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    return column.cast(pa.timestamp("us", column.type.tz or "UTC"), safe=False).cast(ARROW["timestamp"])


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_decimal(type_))


def _is_date(type_: pa.DataType) -> bool:
    return bool(pa.types.is_date(type_) or (pa.types.is_timestamp(type_) and type_.tz is None))


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


_CONVERTERS = {
    "bigint": (_is_number, _whole_numbers),
    "boolean": (pa.types.is_boolean, _booleans),
    "date": (_is_date, _dates),
    "double": (_is_number, _doubles),
    "string": (_is_text, _strings),
    "timestamp": (pa.types.is_timestamp, _moments),
}
"""For each type of the schema, the Arrow types that it accepts and the conversion."""
