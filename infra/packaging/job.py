"""The package of the Glue job: its script, `chalicelib` as a zip file, and wheels that Glue does not have."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from common.paths import ROOT
from infra.packaging import application, archive, wheels

SCRIPT = ROOT / "glue" / "b3_etl_job.py"
REQUIREMENTS = ROOT / "glue" / "requirements.txt"

ARCHITECTURE = "x86_64"
"""The only architecture of Glue."""

INSTALLER_OPTIONS = "--no-deps --no-index"
"""Glue's `--python-modules-installer-option`, passed to pip: only the uploaded wheels are installed."""


@dataclass(frozen=True, slots=True)
class JobPackage:
    """The files of the job.

    Attributes:
        script: Script of the job.
        library: Value of `--extra-py-files`.
        wheels: Values of `--additional-python-modules`.
        digest: Digest of the script and the library.
    """

    script: Path
    library: Path
    wheels: tuple[Path, ...]
    digest: str


def build(folder: Path) -> JobPackage:
    """Build the job's package in a folder.

    Raises:
        PackageError: a wheel is not available.
    """
    wheel_folder = folder / f"wheels-{archive.digest([REQUIREMENTS.read_bytes()])}"
    if not wheel_folder.exists():
        for older in folder.glob("wheels-*"):
            shutil.rmtree(older)
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        wheels.fetch(REQUIREMENTS, unfinished, ARCHITECTURE)
        unfinished.rename(wheel_folder)
    library = folder / "chalicelib.zip"
    archive.write(library, application.library())
    script = Path(shutil.copy(SCRIPT, folder))
    digest = archive.digest([script.read_bytes(), library.read_bytes()])
    return JobPackage(script, library, tuple(sorted(wheel_folder.glob("*.whl"))), digest)
