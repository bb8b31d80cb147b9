"""The processes in which queries run. What ends a query before its time ends its process: nothing of it goes on."""

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
"""Seconds between two looks at a query that runs."""

_PATIENCE = 0.1
"""Seconds that a query waits for a worker that is busy, before another one is started."""

_LONG = 1.0
"""Seconds after which a query gives way to others that want the processor."""

_GB = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Limits:
    """What queries may take of the machine.

    Attributes:
        seconds: that a query may run.
        memory: bytes of the process of one query.
        total: bytes of all processes together.
        workers: processes at most.
        idle: processes that wait for the next query, at most.
    """

    seconds: float = 60.0
    memory: int = 2 * _GB
    total: int = 4 * _GB
    workers: int = 16
    idle: int = 4


LIMITS = Limits()


class Workers:
    """Runs each query in a process of its own for that time, and keeps the process for the next one."""

    def __init__(self, limits: Limits = LIMITS) -> None:
        self._limits = limits
        self._changed = threading.Condition()
        self._all: list[_Worker] = []
        self._idle: list[_Worker] = []
        self._starting = False
        self._closed = False

    def run(self, query: Query, cancelled: Callable[[], bool] = lambda: False) -> Rows:
        """The rows of a query.

        Raises:
            QueryFailure: it failed, or took more than it may.
            Interrupted: it was cancelled.
        """
        worker = self._acquire(cancelled)
        reusable = False
        try:
            answer = worker.ask(query, lambda: self._check(worker, cancelled))
            # A process does not always give back the memory that it has used, and cannot take back its priority.
            reusable = not (worker.ended or worker.low_priority) and worker.memory < self._limits.memory // 4
        finally:
            self._release(worker, reusable)
        if isinstance(answer, Failed):
            raise QueryFailure(answer.code, answer.message)
        return answer

    def warm(self) -> None:
        """Start the first worker, so that the first query need not wait for it."""
        with suppress(Interrupted):
            self._release(self._acquire(lambda: False), reusable=True)

    def close(self) -> None:
        """End all processes, those of queries that are running as well."""
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
                    # One at a time: each start takes a while of a processor.
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
        """Raise what a query that is running has to end with, if it has to."""
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
    """One process and the pipe to it."""

    def __init__(self) -> None:
        self._pipe, theirs = Pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", _CODE, str(theirs.fileno())],
            cwd=_ROOT,
            # Nothing of the user's own environment, to which no query has to come near.
            env={"PYTHONPATH": str(_ROOT)},
            stdin=subprocess.DEVNULL,
            pass_fds=[theirs.fileno()],
            # Ctrl-C is for us: we end it.
            start_new_session=True,
        )
        theirs.close()
        self._status = psutil.Process(self._process.pid)
        self._began = 0.0
        self.memory = 0
        self.ended = False
        self.low_priority = False

    @property
    def seconds(self) -> float:
        """How long the query has been running."""
        return time.monotonic() - self._began

    def wait_ready(self) -> None:
        with suppress(EOFError, OSError):
            self._pipe.recv()

    def measure(self) -> None:
        """Look how many bytes the process takes."""
        with suppress(psutil.Error):
            self.memory = self._status.memory_info().rss

    def lower_priority(self) -> None:
        """Let all others of this machine go first."""
        if not self.low_priority:
            self.low_priority = True
            with suppress(psutil.Error):
                self._status.nice(10)

    def ask(self, query: Query, check: Callable[[], None]) -> Rows | Failed:
        """The answer to a query; `check` is called while it is waited for, and may raise."""
        self._began = time.monotonic()
        try:
            self._pipe.send(query)
            while not self._pipe.poll(_TICK):
                check()
            answer: Rows | Failed = self._pipe.recv()
        except (EOFError, OSError):
            self.ended = True
            check()
            return Failed("GENERIC_INTERNAL_ERROR", "the process of the query has ended")
        self.measure()
        return answer

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()
        self._pipe.close()
