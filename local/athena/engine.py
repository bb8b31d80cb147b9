"""One query: from Trino's SQL to the rows, on DuckDB."""

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
    """What a query gives: names and Athena types of the columns, the CSV as Athena writes it, and the bytes scanned."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    body: bytes
    scanned: int


class Engine:
    """Runs queries, each in a process of its own, in which it sees only its own tables.

    Args:
        limits: what queries may take of the machine.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._workers = Workers(limits)

    def warm(self) -> None:
        """Get ready for the first query."""
        self._workers.warm()

    def close(self) -> None:
        """End what runs."""
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
            statement: Trino's SQL, `?` in WHERE for each parameter.
            parameters: SQL literals, in textual order of their marks.
            database: where a table without one is looked up.
            cutoff: bytes after which the workgroup cancels the query.
            cancelled: whether to give up.

        Raises:
            AthenaError: the query is refused, or fails, as Athena says it.
            Interrupted: it was cancelled.
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
        """The query for DuckDB, and the bytes that it scans."""
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
        """What each table of the query needs, partitions and columns, by the name that the query is given for it.

        Returns:
            The tables, and the bytes scanned.
        """
        scanned = 0
        reads = []
        for node in sql.tables(resolved, None):
            table = loaded[node.db, node.name]
            conditions = translate.partition_conditions(node, [name for name, _ in table.keys])
            kept = self._prune(table, conditions, cancelled)
            scanned += sum(stored.size for partition in kept for stored in partition.objects)
            reads.append((node, table, kept))
        if cutoff is not None and scanned > cutoff:
            raise BytesScannedLimit("EXCEEDED_LIMIT", "Query cancelled! : Bytes scanned limit was exceeded")
        # No name that a query can hold: its own tables and aliases are not mixed up with these.
        prefix = f"table_{uuid.uuid4().hex}_"
        registered = {}
        for index, (node, table, kept) in enumerate(reads):
            used = {column.name for column in resolved.find_all(exp.Column) if column.table == node.alias_or_name}
            registered[f"{prefix}{index}"] = to_ipc(table.read(kept, used))
            node.set("db", None)
            node.set("this", exp.to_identifier(f"{prefix}{index}", quoted=True))
        return registered, scanned

    def _prune(
        self, table: tables.Table, conditions: Sequence[exp.Expr], cancelled: Callable[[], bool]
    ) -> list[tables.Partition]:
        """The partitions for which every condition on the keys may hold."""
        if not conditions or not table.partitions:
            return list(table.partitions)
        rows = [(index, *partition.values) for index, partition in enumerate(table.partitions)]
        names = ["_index", *(name for name, _ in table.keys)]
        types = table.types()
        values = pa.table({name: pa.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
        keys = ", ".join(f'CAST("{name}" AS {types[name]}) AS "{name}"' for name in names[1:])
        where = " AND ".join(f"({translate.to_duckdb(condition)})" for condition in conditions)
        # Built from names of the catalog and from conditions that sqlglot has parsed.
        query = f"SELECT _index FROM (SELECT _index, {keys} FROM _partitions) WHERE {where}"  # noqa: S608
        try:
            found = self._workers.run(Query(query, {"_partitions": to_ipc(values)}, ["_index"], ["integer"]), cancelled)
        except QueryFailure:
            # The whole query will say what is wrong, if it comes to that.
            return list(table.partitions)
        indices = {int(index) for index in text.from_csv(found.body).column(0).to_pylist()}
        return [partition for index, partition in enumerate(table.partitions) if index in indices]
