"""Statements that change the catalog: CREATE, DROP and ALTER of databases and tables, MSCK REPAIR TABLE."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

from local import moto_catalog
from local.athena import types
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.glue_types import arrow
from local.athena.reader import Name, Reader
from local.athena.session import (
    DDL_TASK,
    Outcome,
    Session,
    Statement,
    bucket_and_key,
    hive_failure,
    objects_below,
    require_database,
)

_HADOOP = "org.apache.hadoop.hive"
PARQUET = {
    "InputFormat": f"{_HADOOP}.ql.io.parquet.MapredParquetInputFormat",
    "OutputFormat": f"{_HADOOP}.ql.io.parquet.MapredParquetOutputFormat",
    "Serde": f"{_HADOOP}.ql.io.parquet.serde.ParquetHiveSerDe",
}
TEXT = {
    "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
    "OutputFormat": f"{_HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat",
    "Serde": f"{_HADOOP}.serde2.lazy.LazySimpleSerDe",
}
_DELIMITERS = {
    ("FIELDS", "TERMINATED", "BY"): ("field.delim", "serialization.format"),
    ("ESCAPED", "BY"): ("escape.delim",),
    ("COLLECTION", "ITEMS", "TERMINATED", "BY"): ("colelction.delim",),
    ("MAP", "KEYS", "TERMINATED", "BY"): ("mapkey.delim",),
    ("LINES", "TERMINATED", "BY"): ("line.delim",),
    ("NULL", "DEFINED", "AS"): ("serialization.null.format",),
}
"""Properties of Hive's text SerDe for the clauses of ROW FORMAT DELIMITED; Hive itself misspells one."""


def create_database(reader: Reader) -> Statement:
    """Read CREATE DATABASE [IF NOT EXISTS] name [COMMENT text] [LOCATION text] [WITH DBPROPERTIES (…)]."""
    exists = reader.take("IF", "NOT", "EXISTS")
    database: dict[str, Any] = {"Name": reader.identifier(), "Parameters": {}}
    if reader.take("COMMENT"):
        database["Description"] = reader.string()
    if reader.take("LOCATION"):
        database["LocationUri"] = reader.string()
    if reader.take("WITH", "DBPROPERTIES"):
        database["Parameters"] = reader.pairs()
    reader.end()

    def run(session: Session) -> Outcome:
        with session.transaction():
            if moto_catalog.database(database["Name"]) is None:
                moto_catalog.create_database(database)
            elif not exists:
                raise hive_failure(f"{DDL_TASK}Database {database['Name']} already exists")
        return Outcome()

    return Statement("DDL", "CREATE_DATABASE", run)


def drop_database(reader: Reader) -> Statement:
    """Read DROP DATABASE [IF EXISTS] name [RESTRICT | CASCADE]."""
    missing = reader.take("IF", "EXISTS")
    name = reader.identifier()
    cascade = reader.take("CASCADE")
    if not cascade:
        reader.take("RESTRICT")
    reader.end()

    def run(session: Session) -> Outcome:
        with session.transaction():
            if missing and moto_catalog.database(name) is None:
                return Outcome()
            require_database(name)
            if not cascade and moto_catalog.tables(name):
                raise hive_failure(
                    f"{DDL_TASK}InvalidOperationException(message:Database {name} is not empty. One or more tables "
                    "exist.)"
                )
            moto_catalog.delete_database(name)
        return Outcome()

    return Statement("DDL", "DROP_DATABASE", run)


def create_table(reader: Reader) -> Statement:
    """Read what follows CREATE EXTERNAL TABLE: a table of parquet objects, or of delimited text."""
    exists = reader.take("IF", "NOT", "EXISTS")
    name = reader.name()
    columns = reader.columns()
    comment = {"comment": reader.string()} if reader.take("COMMENT") else {}
    keys = reader.columns() if reader.take("PARTITIONED", "BY") else []
    if reader.peek("CLUSTERED"):
        raise InvalidRequest("the local Athena has no buckets: CLUSTERED BY")
    form, serde = _format(reader)
    reader.expect("LOCATION")
    location = _location(reader)
    properties = reader.pairs() if reader.take("TBLPROPERTIES") else {}
    reader.end()
    if properties.get("table_type", "").upper() == "ICEBERG":
        raise InvalidRequest("the local Athena has no Iceberg tables: 'table_type'='ICEBERG'")
    if any(name.startswith("projection.") for name in properties):
        raise InvalidRequest("the local Athena has no partition projection: 'projection.enabled'")
    names = [column["Name"] for column in columns + keys]
    repeated = next((name for name in names if names.count(name) > 1), None)
    table = table_input(
        name.name, location, columns=columns, keys=keys, form=form, properties={**comment, **properties}, serde=serde
    )

    def run(session: Session) -> Outcome:
        database, table_name = name.of(session.database)
        for column in columns + keys:
            arrow(types.parse(column["Type"]))
        if repeated is not None:
            raise hive_failure(f"SemanticException [Error 10036]: Duplicate column name: {repeated}")
        with session.transaction():
            require_database(database)
            if moto_catalog.table(database, table_name) is None:
                moto_catalog.put_table(database, table)
            elif not exists:
                raise hive_failure(f"{DDL_TASK}AlreadyExistsException(message:Table {table_name} already exists)")
        return Outcome()

    return Statement("DDL", "CREATE_TABLE", run)


def _location(reader: Reader) -> str:
    """Read the location of a folder, and return it as Hive stores it: without a slash at its end."""
    location = reader.string().rstrip("/")
    bucket_and_key(location)
    return location


def table_input(
    name: str,
    location: str,
    *,
    columns: list[dict[str, str]],
    keys: list[dict[str, str]],
    form: Mapping[str, str],
    properties: Mapping[str, str],
    serde: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Any]:
    """Return Glue's TableInput of an external table, as Athena puts it."""
    return {
        "Name": name,
        "Owner": "hadoop",
        "TableType": "EXTERNAL_TABLE",
        "Parameters": {"EXTERNAL": "TRUE", "transient_lastDdlTime": str(int(time.time())), **properties},
        "PartitionKeys": keys,
        "Retention": 0,
        "StorageDescriptor": {
            "Columns": columns,
            "Location": location,
            "InputFormat": form["InputFormat"],
            "OutputFormat": form["OutputFormat"],
            "SerdeInfo": {
                "SerializationLibrary": form["Serde"],
                "Parameters": {"serialization.format": "1", **serde},
            },
            "BucketColumns": [],
            "Compressed": False,
            "NumberOfBuckets": -1,
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        },
    }


def _format(reader: Reader) -> tuple[Mapping[str, str], dict[str, str]]:
    """Read ROW FORMAT and STORED AS, and return the format and the properties of its SerDe."""
    serde, stored, delimited = "", "", False
    properties: dict[str, str] = {}
    if reader.take("ROW", "FORMAT"):
        delimited = reader.take("DELIMITED")
        if delimited:
            while clause := next((words for words in _DELIMITERS if reader.take(*words)), None):
                properties |= dict.fromkeys(_DELIMITERS[clause], reader.string())
        else:
            reader.expect("SERDE")
            serde = reader.string()
            properties = reader.pairs() if reader.take("WITH", "SERDEPROPERTIES") else {}
    if reader.take("STORED", "AS"):
        if reader.take("INPUTFORMAT"):
            stored = reader.string()
            reader.expect("OUTPUTFORMAT")
            reader.string()
        else:
            stored = reader.identifier()
    # Hive's default is text.
    for names, form in (("parquet", PARQUET), ("textfile", TEXT)):
        stored_as = stored.lower() in (names, form["InputFormat"].lower())
        if serde == form["Serde"] or (not serde and stored_as) or (not stored and not serde and form is TEXT):
            if (stored and not stored_as) or (delimited and form is not TEXT):
                break
            return form, properties
    raise InvalidRequest(
        f"the local Athena has tables of parquet and of delimited text only, not {serde or stored or 'this format'}"
    )


def drop_table(reader: Reader) -> Statement:
    """Read DROP TABLE [IF EXISTS] name. The objects of the table stay."""
    missing = reader.take("IF", "EXISTS")
    name = reader.name()
    reader.end()

    def run(session: Session) -> Outcome:
        database, table_name = name.of(session.database)
        with session.transaction():
            found = moto_catalog.table(database, table_name)
            if found is None and not missing:
                raise hive_failure(f"SemanticException [Error 10001]: Table not found {table_name}")
            if found is not None:
                if found.get("TableType") == "VIRTUAL_VIEW":
                    raise hive_failure("SemanticException [Error 10133]: Cannot drop a view with DROP TABLE")
                moto_catalog.delete_table(database, table_name)
        return Outcome()

    return Statement("DDL", "DROP_TABLE", run)


def alter_table(reader: Reader) -> Statement:
    """Read ALTER TABLE name with ADD or DROP PARTITION, ADD COLUMNS, SET LOCATION or SET TBLPROPERTIES."""
    name = reader.name()
    if reader.take("ADD", "COLUMNS"):
        change = partial(_add_columns, reader.columns())
        what = "ADD_COLUMNS"
    elif reader.take("SET", "TBLPROPERTIES"):
        change = partial(_set_properties, reader.pairs())
        what = "SET_TBLPROPERTIES"
    elif reader.take("SET", "LOCATION"):
        change = partial(_set_location, _location(reader))
        what = "SET_LOCATION"
    elif reader.take("ADD"):
        change = partial(_add_partitions, reader.take("IF", "NOT", "EXISTS"), _specs(reader))
        what = "ADD_PARTITION"
    elif reader.take("DROP"):
        change = partial(_drop_partitions, reader.take("IF", "EXISTS"), _specs(reader))
        what = "DROP_PARTITION"
    else:
        raise InvalidRequest(
            "the local Athena has ALTER TABLE with ADD PARTITION, DROP PARTITION, ADD COLUMNS, SET LOCATION and "
            f"SET TBLPROPERTIES only, not {reader.token.text}"
        )
    reader.end()
    return Statement("DDL", f"ALTER_TABLE_{what}", partial(_change, name, change))


def repair_table(reader: Reader) -> Statement:
    """Read MSCK REPAIR TABLE name, which adds the partitions whose folders are `key=value`."""
    name = reader.name()
    reader.end()
    return Statement("DDL", "MSCK_REPAIR_TABLE", partial(_change, name, _repair))


Change = Callable[[str, dict[str, Any]], bytes | None]


def require_table(name: Name, session: Session) -> tuple[str, dict[str, Any]]:
    """Return the database of a table and the table in the form of GetTable.

    Raises:
        QueryFailure: it does not exist.
    """
    database, table_name = name.of(session.database)
    table = moto_catalog.table(database, table_name)
    if table is None:
        raise hive_failure(f"SemanticException [Error 10001]: Table not found {database}.{table_name}")
    return database, table


def _change(name: Name, change: Change, session: Session) -> Outcome:
    with session.transaction():
        return Outcome(body=change(*require_table(name, session)) or b"")


def _specs(reader: Reader) -> list[tuple[dict[str, str], str | None]]:
    """Read PARTITION (key = value, …) [LOCATION text] once or more."""
    found = []
    while reader.take("PARTITION"):
        values = {key.lower(): value for key, value in reader.pairs().items()}
        found.append((values, _location(reader) if reader.take("LOCATION") else None))
        reader.take(",")
    if not found:
        raise reader.error("PARTITION")
    return found


def _values(table: Mapping[str, Any], spec: Mapping[str, str]) -> list[str]:
    keys = [key["Name"] for key in table.get("PartitionKeys") or ()]
    if set(keys) != set(spec):
        raise hive_failure(f"SemanticException Partition spec {dict(spec)} contains non-partition columns")
    return [spec[key] for key in keys]


def partition_input(table: Mapping[str, Any], values: list[str], location: str | None = None) -> dict[str, Any]:
    """Return Glue's PartitionInput with the columns and the format of its table."""
    place = location or partition_location(table, values)
    return {"Values": values, "StorageDescriptor": {**table["StorageDescriptor"], "Location": place}}


def partition_location(table: Mapping[str, Any], values: list[str]) -> str:
    """Return the location of a new partition, `key=value/…` below that of its table, which is that without values."""
    base = str(table["StorageDescriptor"]["Location"]).rstrip("/")
    return "/".join([base, *partition_path(table, values)])


def partition_path(table: Mapping[str, Any], values: list[str]) -> list[str]:
    """Return `key=value` of each key, with Hive's escapes."""
    keys = [key["Name"] for key in table.get("PartitionKeys") or ()]
    return [f"{key}={_SPECIAL.sub(_escape, value)}" for key, value in zip(keys, values, strict=bool(values))]


_SPECIAL = re.compile(r"[\x00-\x1f\"#%'*/:=?\\\x7f{}\[\]^]")


def _escape(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"


def _add_partitions(
    exists: bool, specs: list[tuple[dict[str, str], str | None]], database: str, table: dict[str, Any]
) -> None:
    present = [each["Values"] for each in moto_catalog.partitions(database, table["Name"])]
    added = []
    for spec, location in specs:
        values = _values(table, spec)
        if values in present and not exists:
            raise hive_failure(f"{DDL_TASK}AlreadyExistsException(message:Partition already exists.)")
        if values not in present:
            added.append(partition_input(table, values, location))
            present.append(values)
    for partition in added:
        moto_catalog.create_partition(database, table["Name"], partition)


def _drop_partitions(
    missing: bool, specs: list[tuple[dict[str, str], str | None]], database: str, table: dict[str, Any]
) -> None:
    present = [each["Values"] for each in moto_catalog.partitions(database, table["Name"])]
    dropped = [(_values(table, spec), spec) for spec, _ in specs]
    for values, spec in dropped:
        if values not in present and not missing:
            described = ", ".join(f"{key} = {value}" for key, value in spec.items())
            raise hive_failure(f"SemanticException [Error 10006]: Partition not found ({described})")
    for values, _ in dropped:
        moto_catalog.delete_partition(database, table["Name"], values)


def _add_columns(columns: list[dict[str, str]], database: str, table: dict[str, Any]) -> None:
    storage = table["StorageDescriptor"]
    names = {column["Name"] for column in (*storage["Columns"], *table.get("PartitionKeys", ()))}
    for column in columns:
        arrow(types.parse(column["Type"]))
        if column["Name"] in names:
            raise hive_failure(f"{DDL_TASK}Duplicate column name: {column['Name']}")
    put(database, table, {"StorageDescriptor": {**storage, "Columns": [*storage["Columns"], *columns]}})


def _set_properties(properties: dict[str, str], database: str, table: dict[str, Any]) -> None:
    put(database, table, {"Parameters": {**(table.get("Parameters") or {}), **properties}})


def _set_location(location: str, database: str, table: dict[str, Any]) -> None:
    put(database, table, {"StorageDescriptor": {**table["StorageDescriptor"], "Location": location}})


def put(database: str, table: Mapping[str, Any], members: Mapping[str, Any]) -> None:
    """Change some members of a table."""
    of_glue = ("DatabaseName", "CreateTime", "UpdateTime", "VersionId", "CatalogId")
    moto_catalog.put_table(
        database, {name: value for name, value in table.items() if name not in of_glue} | dict(members)
    )


def _repair(database: str, table: dict[str, Any]) -> bytes:
    keys = [key["Name"] for key in table.get("PartitionKeys") or ()]
    if not keys:
        return b""
    base = table["StorageDescriptor"]["Location"].rstrip("/") + "/"
    present = [each["Values"] for each in moto_catalog.partitions(database, table["Name"])]
    lines: list[str] = []
    for location in objects_below(base):
        parts = location.removeprefix(base).split("/")[:-1][: len(keys)]
        pairs = [part.partition("=") for part in parts]
        values = [unquote(value) for _, _, value in pairs]
        if [name.lower() for name, _, _ in pairs] != keys or values in present:
            continue
        present.append(values)
        path = "/".join(parts)
        moto_catalog.create_partition(database, table["Name"], partition_input(table, values, base + path))
        if not lines:
            lines.append("Partitions not in metastore:")
        lines[0] += f"\t{table['Name']}:{path}"
        lines.append(f"Repair: Added partition to metastore {table['Name']}:{path}")
    return "\n".join(lines).encode()


def require_writable(table: Mapping[str, Any], name: str) -> None:
    """Check that rows can be inserted into a table.

    Raises:
        QueryFailure: it is a view, or neither parquet nor delimited text.
    """
    if table.get("TableType") == "VIRTUAL_VIEW":
        raise QueryFailure("NOT_SUPPORTED", f"Inserting into views is not supported: {name}")
    form = (table.get("StorageDescriptor") or {}).get("InputFormat")
    if form not in (PARQUET["InputFormat"], TEXT["InputFormat"]):
        raise QueryFailure("NOT_SUPPORTED", f"the local Athena does not write into '{name}': it is not parquet")
