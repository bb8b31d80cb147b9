"""What runs in a worker process: DuckDB, one query after another, each with its tables and nothing else.

Imports as little as it can, for it is started while somebody waits.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection

import duckdb
import pyarrow as pa

from local.athena import text
from local.athena.duckdb_errors import failure
from local.athena.errors import QueryFailure

RESULT_ROWS, RESULT_BYTES = 1_000_000, 100_000_000
"""The rows of a result, and the bytes of its CSV, at most."""

# No file, no network, no extension, no variable of this process: SQL reaches the registered tables and nothing else.
# The limit on memory is below that of the process, for DuckDB says it better.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "memory_limit": "1700MB",
    "python_enable_replacements": "false",
    "temp_directory": "",
}


@dataclass(frozen=True, slots=True)
class Query:
    """A query in DuckDB's SQL, the tables that it names, as `to_ipc`, and the names and kinds of its columns."""

    sql: str
    tables: Mapping[str, bytes]
    names: Sequence[str]
    kinds: Sequence[str]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a query gives: the Athena types of its columns, and its CSV as Athena writes it."""

    types: tuple[str, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """Why a query failed: a code of Trino's, and what it says."""

    code: str
    message: str


def to_ipc(table: pa.Table) -> bytes:
    """A table as it is sent. Arrow's own form takes a tenth of the time of a pickle of many chunks."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


def main(descriptor: int) -> None:
    """Answer a Query with Rows or Failed until the other end is closed; first of all, say that it is ready."""
    threading.Thread(target=_end_with, args=[os.getppid()], daemon=True).start()
    database = connect()
    with Connection(descriptor) as pipe:
        pipe.send(None)
        while True:
            try:
                query = pipe.recv()
            except (EOFError, ConnectionResetError):
                return
            pipe.send(answer(database, query))


def connect() -> duckdb.DuckDBPyConnection:
    """A DuckDB for queries of others."""
    database = duckdb.connect(":memory:", config=_CONFIG)
    database.execute("SET lock_configuration = true")
    return database


def answer(database: duckdb.DuckDBPyConnection, query: Query) -> Rows | Failed:
    """Run one query."""
    try:
        with database.cursor() as connection:
            return _rows(connection, query)
    except QueryFailure as error:
        return Failed(error.code, error.message)


def _rows(connection: duckdb.DuckDBPyConnection, query: Query) -> Rows:
    for name, table in query.tables.items():
        connection.register(name, pa.ipc.open_stream(table).read_all())
    try:
        # Translated from what sqlglot has parsed.
        rows = connection.sql(f"SELECT * FROM ({query.sql}) LIMIT {RESULT_ROWS + 1}").to_arrow_table()  # noqa: S608
    except duckdb.Error as error:
        raise failure(error) from error
    if len(rows) > RESULT_ROWS:
        raise QueryFailure("NOT_SUPPORTED", f"a result of the local Athena has at most {RESULT_ROWS:,} rows")
    columns = [_column(column, kind) for column, kind in zip(rows.columns, query.kinds, strict=True)]
    body = text.to_csv(query.names, [text.as_text(column) for column in columns])
    if len(body) > RESULT_BYTES:
        raise QueryFailure("NOT_SUPPORTED", f"a result of the local Athena has at most {RESULT_BYTES:,} bytes")
    return Rows(tuple(text.type_name(column.type) for column in columns), body)


def _column(column: pa.ChunkedArray, expected: str) -> pa.ChunkedArray:
    """A column of DuckDB's result as Athena has it.

    Raises:
        QueryFailure: a number is too large, or the type is not the one that the query has in Trino.
    """
    if pa.types.is_decimal(column.type) and column.type.precision == 38 and column.type.scale == 0:
        # DuckDB sums a bigint into 128 bits, which Arrow gives as a decimal; Trino's sum stays a bigint.
        try:
            column = column.cast(pa.int64())
        except pa.ArrowInvalid as error:
            raise QueryFailure("NUMERIC_VALUE_OUT_OF_RANGE", "a value is out of range for bigint") from error
    if text.kind(column.type) != expected:
        raise QueryFailure(
            "NOT_SUPPORTED", f"the local Athena cannot show a value of type {expected}, which is {column.type} here"
        )
    return column


def _end_with(parent: int) -> None:
    """End this process when its parent has ended, however that came about."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
