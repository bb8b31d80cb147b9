"""The application as it goes into a package: nothing of the laptop, and bytecode beside its sources."""

from __future__ import annotations

import shutil
from pathlib import Path

from common.paths import ROOT
from infra.packaging import archive
from infra.packaging.bytecode import compile_sources

REQUIREMENTS = "infra/packaging/requirements-function.txt"
"""What Chalice bundles into the functions: the `requirements.txt` of its folder."""


def library(root: Path = ROOT) -> dict[str, Path]:
    """The files of `chalicelib`, by their names in a package."""
    return {f"chalicelib/{name}": path for name, path in archive.sources(root / "chalicelib").items()}


def copy(folder: Path, root: Path = ROOT) -> None:
    """Copy what Chalice packages of a checkout into a folder.

    Chalice takes all that lies in `chalicelib`: it must not find what this machine's Python left there, and finds
    bytecode of ours instead, which a function could not keep.
    """
    shutil.rmtree(folder / "chalicelib", ignore_errors=True)
    for name, path in {**library(root), "app.py": root / "app.py", "requirements.txt": root / REQUIREMENTS}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    compile_sources(folder / "chalicelib", "/var/task/chalicelib")
