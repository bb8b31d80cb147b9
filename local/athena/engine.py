"""One query: from Trino's SQL to the rows, on DuckDB."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa
from sqlglot import exp

from local.athena import checks, sql, tables, text, translate
from local.athena.errors import BytesScannedLimit, QueryFailure

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

    def run(
        self,
        connection: duckdb.DuckDBPyConnection,
        statement: str,
        parameters: Sequence[str] = (),
        database: str | None = None,
        cutoff: int | None = None,
    ) -> Result:
        """Run one query.

        Args:
            statement: Trino's SQL, `?` in WHERE for each parameter.
            parameters: SQL literals, in textual order of their marks.
            database: where a table without one is looked up.
            cutoff: bytes after which the workgroup cancels the query.

        Raises:
            AthenaError: the query is refused, or fails, as Athena says it.
        """
        bound = sql.bind(statement, parameters)
        query = sql.parse(bound)
        checks.check_functions(bound, query)
        found = [(node, tables.load(node.db, node.name)) for node in sql.tables(query, database)]
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for node, table in found:
            schema.setdefault(node.db, {})[node.name] = table.types()
        resolved = sql.resolve(query.copy(), schema)
        checks.check_comparisons(resolved)
        scanned = self._register(connection, resolved, {(node.db, node.name): table for node, table in found}, cutoff)
        try:
            rows = connection.sql(translate.to_duckdb(resolved)).to_arrow_table()
        except duckdb.InterruptException:
            raise
        except duckdb.Error as error:
            raise QueryFailure("GENERIC_INTERNAL_ERROR", str(error).splitlines()[0]) from error
        return Result(
            tuple(sql.output_names(query, resolved)),
            tuple(text.type_name(field.type) for field in rows.schema),
            tuple(text.as_text(column) for column in rows.columns),
            scanned,
        )

    def _register(
        self,
        connection: duckdb.DuckDBPyConnection,
        resolved: exp.Query,
        loaded: dict[tuple[str, str], tables.Table],
        cutoff: int | None,
    ) -> int:
        """Give the connection the partitions that each table of the query needs. Returns their bytes."""
        scanned = 0
        reads = []
        for node in sql.tables(resolved, None):
            table = loaded[node.db, node.name]
            kept = _prune(connection, table, translate.partition_conditions(node, [name for name, _ in table.keys]))
            scanned += sum(stored.size for partition in kept for stored in partition.objects)
            reads.append((node, table, kept))
        if cutoff is not None and scanned > cutoff:
            raise BytesScannedLimit("EXCEEDED_LIMIT", "Query cancelled! : Bytes scanned limit was exceeded")
        for index, (node, table, kept) in enumerate(reads):
            connection.register(f"table_{index}", table.read(kept))
            node.set("db", None)
            node.set("this", exp.to_identifier(f"table_{index}", quoted=True))
        return scanned


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
    where = " AND ".join(f"({condition.sql('duckdb')})" for condition in conditions)
    # Built from names of the catalog and from conditions that sqlglot has parsed.
    query = f"SELECT _index FROM (SELECT _index, {keys} FROM _partitions) WHERE {where}"  # noqa: S608
    try:
        kept = connection.sql(query).fetchall()
    finally:
        connection.unregister("_partitions")
    indices = {index for (index,) in kept}
    return [partition for index, partition in enumerate(table.partitions) if index in indices]
