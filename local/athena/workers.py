"""Pool of worker processes that run queries. Cancelling a query kills its process."""

from __future__ import annotations

import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import Pipe
from pathlib import Path

import psutil

from local.athena.errors import Interrupted, QueryFailure
from local.athena.process import Failed, Query, Rows

_ROOT = Path(__file__).resolve().parent.parent.parent
_CODE = "import sys; from local.athena.process import main; main(int(sys.argv[1]))"

_TICK = 0.02
"""Seconds between two checks of a running query."""

_PATIENCE = 0.1
"""Seconds that a query waits for an idle worker before another worker is started."""

_LONG = 1.0
"""Seconds after which the CPU priority of a query is lowered."""

_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on the resources of queries.

    Attributes:
        seconds: maximum run time of a query.
        memory: maximum number of bytes of one process.
        total: maximum number of bytes of all processes together.
        workers: maximum number of processes.
        idle: maximum number of idle processes.
    """

    seconds: float = 60.0
    memory: int = 2 * _GB
    total: int = 4 * _GB
    workers: int = 16
    idle: int = 4


LIMITS = Limits()


class Workers:
    """Pool of worker processes. A process runs one query at a time and is reused."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._all: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._starting = False
        self._closed = False

    def run(self, query: Query, cancelled: Callable[[], bool] = lambda: False) -> Rows:
        """Run a query and return its rows.

        Args:
            query: the query.
            cancelled: function that returns whether to cancel the query.

        Raises:
            QueryFailure: the query failed or exceeded a limit.
            Interrupted: the query was cancelled.
        """
        worker = self._acquire(cancelled)
        reusable = False
        try:
            response = worker.run(query, lambda: self._check(worker, cancelled))
            # A process may not return its memory to the system, and cannot raise its priority again.
            reusable = not (worker.ended or worker.low_priority) and worker.memory < self._limits.memory // 4
        finally:
            self._release(worker, reusable)
        if isinstance(response, Failed):
            raise QueryFailure(response.code, response.message)
        return response

    def warm(self) -> None:
        """Start the first worker, so that the first query does not wait for it."""
        with suppress(Interrupted):
            self._release(self._acquire(lambda: False), reusable=True)

    def close(self) -> None:
        """Stop all processes, including those of running queries."""
        with self._changed:
            self._closed = True
            while self._idle:
                self._idle.pop().kill()
            self._changed.notify_all()

    def _acquire(self, cancelled: Callable[[], bool]) -> _Worker:
        patience = time.monotonic() + _PATIENCE
        with self._changed:
            while True:
                if self._closed or cancelled():
                    raise Interrupted
                if self._idle:
                    return self._idle.pop()
                room = not self._starting and len(self._all) < self._limits.workers
                if room and (not self._all or time.monotonic() > patience):
                    # One at a time, because a start is CPU-bound.
                    self._starting = True
                    break
                self._changed.wait(_TICK)
        return self._start()

    def _start(self) -> _Worker:
        try:
            worker = _Worker()
            with self._changed:
                self._all.append(worker)
            worker.wait_ready()
        finally:
            with self._changed:
                self._starting = False
                self._changed.notify_all()
        return worker

    def _release(self, worker: _Worker, reusable: bool) -> None:
        with self._changed:
            if reusable and not self._closed and len(self._idle) < self._limits.idle:
                self._idle.append(worker)
            else:
                self._all.remove(worker)
                worker.kill()
            self._changed.notify_all()

    def _check(self, worker: _Worker, cancelled: Callable[[], bool]) -> None:
        """Check the limits of a running query.

        Raises:
            QueryFailure: the query exceeds a limit.
            Interrupted: the query was cancelled.
        """
        limits = self._limits
        if self._closed or cancelled():
            raise Interrupted
        if worker.seconds > limits.seconds:
            raise QueryFailure("EXCEEDED_TIME_LIMIT", f"Query exceeded maximum time limit of {limits.seconds:g}s")
        if worker.seconds > _LONG:
            worker.lower_priority()
        worker.measure()
        if worker.memory > limits.memory:
            raise QueryFailure(
                "EXCEEDED_LOCAL_MEMORY_LIMIT", f"Query exceeded per-node memory limit of {limits.memory / _GB:g}GB"
            )
        with self._changed:
            sizes = [each.memory for each in self._all]
        if sum(sizes) > limits.total and worker.memory == max(sizes):
            raise QueryFailure("CLUSTER_OUT_OF_MEMORY", "Query killed because the cluster is out of memory")


class _Worker:
    """Worker process and the pipe to it."""

    def __init__(self) -> None:
        self._pipe, child_end = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(child_end.fileno())],
            cwd=_ROOT,
            # Queries must not have access to the user's environment variables.
            env={"PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            pass_fds=[child_end.fileno()],
            # A new session, so that Ctrl-C reaches the parent only, which stops this process.
            start_new_session=True,
        )
        child_end.close()
        self._status = psutil.Process(self._process.pid)
        self._began = 0.0
        self.memory = 0
        self.ended = False
        self.low_priority = False

    @property
    def seconds(self) -> float:
        """Seconds since the start of the query."""
        return time.monotonic() - self._began

    def wait_ready(self) -> None:
        with suppress(EOFError, OSError):
            self._pipe.recv()

    def measure(self) -> None:
        """Set `memory` to the resident set size of the process in bytes."""
        with suppress(psutil.Error):
            self.memory = self._status.memory_info().rss

    def lower_priority(self) -> None:
        """Lower the CPU priority of the process, so that other programs stay responsive."""
        if not self.low_priority:
            self.low_priority = True
            with suppress(psutil.Error):
                self._status.nice(10)

    def run(self, query: Query, check: Callable[[], None]) -> Rows | Failed:
        """Run a query and return its response. Calls `check` while waiting; its exceptions propagate."""
        self._began = time.monotonic()
        try:
            self._pipe.send(query)
            while not self._pipe.poll(_TICK):
                check()
            response: Rows | Failed = self._pipe.recv()
        except (EOFError, OSError):
            self.ended = True
            check()
            return Failed("GENERIC_INTERNAL_ERROR", "the process of the query has ended")
        self.measure()
        return response

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe.close()
