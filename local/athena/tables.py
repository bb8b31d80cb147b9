"""Reads tables of the catalog from parquet objects into Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa
import pyarrow.parquet as pq

from local import moto_state
from local.athena.errors import QueryFailure

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"

# Parquet types that Trino's reader accepts for each column type of a table.
_READABLE: dict[str, tuple[pa.DataType, ...]] = {
    "bigint": (pa.int64(), pa.int32(), pa.int16(), pa.int8()),
    "boolean": (pa.bool_(),),
    "date": (pa.date32(),),
    "double": (pa.float64(), pa.float32()),
    "int": (pa.int32(), pa.int16(), pa.int8()),
    "string": (pa.string(), pa.large_string()),
    "timestamp": (),
}

_ARROW: dict[str, pa.DataType] = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "double": pa.float64(),
    "int": pa.int32(),
    "string": pa.string(),
    # Athena's timestamps have no time zone and a precision of milliseconds.
    "timestamp": pa.timestamp("ms"),
}

Columns = tuple[tuple[str, str], ...]
"""Name and Glue type of each column."""

Equalities = tuple[tuple[str, str], ...]
"""Columns of text, each with the text that the query requires."""

LARGEST_CACHED = 8 * 2**20
"""The size of the largest object whose rows are cached, in bytes. A year of the index takes less than 0.2 MB."""


@dataclass(frozen=True, slots=True)
class Partition:
    """Registered partition: key values in the order of the keys, columns, and the objects below its location."""

    values: tuple[str, ...]
    columns: Columns
    bucket: str
    objects: tuple[moto_state.StoredObject, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Table of the catalog."""

    columns: Columns
    keys: Columns
    partitions: tuple[Partition, ...]

    def types(self) -> dict[str, str]:
        """Return the Glue type of each column; the partition keys are last."""
        return dict(self.columns + self.keys)

    def scanned(self, partitions: Sequence[Partition], used: Set[str], equal: Equalities) -> int:
        """Return the number of bytes that `read` with these arguments scans.

        Of an object with several row groups they are those of the columns and row groups that are read, of another its
        size.
        """
        total = 0
        for partition in partitions:
            for stored in partition.objects:
                footer = _footer(partition.bucket, stored)
                if footer is None or footer.num_row_groups < 2:
                    total += stored.size
                    continue
                for group in map(footer.row_group, _groups(partition.bucket, stored, equal)):
                    chunks = map(group.column, range(group.num_columns))
                    total += sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema in used)
        return total

    def read(self, partitions: Sequence[Partition], used: Set[str], equal: Equalities = ()) -> pa.Table:
        """Return the rows of partitions with the columns that are used.

        If none is used, the result has one column, because an Arrow table without columns has no number of rows.

        Args:
            equal: the conditions of the query on columns of text. A row group whose statistics exclude one is left out.

        Raises:
            QueryFailure: the schema of a partition or of an object does not match that of the table.
        """
        names = [name for name in self.types() if name in used] or list(self.types())[-1:]
        columns = tuple((name, type_) for name, type_ in self.columns if name in names)
        schema = pa.schema([(name, _ARROW[type_]) for name, type_ in self.types().items() if name in names])
        parts = []
        for partition in partitions:
            self._check(partition)
            declared = frozenset(name for name, _ in partition.columns)
            key_values = _key_values(self.keys, partition.values, names)
            for stored in partition.objects:
                groups = _groups(partition.bucket, stored, equal)
                # The cache holds what small objects have, such as those of the index.
                read = _read if stored.size <= LARGEST_CACHED else _read.__wrapped__
                parts.append(read(partition.bucket, stored, columns, declared, key_values, groups))
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def _check(self, partition: Partition) -> None:
        types = dict(partition.columns)
        for name, type_ in self.columns:
            if types.get(name, type_) != type_:
                raise QueryFailure(
                    "HIVE_PARTITION_SCHEMA_MISMATCH",
                    f"column '{name}' is declared as {type_} in the table, and as {types[name] or 'no type'} in "
                    f"partition {'/'.join(partition.values)}",
                )


def load(database: str, name: str) -> Table:
    """Return a table of the catalog.

    Raises:
        QueryFailure: the table does not exist, or the local Athena does not support its format or types.
    """
    definition = moto_state.table(database, name)
    if definition is None:
        raise QueryFailure("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
    storage = definition.get("StorageDescriptor")
    if storage is None:
        raise QueryFailure("HIVE_UNSUPPORTED_FORMAT", f"Table StorageDescriptor is null for table '{database}.{name}'")
    if storage.get("InputFormat") != PARQUET:
        raise QueryFailure(
            "NOT_SUPPORTED", f"Table '{database}.{name}' is not parquet: the local Athena reads no other"
        )
    columns, keys = _columns(storage), _columns({"Columns": definition.get("PartitionKeys", ())})
    if not columns + keys:
        raise QueryFailure("NOT_SUPPORTED", f"Table '{database}.{name}' has no columns: the local Athena needs one")
    unknown = next((type_ for _, type_ in columns + keys if type_ not in _ARROW), None)
    if unknown is not None:
        raise QueryFailure(
            "NOT_SUPPORTED", f"Table '{database}.{name}' has a column of type '{unknown}'; known: {', '.join(_ARROW)}"
        )
    entries = moto_state.partitions(database, name) if keys else [{"StorageDescriptor": storage}]
    return Table(columns, keys, tuple(_partition(entry, columns, keys, f"{database}.{name}") for entry in entries))


def _columns(storage: Mapping[str, Any]) -> Columns:
    return tuple((column["Name"].lower(), column.get("Type", "").lower()) for column in storage.get("Columns", ()))


def _partition(entry: Mapping[str, Any], columns: Columns, keys: Columns, table: str) -> Partition:
    """Return a partition of a table with these columns and keys. Its own columns default to those of the table.

    Raises:
        QueryFailure: the partition has no location, or the number of its values is not the number of keys.
    """
    values, storage = tuple(entry.get("Values", ())), entry.get("StorageDescriptor", {})
    name = f"Partition '{'/'.join(values)}' of table '{table}'" if keys else f"Table '{table}'"
    if len(values) != len(keys):
        raise QueryFailure("HIVE_INVALID_METADATA", f"{name} has {len(values)} values for {len(keys)} keys")
    if not storage.get("Location"):
        raise QueryFailure("HIVE_INVALID_METADATA", f"{name} has no location")
    location = urlsplit(storage["Location"])
    prefix = location.path.lstrip("/")
    stored = moto_state.objects(location.netloc, prefix if not prefix or prefix.endswith("/") else prefix + "/")
    # As in Hive, an object whose name starts with _ or . is not data.
    data = [entry for entry in stored if entry.size and not entry.key.rpartition("/")[2].startswith(("_", "."))]
    return Partition(values, _columns(storage) or columns, location.netloc, tuple(data))


KeyValues = tuple[tuple[str, str, str], ...]
"""Name, Glue type and value of each partition key that the query uses."""


def _key_values(keys: Columns, values: Sequence[str], used: Sequence[str]) -> KeyValues:
    return tuple((name, type_, value) for (name, type_), value in zip(keys, values, strict=True) if name in used)


@lru_cache(maxsize=4096)
def _footer(bucket: str, stored: moto_state.StoredObject) -> pq.FileMetaData | None:
    """Return the footer of an object, None if it is gone or no parquet file."""
    body = moto_state.open_object(bucket, stored.key)
    if body is None:
        return None
    try:
        return pq.read_metadata(body)
    except pa.ArrowInvalid:
        return None


@lru_cache(maxsize=65536)
def _groups(bucket: str, stored: moto_state.StoredObject, equal: Equalities) -> tuple[int, ...]:
    """Return the row groups of an object that may have rows with these texts, by their statistics."""
    footer = _footer(bucket, stored)
    if footer is None:
        return ()
    names = footer.schema.names
    wanted = [(names.index(name), value) for name, value in equal if name in names]
    return tuple(
        group
        for group in range(footer.num_row_groups)
        if all(_may_have(footer.row_group(group).column(column).statistics, value) for column, value in wanted)
    )


def _may_have(statistics: pq.Statistics | None, value: str) -> bool:
    if statistics is None or not statistics.has_min_max or not isinstance(statistics.min, str):
        return True
    # By bytes, as parquet compares text.
    lowest, highest = str(statistics.min), str(statistics.max)
    return lowest.encode() <= value.encode() <= highest.encode()


@lru_cache(maxsize=4096)
def _read(  # noqa: PLR0917 - `lru_cache` has a key for each order of keywords
    bucket: str,
    stored: moto_state.StoredObject,
    columns: Columns,
    declared: frozenset[str],
    key_values: KeyValues,
    groups: tuple[int, ...],
) -> pa.Table:
    """Return some columns of row groups of an object. The cache key includes the ETag, so a changed object is read
    again."""
    body = moto_state.open_object(bucket, stored.key)
    if body is None:
        raise QueryFailure(
            "HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split s3://{bucket}/{stored.key}: the object is gone"
        )
    try:
        with pq.ParquetFile(body) as file:
            # A column that is absent from the partition's schema or from the file is null, as in Trino.
            present = [name for name, _ in columns if name in declared and name in file.schema_arrow.names]
            rows = file.read_row_groups(groups, present)
            count = sum(file.metadata.row_group(group).num_rows for group in groups)
    except pa.ArrowInvalid as error:
        raise QueryFailure("HIVE_BAD_DATA", f"Not valid Parquet file: s3://{bucket}/{stored.key}") from error
    arrays: dict[str, pa.ChunkedArray | pa.Array] = {}
    for name, type_ in columns:
        arrays[name] = (
            _column(rows[name], name, type_, stored.key) if name in present else pa.nulls(count, _ARROW[type_])
        )
    for name, type_, value in key_values:
        arrays[name] = pa.repeat(_key(name, type_, value), count)
    return pa.table(arrays)


def _key(name: str, type_: str, value: str) -> pa.Scalar:
    if value == "__HIVE_DEFAULT_PARTITION__":
        return pa.scalar(None, _ARROW[type_])
    try:
        return pa.scalar(value).cast(_ARROW[type_])
    except pa.ArrowInvalid as error:
        raise QueryFailure(
            "HIVE_INVALID_PARTITION_VALUE", f"Invalid partition value '{value}' for {type_} partition key: {name}"
        ) from error


def _column(array: pa.ChunkedArray, name: str, type_: str, key: str) -> pa.ChunkedArray:
    readable = pa.types.is_timestamp(array.type) if type_ == "timestamp" else array.type in _READABLE[type_]
    if not readable:
        raise QueryFailure(
            "HIVE_BAD_DATA",
            f"Field {name}'s type {array.type} in parquet file {key} is incompatible with type {type_} defined in "
            "table schema",
        )
    # The cast drops the time zone of a timestamp and truncates it to milliseconds.
    return array.cast(_ARROW[type_], safe=False)
