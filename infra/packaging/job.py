"""The job's package: its script, the library as a zip file, and wheels of what Glue does not bring."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from common.paths import ROOT
from infra.packaging import application, archive, wheels

SCRIPT = ROOT / "glue" / "b3_etl_job.py"
REQUIREMENTS = ROOT / "glue" / "requirements.txt"

ARCHITECTURE = "x86_64"
"""Glue has no other."""

INSTALLER_OPTIONS = "--no-deps --no-index"
"""Glue's `--python-modules-installer-option`, which pip gets: what is installed is what was uploaded."""


@dataclass(frozen=True, slots=True)
class JobPackage:
    """What Glue is given.

    Attributes:
        script: what it runs.
        library: goes to `--extra-py-files`.
        wheels: go to `--additional-python-modules`.
        digest: a name for the script and the library.
    """

    script: Path
    library: Path
    wheels: tuple[Path, ...]
    digest: str


def build(folder: Path) -> JobPackage:
    """Build the job's package in a folder of its own.

    Raises:
        PackageError: a wheel is not to be had.
    """
    fetched = folder / f"wheels-{archive.digest([REQUIREMENTS.read_bytes()])}"
    if not fetched.exists():
        for older in folder.glob("wheels-*"):
            shutil.rmtree(older)
        unfinished = folder / "unfinished"
        shutil.rmtree(unfinished, ignore_errors=True)
        wheels.fetch(REQUIREMENTS, unfinished, ARCHITECTURE)
        unfinished.rename(fetched)
    library = folder / "chalicelib.zip"
    archive.write(library, application.library())
    script = Path(shutil.copy(SCRIPT, folder))
    digest = archive.digest([script.read_bytes(), library.read_bytes()])
    return JobPackage(script, library, tuple(sorted(fetched.glob("*.whl"))), digest)
