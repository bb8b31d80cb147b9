"""Progress on a terminal, and plain lines elsewhere."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys

from common.paths import ROOT

CODE = """
import time
from common.console import step

with step(1, 2, "ingest") as report:
    deadline = time.monotonic() + 0.5
    while time.monotonic() < deadline:
        pass
    report("8,037 bars")
"""


def test_elsewhere_than_on_a_terminal_a_step_is_one_plain_line():
    run = subprocess.run([sys.executable, "-c", CODE], cwd=ROOT, capture_output=True, text=True, check=True)

    assert re.fullmatch(r"  1/2  ingest     \d+\.\d s  8,037 bars\n", run.stdout)


def test_on_a_terminal_a_step_shows_what_runs_and_for_how_long():
    output = terminal(CODE)

    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "\n", output))
    *live, last = (line.strip() for line in lines if line.strip())
    assert any(line.startswith("1/2  ingest") for line in live)
    assert any("0:00:00" in line for line in live)
    assert re.fullmatch(r"1/2  ingest     \d+\.\d s  8,037 bars", last)


def terminal(code: str) -> str:
    """Run Python code in a terminal, and return its output."""
    leader, follower = pty.openpty()
    environ = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=follower, env=environ) as process:
        os.close(follower)
        output = b""
        try:
            while chunk := os.read(leader, 65536):
                output += chunk
        except OSError:
            # Linux ends a terminal without a writer with an error.
            pass
        os.close(leader)
    assert process.returncode == 0
    return output.decode()
