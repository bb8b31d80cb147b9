"""Tables that are made from the catalog: those of `information_schema`, and `"table$partitions"`."""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from local import moto_catalog
from local.athena import types
from local.athena.decoding import Columns
from local.athena.errors import QueryFailure
from local.athena.glue_types import arrow
from local.athena.projection import is_projected
from local.athena.reader import CATALOG
from local.athena.row_groups import Equalities
from local.athena.stored_views import definition, is_view
from local.athena.tables import Partition, Table

INFORMATION_SCHEMA = "information_schema"
_PARTITIONS = "$partitions"

_STRINGS = {
    "schemata": ("catalog_name", "schema_name"),
    "tables": ("table_catalog", "table_schema", "table_name", "table_type"),
    "views": ("table_catalog", "table_schema", "table_name", "view_definition"),
    "columns": (
        "table_catalog", "table_schema", "table_name", "column_name", "ordinal_position", "column_default",
        "is_nullable", "data_type", "comment", "extra_info",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class VirtualTable(Table):
    """Table whose rows are in memory."""

    rows: pa.Table = field(kw_only=True)

    def read(self, partitions: Sequence[Partition], used: Set[str], equal: Equalities = ()) -> pa.Table:  # noqa: ARG002
        """Return the rows with the columns that are used; with one, if none is."""
        return self.rows.select([name for name in self.rows.column_names if name in used] or self.rows.column_names[:1])


def load(database: str, name: str) -> VirtualTable | None:
    """Return a virtual table, None if the name is not of one.

    Raises:
        QueryFailure: the table does not exist.
    """
    if database == INFORMATION_SCHEMA:
        if name not in _STRINGS:
            raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: Table '{CATALOG}.{database}.{name}' does not exist")
        columns = tuple((each, "bigint" if each == "ordinal_position" else "string") for each in _STRINGS[name])
        rows = {"schemata": _schemata, "tables": _tables, "views": _views, "columns": _columns}[name]()
    elif name.endswith(_PARTITIONS):
        table = moto_catalog.table(database, name.removesuffix(_PARTITIONS))
        keys = (table or {}).get("PartitionKeys") or ()
        if not keys:
            raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: Table '{CATALOG}.{database}.{name}' does not exist")
        if table and is_projected(table):
            raise QueryFailure(
                "NOT_SUPPORTED", f"the local Athena does not list projected partitions: {database}.{name}"
            )
        columns = tuple((key["Name"], key["Type"]) for key in keys)
        rows = [tuple(each["Values"]) for each in moto_catalog.partitions(database, name.removesuffix(_PARTITIONS))]
    else:
        return None
    return VirtualTable(columns, (), (), rows=_arrow(columns, rows))


def _arrow(columns: Columns, rows: Sequence[tuple[Any, ...]]) -> pa.Table:
    arrays = {}
    for index, (name, type_) in enumerate(columns):
        values = [row[index] for row in rows]
        if type_ == "bigint" and name == "ordinal_position":
            arrays[name] = pa.array(values, pa.int64())
        else:
            texts = pa.array(
                [None if value == "__HIVE_DEFAULT_PARTITION__" else value for value in values], pa.string()
            )
            arrays[name] = texts.cast(arrow(types.parse(type_)))
    return pa.table(arrays)


def _all_tables() -> list[tuple[str, dict[str, Any]]]:
    return [(each["Name"], table) for each in moto_catalog.databases() for table in moto_catalog.tables(each["Name"])]


def _schemata() -> list[tuple[Any, ...]]:
    names = [INFORMATION_SCHEMA, *(each["Name"] for each in moto_catalog.databases())]
    return [(CATALOG, name) for name in names]


def _tables() -> list[tuple[Any, ...]]:
    rows = [(CATALOG, INFORMATION_SCHEMA, name, "BASE TABLE") for name in _STRINGS]
    kinds = ("BASE TABLE", "VIEW")
    return rows + [(CATALOG, schema, table["Name"], kinds[is_view(table)]) for schema, table in _all_tables()]


def _views() -> list[tuple[Any, ...]]:
    return [
        (CATALOG, schema, table["Name"], (definition(schema, table["Name"]) or {}).get("originalSql"))
        for schema, table in _all_tables()
        if is_view(table)
    ]


def _columns() -> list[tuple[Any, ...]]:
    rows: list[tuple[Any, ...]] = []
    for table, names in _STRINGS.items():
        for position, name in enumerate(names, 1):
            type_ = "bigint" if name == "ordinal_position" else "varchar"
            rows.append((CATALOG, INFORMATION_SCHEMA, table, name, position, None, "YES", type_, None, None))
    for schema, of_glue in _all_tables():
        keys = of_glue.get("PartitionKeys") or ()
        columns = [*(of_glue.get("StorageDescriptor") or {}).get("Columns", ()), *keys]
        for position, column in enumerate(columns, 1):
            is_key = position > len(columns) - len(keys)
            rows.append(
                (
                    CATALOG, schema, of_glue["Name"], column["Name"], position, None, "YES", _type_name(column),
                    column.get("Comment"), "partition key" if is_key else None,
                )
            )  # fmt: skip
    return rows


def _type_name(column: dict[str, Any]) -> str:
    """Return the SQL name of a column's type; an unknown type keeps its name in Glue."""
    try:
        return str(types.parse(column["Type"]))
    except QueryFailure:
        return str(column["Type"])
