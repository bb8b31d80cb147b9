"""Views: queries in the catalog, as Athena stores them. They take the place of their names in other queries."""

from __future__ import annotations

from functools import partial

from local import moto_catalog
from local.athena import sql
from local.athena.errors import QueryFailure
from local.athena.glue_types import glue
from local.athena.reader import CATALOG, Name, Reader
from local.athena.session import Outcome, Session, Statement
from local.athena.stored_views import VIEW_TYPE, encode, is_view


def create_view(reader: Reader, replace: bool) -> Statement:
    """Read what follows CREATE [OR REPLACE] VIEW: name AS query."""
    name = reader.name()
    reader.expect("AS")
    query = reader.rest()
    sql.parse(query)
    return Statement("DDL", "CREATE_VIEW", partial(_create, name, query, replace))


def drop_view(reader: Reader) -> Statement:
    """Read what follows DROP VIEW: [IF EXISTS] name."""
    missing = reader.take("IF", "EXISTS")
    name = reader.name()
    reader.end()
    return Statement("DDL", "DROP_VIEW", partial(_drop, name, missing))


def _create(name: Name, query: str, replace: bool, session: Session) -> Outcome:
    database, view_name = name.of(session.database)
    described = f"{CATALOG}.{database}.{view_name}"
    names, types = session.engine.columns(query, session.database, (database, view_name))
    seen: set[str] = set()
    for column in names:
        if column.lower() in seen:
            raise QueryFailure("DUPLICATE_COLUMN_NAME", f"line 1:1: Column name '{column}' specified more than once")
        seen.add(column.lower())
    stored = {
        "originalSql": query,
        "catalog": CATALOG,
        "schema": session.database or database,
        "columns": [{"name": column.lower(), "type": str(type_)} for column, type_ in zip(names, types, strict=True)],
    }
    table = {
        "Name": view_name,
        "TableType": VIEW_TYPE,
        "Parameters": {"presto_view": "true", "comment": "Presto View"},
        "PartitionKeys": [],
        "ViewOriginalText": encode(stored),
        "ViewExpandedText": "/* Presto View */",
        "StorageDescriptor": {
            "Columns": [
                {"Name": column.lower(), "Type": glue(type_)} for column, type_ in zip(names, types, strict=True)
            ],
            "Location": "",
            "SerdeInfo": {},
        },
    }
    with session.transaction():
        if moto_catalog.database(database) is None:
            raise QueryFailure("SCHEMA_NOT_FOUND", f"line 1:1: Schema '{database}' does not exist")
        existing = moto_catalog.table(database, view_name)
        if existing is not None and (not replace or not is_view(existing)):
            what = "View" if is_view(existing) else "Table"
            raise QueryFailure("TABLE_ALREADY_EXISTS", f"line 1:1: {what} already exists: '{described}'")
        moto_catalog.put_table(database, table)
    return Outcome()


def _drop(name: Name, missing: bool, session: Session) -> Outcome:
    database, view_name = name.of(session.database)
    with session.transaction():
        table = moto_catalog.table(database, view_name)
        if table is not None and not is_view(table):
            raise QueryFailure(
                "TABLE_NOT_FOUND", f"line 1:1: '{CATALOG}.{database}.{view_name}' is a table, not a view"
            )
        if table is None and not missing:
            raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: View '{CATALOG}.{database}.{view_name}' does not exist")
        if table is not None:
            moto_catalog.delete_table(database, view_name)
    return Outcome()
