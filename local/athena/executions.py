"""Query executions: they run in the background, and clients poll them by id."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

from local import moto_state
from local.athena.engine import Engine
from local.athena.errors import AthenaError, BytesScannedLimit, Interrupted, InvalidRequest
from local.athena.execution import CANCELLED, FAILED, FINAL, RUNNING, SUCCEEDED, Execution, accept
from local.athena.locations import bucket_and_key
from local.athena.prepared import PreparedStatements
from local.athena.session import Outcome, Session

_MAX_RUNNING = 64
"""Maximum number of queries that run at the same time; others wait in QUEUED. AWS's quota is 20 to 200 by region."""

_STOP_SECONDS = 0.8
"""Maximum number of seconds that a stop waits until the query has ended."""


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


class Executions:
    """All executions of the local Athena, and the prepared statements that they use.

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
        self.prepared = PreparedStatements()
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
            execution = accept(request)
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
        """Cancel and remove all executions, and remove the prepared statements."""
        with self._lock:
            ids = list(self._by_id)
        for execution_id in ids:
            self.stop(execution_id)
        with self._lock:
            self._by_id.clear()
            self._by_token.clear()
        self.prepared.clear()

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
        outcome = self._reusable(execution) or execution.statement.run(
            Session(
                self._engine,
                execution.id,
                execution.output,
                execution.workgroup,
                self.prepared,
                execution.database,
                execution.request.get("ExecutionParameters") or (),
                execution.cutoff,
                execution.cancelled.is_set,
                self._save,
            )
        )
        if execution.cancelled.is_set():
            raise Interrupted
        execution.succeed(outcome)
        self._finish(execution, SUCCEEDED, None)

    def _reusable(self, execution: Execution) -> Outcome | None:
        """Return the result of the last execution of the same query, if the request allows its age; else None."""
        age = execution.reuse
        if not age.get("Enabled") or execution.statement.name != "SELECT":
            return None
        since = time.time() - 60 * age.get("MaxAgeInMinutes", 60)
        with self._lock:
            others = list(reversed(self._by_id.values()))
        for other in others:
            recent = other.state == SUCCEEDED and (other.completed or 0) >= since
            if recent and other.outcome is not None and execution.has_the_query_of(other):
                body = moto_state.read(*bucket_and_key(other.output_location))
                if body is not None:
                    execution.reused = True
                    return replace(other.outcome, body=body, scanned=0)
        return None

    def _finish(self, execution: Execution, state: str, reason: str | None) -> None:
        with self._lock:
            if execution.state not in FINAL:
                _end(execution, state, reason)


def _end(execution: Execution, state: str, reason: str | None) -> None:
    execution.completed, execution.reason, execution.state = time.time(), reason, state
