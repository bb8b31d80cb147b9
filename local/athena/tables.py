"""Reads tables of the catalog from parquet objects into Arrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from local import moto_catalog, moto_state
from local.athena import projection, row_groups, types
from local.athena.analysis.catalog import Column, Source
from local.athena.decoding import Columns, KeyValues, arrow_type, read_parquet, read_text
from local.athena.delimited import PROPERTIES
from local.athena.errors import QueryFailure
from local.athena.formats import is_text, require_readable
from local.athena.glue_types import arrow
from local.athena.row_groups import Equalities

PATH = "$path"
"""Hidden column with the location of the object of each row."""


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
    text: tuple[tuple[str, str], ...] | None = None
    """Properties of a table of delimited text; None for parquet."""
    injected: tuple[str, ...] = ()
    """Partition keys whose values a query must have in its WHERE clause."""

    def types(self) -> dict[str, str]:
        """Return the Glue type of each column; the partition keys are last."""
        return dict(self.columns + self.keys)

    def scanned(self, partitions: Sequence[Partition], used: Set[str], equal: Equalities) -> int:
        """Return the number of bytes that `read` with these arguments scans.

        Of an object of parquet with several row groups it is the size of the columns that are used, in the row groups
        that are read; of another object its size.

        Raises:
            QueryFailure: an object is gone or is not parquet.
        """
        texts = self._texts(equal)
        return sum(
            stored.size if self.text is not None else row_groups.scanned(partition.bucket, stored, used, texts)
            for partition in partitions
            for stored in partition.objects
        )

    def read(self, partitions: Sequence[Partition], used: Set[str], equal: Equalities = ()) -> pa.Table:
        """Return the rows of partitions with the columns that are used.

        If none is used, the result has one column, because an Arrow table without columns has no number of rows.

        Args:
            partitions: partitions of this table.
            used: names of columns.
            equal: columns of which the query needs only the rows with a text. Row groups whose statistics exclude the
                text are left out; other rows without the text may be in the result.

        Raises:
            QueryFailure: the schema of a partition or of an object does not match that of the table.
        """
        readable = [name for name, declared in self.types().items() if known(declared)]
        if not readable:
            raise QueryFailure("NOT_SUPPORTED", "the table has no column of a type that the local Athena reads")
        names = [name for name in self.types() if name in used] or readable[-1:]
        columns = tuple((name, type_) for name, type_ in self.columns if name in names)
        types_ = [(name, arrow_type(type_)) for name, type_ in self.types().items() if name in names]
        schema = pa.schema(types_ + [(PATH, pa.string())] * (PATH in used))
        texts, parts = self._texts(equal), []
        for partition in partitions:
            self._check(partition)
            declared = frozenset(name for name, _ in partition.columns)
            key_values = _key_values(self.keys, partition.values, names)
            for stored in partition.objects:
                if self.text is None:
                    # The cache has whole objects, and only small ones.
                    read = read_parquet.__wrapped__ if texts or row_groups.is_large(stored) else read_parquet
                    part = read(partition.bucket, stored, columns, declared, key_values, texts=texts)
                else:
                    part = read_text(partition.bucket, stored, self.columns, key_values, self.text).select(
                        [name for name in self.types() if name in names]
                    )
                if PATH in used:
                    path = pa.repeat(f"s3://{partition.bucket}/{stored.key}", len(part))
                    part = part.append_column(PATH, path)
                parts.append(part)
        return pa.concat_tables(parts) if parts else schema.empty_table()

    def _texts(self, equal: Equalities) -> Equalities:
        """Return the conditions on columns whose texts in an object are those in the table.

        A char or a varchar with a length is not: it is cut when it is read.
        """
        keys = dict(self.keys)
        return tuple((name, text) for name, text in equal if (name, "string") in self.columns and name not in keys)

    def _check(self, partition: Partition) -> None:
        declared = dict(partition.columns)
        for name, type_ in self.columns:
            if declared.get(name, type_) != type_:
                raise QueryFailure(
                    "HIVE_PARTITION_SCHEMA_MISMATCH",
                    f"column '{name}' is declared as {type_} in the table, and as {declared[name] or 'no type'} in "
                    f"partition {'/'.join(partition.values)}",
                )


def load(database: str, name: str) -> Table:
    """Return a table of the catalog.

    Raises:
        QueryFailure: the table does not exist, or the local Athena does not support its format or types.
    """
    definition = moto_catalog.table(database, name)
    if definition is None:
        raise QueryFailure("TABLE_NOT_FOUND", f"Table 'awsdatacatalog.{database}.{name}' does not exist")
    storage = definition.get("StorageDescriptor")
    if storage is None:
        raise QueryFailure("HIVE_UNSUPPORTED_FORMAT", f"Table StorageDescriptor is null for table '{database}.{name}'")
    require_readable(definition, f"{database}.{name}")
    columns, keys = _columns(storage), _columns({"Columns": definition.get("PartitionKeys", ())})
    if not columns + keys:
        raise QueryFailure("NOT_SUPPORTED", f"Table '{database}.{name}' has no columns: the local Athena needs one")
    if not keys:
        entries = [{"StorageDescriptor": storage}]
    elif projection.is_projected(definition):
        entries = projection.partitions(definition, f"{database}.{name}")
    else:
        entries = moto_catalog.partitions(database, name)
    text = _text_properties(definition, storage) if is_text(storage) else None
    parts = []
    for entry in entries:
        own = {**storage, **entry.get("StorageDescriptor", {})}
        if own["InputFormat"] != storage["InputFormat"] or (text and _text_properties(definition, own) != text):
            which = f"partition {'/'.join(entry['Values'])} of table '{database}.{name}'"
            raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not read {which}: its format differs")
        parts.append(_partition(entry, columns, keys, f"{database}.{name}"))
    return Table(columns, keys, tuple(parts), text, projection.injected(definition))


def source(table: Table) -> Source:
    """Return the columns of a table as the analysis of queries needs them."""
    keys = {name for name, _ in table.keys}
    columns = [Column(name, known(declared), declared, name in keys) for name, declared in table.types().items()]
    return Source([*columns, Column(PATH, types.VARCHAR, hidden=True)])


@lru_cache(maxsize=1024)
def known(declared: str) -> types.Type | None:
    """Return the type with a name in Glue, or None if the local Athena does not read it."""
    try:
        type_ = types.parse(declared)
        arrow(type_)
    except QueryFailure:
        return None
    return type_


def _text_properties(definition: Mapping[str, Any], storage: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what determines how the text of a table or of one of its partitions is read."""
    serde = storage["SerdeInfo"]
    of_serde = {**(serde.get("Parameters") or {}), "serialization.lib": serde["SerializationLibrary"]}
    parameters = (definition.get("Parameters") or {}) | of_serde
    return tuple(sorted((name, value) for name, value in parameters.items() if name in PROPERTIES))


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


def _key_values(keys: Columns, values: Sequence[str], used: Sequence[str]) -> KeyValues:
    return tuple((name, type_, value) for (name, type_), value in zip(keys, values, strict=True) if name in used)
