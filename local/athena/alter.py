"""Statements that change tables and their partitions: ALTER TABLE and MSCK REPAIR TABLE."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from urllib.parse import unquote

from local import moto_catalog
from local.athena import types
from local.athena.errors import InvalidRequest
from local.athena.glue_types import arrow
from local.athena.locations import objects_below
from local.athena.reader import Name, Reader
from local.athena.session import DDL_TASK, Outcome, Session, Statement, hive_failure
from local.athena.storage import partition_input, put, read_location, require_table

Change = Callable[[str, dict[str, Any]], bytes | None]


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
        change = partial(_set_location, read_location(reader))
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


def _change(name: Name, change: Change, session: Session) -> Outcome:
    with session.transaction():
        return Outcome(body=change(*require_table(name, session)) or b"")


def _specs(reader: Reader) -> list[tuple[dict[str, str], str | None]]:
    """Read PARTITION (key = value, …) [LOCATION text] once or more."""
    specs = []
    while reader.take("PARTITION"):
        values = {key.lower(): value for key, value in reader.pairs().items()}
        specs.append((values, read_location(reader) if reader.take("LOCATION") else None))
        reader.take(",")
    if not specs:
        raise reader.error("PARTITION")
    return specs


def _values(table: Mapping[str, Any], spec: Mapping[str, str]) -> list[str]:
    keys = [key["Name"] for key in table.get("PartitionKeys") or ()]
    if set(keys) != set(spec):
        raise hive_failure(f"SemanticException Partition spec {dict(spec)} contains non-partition columns")
    return [spec[key] for key in keys]


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
