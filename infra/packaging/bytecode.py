"""Bytecode for Lambda, where Python cannot write any and would compile every module at each cold start."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.errors import PackageError


def compile_sources(folder: Path, runs_in: str) -> None:
    """Compile every module below a folder, without the check of the source's time, which zip files do not keep.

    Args:
        runs_in: Path of the folder on Lambda, for tracebacks.

    Raises:
        PackageError: a module cannot be compiled.
    """
    command = [sys.executable, "-m", "compileall", "-q", "-s", str(folder), "-p", runs_in,
               "--invalidation-mode", "unchecked-hash", str(folder)]  # fmt: skip
    # A fixed seed: the order of a frozenset constant depends on the hashes of strings.
    environ = {**os.environ, "PYTHONHASHSEED": "0"}
    process = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if process.returncode:
        raise PackageError(f"a module in {folder.name} cannot be compiled: {process.stdout.strip()}")
