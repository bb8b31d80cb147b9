"""The package of the Glue jobs: their scripts, `chalicelib` as a zip file, and wheels that Glue does not have."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from common.paths import ROOT
from infra.packaging import application, archive, wheels

SCRIPT = ROOT / "glue" / "b3_etl_job.py"
MARKET_SCRIPT = ROOT / "glue" / "b3_market_job.py"
REQUIREMENTS = ROOT / "glue" / "requirements.txt"

ARCHITECTURE = "x86_64"
"""The only architecture of Glue."""

INSTALLER_OPTIONS = "--no-deps --no-index"
"""Glue's `--python-modules-installer-option`, passed to pip: only the uploaded wheels are installed."""


@dataclass(frozen=True, slots=True)
class JobPackage:
    """The files of the jobs.

    Attributes:
        script: Script of the index's job.
        market_script: Script of the market's job.
        library: Value of `--extra-py-files`.
        wheels: Values of `--additional-python-modules`.
        digest: Digest of the scripts and the library.
    """

    script: Path
    market_script: Path
    library: Path
    wheels: tuple[Path, ...]
    digest: str


def build(folder: Path) -> JobPackage:
    """Build the package of the jobs in a folder.

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
    script, market_script = (Path(shutil.copy(each, folder)) for each in (SCRIPT, MARKET_SCRIPT))
    digest = archive.digest([each.read_bytes() for each in (script, market_script, library)])
    return JobPackage(script, market_script, library, tuple(sorted(wheel_folder.glob("*.whl"))), digest)
