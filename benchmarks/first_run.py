"""Benchmark of a first `make run`: a clone without packages, until the API has answered a request."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

from benchmarks.laptop import HISTORY
from benchmarks.report import Table
from common.paths import ROOT


def first_json() -> Table:
    """Measure clone, installation and start, each from the previous one. The cache of packages is used as it is."""
    source = f"csv:{HISTORY}" if HISTORY.exists() else "sample"
    # git and make are those of the PATH, as for a user.
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "b3-dataflow"
        begin = time.perf_counter()
        subprocess.run(["git", "clone", "-q", str(ROOT), str(clone)], check=True)  # noqa: S607
        cloned = time.perf_counter()
        subprocess.run(["make", "-s", ".venv/installed"], cwd=clone, check=True, stdout=subprocess.DEVNULL)  # noqa: S607
        installed = time.perf_counter()
        _run(clone, source)
        answered = time.perf_counter()
    times = (cloned - begin, installed - cloned, answered - installed, answered - begin)
    return Table(
        "From a clone to the first JSON",
        f"Clone, packages of `make run` into a new `.venv`, and `make run SOURCE={source.partition(':')[0]}` until "
        "`GET /ibov/volatility` has answered. A cold cache of packages adds their download.",
        ("clone", "install", "`make run` to the first JSON", "together"),
        (tuple(f"{seconds:.1f} s" for seconds in times),),
    )


def _run(clone: Path, source: str) -> None:
    command = ["make", "-s", "run", f"SOURCE={source}", "PORT=0", "AWS_PORT=0"]
    environ = os.environ | {"PYTHONUNBUFFERED": "1"}
    # A group of its own, so that make and its children end together.
    with subprocess.Popen(
        command, cwd=clone, env=environ, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            for line in process.stdout or ():
                if match := re.search(r"http://127\.0\.0\.1:\d+(?=/ibov/volatility)", line):
                    with urllib.request.urlopen(f"{match[0]}/ibov/volatility?limit=1") as response:  # noqa: S310 - loopback
                        json.load(response)
                    return
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            # Until the end, so that the children can print their last lines.
            for _ in process.stdout or ():
                pass
    raise RuntimeError("make run ended before it printed the address of the API")
