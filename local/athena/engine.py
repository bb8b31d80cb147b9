"""Engine that runs a query in Trino's SQL on DuckDB."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
from sqlglot import exp

from local.athena import checks, kinds, sql, tables, text, translate
from local.athena.errors import BytesScannedLimit, QueryFailure
from local.athena.grammar import check_nodes
from local.athena.process import Query, to_ipc
from local.athena.workers import LIMITS, Limits, Workers


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a query: names and Athena types of the columns, the result CSV, and the number of bytes scanned."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    body: bytes
    scanned: int


class Engine:
    """Engine that runs each query in a separate process, which receives only the tables of the query.

    Args:
        limits: limits on time, memory and processes.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._workers = Workers(limits)

    def warm(self) -> None:
        """Start a worker process, so that the first query does not wait for it."""
        self._workers.warm()

    def close(self) -> None:
        """Stop all worker processes."""
        self._workers.close()

    def run(
        self,
        statement: str,
        parameters: Sequence[str] = (),
        database: str | None = None,
        *,
        cutoff: int | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Result:
        """Run one query.

        Args:
            statement: query in Trino's SQL, with a `?` in WHERE for each parameter.
            parameters: SQL literals in the order of the `?` marks.
            database: default database of tables without one.
            cutoff: maximum number of bytes scanned; the workgroup cancels a query that exceeds it.
            cancelled: function that returns whether to cancel the query.

        Raises:
            AthenaError: the query is refused or fails. The message is Athena's.
            Interrupted: the query was cancelled.
        """
        try:
            query, scanned = self._plan(statement, parameters, database, cutoff, cancelled)
        except RecursionError:
            raise QueryFailure("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)") from None
        rows = self._workers.run(query, cancelled)
        return Result(tuple(query.names), rows.types, rows.body, scanned)

    def _plan(
        self,
        statement: str,
        parameters: Sequence[str],
        database: str | None,
        cutoff: int | None,
        cancelled: Callable[[], bool],
    ) -> tuple[Query, int]:
        """Return the query for DuckDB and the number of bytes that it scans."""
        parsed = sql.parse(sql.bind(statement, parameters))
        check_nodes(parsed)
        loaded = {(node.db, node.name): tables.load(node.db, node.name) for node in sql.tables(parsed, database)}
        schema: dict[str, dict[str, dict[str, str]]] = {}
        for (db, name), table in loaded.items():
            schema.setdefault(db, {})[name] = table.types()
        resolved = sql.resolve(parsed.copy(), schema)
        checks.check(resolved)
        expected = kinds.outputs(resolved)
        names = sql.output_names(parsed, resolved)
        registered, scanned = self._read(resolved, loaded, cutoff, cancelled)
        return Query(translate.to_duckdb(resolved), registered, names, expected), scanned

    def _read(
        self,
        resolved: exp.Query,
        loaded: Mapping[tuple[str, str], tables.Table],
        cutoff: int | None,
        cancelled: Callable[[], bool],
    ) -> tuple[dict[str, bytes], int]:
        """Read the partitions and columns that the query uses, and rename the tables in the query.

        Returns:
            The tables as Arrow IPC by their new names, and the number of bytes scanned.
        """
        scanned = 0
        reads = []
        for node in sql.tables(resolved, None):
            table = loaded[node.db, node.name]
            conditions = translate.partition_conditions(node, [name for name, _ in table.keys])
            partitions = self._prune(table, conditions, cancelled)
            used = {column.name for column in resolved.find_all(exp.Column) if column.table == node.alias_or_name}
            equal = translate.equalities(node)
            scanned += table.scanned(partitions, used, equal)
            reads.append((node, table, partitions, used, equal))
        if cutoff is not None and scanned > cutoff:
            raise BytesScannedLimit("EXCEEDED_LIMIT", "Query cancelled! : Bytes scanned limit was exceeded")
        # A random prefix avoids collisions with the tables and aliases of the query.
        prefix = f"table_{uuid.uuid4().hex}_"
        registered = {}
        for index, (node, table, partitions, used, equal) in enumerate(reads):
            registered[f"{prefix}{index}"] = to_ipc(table.read(partitions, used, equal))
            node.set("db", None)
            node.set("this", exp.to_identifier(f"{prefix}{index}", quoted=True))
        return registered, scanned

    def _prune(
        self, table: tables.Table, conditions: Sequence[exp.Expr], cancelled: Callable[[], bool]
    ) -> list[tables.Partition]:
        """Return the partitions that may satisfy every condition on the keys."""
        if not conditions or not table.partitions:
            return list(table.partitions)
        rows = [(index, *partition.values) for index, partition in enumerate(table.partitions)]
        names = ["_index", *(name for name, _ in table.keys)]
        types = table.types()
        values = pa.table({name: pa.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
        keys = ", ".join(f'CAST("{name}" AS {types[name]}) AS "{name}"' for name in names[1:])
        where = " AND ".join(f"({translate.to_duckdb(condition)})" for condition in conditions)
        # Built from names of the catalog and conditions parsed by sqlglot, so SQL injection is not possible.
        query = f"SELECT _index FROM (SELECT _index, {keys} FROM _partitions) WHERE {where}"  # noqa: S608
        try:
            result = self._workers.run(
                Query(query, {"_partitions": to_ipc(values)}, ["_index"], ["integer"]), cancelled
            )
        except QueryFailure:
            # If the condition is invalid, the query itself fails with the right message.
            return list(table.partitions)
        indices = {int(index) for index in text.from_csv(result.body).column(0).to_pylist()}
        return [partition for index, partition in enumerate(table.partitions) if index in indices]
