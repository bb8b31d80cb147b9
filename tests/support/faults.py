"""Faults of the tasks of Spark, which occur when the local S3 receives a write of a task.

The code of the tasks is unchanged. A write waits in the server outside of its lock, so that the server answers others.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psutil
import pytest

from local.aws import LocalAws
from local.connections import whole_body
from tests.support.lake import REFINED

SECONDS = 100.0


@contextmanager
def on_write(aws: LocalAws, prefix: str, act: Callable[[str, int], None]) -> Iterator[list[str]]:
    """Call a function before each write below a prefix of the refined bucket, whichever process sends it.

    Yields the keys of the objects that were stored, in order. At the end of the block all writes have ended.

    Args:
        act: called with the key and the port of the client. The object is stored when it returns.
    """
    front = aws._server.app
    stored: list[str] = []
    active = 0
    changed = threading.Condition()

    def application(environ: dict[str, Any], start_response: Any) -> Any:
        nonlocal active
        key = environ["PATH_INFO"].removeprefix(f"/{REFINED}/")
        if environ["REQUEST_METHOD"] != "PUT" or not key.startswith(prefix):
            return front(environ, start_response)
        # The whole body is received first, so that the object is stored even if its sender is killed.
        environ["wsgi.input"] = whole_body(environ)
        with changed:
            active += 1
        try:
            act(key, int(environ["REMOTE_PORT"]))
            response = front(environ, start_response)
            stored.append(key)
            return response
        finally:
            with changed:
                active -= 1
                changed.notify_all()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(aws._server, "app", application)
        yield stored
        with changed:
            assert changed.wait_for(lambda: not active, SECONDS)


def worker(port: int) -> psutil.Process:
    """Return the worker process of Spark that has a connection from a port of this machine."""
    (pid,) = {each.pid for each in psutil.net_connections("tcp4") if each.laddr and each.laddr[1] == port and each.pid}
    process = psutil.Process(pid)
    assert "pyspark.daemon" in process.cmdline(), process.cmdline()
    return process


class Kill:
    """Kills the worker that sends a write, before the object is stored.

    Attributes:
        killed: the ids of the processes.

    Args:
        chosen: whether to kill the sender of the write with this number, counted from 0.
        see: called after each kill.
    """

    def __init__(self, chosen: Callable[[int], bool], see: Callable[[], None] = lambda: None) -> None:
        self._chosen = chosen
        self._see = see
        self._lock = threading.Lock()
        self._writes = 0
        self.killed: list[int] = []

    def __call__(self, key: str, port: int) -> None:
        """Let a write pass, or kill its sender."""
        with self._lock:
            number, self._writes = self._writes, self._writes + 1
            if not self._chosen(number):
                return
            sender = worker(port)
            os.kill(sender.pid, signal.SIGKILL)
            sender.wait(SECONDS)
            self.killed.append(sender.pid)
            self._see()
        raise ConnectionAbortedError(f"the sender of {key} was killed")


class Hold:
    """Holds the first write until the run has ended. The run ends by another attempt of the same task.

    Attributes:
        key: the key of the object of that write.
        senders: the ids of the processes that sent the object, in order.
        run_ended: the test sets it, which ends the wait.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.key = ""
        self.senders: list[int] = []
        self.run_ended = threading.Event()

    def __call__(self, key: str, port: int) -> None:
        """Hold the first write; let all others pass."""
        with self._lock:
            self.key = self.key or key
            first = not self.senders
            if key == self.key:
                self.senders.append(worker(port).pid)
        if first:
            assert self.run_ended.wait(SECONDS)
