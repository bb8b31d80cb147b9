"""The app as it is packaged: `app.py` and `chalicelib`, with bytecode."""

from __future__ import annotations

import shutil
from pathlib import Path

from common.paths import ROOT
from infra.packaging import archive
from infra.packaging.bytecode import compile_sources

REQUIREMENTS = "infra/packaging/requirements-function.txt"
"""Packages that Chalice bundles into the functions: the `requirements.txt` of its folder."""


def library(root: Path = ROOT) -> dict[str, Path]:
    """Return the files of `chalicelib`, by their names in a package."""
    return {f"chalicelib/{name}": path for name, path in archive.sources(root / "chalicelib").items()}


def copy(folder: Path, root: Path = ROOT) -> None:
    """Copy the app from a checkout into a folder.

    Chalice packages every file of `chalicelib`, so bytecode of this machine's Python must not be there. The copy has
    bytecode for Lambda instead, where Python cannot write any.
    """
    shutil.rmtree(folder / "chalicelib", ignore_errors=True)
    for name, path in {**library(root), "app.py": root / "app.py", "requirements.txt": root / REQUIREMENTS}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, folder / name)
    compile_sources(folder / "chalicelib", "/var/task/chalicelib")
