"""Worker process: runs queries in DuckDB one after another, each with its own tables only.

Imports few modules, because a query may wait for the process to start.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection

import duckdb
import pyarrow as pa

from local.athena import macros, text
from local.athena.duckdb_errors import failure
from local.athena.errors import QueryFailure
from local.athena.types import Type

RESULT_ROWS, RESULT_BYTES = 1_000_000, 100_000_000
"""Maximum number of rows of a result and of bytes of its CSV."""

WRITING_SECONDS = 20.0
"""Maximum number of seconds that a result with too many rows is written before its query fails."""

# Deny access to files, network, extensions and Python variables: SQL can read the registered tables only.
# The memory limit is below that of the process, because DuckDB's error is more specific than a killed process.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "memory_limit": "1700MB",
    "python_enable_replacements": "false",
    "temp_directory": "",
    # Several threads would add doubles, and return rows without ORDER BY, in another order each time. Without the
    # optimizer, a join returns the rows of its left side in their order, as Trino does.
    "threads": 1,
    "disabled_optimizers": "build_side_probe_side",
}


@dataclass(frozen=True, slots=True)
class Query:
    """Query in DuckDB's SQL, its tables as Arrow IPC (`to_ipc`), the names and types of its columns, and its result.

    The result is a CSV, or Arrow IPC for statements that write it to a table.
    """

    sql: str
    tables: Mapping[str, bytes]
    names: Sequence[str]
    types: Sequence[Type]
    as_ipc: bool = False


@dataclass(frozen=True, slots=True)
class Rows:
    """Result of a query: its CSV or Arrow IPC."""

    body: bytes


@dataclass(frozen=True, slots=True)
class Failed:
    """Failure of a query: Trino's error code and message."""

    code: str
    message: str


def to_ipc(table: pa.Table) -> bytes:
    """Return a table as an Arrow IPC stream, which takes a tenth of the time of pickling a table of many chunks."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table.combine_chunks())
    return bytes(sink.getvalue())


def main(descriptor: int) -> None:
    """Run the worker: send None when ready, then Rows or Failed for each Query, until the pipe is closed.

    Args:
        descriptor: file descriptor of the pipe.
    """
    threading.Thread(target=_exit_with, args=[os.getppid()], daemon=True).start()
    database = connect()
    with Connection(descriptor) as pipe:
        pipe.send(None)
        while True:
            try:
                query = pipe.recv()
            except (EOFError, ConnectionResetError):
                return
            pipe.send(execute(database, query))


def connect() -> duckdb.DuckDBPyConnection:
    """Return a DuckDB connection that is safe for queries of clients."""
    database = duckdb.connect(":memory:", config=_CONFIG)
    macros.register(database)
    database.execute("SET TimeZone = 'UTC'")
    database.execute("SET lock_configuration = true")
    return database


def execute(database: duckdb.DuckDBPyConnection, query: Query) -> Rows | Failed:
    """Run one query and return its rows or its failure."""
    try:
        with database.cursor() as connection:
            return _rows(connection, query)
    except QueryFailure as error:
        return Failed(error.code, error.message)


def _rows(connection: duckdb.DuckDBPyConnection, query: Query) -> Rows:
    for name, table in query.tables.items():
        connection.register(name, pa.ipc.open_stream(table).read_all())
    try:
        # The SQL is that of the analysis of a parsed query.
        rows = connection.sql(f"SELECT * FROM ({query.sql}) LIMIT {RESULT_ROWS + 1}").to_arrow_table()  # noqa: S608
    except duckdb.Error as error:
        raise failure(error) from error
    if len(rows) > RESULT_ROWS:
        if not query.as_ipc:
            _write_all(connection, query)
        raise QueryFailure("NOT_SUPPORTED", f"a result of the local Athena has at most {RESULT_ROWS:,} rows")
    if query.as_ipc:
        body = to_ipc(rows.rename_columns([str(index) for index in range(len(query.types))]))
    else:
        body = _csv(query, rows)
    if len(body) > RESULT_BYTES:
        raise QueryFailure("NOT_SUPPORTED", f"a result of the local Athena has at most {RESULT_BYTES:,} bytes")
    return Rows(body)


def _write_all(connection: duckdb.DuckDBPyConnection, query: Query) -> None:
    """Write a result that is too large, and drop it. On AWS the query runs meanwhile, and a client can cancel it."""
    end = time.monotonic() + WRITING_SECONDS
    with suppress(duckdb.Error, OSError):
        for batch in connection.sql(query.sql).to_arrow_reader(10_000):
            _csv(query, pa.table(batch))
            if time.monotonic() > end:
                return


def _csv(query: Query, rows: pa.Table) -> bytes:
    columns = [text.as_text(column, type_) for column, type_ in zip(rows.columns, query.types, strict=True)]
    return text.to_csv(query.names, columns)


def _exit_with(parent: int) -> None:
    """Exit this process when its parent has ended, even if the parent was killed."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
