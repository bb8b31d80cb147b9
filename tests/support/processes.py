"""Commands in separate processes, as a user starts them. They end with the tests."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from common.paths import ROOT

SECONDS = 60.0
"""The timeout of a process, and of a wait for its output."""

# The alarm survives execvp, so the process ends after 120 s even if the tests are killed.
LIMITED = "import os, signal, sys; signal.alarm(120); os.execvp(sys.argv[1], sys.argv[1:])"


class Running:
    """Process whose output is read while it runs.

    Args:
        command: program and arguments.
        environ: environment variables to set.
        cwd: working folder.
        inherit: whether to inherit the variables of this process except AWS's.
    """

    def __init__(self, command: list[str], environ: dict[str, str], cwd: Path = ROOT, *, inherit: bool = True) -> None:
        inherited = {name: value for name, value in os.environ.items() if inherit and not name.startswith("AWS_")}
        self.process = subprocess.Popen(
            [sys.executable, "-S", "-c", LIMITED, *command],
            cwd=cwd,
            env=inherited | {"PYTHONUNBUFFERED": "1"} | environ,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self.output = ""
        self._grown = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                with self._grown:
                    self.output += line
                    self._grown.notify_all()
        with self._grown:
            self._grown.notify_all()

    def wait_for(self, pattern: str) -> str:
        """Wait until the output matches a pattern, and return its first group, or the match if it has none."""
        with self._grown:
            match = self._grown.wait_for(
                lambda: re.search(pattern, self.output) or not self._reader.is_alive(), SECONDS
            )
        assert isinstance(match, re.Match), f"{pattern!r} is not in:\n{self.output}"
        return str(match[1]) if match.groups() else str(match[0])

    def stop(self, sig: signal.Signals = signal.SIGINT) -> int:
        """Send a signal to the process group, as a terminal does, and return the exit status."""
        os.killpg(self.process.pid, sig)
        status = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        return status


def get(url: str) -> Any:
    """Return the JSON at a loopback URL."""
    with urllib.request.urlopen(url, timeout=SECONDS) as response:
        return json.load(response)


@contextmanager
def make_run(*arguments: str, **environ: str) -> Iterator[Running]:
    """Run the command of `make run` on free ports until the end of the block."""
    running = Running([sys.executable, "-m", "local", "--port", "0", "--aws-port", "0", *arguments], environ)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.stop(signal.SIGKILL)


def run_command(*arguments: str, python: tuple[str, ...] = ("-m", "local"), **environ: str) -> Any:
    """Run a command to its end and return the completed process."""
    return subprocess.run(
        [sys.executable, *python, *arguments],
        cwd=ROOT,
        env=os.environ | environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


def command_error(*arguments: str, python: tuple[str, ...] = ("-m", "local")) -> str:
    """Run a command that must fail, and return its error output, which must be one line."""
    process = run_command(*arguments, python=python)
    assert process.returncode == 1
    lines = [line for line in process.stderr.splitlines() if line.strip()]
    assert len(lines) == 1, process.stderr
    assert "Traceback" not in process.stdout
    return lines[0]


def wait_for_response(url: str, running: Running) -> Any:
    """Wait until a process responds at a URL, and return the JSON."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        try:
            return get(url)
        except OSError:  # also URLError, and a connection that the server closes while it starts
            assert running.process.poll() is None, running.output
    raise AssertionError(running.output)
