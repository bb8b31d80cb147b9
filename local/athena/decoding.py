"""Decode the objects of a table, parquet or text, into Arrow."""

from __future__ import annotations

from functools import lru_cache

import pyarrow as pa
import pyarrow.compute as pc

from local import moto_state
from local.athena import delimited, row_groups, types
from local.athena.errors import QueryFailure
from local.athena.glue_types import arrow
from local.athena.row_groups import Equalities

_SMALL = (pa.int16(), pa.int8(), pa.uint8())

# Parquet types that Trino's reader accepts for each column type of a table, besides that of the column itself.
_READABLE: dict[str, tuple[pa.DataType, ...]] = {
    "bigint": (pa.int64(), pa.int32(), pa.uint32(), pa.uint16(), *_SMALL),
    "integer": (pa.int32(), pa.uint16(), *_SMALL),
    "smallint": _SMALL,
    "double": (pa.float64(), pa.float32()),
    "varchar": (pa.string(), pa.large_string()),
    "char": (pa.string(), pa.large_string()),
    "varbinary": (pa.binary(), pa.large_binary()),
}

Columns = tuple[tuple[str, str], ...]
"""Name and Glue type of each column."""

KeyValues = tuple[tuple[str, str, str], ...]
"""Name, Glue type and value of each partition key that the query uses."""


@lru_cache(maxsize=64)
def read_text(
    bucket: str,
    stored: moto_state.StoredObject,
    columns: Columns,
    key_values: KeyValues,
    properties: tuple[tuple[str, str], ...],
) -> pa.Table:
    """Return all columns of an object of text, as `read_parquet`."""
    of = {name: types.parse(type_) for name, type_ in columns}
    rows = delimited.read(row_groups.body(bucket, stored), stored.key, of, dict(properties))
    for name, type_, value in key_values:
        rows = rows.append_column(name, pa.repeat(_key(name, type_, value), len(rows)))
    return rows


@lru_cache(maxsize=4096)
def read_parquet(
    bucket: str,
    stored: moto_state.StoredObject,
    columns: Columns,
    declared: frozenset[str],
    key_values: KeyValues,
    *,
    texts: Equalities,
) -> pa.Table:
    """Return some columns of the row groups of an object that may have texts.

    The cache key includes the ETag, so a changed object is read again.
    """
    with row_groups.opened(bucket, stored) as file:
        # A column that is absent from the partition's schema or from the file is null, as in Trino.
        present = [name for name, _ in columns if name in declared and name in file.schema_arrow.names]
        # Of this file, because the object may have changed after its footer was cached.
        groups = row_groups.matching(file.metadata, texts)
        rows = file.read_row_groups(groups, present)
        count = sum(file.metadata.row_group(group).num_rows for group in groups)
    arrays: dict[str, pa.ChunkedArray | pa.Array] = {}
    for name, type_ in columns:
        arrays[name] = (
            _column(rows[name], name, type_, stored.key) if name in present else pa.nulls(count, arrow_type(type_))
        )
    for name, type_, value in key_values:
        arrays[name] = pa.repeat(_key(name, type_, value), count)
    return pa.table(arrays)


def arrow_type(type_: str) -> pa.DataType:
    """Return the Arrow type of a Glue type."""
    return arrow(types.parse(type_))


def _key(name: str, type_: str, value: str) -> pa.Scalar:
    if value == "__HIVE_DEFAULT_PARTITION__":
        return pa.scalar(None, arrow_type(type_))
    try:
        return pa.scalar(value).cast(arrow_type(type_))
    except pa.ArrowInvalid as error:
        raise QueryFailure(
            "HIVE_INVALID_PARTITION_VALUE", f"Invalid partition value '{value}' for {type_} partition key: {name}"
        ) from error


def _column(array: pa.ChunkedArray, name: str, declared: str, key: str) -> pa.ChunkedArray:
    type_ = types.parse(declared)
    if type_.base == "timestamp":
        readable = pa.types.is_timestamp(array.type)
    elif type_.base in {"decimal", *types.NESTED}:
        readable = array.type.id == arrow(type_).id
    else:
        readable = array.type in _READABLE.get(type_.base, (arrow(type_),))
    try:
        # The cast drops the time zone of a timestamp and truncates it to milliseconds.
        column = array.cast(arrow(type_), safe=type_.base == "decimal") if readable else None
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError, pa.ArrowTypeError):
        column = None
    if column is None:
        raise QueryFailure(
            "HIVE_BAD_DATA",
            f"Field {name}'s type {array.type} in parquet file {key} is incompatible with type {declared} defined in "
            "table schema",
        )
    if type_.base == "char":
        return pc.utf8_rtrim(pc.utf8_slice_codeunits(column, 0, type_.numbers[0]), " ")
    return pc.utf8_slice_codeunits(column, 0, type_.numbers[0]) if type_.base == "varchar" and type_.of else column
