"""Statements that write the result of a query: CREATE TABLE AS, INSERT INTO and UNLOAD."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from local import moto_catalog
from local.athena import objects, sql
from local.athena.engine import Selection
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.formats import PARQUET
from local.athena.glue_types import glue
from local.athena.locations import bucket_and_key, objects_below
from local.athena.reader import CATALOG, Name, Reader
from local.athena.session import Outcome, Session, Statement
from local.athena.storage import table_input

_PARQUET = {"GZIP": "gzip", "NONE": "none", "SNAPPY": "snappy", "UNCOMPRESSED": "none", "ZSTD": "zstd"}
_COMPRESSIONS = {
    "PARQUET": _PARQUET,
    "ORC": {"ZLIB": "zlib", "LZ4": "lz4", "SNAPPY": "snappy", "ZSTD": "zstd"},
    "JSON": {"GZIP": "gzip"},
    "TEXTFILE": {"GZIP": "gzip"},
}
"""Compressions of each format; the first is the default."""

_FORMATS = {"CREATE TABLE AS": ["PARQUET"], "UNLOAD": [*_COMPRESSIONS]}
"""Formats of each statement."""

_ALLOWED = {
    "CREATE TABLE AS": {"external_location", "partitioned_by", "write_compression", "parquet_compression"},
    "UNLOAD": {"partitioned_by", "compression", "field_delimiter"},
}


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
    query = query_of(text[: data.start()] if data else text)
    (_, compression), keys = _properties("CREATE TABLE AS", properties)
    location = properties.get("external_location")
    if location is not None:
        bucket_and_key(location)
    table = _TableAs(name, query, compression, keys, location, exists=exists, empty=bool(data and data[1]))
    return Statement("DDL", "CREATE_TABLE_AS_SELECT", table.run, "tables/{}", external=location is not None)


def unload(reader: Reader) -> Statement:
    """Read what follows UNLOAD: (query) TO 'location' WITH (format = 'PARQUET', …)."""
    query = query_of(reader.parenthesised())
    reader.expect("TO")
    location = reader.string()
    bucket_and_key(location)
    reader.expect("WITH")
    properties = reader.pairs()
    reader.end()
    if "format" not in properties:
        raise InvalidRequest("line 1:1: the property 'format' of UNLOAD is required")
    encoding, keys = _properties("UNLOAD", properties)
    delimiter = properties.get("field_delimiter", "\x01")
    if len(delimiter) != 1:
        raise InvalidRequest(f"field_delimiter must be one character, not {delimiter!r}")
    written = _Unload(query, location.rstrip("/"), encoding, keys, {"field.delim": delimiter})
    return Statement("DML", "UNLOAD", written.run, "{}")


def query_of(text: str) -> str:
    """Return a query after the checks of its syntax."""
    # INSERT INTO t VALUES (…)
    query = f"SELECT * FROM ({text})" if re.match(r"\s*VALUES\b", text, re.IGNORECASE) else text  # noqa: S608
    sql.parse(query)
    return query


def _properties(statement: str, properties: Mapping[str, str]) -> tuple[objects.Encoding, list[str]]:
    """Return the format and compression, and the partition keys.

    Raises:
        InvalidRequest: the local Athena does not have a property, or not its value.
    """
    unknown = properties.keys() - _ALLOWED[statement] - {"format"}
    if unknown:
        names = ", ".join(sorted(_ALLOWED[statement] | {"format"}))
        raise InvalidRequest(f"the local Athena has no property {min(unknown)} of {statement}; it has {names}")
    form = properties.get("format", "PARQUET").upper()
    if form not in _FORMATS[statement]:
        raise InvalidRequest(
            f"with {statement} the local Athena writes {', '.join(_FORMATS[statement])} only, not format = "
            f"'{properties['format']}'"
        )
    allowed = _COMPRESSIONS[form]
    value = next((value for name, value in properties.items() if name.endswith("compression")), next(iter(allowed)))
    compression = allowed.get(value.upper())
    if compression is None:
        raise InvalidRequest(
            f"the local Athena writes {form} with the compressions {', '.join(allowed)} only, not {value}"
        )
    keys = properties.get("partitioned_by", "").lower().split(",")
    return (form, compression), [key for key in keys if key]


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
            return written_rows([], 0, 0)
        selected = session.select(self.query)
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
        parts = objects.partitions(rows.slice(0, 0) if self.empty else rows, selected.types, self.keys)
        written = objects.files(table, parts, ("PARQUET", self.compression), session.id)
        with session.transaction() as transaction:
            if not self._is_absent(database, name, place):
                return written_rows([], 0, 0)
            transaction.put(written)
            moto_catalog.put_table(database, table)
            objects.register(database, table, parts)
        return written_rows(list(written), sum(len(part) for _, part in parts), selected.scanned)

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


@dataclass(frozen=True, slots=True)
class _Unload:
    """UNLOAD: its query, and the location, encoding, partition keys and SerDe parameters of its objects."""

    query: str
    location: str
    encoding: objects.Encoding
    keys: list[str]
    serde: Mapping[str, str]

    def run(self, session: Session) -> Outcome:
        _require_empty(self.location, "UNLOAD")
        selected = session.select(self.query)
        rows = _rows(selected)
        _require_last(selected, self.keys)
        for type_ in selected.types:
            glue(type_)
            if self.encoding[0] in ("JSON", "TEXTFILE") and re.search(r"\bchar\(", str(type_)):
                raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not unload {type_} as {self.encoding[0]}")
        parts = objects.partitions(rows, selected.types, self.keys)
        table = {
            "PartitionKeys": [{"Name": key} for key in self.keys],
            "StorageDescriptor": {"Location": self.location, "SerdeInfo": {"Parameters": self.serde}},
        }
        written = objects.files(table, parts, self.encoding, session.id)
        with session.transaction() as transaction:
            _require_empty(self.location, "UNLOAD")
            transaction.put(written)
        return written_rows(list(written), len(selected.table), selected.scanned)


def written_rows(manifest: Sequence[str], count: int, scanned: int) -> Outcome:
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
