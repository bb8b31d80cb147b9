"""What the execution of a statement gets and returns."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from local import moto_catalog, moto_state
from local.athena.engine import Engine, Selection
from local.athena.errors import Interrupted, QueryFailure
from local.athena.locations import bucket_and_key
from local.athena.prepared import PreparedStatements

DDL_TASK = "Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "


def hive_failure(message: str) -> QueryFailure:
    """Return a failure in the form of Hive, which runs DDL in Athena."""
    return QueryFailure("FAILED", message)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Result of a statement.

    Attributes:
        names: names of the columns of the result.
        types: their Athena types.
        body: the result file.
        scanned: number of bytes scanned.
        count: number of rows that were written.
        manifest: locations of the objects that were written; None for a statement that writes none.
    """

    names: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    body: bytes = b""
    scanned: int = 0
    count: int = 0
    manifest: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Session:
    """One execution of a statement.

    Attributes:
        engine: runs queries.
        id: id of the execution.
        output: location under which the results of executions are.
        workgroup: name of the workgroup.
        prepared: prepared statements of all workgroups.
        database: default database of tables without one.
        parameters: SQL literals in the order of the `?` marks.
        cutoff: maximum number of bytes scanned.
        cancelled: function that returns whether to cancel the execution.
        save: stores what changed in S3 and the catalog.
    """

    engine: Engine
    id: str
    output: str
    workgroup: str
    prepared: PreparedStatements
    database: str | None = None
    parameters: Sequence[str] = ()
    cutoff: int | None = None
    cancelled: Callable[[], bool] = lambda: False
    save: Callable[[], None] = lambda: None

    def run(self, query: str, parameters: Sequence[str] = ()) -> Outcome:
        """Run a query with the database and the limits of the execution. Return its result file.

        Args:
            parameters: SQL literals in the order of the `?` marks; without them, those of the execution.
        """
        result = self.engine.run(
            query, parameters or self.parameters, self.database, cutoff=self.cutoff, cancelled=self.cancelled
        )
        return Outcome(result.names, result.types, result.body, result.scanned)

    def select(self, query: str) -> Selection:
        """Run a query as `run`, and return its rows."""
        return self.engine.select(query, self.parameters, self.database, cutoff=self.cutoff, cancelled=self.cancelled)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Return a transaction on S3 and the catalog: no other request is handled until it ends.

        If it ends by an exception, the catalog is as before, and the objects that it put are deleted.

        Raises:
            Interrupted: the execution was cancelled before.
        """
        with moto_state.LOCK:
            if self.cancelled():
                raise Interrupted
            transaction, undo = Transaction(), moto_catalog.undo()
            try:
                yield transaction
                self.save()
            except BaseException:
                undo()
                for place in transaction.put_objects:
                    moto_state.delete(*place)
                raise


@dataclass(frozen=True, slots=True)
class Transaction:
    """Objects that a statement has put."""

    put_objects: list[tuple[str, str]] = field(default_factory=list)

    def put(self, objects: Mapping[str, bytes]) -> None:
        """Put new objects by their `s3://` locations.

        Raises:
            QueryFailure: a bucket does not exist.
        """
        for location, body in objects.items():
            bucket, key = bucket_and_key(location)
            if not moto_state.bucket_exists(bucket):
                raise QueryFailure("HIVE_FILESYSTEM_ERROR", f"The specified bucket does not exist: {bucket}")
            self.put_objects.append((bucket, key))
            moto_state.write(bucket, key, body)


@dataclass(frozen=True, slots=True)
class Statement:
    """Statement of SQL.

    Attributes:
        type: StatementType of its execution: DML, DDL or UTILITY.
        name: SubstatementType of its execution.
        run: executes it.
        result: name of its result file after the location of results, with `{}` for the id.
        external: whether it sets the location of a table that it writes.
    """

    type: str
    name: str
    run: Callable[[Session], Outcome]
    result: str = "{}.txt"
    external: bool = False


def require_database(name: str) -> None:
    """Check that a database exists, as Hive does."""
    if moto_catalog.database(name) is None:
        raise hive_failure(f"SemanticException [Error 10072]: Database does not exist: {name}")
