"""Actions of Athena's API that describe catalogs, databases, tables and workgroups."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from local import moto_catalog, moto_state
from local.athena.errors import InvalidRequest, MetadataError

CATALOG = "AwsDataCatalog"

PAGE = 50
"""Maximum number of entries on a page of a list, and the default."""

Action = Callable[[Mapping[str, Any]], dict[str, Any]]


def page(request: Mapping[str, Any], most: int) -> tuple[int, int]:
    """Return the position of the first entry of a page and the size of the page.

    Raises:
        InvalidRequest: `NextToken` is not one that a list returned, or `MaxResults` is out of bounds.
    """
    token, size = request.get("NextToken") or "0", request.get("MaxResults", most)
    if not token.isdecimal():
        raise InvalidRequest(f"Malformed NextToken: {token}")
    if not 1 <= size <= most:
        raise InvalidRequest(f"MaxResults is {size}, it must be between 1 and {most}")
    return int(token), size


def paged(request: Mapping[str, Any], name: str, entries: Sequence[Any]) -> dict[str, Any]:
    """Return the page of a list that a request asks for, with the token of the next page if there is one."""
    start, size = page(request, PAGE)
    token = {"NextToken": str(start + size)} if start + size < len(entries) else {}
    return {name: entries[start : start + size], **token}


def workgroup(name: str) -> dict[str, Any]:
    """Return a workgroup in the form of GetWorkGroup.

    Raises:
        InvalidRequest: it does not exist.
    """
    described = moto_catalog.workgroup(name)
    if described is None:
        raise InvalidRequest(f"WorkGroup {name} is not found.")
    return described


def table_metadata(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return a table of Glue in the form of GetTableMetadata, whose parameters include those of the storage."""
    storage = table.get("StorageDescriptor") or {}
    serde = storage.get("SerdeInfo") or {}
    parameters = {
        **(table.get("Parameters") or {}),
        "inputformat": storage.get("InputFormat"),
        "location": storage.get("Location"),
        "outputformat": storage.get("OutputFormat"),
        **{f"serde.param.{name}": value for name, value in (serde.get("Parameters") or {}).items()},
        "serde.serialization.lib": serde.get("SerializationLibrary"),
    }
    return {
        "Name": table["Name"],
        # In whole milliseconds, as Glue's.
        "CreateTime": int(table["CreateTime"].timestamp() * 1000) / 1000,
        "LastAccessTime": 0,
        "TableType": table.get("TableType", ""),
        "Columns": _columns(storage.get("Columns") or ()),
        "PartitionKeys": _columns(table.get("PartitionKeys") or ()),
        "Parameters": {name: value for name, value in parameters.items() if value is not None},
    }


def actions() -> dict[str, Action]:
    """Return the actions by name. Each maps the request's members, typed as in AWS's model, to the response's."""
    return {
        "GetDataCatalog": _get_data_catalog,
        "GetDatabase": lambda request: {"Database": _database_of(request)},
        "GetNamedQuery": _get_named_query,
        "GetTableMetadata": _get_table,
        "GetWorkGroup": lambda request: {"WorkGroup": workgroup(request["WorkGroup"])},
        "ListDataCatalogs": lambda request: paged(
            request, "DataCatalogsSummary", [{"CatalogName": CATALOG, "Type": "GLUE"}]
        ),
        "ListDatabases": _list_databases,
        "ListTableMetadata": _list_tables,
        "ListWorkGroups": lambda request: paged(request, "WorkGroups", moto_catalog.workgroups()),
    }


def _get_data_catalog(request: Mapping[str, Any]) -> dict[str, Any]:
    _check({**request, "CatalogName": request["Name"]})
    parameters = {"catalog-id": moto_state.ACCOUNT}
    return {"DataCatalog": {"Name": CATALOG, "Type": "GLUE", "Parameters": parameters}}


def _get_named_query(request: Mapping[str, Any]) -> dict[str, Any]:
    query = moto_catalog.named_query(request["NamedQueryId"])
    if query is None:
        raise InvalidRequest(f"NamedQuery {request['NamedQueryId']} was not found")
    return {"NamedQuery": query}


def _list_databases(request: Mapping[str, Any]) -> dict[str, Any]:
    _check(request)
    return paged(request, "DatabaseList", [_database(each) for each in moto_catalog.databases()])


def _get_table(request: Mapping[str, Any]) -> dict[str, Any]:
    _database_of(request)
    table = moto_catalog.table(request["DatabaseName"].lower(), request["TableName"].lower())
    if table is None:
        raise MetadataError("Entity Not Found")
    return {"TableMetadata": table_metadata(table)}


def _list_tables(request: Mapping[str, Any]) -> dict[str, Any]:
    _database_of(request)
    expression = request.get("Expression") or "*"
    try:
        # A regular expression of the whole name; Glue also takes * alone for any.
        pattern = re.compile(".*" if expression == "*" else expression, re.IGNORECASE)
    except re.error as error:
        raise InvalidRequest(f"Expression is {expression!r}, it must be a regular expression") from error
    tables = [
        table_metadata(table)
        for table in moto_catalog.tables(request["DatabaseName"].lower())
        if pattern.fullmatch(table["Name"])
    ]
    return paged(request, "TableMetadataList", tables)


def _check(request: Mapping[str, Any]) -> None:
    if request["CatalogName"].lower() != CATALOG.lower():
        raise InvalidRequest(f"Catalog {request['CatalogName']} is not found: the local Athena has {CATALOG} only")
    if request.get("WorkGroup"):
        workgroup(request["WorkGroup"])


def _database_of(request: Mapping[str, Any]) -> dict[str, Any]:
    _check(request)
    database = moto_catalog.database(request["DatabaseName"].lower())
    if database is None:
        raise MetadataError(f"Database {request['DatabaseName'].lower()} not found.")
    return _database(database)


def _database(database: Mapping[str, Any]) -> dict[str, Any]:
    members = ("Name", "Description", "Parameters")
    return {name: database[name] for name in members if database.get(name) is not None}


def _columns(columns: Iterable[Mapping[str, Any]]) -> list[dict[str, str]]:
    members = ("Name", "Type", "Comment")
    return [{name: column[name] for name in members if column.get(name) is not None} for column in columns]
