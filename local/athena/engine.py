"""One query: from Trino's SQL to the rows, on DuckDB."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from sqlglot import exp

from local.athena import checks, kinds, sql, tables, text, translate
from local.athena.duckdb_errors import failure
from local.athena.errors import BytesScannedLimit, Interrupted, QueryFailure
from local.athena.grammar import check_nodes

# No file, no network, no extension, no variable of this process: SQL reaches the registered tables and nothing else.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "allow_community_extensions": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "enable_external_access": "false",
    "python_enable_replacements": "false",
}


@dataclass(frozen=True, slots=True)
class Result:
    """What a query gives: names and Athena types of the columns, their values as text, and the bytes scanned."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    columns: tuple[pa.ChunkedArray, ...]
    scanned: int


class Engine:
    """DuckDB, shared by all queries; each runs on a connection of its own, and sees only its own tables."""

    def __init__(self) -> None:
        self._database = duckdb.connect(":memory:", config=_CONFIG)
        self._database.execute("SET lock_configuration = true")

    def connect(self) -> duckdb.DuckDBPyConnection:
        """A connection for one query; interrupting it cancels the query."""
        return self._database.cursor()

    def close(self) -> None:
        self._database.close()
        # A closed one that is still held when Python ends is reported as leaked, in thirty lines.
        del self._database

    def run(
        self,
        connection: duckdb.DuckDBPyConnection,
        statement: str,
        parameters: Sequence[str] = (),
        database: str | None = None,
        *,
        cutoff: int | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Run one query.

        Args:
            statement: Trino's SQL, `?` in WHERE for each parameter.
            parameters: SQL literals, in textual order of their marks.
            database: where a table without one is looked up.
            cutoff: bytes after which the workgroup cancels the query.
            cancelled: whether to give up; an interrupt of the connection is felt only while DuckDB executes.

        Raises:
            AthenaError: the query is refused, or fails, as Athena says it.
            Interrupted: it was cancelled.
        """
        query = sql.parse(sql.bind(statement, parameters))
        check_nodes(query)
        found = [(node, tables.load(node.db, node.name)) for node in sql.tables(query, database)]
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for node, table in found:
            schema.setdefault(node.db, {})[node.name] = table.types()
        resolved = sql.resolve(query.copy(), schema)
        checks.check(resolved)
        expected = kinds.outputs(resolved)
        names = sql.output_names(query, resolved)
        scanned = self._register(connection, resolved, {(node.db, node.name): table for node, table in found}, cutoff)
        if cancelled():
            raise Interrupted
        try:
            rows = connection.sql(translate.to_duckdb(resolved)).to_arrow_table()
        except duckdb.InterruptException as error:
            raise Interrupted from error
        except duckdb.Error as error:
            raise failure(error) from error
        columns = [_column(column, kind) for column, kind in zip(rows.columns, expected, strict=True)]
        return Result(
            tuple(names),
            tuple(text.type_name(column.type) for column in columns),
            tuple(text.as_text(column) for column in columns),
            scanned,
        )

    def _register(
        self,
        connection: duckdb.DuckDBPyConnection,
        resolved: exp.Query,
        loaded: dict[tuple[str, str], tables.Table],
        cutoff: int | None,
    ) -> int:
        """Give the connection what each table of the query needs: partitions and columns. Returns the bytes scanned."""
        scanned = 0
        reads = []
        for node in sql.tables(resolved, None):
            table = loaded[node.db, node.name]
            kept = _prune(connection, table, translate.partition_conditions(node, [name for name, _ in table.keys]))
            scanned += sum(stored.size for partition in kept for stored in partition.objects)
            reads.append((node, table, kept))
        if cutoff is not None and scanned > cutoff:
            raise BytesScannedLimit("EXCEEDED_LIMIT", "Query cancelled! : Bytes scanned limit was exceeded")
        # No name that a query can hold: its own tables and aliases are not mixed up with these.
        prefix = f"table_{uuid.uuid4().hex}_"
        for index, (node, table, kept) in enumerate(reads):
            used = {column.name for column in resolved.find_all(exp.Column) if column.table == node.alias_or_name}
            connection.register(f"{prefix}{index}", table.read(kept, used))
            node.set("db", None)
            node.set("this", exp.to_identifier(f"{prefix}{index}", quoted=True))
        return scanned


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


def _prune(
    connection: duckdb.DuckDBPyConnection, table: tables.Table, conditions: Sequence[exp.Expr]
) -> list[tables.Partition]:
    """The partitions for which every condition on the keys may hold."""
    if not conditions or not table.partitions:
        return list(table.partitions)
    rows = [(index, *partition.values) for index, partition in enumerate(table.partitions)]
    names = ["_index", *(name for name, _ in table.keys)]
    types = table.types()
    values = pa.table({name: pa.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
    connection.register("_partitions", values)
    keys = ", ".join(f'CAST("{name}" AS {types[name]}) AS "{name}"' for name in names[1:])
    where = " AND ".join(f"({translate.to_duckdb(condition)})" for condition in conditions)
    # Built from names of the catalog and from conditions that sqlglot has parsed.
    query = f"SELECT _index FROM (SELECT _index, {keys} FROM _partitions) WHERE {where}"  # noqa: S608
    try:
        kept = connection.sql(query).fetchall()
    except duckdb.InterruptException as error:
        raise Interrupted from error
    except duckdb.Error:
        # The whole query will say what is wrong, if it comes to that.
        return list(table.partitions)
    finally:
        connection.unregister("_partitions")
    indices = {index for (index,) in kept}
    return [partition for index, partition in enumerate(table.partitions) if index in indices]
