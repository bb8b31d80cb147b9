"""The package of the functions, built by Chalice. All three functions share it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from common.paths import ROOT
from infra.errors import PackageError
from infra.packaging import runtime
from infra.stage import chalice_process, project

CONFIG = {
    "version": "2.0",
    "app_name": "b3-dataflow",
    # Without a role, Chalice would create one by analysing the calls of AWS in the app.
    "manage_iam_role": False,
    "iam_role_arn": "arn:aws:iam::123456789012:role/none",
}
"""Chalice's configuration for the package, which is the same in every stage."""


def build(folder: Path) -> Path:
    """Build the package as `chalice deploy` does, and return the zip file.

    Raises:
        PackageError: this Python is not 3.13, or Chalice failed.
    """
    runtime.check_python()
    with tempfile.TemporaryDirectory() as temporary:
        project.write_folder(ROOT, Path(temporary), CONFIG, "dev", None)
        # The package is the same in all formats; the default one does not support events of S3.
        command = chalice_process.command_line("package", "--pkg-format", "terraform", "out")
        # Chalice requires a region; the package does not depend on it.
        environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
        process = subprocess.run(command, cwd=temporary, env=environ, capture_output=True, text=True, check=False)
        if process.returncode:
            *_, reason = ["no output", *process.stderr.strip().splitlines()]
            raise PackageError(f"Chalice cannot package the app: {reason}")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(Path(temporary, "out", "deployment.zip"), folder / "function.zip"))
