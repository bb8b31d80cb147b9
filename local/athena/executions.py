"""Query executions: they run in the background, and clients poll them by id."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from local import moto_state
from local.athena import metadata, statements
from local.athena.engine import Engine
from local.athena.errors import AthenaError, BytesScannedLimit, Interrupted, InvalidRequest
from local.athena.reader import CATALOG
from local.athena.session import Outcome, Session, Statement, bucket_and_key

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELLED = "QUEUED", "RUNNING", "SUCCEEDED", "FAILED", "CANCELLED"
FINAL = {SUCCEEDED, FAILED, CANCELLED}

_MAX_RUNNING = 64
"""Maximum number of queries that run at the same time; others wait in QUEUED. AWS's quota is 20 to 200 by region."""

_STOP_SECONDS = 0.8
"""Maximum number of seconds that a stop waits until the query has ended."""

_LONGEST_QUERY, _LONGEST_PARAMETER = 262_144, 1024
"""Maximum number of bytes of a query and of characters of an execution parameter, as on AWS."""


@dataclass(frozen=True, slots=True)
class Retention:
    """Limits on the ended executions that stay available. AWS keeps them for 45 days and never deletes their results.

    Attributes:
        seconds: maximum age, counted from the end of the execution.
        executions: maximum number of ended executions.
        bytes: maximum total size of their results in S3.
    """

    seconds: float = 3600.0
    executions: int = 1000
    bytes: int = 500_000_000


RETENTION = Retention()


@dataclass(slots=True)
class Execution:
    """Execution of a query. Times are seconds since 1970."""

    id: str
    request: Mapping[str, Any]
    workgroup: str
    statement: Statement
    output: str
    enforced: bool
    cutoff: int | None
    state: str = QUEUED
    reason: str | None = None
    submitted: float = field(default_factory=time.time)
    started: float | None = None
    completed: float | None = None
    outcome: Outcome | None = None
    cancelled: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    size: int = 0

    @property
    def database(self) -> str | None:
        # awswrangler quotes it as Hive does.
        database: str | None = (self.request.get("QueryExecutionContext") or {}).get("Database")
        return database and database.strip("`").lower()

    @property
    def output_location(self) -> str:
        """Location of the result file."""
        return f"{self.output}/{self.statement.result.format(self.id)}"

    @property
    def files(self) -> dict[str, bytes]:
        """The files of the result by their locations. On AWS a manifest has a file of metadata with it."""
        outcome = self.outcome
        if outcome is None:
            return {}
        if outcome.manifest is None:
            return {self.output_location: outcome.body}
        lines = "".join(f"{location}\n" for location in outcome.manifest)
        return {self.manifest_location: lines.encode(), f"{self.output_location}.metadata": b""}

    @property
    def manifest_location(self) -> str:
        """Location of the list of the objects that the statement wrote."""
        return f"{self.output_location}-manifest.csv"


class Executions:
    """All executions of the local Athena.

    Args:
        engine: runs the queries.
        latency: minimum number of seconds of a query, to simulate the response time of AWS.
        retention: limits on ended executions.
        save: stores what a statement changed in S3 and the catalog.
    """

    def __init__(
        self,
        engine: Engine,
        latency: float = 0.0,
        retention: Retention = RETENTION,
        save: Callable[[], None] = lambda: None,
    ) -> None:
        self._save = save
        self._engine = engine
        self._latency = latency
        self._retention = retention
        self._lock = threading.Lock()
        self._by_id: dict[str, Execution] = {}
        self._by_token: dict[str, tuple[str, str]] = {}
        self._pool = ThreadPoolExecutor(_MAX_RUNNING, thread_name_prefix="athena")

    def start(self, request: Mapping[str, Any]) -> str:
        """Start an execution in the background and return its id.

        Args:
            request: members of StartQueryExecution.

        Raises:
            InvalidRequest: the request is invalid.
        """
        token = request.get("ClientRequestToken")
        if token is not None and not 32 <= len(token) <= 128:
            raise InvalidRequest("ClientRequestToken must have length between 32 and 128")
        others = {key: value for key, value in request.items() if key != "ClientRequestToken"}
        parameters = json.dumps(others, sort_keys=True)
        with self._lock:
            if token in self._by_token:
                existing_id, existing_parameters = self._by_token[token]
                if existing_parameters != parameters:
                    raise InvalidRequest("Idempotent parameters do not match")
                return existing_id
            execution = _accept(request)
            self._by_id[execution.id] = execution
            if token is not None:
                self._by_token[token] = (execution.id, parameters)
            expired = self._expire()
        for old in expired:
            for location in old.files:
                moto_state.delete(*bucket_and_key(location))
        self._pool.submit(self._run, execution)
        return execution.id

    def _expire(self) -> list[Execution]:
        """Remove the oldest ended executions until the others are within the limits of `Retention`; return them."""
        ended = [execution for execution in self._by_id.values() if execution.state in FINAL]
        since = time.time() - self._retention.seconds
        count, size = len(ended), sum(execution.size for execution in ended)
        expired = []
        for execution in ended:
            old = execution.completed is not None and execution.completed < since
            if not (old or count > self._retention.executions or size > self._retention.bytes):
                break
            count, size = count - 1, size - execution.size
            expired.append(self._by_id.pop(execution.id))
        ids = {execution.id for execution in expired}
        for token in [token for token, (execution_id, _) in self._by_token.items() if execution_id in ids]:
            del self._by_token[token]
        return expired

    def get(self, execution_id: str) -> Execution:
        """Return an execution by its id.

        Raises:
            InvalidRequest: there is no execution with this id.
        """
        try:
            return self._by_id[execution_id]
        except KeyError:
            raise InvalidRequest(f"QueryExecution {execution_id} was not found") from None

    def ids(self, workgroup: str) -> list[str]:
        """Return the ids of the executions of a workgroup, newest first."""
        with self._lock:
            executions = list(self._by_id.values())
        return [execution.id for execution in reversed(executions) if execution.workgroup == workgroup]

    def stop(self, execution_id: str) -> None:
        """Cancel an execution and wait until its query has ended. Does nothing if the execution has ended."""
        execution = self.get(execution_id)
        with self._lock:
            if execution.state in FINAL:
                return
            _end(execution, CANCELLED, "Query cancelled by user")
            execution.cancelled.set()
            if execution.started is None:
                return
        # With a timeout, because parsing a statement cannot be interrupted.
        execution.ended.wait(_STOP_SECONDS)

    def clear(self) -> None:
        """Cancel and remove all executions."""
        with self._lock:
            ids = list(self._by_id)
        for execution_id in ids:
            self.stop(execution_id)
        with self._lock:
            self._by_id.clear()
            self._by_token.clear()

    def close(self) -> None:
        """Cancel and remove all executions, and wait until their threads have ended."""
        self.clear()
        self._pool.shutdown()

    def _run(self, execution: Execution) -> None:
        with self._lock:
            if execution.state in FINAL:
                return
            execution.state, execution.started = RUNNING, time.time()
        try:
            if not execution.cancelled.wait(self._latency):
                self._query(execution)
        except BytesScannedLimit as error:
            self._finish(execution, CANCELLED, str(error))
        except AthenaError as error:
            self._finish(execution, FAILED, str(error))
        except Interrupted:
            # `stop` has set the state already.
            pass
        except Exception as error:
            # A bug of the local Athena. Without a final state, the client would poll without end.
            self._finish(execution, FAILED, f"INTERNAL_ERROR: the local Athena failed: {error!r}")
            raise
        finally:
            execution.ended.set()

    def _query(self, execution: Execution) -> None:
        outcome = execution.statement.run(
            Session(
                self._engine,
                execution.id,
                execution.output,
                execution.database,
                execution.request.get("ExecutionParameters") or (),
                execution.cutoff,
                execution.cancelled.is_set,
                self._save,
            )
        )
        if execution.cancelled.is_set():
            raise Interrupted
        execution.outcome = outcome
        for location, body in execution.files.items():
            moto_state.write(*bucket_and_key(location), body)
        execution.size = len(outcome.body)
        self._finish(execution, SUCCEEDED, None)

    def _finish(self, execution: Execution, state: str, reason: str | None) -> None:
        with self._lock:
            if execution.state not in FINAL:
                _end(execution, state, reason)


def _end(execution: Execution, state: str, reason: str | None) -> None:
    execution.completed, execution.reason, execution.state = time.time(), reason, state


def _accept(request: Mapping[str, Any]) -> Execution:
    """Return a new execution for a request, after the checks that Athena makes before it returns an id.

    Raises:
        InvalidRequest: a check fails.
    """
    name = request.get("WorkGroup") or "primary"
    workgroup = metadata.workgroup(name)
    if workgroup["State"] != "ENABLED":
        raise InvalidRequest(f"WorkGroup {name} is disabled.")
    configuration = workgroup["Configuration"]
    enforced = configuration.get("EnforceWorkGroupConfiguration", True)
    of_workgroup = (configuration.get("ResultConfiguration") or {}).get("OutputLocation")
    of_request = (request.get("ResultConfiguration") or {}).get("OutputLocation")
    output = (of_workgroup or of_request) if enforced else (of_request or of_workgroup)
    if not output:
        raise InvalidRequest(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    bucket, _ = bucket_and_key(output)
    if not moto_state.bucket_exists(bucket):
        raise InvalidRequest(f"Unable to verify/create output bucket {bucket}")
    catalog = (request.get("QueryExecutionContext") or {}).get("Catalog") or CATALOG
    if catalog.lower() != CATALOG:
        raise InvalidRequest(f"Catalog {catalog} is not found: the local Athena has AwsDataCatalog only")
    _check_size("queryString", len(request["QueryString"].encode()), _LONGEST_QUERY)
    for parameter in request.get("ExecutionParameters") or ():
        _check_size("executionParameters", len(parameter), _LONGEST_PARAMETER)
    statement = statements.parse(request["QueryString"])
    if statement.external and enforced and of_workgroup:
        raise InvalidRequest(
            "The Create Table As Select query failed because it was submitted with an 'external_location' property to "
            "an Athena Workgroup that enforces a centralized output location for all queries. Please remove the "
            "'external_location' property and resubmit the query."
        )
    cutoff = configuration.get("BytesScannedCutoffPerQuery")
    return Execution(str(uuid.uuid4()), request, name, statement, output.rstrip("/"), enforced, cutoff)


def _check_size(name: str, size: int, most: int) -> None:
    if size > most:
        raise InvalidRequest(
            f"1 validation error detected: Value at '{name}' failed to satisfy constraint: "
            f"Member must have length less than or equal to {most}"
        )
