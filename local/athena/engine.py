"""Engine that runs a query in Trino's SQL on DuckDB."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import pyarrow as pa

from local.athena import nested, sql, tables, text, types, virtual
from local.athena.analysis.catalog import Column, Read, Source
from local.athena.errors import BytesScannedLimit, QueryFailure
from local.athena.process import Query, to_ipc
from local.athena.sql import Plan
from local.athena.stored_views import definition
from local.athena.types import Type
from local.athena.workers import LIMITS, Limits, Workers


@dataclass(frozen=True, slots=True)
class Result:
    """Result of a query: names and SQL types of the columns, the result CSV, and the number of bytes scanned."""

    names: tuple[str, ...]
    types: tuple[str, ...]
    body: bytes
    scanned: int


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of a query.

    Attributes:
        names: names of the columns.
        named: whether the query names each column.
        types: SQL types of the columns.
        table: the columns as Arrow; their names there are their positions.
        scanned: number of bytes scanned.
    """

    names: tuple[str, ...]
    named: tuple[bool, ...]
    types: tuple[Type, ...]
    table: pa.Table
    scanned: int


class Engine:
    """Engine that runs each query in a separate process, which receives only the tables of the query.

    Args:
        limits: limits on time, memory and processes.
    """

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._workers = Workers(limits)

    def warm(self) -> None:
        """Start a worker process and fill the tables of the parser, so that the first query does not wait for them."""
        self._workers.warm()
        sql.parse("SELECT a, count(*) FROM (SELECT b FROM t WHERE c >= 1) WHERE d = 'e' GROUP BY 1 ORDER BY 2 LIMIT 3")

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
        plan, loaded = self._plan(statement, parameters, database)
        registered, scanned = self._read(plan, loaded, cutoff, cancelled)
        body = self._workers.run(Query(plan.sql, registered, _names(plan), plan.types), cancelled).body
        return Result(tuple(_names(plan)), tuple(map(str, plan.types)), body, scanned)

    def select(
        self,
        statement: str,
        parameters: Sequence[str] = (),
        database: str | None = None,
        *,
        cutoff: int | None = None,
        cancelled: Callable[[], bool] = lambda: False,
    ) -> Selection:
        """Run one query, as `run`, and return its rows instead of the result file."""
        plan, loaded = self._plan(statement, parameters, database)
        registered, scanned = self._read(plan, loaded, cutoff, cancelled)
        named = ", ".join(nested.named(f"s.c{index}", type_) for index, type_ in enumerate(plan.types))
        # Built from the SQL of the analysis only.
        query = Query(f"SELECT {named} FROM ({plan.sql}) AS s", registered, _names(plan), plan.types, as_ipc=True)  # noqa: S608
        table = pa.ipc.open_stream(self._workers.run(query, cancelled).body).read_all()
        return Selection(
            tuple(_names(plan)), tuple(name is not None for name in plan.names), plan.types, table, scanned
        )

    def columns(
        self, statement: str, database: str | None, view: tuple[str, str] | None = None
    ) -> tuple[tuple[str, ...], tuple[Type, ...]]:
        """Return the names and the types of the columns of a query, which is not run.

        Args:
            view: database and name of the view whose query this is; the query must not use it.
        """
        plan, _ = self._plan(statement, (), database, view)
        return tuple(_names(plan)), plan.types

    def _plan(
        self,
        statement: str,
        parameters: Sequence[str],
        database: str | None,
        view: tuple[str, str] | None = None,
    ) -> tuple[Plan, _Loaded]:
        loaded = _Loaded()
        try:
            return sql.plan(statement, parameters, database, loaded, view), loaded
        except RecursionError:
            raise QueryFailure("STACK_OVERFLOW", "statement is too large (stack overflow during analysis)") from None

    def _read(
        self, plan: Plan, loaded: _Loaded, cutoff: int | None, cancelled: Callable[[], bool]
    ) -> tuple[dict[str, bytes], int]:
        """Read the partitions, row groups and columns that the query uses.

        Returns:
            The tables as Arrow IPC by their names in the query, and the number of bytes scanned.
        """
        scanned = 0
        parts = []
        for read in plan.reads:
            table = loaded.tables[read.database, read.name]
            for key in table.injected:
                if key not in dict(read.equal):
                    raise QueryFailure(
                        "CONSTRAINT_VIOLATION",
                        f"For the injected projected partition column {key}, the WHERE clause must contain only static "
                        "equality conditions, and at least one such condition must be present.",
                    )
            partitions = self._prune(table, read, cancelled)
            scanned += table.scanned(partitions, read.used, read.equal)
            parts.append((read, table, partitions))
        if cutoff is not None and scanned > cutoff:
            raise BytesScannedLimit("EXCEEDED_LIMIT", "Query cancelled! : Bytes scanned limit was exceeded")
        registered = {
            read.table: to_ipc(table.read(partitions, read.used, read.equal)) for read, table, partitions in parts
        }
        return registered, scanned

    def _prune(self, table: tables.Table, read: Read, cancelled: Callable[[], bool]) -> list[tables.Partition]:
        """Return the partitions that may satisfy every condition on the keys."""
        if not read.conditions or not table.partitions:
            return list(table.partitions)
        rows = [(index, *partition.values) for index, partition in enumerate(table.partitions)]
        names = ["_index", *(name for name, _ in table.keys)]
        values = pa.table({name: pa.array(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
        keys = ", ".join(
            f'CAST("{name}" AS {types.duckdb(types.parse(type_))}) AS "{name}"' for name, type_ in table.keys
        )
        # Built from names of the catalog and the SQL of the analysis, so SQL injection is not possible.
        query = (
            f"SELECT _index FROM (SELECT _index, {keys} FROM _partitions) AS {read.alias} "  # noqa: S608
            f"WHERE {' AND '.join(read.conditions)}"
        )
        try:
            result = self._workers.run(
                Query(query, {"_partitions": to_ipc(values)}, ["_index"], [types.BIGINT]), cancelled
            )
        except QueryFailure:
            # If the condition fails, the query itself fails with the right message.
            return list(table.partitions)
        indices = {int(index) for index in text.from_csv(result.body).column(0).to_pylist()}
        return [partition for index, partition in enumerate(table.partitions) if index in indices]


def _names(plan: Plan) -> list[str]:
    """Return the names of the columns. As in Trino, a third column without a name is `_col2`."""
    return [f"_col{index}" if name is None else name for index, name in enumerate(plan.names)]


class _Loaded:
    """Catalog of a query, which notes the tables that it loads."""

    def __init__(self) -> None:
        self.tables: dict[tuple[str, str], tables.Table] = {}

    def source(self, database: str, name: str) -> Source:
        view = definition(database, name)
        if view is not None:
            columns = [Column(column["name"], None) for column in view["columns"]]
            return Source(columns, view["originalSql"], view["schema"])
        if (database, name) not in self.tables:
            self.tables[database, name] = virtual.load(database, name) or tables.load(database, name)
        return tables.source(self.tables[database, name])
