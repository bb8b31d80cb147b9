"""Statements that write the result of a query: CREATE TABLE AS, INSERT INTO and UNLOAD."""

from __future__ import annotations

import re
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import MappingProxyType
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from local import moto_catalog
from local.athena import coercion, delimited, sql, types
from local.athena.ddl import (
    PARQUET,
    partition_input,
    partition_location,
    require_writable,
    table_input,
)
from local.athena.engine import Selection
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.glue_types import arrow, glue
from local.athena.reader import CATALOG, Name, Reader
from local.athena.session import Outcome, Session, Statement, bucket_and_key, objects_below
from local.athena.types import Type

MOST_PARTITIONS = 100
"""Maximum number of partitions that one statement writes, as on AWS."""

_COMPRESSIONS = {"GZIP": "gzip", "NONE": "none", "SNAPPY": "snappy", "UNCOMPRESSED": "none", "ZSTD": "zstd"}
_ALLOWED = {
    "CREATE TABLE AS": {"external_location", "partitioned_by", "write_compression", "parquet_compression"},
    "UNLOAD": {"partitioned_by", "compression"},
}
_KEY_TYPES = {"boolean", "date", "integer", "bigint", "smallint", "tinyint", "varchar", "char"}


def create_table_as(reader: Reader) -> Statement:
    """Read what follows CREATE TABLE: [IF NOT EXISTS] name [WITH (…)] AS query [WITH [NO] DATA]."""
    exists = reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    if reader.peek("("):
        raise InvalidRequest("the local Athena has CREATE EXTERNAL TABLE and CREATE TABLE AS, and no Iceberg tables")
    properties = reader.pairs() if reader.take("WITH") else {}
    reader.expect("AS")
    text = reader.rest()
    data = re.search(r"\s+WITH\s+(NO\s+)?DATA\s*$", text, re.IGNORECASE)
    query = _query(text[: data.start()] if data else text)
    compression, keys = _properties("CREATE TABLE AS", properties)
    location = properties.get("external_location")
    if location is not None:
        bucket_and_key(location)
    table = _TableAs(name, query, compression, keys, location, exists=exists, empty=bool(data and data[1]))
    return Statement("DDL", "CREATE_TABLE_AS_SELECT", table.run, "tables/{}", external=location is not None)


def insert(reader: Reader) -> Statement:
    """Read what follows INSERT INTO: name [(columns)] query."""
    name = reader.name()
    columns = None
    if reader.peek("(") and not re.match(
        r"\(\s*(SELECT|WITH|VALUES|TABLE|\()\b", reader.text[reader.token.start :], re.IGNORECASE
    ):
        columns = [column.strip().strip('"').lower() for column in reader.parenthesised().split(",")]
    return Statement("DML", "INSERT", partial(_insert, name, columns, _query(reader.rest())), "{}")


def unload(reader: Reader) -> Statement:
    """Read what follows UNLOAD: (query) TO 'location' WITH (format = 'PARQUET', …)."""
    query = _query(reader.parenthesised())
    reader.expect("TO")
    location = reader.string()
    bucket_and_key(location)
    reader.expect("WITH")
    properties = reader.pairs()
    reader.end()
    if "format" not in properties:
        raise InvalidRequest("line 1:1: the property 'format' of UNLOAD is required")
    compression, keys = _properties("UNLOAD", properties)
    return Statement("DML", "UNLOAD", partial(_unload, query, location.rstrip("/"), compression, keys), "{}")


def _query(text: str) -> str:
    """Return a query after the checks of its syntax."""
    # INSERT INTO t VALUES (…)
    query = f"SELECT * FROM ({text})" if re.match(r"\s*VALUES\b", text, re.IGNORECASE) else text  # noqa: S608
    sql.parse(query)
    return query


def _properties(statement: str, properties: Mapping[str, str]) -> tuple[str, list[str]]:
    """Return the compression and the partition keys.

    Raises:
        InvalidRequest: the local Athena does not have a property, or not its value.
    """
    unknown = properties.keys() - _ALLOWED[statement] - {"format"}
    if unknown:
        names = ", ".join(sorted(_ALLOWED[statement] | {"format"}))
        raise InvalidRequest(f"the local Athena has no property {min(unknown)} of {statement}; it has {names}")
    if properties.get("format", "PARQUET").upper() != "PARQUET":
        raise InvalidRequest(f"the local Athena writes PARQUET only, not format = '{properties['format']}'")
    given = [value for name, value in properties.items() if name.endswith("compression")]
    compression = _COMPRESSIONS.get(given[0].upper() if given else "GZIP")
    if compression is None:
        allowed = ", ".join(_COMPRESSIONS)
        raise InvalidRequest(f"the local Athena writes parquet with the compressions {allowed} only, not {given[0]}")
    keys = properties.get("partitioned_by", "").lower().split(",")
    return compression, [key for key in keys if key]


def _select(session: Session, query: str) -> Selection:
    return session.engine.select(
        query, session.parameters, session.database, cutoff=session.cutoff, cancelled=session.cancelled
    )


def _rows(selected: Selection) -> pa.Table:
    """Return the rows of a query with the names of its columns, which are those of the objects."""
    _require_named(selected)
    return selected.table.rename_columns([name.lower() for name in selected.names])


@dataclass(frozen=True, slots=True)
class _TableAs:
    """CREATE TABLE AS: the table, its query, and the properties of its objects."""

    name: Name
    query: str
    compression: str
    keys: list[str]
    location: str | None
    exists: bool
    empty: bool

    def run(self, session: Session) -> Outcome:
        database, name = self.name.of(session.database)
        place = (self.location or f"{session.output}/tables/{session.id}").rstrip("/")
        if not self._is_absent(database, name, place):
            return _outcome([], 0, 0)
        selected = _select(session, self.query)
        rows = _rows(selected)
        _require_last(selected, self.keys)
        columns = [
            {"Name": column, "Type": glue(type_)}
            for column, type_ in zip(rows.column_names, selected.types, strict=True)
        ]
        table = table_input(
            name,
            place,
            columns=columns[: len(columns) - len(self.keys)],
            keys=columns[len(columns) - len(self.keys) :],
            form=PARQUET,
            properties={
                "classification": "parquet",
                "has_encrypted_data": "false",
                "parquet.compression": self.compression.upper(),
            },
        )
        parts = _partitions(rows.slice(0, 0) if self.empty else rows, selected.types, self.keys)
        objects = _files(table, parts, self.compression, session.id)
        with session.transaction() as transaction:
            if not self._is_absent(database, name, place):
                return _outcome([], 0, 0)
            transaction.put(objects)
            moto_catalog.put_table(database, table)
            _register(database, table, parts)
        return _outcome(list(objects), sum(len(part) for _, part in parts), selected.scanned)

    def _is_absent(self, database: str, name: str, place: str) -> bool:
        """Return whether the table can be created; if it exists, IF NOT EXISTS must allow that."""
        if moto_catalog.database(database) is None:
            raise QueryFailure("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
        if moto_catalog.table(database, name) is None:
            _require_empty(place, f"table '{database}.{name}'")
            return True
        if not self.exists:
            described = f"{CATALOG}.{database}.{name}"
            raise QueryFailure("TABLE_ALREADY_EXISTS", f"line 1:1: Destination table '{described}' already exists")
        return False


def _insert(name: Name, columns: list[str] | None, query: str, session: Session) -> Outcome:
    database, table_name = name.of(session.database)
    described = f"{CATALOG}.{database}.{table_name}"
    table = moto_catalog.table(database, table_name)
    if table is None:
        raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: Table '{described}' does not exist")
    require_writable(table, described)
    keys = [key["Name"] for key in table.get("PartitionKeys") or ()]
    declared = {
        column["Name"]: types.parse(column["Type"])
        for column in (*table["StorageDescriptor"]["Columns"], *(table.get("PartitionKeys") or ()))
    }
    targets = list(declared) if columns is None else columns
    for target in targets:
        if target not in declared:
            raise QueryFailure(
                "COLUMN_NOT_FOUND", f"line 1:1: Insert column name does not exist in target table: {target}"
            )
        if targets.count(target) > 1:
            raise QueryFailure(
                "DUPLICATE_COLUMN_NAME", f"line 1:1: Insert column name is specified more than once: {target}"
            )
    selected = _select(session, query)
    expected = [declared[target] for target in targets]
    same = len(expected) == len(selected.types)
    if not same or not all(coercion.coerces(source, to) for source, to in zip(selected.types, expected, strict=True)):
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"line 1:1: Insert query has mismatched column types: Table: [{', '.join(map(str, expected))}], Query: "
            f"[{', '.join(map(str, selected.types))}]",
        )
    sources = dict(zip(targets, selected.table.columns, strict=True))
    count = len(selected.table)
    rows = pa.table(
        {
            column: sources[column].cast(arrow(type_)) if column in sources else pa.nulls(count, arrow(type_))
            for column, type_ in declared.items()
        }
    )
    parts = _partitions(rows, list(declared.values()), keys)
    places = {
        tuple(each["Values"]): each["StorageDescriptor"]["Location"].rstrip("/")
        for each in moto_catalog.partitions(database, table_name)
    }
    objects = _files(table, parts, "gzip", session.id, places)
    with session.transaction() as transaction:
        if moto_catalog.table(database, table_name) is None:
            raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: Table '{described}' does not exist")
        transaction.put(objects)
        _register(database, table, parts)
    return _outcome(list(objects), count, selected.scanned)


def _unload(query: str, location: str, compression: str, keys: list[str], session: Session) -> Outcome:
    _require_empty(location, "UNLOAD")
    selected = _select(session, query)
    rows = _rows(selected)
    _require_last(selected, keys)
    for type_ in selected.types:
        glue(type_)
    parts = _partitions(rows, selected.types, keys)
    table = {"PartitionKeys": [{"Name": key} for key in keys], "StorageDescriptor": {**PARQUET, "Location": location}}
    objects = _files(table, parts, compression, session.id)
    with session.transaction() as transaction:
        _require_empty(location, "UNLOAD")
        transaction.put(objects)
    return _outcome(list(objects), len(selected.table), selected.scanned)


def _outcome(manifest: Sequence[str], count: int, scanned: int) -> Outcome:
    return Outcome(("rows",), ("bigint",), scanned=scanned, count=count, manifest=manifest)


def _require_empty(location: str, what: str) -> None:
    if objects_below(location):
        raise QueryFailure(
            "HIVE_PATH_ALREADY_EXISTS",
            f"Target directory for {what} already exists: {location}. You may need to "
            "manually clean the data at this location before retrying. Athena will not delete data in your account.",
        )


def _require_named(selected: Selection) -> None:
    """Check that each column has a name of its own and a type."""
    seen = set()
    for position, (name, type_) in enumerate(zip(selected.names, selected.types, strict=True), 1):
        if not selected.named[position - 1]:
            raise QueryFailure("MISSING_COLUMN_NAME", f"line 1:1: Column name not specified at position {position}")
        if name.lower() in seen:
            raise QueryFailure("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{name}' specified more than once")
        if type_.base == "unknown":
            raise QueryFailure("COLUMN_TYPE_UNKNOWN", f"line 1:1: Column type is unknown: {name}")
        seen.add(name.lower())


def _require_last(selected: Selection, keys: list[str]) -> None:
    names = [name.lower() for name in selected.names]
    if any(key not in names for key in keys):
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"Partition columns {keys} not present in schema")
    if keys and (len(keys) == len(names) or names[-len(keys) :] != keys):
        raise QueryFailure(
            "HIVE_COLUMN_ORDER_MISMATCH",
            "Partition keys must be the last columns in the table and in the same order as the table properties: "
            f"{keys}",
        )


Part = tuple[list[str], pa.Table]
"""Values of the partition keys, and the rows without these."""


def _partitions(rows: pa.Table, of: Sequence[Type], keys: Sequence[str]) -> list[Part]:
    """Return the rows by partition; all in one part if there is no key. A part has at least one row."""
    if not keys:
        return [([], rows)] if len(rows) else []
    count = rows.num_columns - len(keys)
    texts = []
    for column, type_ in zip(rows.columns[count:], of[count:], strict=True):
        if type_.base not in _KEY_TYPES:
            raise QueryFailure("NOT_SUPPORTED", f"Unsupported type for partition column: {type_}")
        texts.append(pc.fill_null(delimited.as_text(column), "__HIVE_DEFAULT_PARTITION__"))
    names = [str(index) for index in range(len(keys))]
    values = pa.table(texts, names)
    groups = values.group_by(names, use_threads=False).aggregate([]).to_pylist()
    if len(groups) > MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        )
    data, parts = rows.select(range(count)), []
    for group in groups:
        mask = None
        for name, value in group.items():
            equal = pc.equal(values[name], value)
            mask = equal if mask is None else pc.and_(mask, equal)
        parts.append((list(group.values()), data.filter(mask)))
    return parts


def _files(
    table: Mapping[str, Any],
    parts: Iterable[Part],
    compression: str,
    query_id: str,
    places: Mapping[tuple[str, ...], str] = MappingProxyType({}),
) -> dict[str, bytes]:
    """Return the objects of the parts by their locations, named as Athena names them.

    Args:
        table: the table in the form of Glue.
        parts: the parts.
        compression: that of parquet.
        query_id: the id of the execution.
        places: locations of the partitions that exist, by their values.
    """
    storage = table["StorageDescriptor"]
    objects = {}
    for values, rows in parts:
        name = f"{datetime.now(UTC):%Y%m%d_%H%M%S}_{query_id[:5]}_{uuid.uuid4()}"
        place = f"{places.get(tuple(values)) or partition_location(table, values)}/{name}"
        if storage["InputFormat"] == PARQUET["InputFormat"]:
            objects[place] = _parquet(rows, compression)
        else:
            objects[f"{place}.gz"] = delimited.write(rows, storage.get("SerdeInfo") or {})
    return objects


def _parquet(rows: pa.Table, compression: str) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(
        rows.combine_chunks(),
        sink,
        compression=compression,
        store_schema=False,
        # Athena writes timestamps so too.
        use_deprecated_int96_timestamps=True,
    )
    return bytes(sink.getvalue())


def _register(database: str, table: Mapping[str, Any], parts: Iterable[Part]) -> None:
    """Create the partitions that the table does not have."""
    present = [each["Values"] for each in moto_catalog.partitions(database, table["Name"])]
    for values, _ in parts:
        if values and values not in present:
            moto_catalog.create_partition(database, table["Name"], partition_input(table, values))
