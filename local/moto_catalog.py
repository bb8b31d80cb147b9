"""Reads and writes of Glue's catalog and jobs and of Athena's workgroups in moto.

`tests/contract/test_moto_hooks.py` tests each function, as those of `moto_state`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.athena.models import athena_backends
from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import GlueBackend, glue_backends

from local.moto_state import ACCOUNT, REGION, locked


def _glue() -> GlueBackend:
    return glue_backends[ACCOUNT][REGION]


@locked
def workgroup(name: str) -> dict[str, Any] | None:
    """Return a workgroup in the form of Athena's GetWorkGroup, None if it does not exist."""
    return athena_backends[ACCOUNT][REGION].get_work_group(name)


@locked
def workgroups() -> list[dict[str, Any]]:
    """Return the workgroups in the form of Athena's ListWorkGroups, sorted by name."""
    return sorted(athena_backends[ACCOUNT][REGION].list_work_groups(), key=lambda group: str(group["Name"]))


@locked
def named_query(query_id: str) -> dict[str, Any] | None:
    """Return a stored query in the form of Athena's GetNamedQuery, None if it does not exist."""
    query = athena_backends[ACCOUNT][REGION].get_named_query(query_id)
    if query is None:
        return None
    return {
        "NamedQueryId": query.id,
        "Name": query.name,
        "Description": query.description or "",
        "Database": query.database,
        "QueryString": query.query_string,
        "WorkGroup": query.workgroup.name if query.workgroup else "primary",
    }


@locked
def databases() -> list[dict[str, Any]]:
    """Return the databases in the form of Glue's GetDatabases, sorted by name."""
    return sorted((each.as_dict() for each in _glue().get_databases()), key=lambda each: str(each["Name"]))


@locked
def database(name: str) -> dict[str, Any] | None:
    """Return a database in the form of Glue's GetDatabase, None if it does not exist."""
    return next((each for each in databases() if each["Name"] == name), None)


@locked
def tables(database: str) -> list[dict[str, Any]]:
    """Return the tables of a database in the form of Glue's GetTables, sorted by name; none if it does not exist."""
    try:
        return sorted((each.as_dict() for each in _glue().get_tables(database, None)), key=lambda each: each["Name"])
    except EntityNotFoundException:
        return []


@locked
def table(database: str, name: str) -> dict[str, Any] | None:
    """Return a table in the form of Glue's GetTable, None if it does not exist."""
    try:
        return _glue().get_table(database, name).as_dict()
    except EntityNotFoundException:
        return None


@locked
def partitions(database: str, name: str) -> list[dict[str, Any]]:
    """Return the partitions of a table in the form of Glue's GetPartitions."""
    return [partition.as_dict() for partition in _glue().get_partitions(database, name, "")]


@locked
def job(name: str) -> dict[str, Any] | None:
    """Return a job in the form of Glue's GetJob, None if it does not exist."""
    try:
        return _glue().get_job(name).as_dict()
    except EntityNotFoundException:
        return None


@locked
def catalog() -> dict[str, Any]:
    """Return the databases of Glue with their tables and partitions, as they were put.

    Moto replaces these and never changes one. So two catalogs are compared without a look into what they share.
    """
    return {
        database.name: {
            "input": database.input,
            "tables": {
                table.name: {
                    "input": table.get_version(str(table._current_version)),  # noqa: SLF001
                    "partitions": [partition.partition_input for partition in table.partitions.values()],
                }
                for table in database.tables.values()
            },
        }
        for database in _glue().get_databases()
    }


@locked
def restore_catalog(databases: Mapping[str, Any]) -> None:
    """Put databases, tables and partitions that `catalog` returned, in place of those of the same name."""
    for name, database in databases.items():
        if name in _glue().databases:
            _glue().update_database(name, database["input"])
        else:
            _glue().create_database(name, database["input"])
        for table_name, stored in database["tables"].items():
            _glue().databases[name].tables.pop(table_name, None)
            table = _glue().create_table(name, table_name, stored["input"])
            for partition in stored["partitions"]:
                table.create_partition(partition)
