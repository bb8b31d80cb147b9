"""Bytecode for where nothing can be written: Python would compile each module anew at each start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.errors import PackageError


def compile_sources(folder: Path, runs_in: str) -> None:
    """Compile every module below a folder. The bytecode is taken without a look at the source, whose time is lost.

    Args:
        runs_in: the folder's path where it runs, which tracebacks show.

    Raises:
        PackageError: a module is no Python 3.13.
    """
    command = [sys.executable, "-m", "compileall", "-q", "-s", str(folder), "-p", runs_in,
               "--invalidation-mode", "unchecked-hash", str(folder)]  # fmt: skip
    # The order of a set of strings, which can be a constant of a module, is by hash.
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"a module in {folder.name} cannot be compiled: {done.stdout.strip()}")
