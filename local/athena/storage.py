"""Tables and partitions in Glue, as Athena puts them, and the places of their objects."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from local import moto_catalog
from local.athena.locations import bucket_and_key
from local.athena.reader import Name, Reader
from local.athena.session import Session, hive_failure

_SPECIAL = re.compile(r"[\x00-\x1f\"#%'*/:=?\\\x7f{}\[\]^]")


def read_location(reader: Reader) -> str:
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
    buckets: tuple[list[str], int] = ([], -1),
) -> dict[str, Any]:
    """Return Glue's TableInput of an external table, as Athena puts it.

    Args:
        buckets: the columns whose values determine the bucket of a row, and the number of buckets.
    """
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
            "BucketColumns": buckets[0],
            "Compressed": False,
            "NumberOfBuckets": buckets[1],
            "SortColumns": [],
            "StoredAsSubDirectories": False,
        },
    }


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


def put(database: str, table: Mapping[str, Any], members: Mapping[str, Any]) -> None:
    """Change some members of a table."""
    of_glue = ("DatabaseName", "CreateTime", "UpdateTime", "VersionId", "CatalogId")
    moto_catalog.put_table(
        database, {name: value for name, value in table.items() if name not in of_glue} | dict(members)
    )


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


def _escape(match: re.Match[str]) -> str:
    return f"%{ord(match[0]):02X}"
