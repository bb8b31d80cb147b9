"""INSERT INTO: writes the result of a query into a table."""

from __future__ import annotations

import re
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc

from local import moto_catalog
from local.athena import coercion, objects, types
from local.athena.errors import QueryFailure
from local.athena.formats import PARQUET, require_writable
from local.athena.glue_types import arrow
from local.athena.reader import CATALOG, Name, Reader
from local.athena.session import Outcome, Session, Statement
from local.athena.types import Type
from local.athena.write import query_of, written_rows


def insert(reader: Reader) -> Statement:
    """Read what follows INSERT INTO: name [(columns)] query."""
    name = reader.name()
    columns = None
    if reader.peek("(") and not re.match(
        r"\(\s*(SELECT|WITH|VALUES|TABLE|\()\b", reader.text[reader.token.start :], re.IGNORECASE
    ):
        columns = [column.strip().strip('"').lower() for column in reader.parenthesised().split(",")]
    return Statement("DML", "INSERT", partial(_insert, name, columns, query_of(reader.rest())), "{}")


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
    selected = session.select(query)
    expected = [declared[target] for target in targets]
    pairs = list(zip(selected.types, expected, strict=False))
    if len(expected) != len(selected.types) or not all(_is_accepted(source, to) for source, to in pairs):
        raise QueryFailure(
            "TYPE_MISMATCH",
            f"line 1:1: Insert query has mismatched column types: Table: [{', '.join(map(str, expected))}], Query: "
            f"[{', '.join(map(str, selected.types))}]",
        )
    columns_of = zip(selected.table.columns, pairs, strict=True)
    sources = dict(zip(targets, (_cast(column, *pair) for column, pair in columns_of), strict=True))
    count = len(selected.table)
    rows = pa.table(
        {
            column: sources[column] if column in sources else pa.nulls(count, arrow(type_))
            for column, type_ in declared.items()
        }
    )
    parts = objects.partitions(rows, list(declared.values()), keys)
    places = {
        tuple(each["Values"]): each["StorageDescriptor"]["Location"].rstrip("/")
        for each in moto_catalog.partitions(database, table_name)
    }
    form = "PARQUET" if table["StorageDescriptor"]["InputFormat"] == PARQUET["InputFormat"] else "TEXTFILE"
    written = objects.files(table, parts, (form, "gzip"), session.id, places)
    with session.transaction() as transaction:
        if moto_catalog.table(database, table_name) is None:
            raise QueryFailure("TABLE_NOT_FOUND", f"line 1:1: Table '{described}' does not exist")
        transaction.put(written)
        objects.register(database, table, parts)
    return written_rows(list(written), count, selected.scanned)


def _is_accepted(source: Type, target: Type) -> bool:
    """Return whether Trino inserts values of a type; the length of a text is checked when it is written."""
    both_texts = source.base == target.base and target.base in ("varchar", "char")
    return both_texts or coercion.coerces(source, target)


def _cast(column: pa.ChunkedArray, source: Type, target: Type) -> pa.ChunkedArray:
    column = column.cast(_with_texts(source, target), safe=False).cast(arrow(target), safe=False)
    if target.base in ("varchar", "char") and target.of:
        length = target.numbers[0]
        if pc.any(pc.greater(pc.utf8_length(pc.utf8_rtrim(column, " ")), length)).as_py():
            raise QueryFailure(
                "INVALID_CAST_ARGUMENT",
                f"Cannot truncate non-space characters when casting from {source} to {target} on INSERT",
            )
        column = pc.utf8_slice_codeunits(column, 0, length)
    return column


def _with_texts(source: Type, target: Type) -> pa.DataType:
    """Return a target's Arrow type, with text where a decimal becomes a real or a double.

    Arrow's own cast of a decimal is not exact: that of 1.2345 is 1.2345000000000002.
    """
    if source.base == "decimal" and target.base in ("real", "double"):
        return pa.string()
    if source.base not in types.NESTED:
        return arrow(target)
    parts = [_with_texts(*pair) for pair in zip(source.elements, target.elements, strict=True)]
    if source.base == "row":
        return pa.struct([(field.name, part) for field, part in zip(arrow(target), parts, strict=True)])
    return pa.list_(*parts) if source.base == "array" else pa.map_(*parts)
