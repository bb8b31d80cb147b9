"""The project as a clone has it, and the command `chalice` in it, as somebody types it who has set nothing else."""

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
    """A clone of the project, as it is here once all is committed: nothing in it that git ignores."""
    if not (ROOT / ".git").exists():
        pytest.skip("needs the project's git repository")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for name in listed.split("\0"):
        # A file that was deleted is listed until that is committed, and so is a link to another environment.
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    return folder


def nothing_set(home: Path) -> dict[str, str]:
    """The environment of somebody who has set nothing: no AWS, and no way out of this machine."""
    return {"HOME": str(home), "PATH": os.environ["PATH"], **NO_WAY_OUT}


def chalice(
    folder: Path, *arguments: str, environ: Mapping[str, str], send: str = "", python: str = sys.executable
) -> subprocess.CompletedProcess[str]:
    """A command of Chalice that ends by itself.

    Args:
        send: what it reads.
        python: of the environment that it is installed in.
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
    """`chalice local` while it runs, and its address.

    Args:
        python: of the environment that it is installed in.
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
    """The status of an answer, be it an error or not."""
    try:
        with urllib.request.urlopen(url, timeout=SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code


def _command(python: str) -> str:
    return str(Path(python).with_name("chalice"))
