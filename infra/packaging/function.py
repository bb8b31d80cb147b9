"""The functions' own package, which all three share, as Chalice makes it."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from common.paths import ROOT
from infra.errors import PackageError
from infra.packaging import target
from infra.stage import chalice_process, project

CONFIG = {
    "version": "2.0",
    "app_name": "b3-dataflow",
    # With roles of its own making, Chalice would look for the calls of AWS in the app, which it cannot read.
    "manage_iam_role": False,
    "iam_role_arn": "arn:aws:iam::123456789012:role/none",
}
"""What Chalice needs to be told to make the package, which is the same in every stage."""


def build(folder: Path) -> Path:
    """Have Chalice package the app as it does for a deploy. Returns the zip file.

    Raises:
        PackageError: this is not Python 3.13, or Chalice failed.
    """
    target.check_python()
    with tempfile.TemporaryDirectory() as temporary:
        project.lay_out(ROOT, Path(temporary), CONFIG, "dev", None)
        # Of its formats, the one that knows events of S3; the package is the same in all.
        command = chalice_process.command_line("package", "--pkg-format", "terraform", "out")
        # Chalice insists on a region, which the package does not depend on.
        environ = {**os.environ, "AWS_DEFAULT_REGION": "us-east-1"}
        done = subprocess.run(command, cwd=temporary, env=environ, capture_output=True, text=True, check=False)
        if done.returncode:
            *_, reason = ["it said nothing", *done.stderr.strip().splitlines()]
            raise PackageError(f"Chalice cannot package the app: {reason}")
        folder.mkdir(parents=True, exist_ok=True)
        return Path(shutil.copy(Path(temporary, "out", "deployment.zip"), folder / "function.zip"))
