"""A clone of the project, and the command `chalice` in it, with a clean environment."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from common.paths import ROOT
from tests.conftest import NO_WAY_OUT
from tests.support.processes import SECONDS, Running


def checkout(folder: Path) -> Path:
    """Copy the project into a folder, without the files that git ignores."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the project's git repository")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in names.split("\0"):
        # git lists a deleted file until the deletion is committed, and a link to another environment.
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def clean_environ(home: Path) -> dict[str, str]:
    """Return an environment without settings of AWS, and without access to the network."""
    # The reloader of `chalice local` prints a traceback if a temporary file of bytecode vanishes while it lists files.
    return {"HOME": str(home), "PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", **NO_WAY_OUT}


def chalice(
    folder: Path, *arguments: str, environ: Mapping[str, str], send: str = "", python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """Run a command of Chalice.

    Args:
        send: Standard input.
        python: Python of the environment with Chalice.
    """
    return subprocess.run(
        [_command(python), *arguments],
        cwd=folder,
        env=environ,
        input=send,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@contextmanager
def chalice_local(
    folder: Path, *options: str, environ: Mapping[str, str], python: str = sys.executable
) -> Iterator[tuple[str, Running]]:
    """Run `chalice local`, and yield its URL and process.

    Args:
        python: Python of the environment with Chalice.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [_command(python), "local", "--port", str(port), *options]
    running = Running(command, dict(environ), folder, inherit=False)
    try:
        running.wait_for("Serving on")
        yield f"http://127.0.0.1:{port}", running
    finally:
        running.stop(signal.SIGKILL)


def status(url: str) -> int:
    """Return the status of a response, also of an error."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as response:
            return int(response.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _command(python: str) -> str:
    return str(Path(python).with_name("chalice"))
