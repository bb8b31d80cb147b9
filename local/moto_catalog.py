"""Reads and writes of Glue's catalog and jobs and of Athena's workgroups in moto.

`tests/contract/test_moto_hooks.py` tests each function, as those of `moto_state`.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
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
def create_database(database: Mapping[str, Any]) -> None:
    """Create a database that does not exist, from Glue's DatabaseInput."""
    _glue().create_database(str(database["Name"]), dict(database))


@locked
def delete_database(name: str) -> None:
    """Delete a database with its tables."""
    _glue().delete_database(name)


@locked
def put_table(database: str, table: Mapping[str, Any]) -> None:
    """Create a table in a database that exists, or change it, from Glue's TableInput."""
    name = str(table["Name"])
    if name in _glue().get_database(database).tables:
        _glue().update_table(database, name, dict(table))
    else:
        _glue().create_table(database, name, dict(table))


@locked
def delete_table(database: str, name: str) -> None:
    """Delete a table with its partitions."""
    _glue().delete_table(database, name)


@locked
def create_partition(database: str, table: str, partition: Mapping[str, Any]) -> None:
    """Create a partition that does not exist, from Glue's PartitionInput."""
    _glue().create_partition(database, table, dict(partition))


@locked
def delete_partition(database: str, table: str, values: list[str]) -> None:
    """Delete a partition by its values."""
    _glue().get_table(database, table).partitions.pop(str(values), None)


@locked
def undo() -> Callable[[], None]:
    """Return a function that gives back to the catalog what it has now."""
    glue = _glue()
    databases = OrderedDict(glue.databases)
    tables = {name: OrderedDict(database.tables) for name, database in databases.items()}
    versions = [
        (table, OrderedDict(table.partitions), dict(table.versions), table._current_version)  # noqa: SLF001
        for of_database in tables.values()
        for table in of_database.values()
    ]

    def restore() -> None:
        glue.databases = databases
        for name, database in databases.items():
            database.tables = tables[name]
        for table, partitions, of_table, current in versions:
            table.partitions, table.versions, table._current_version = partitions, of_table, current  # noqa: SLF001

    return restore


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
