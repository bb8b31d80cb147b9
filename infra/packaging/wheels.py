"""Wheels for the runtime, downloaded on any machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from packaging.utils import parse_wheel_filename

from infra.errors import PackageError
from infra.packaging import runtime


def fetch(requirements: Path, folder: Path, architecture: str) -> list[Path]:
    """Download the wheels of a requirements file with hashes into an empty folder. Return them sorted by name.

    Raises:
        PackageError: a wheel is not available for the runtime, or has another hash.
    """
    _pip("download", "--no-deps", "--require-hashes", "--requirement", str(requirements),
         "--dest", str(folder), *_pip_options(architecture))  # fmt: skip
    wheels = sorted(folder.glob("*.whl"))
    check_compatible(wheels, architecture)
    return wheels


def install(wheels: Iterable[Path], folder: Path, architecture: str) -> None:
    """Install wheels into a folder, without dependencies and bytecode."""
    _pip("install", "--no-deps", "--no-index", "--no-compile", "--target", str(folder),
         *_pip_options(architecture), *map(str, wheels))  # fmt: skip


def check_compatible(wheels: Iterable[Path], architecture: str) -> None:
    """Raise if the name of a wheel shows that it does not run on the runtime.

    Raises:
        PackageError: wheels are incompatible; the message names them.
    """
    compatible = set(runtime.tags(architecture))
    incompatible = [wheel.name for wheel in wheels if not parse_wheel_filename(wheel.name)[3] & compatible]
    if incompatible:
        glibc = ".".join(map(str, runtime.GLIBC))
        raise PackageError(f"{', '.join(incompatible)}: allowed: Python 3.13, {architecture}, glibc {glibc} or older")


def _pip_options(architecture: str) -> list[str]:
    platforms = [part for name in runtime.platforms(architecture) for part in ("--platform", name)]
    abis = [part for name in ("cp313", "abi3", "none") for part in ("--abi", name)]
    return ["--only-binary=:all:", "--python-version", "3.13", "--implementation", "cp", *abis, *platforms]


def _pip(*arguments: str) -> None:
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-qq", *arguments]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    if process.returncode:
        raise PackageError(f"pip {arguments[0]} failed: {_last_error(process.stderr)}")


def _last_error(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR:")]
    return (errors or lines or ["no output"])[-1]
