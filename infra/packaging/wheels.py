"""Wheels for where the packages run, whatever machine this is."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import parse_wheel_filename

from infra.errors import PackageError
from infra.packaging import target


def fetch(requirements: Path, folder: Path, architecture: str) -> list[Path]:
    """Download the wheels that a file pins, each by its hash, into an empty folder. Returns them by name.

    Raises:
        PackageError: one is not to be had for the target, or has another hash.
    """
    _pip("download", "--no-deps", "--require-hashes", "--requirement", str(requirements),
         "--dest", str(folder), *_for(architecture))  # fmt: skip
    wheels = sorted(folder.glob("*.whl"))
    check_fit(wheels, architecture)
    return wheels


def install(wheels: Iterable[Path], folder: Path, architecture: str) -> None:
    """Install wheels into a folder, without what they depend on and without bytecode."""
    _pip("install", "--no-deps", "--no-index", "--no-compile", "--target", str(folder),
         *_for(architecture), *map(str, wheels))  # fmt: skip


def check_fit(wheels: Iterable[Path], architecture: str) -> None:
    """See from their names that wheels run on the target.

    Raises:
        PackageError: names those that do not.
    """
    fit = set(target.tags(architecture))
    unfit = [wheel.name for wheel in wheels if not parse_wheel_filename(wheel.name)[3] & fit]
    if unfit:
        glibc = ".".join(map(str, target.GLIBC))
        raise PackageError(f"{', '.join(unfit)}: allowed: Python 3.13, {architecture}, glibc {glibc} or older")


def _for(architecture: str) -> list[str]:
    platforms = [part for name in target.platforms(architecture) for part in ("--platform", name)]
    abis = [part for name in ("cp313", "abi3", "none") for part in ("--abi", name)]
    return ["--only-binary=:all:", "--python-version", "3.13", "--implementation", "cp", *abis, *platforms]


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PackageError(f"pip {arguments[0]} failed: {_last_error(done.stderr)}")


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["it said nothing"])[-1]
