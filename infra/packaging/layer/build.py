"""Builds the layer from its pinned requirements: the same inputs give the same bytes, and are built once."""

from __future__ import annotations

import importlib.util
import platform
import shutil
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

from infra.errors import PackageError
from infra.packaging import archive, bytecode, target, wheels
from infra.packaging.layer import prune

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

INSIDE = "python"
"""The folder of the zip that Lambda unpacks to /opt/python, where functions look for modules."""


def digest(architecture: str) -> str:
    """A name for all that the layer is made from: requirements, this code, and the tools that make it."""
    code = [Path(module.__file__ or "") for module in (archive, bytecode, prune, target, wheels)]
    tools = [strip_version(architecture), zlib.ZLIB_RUNTIME_VERSION, importlib.util.MAGIC_NUMBER.hex()]
    parts = [REQUIREMENTS, Path(__file__), *code]
    return archive.digest([*(part.read_bytes() for part in parts), "\n".join([architecture, *tools]).encode()])


def build(folder: Path, architecture: str) -> Path:
    """Build the layer, unless it is there from the same inputs. Returns the zip file.

    Args:
        folder: where built layers are kept; one of other inputs is removed.
        architecture: `x86_64` or `arm64`.

    Raises:
        PackageError: this is not Python 3.13, a wheel is not to be had, or there is no `strip` for the architecture.
    """
    target.check_python()
    path = folder / f"layer-{architecture}-{digest(architecture)}.zip"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory() as temporary:
        fetched, installed = Path(temporary, "wheels"), Path(temporary, INSIDE)
        wheels.install(wheels.fetch(REQUIREMENTS, fetched, architecture), installed, architecture)
        prune.prune(installed)
        _strip(installed, architecture)
        bytecode.compile_sources(installed, "/opt/python")
        archive.write(path, {f"{INSIDE}/{name}": file for name, file in archive.files(installed).items()})
    for older in folder.glob(f"layer-{architecture}-*.zip"):
        if older != path:
            older.unlink()
    return path


def strip_version(architecture: str) -> str:
    """The first line that the architecture's `strip` says of itself."""
    command = [_strip_command(architecture), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n")[0]


def _strip(folder: Path, architecture: str) -> None:
    found = [path for path in archive.files(folder).values() if ".so" in path.suffixes]
    # Those that a wheel brings along for others were moved within their file when the wheel was made: they hold no
    # symbols for debugging any more, and `strip` would misalign them.
    libraries = [str(path) for path in found if not path.parent.name.endswith(".libs")]
    subprocess.run([_strip_command(architecture), *libraries], check=True)


def _strip_command(architecture: str) -> str:
    """The program that takes the symbols for debugging out of a library: a third of the size."""
    machine = target.MACHINES.get(architecture)
    if machine is None:
        raise PackageError(f"the architecture is {architecture!r}; allowed: {', '.join(target.MACHINES)}")
    names = [f"{machine}-linux-gnu-strip"]
    if (sys.platform, platform.machine()) == ("linux", machine):
        names.append("strip")
    for name in names:
        if shutil.which(name) is not None:
            return name
    package = f"binutils-{machine.replace('_', '-')}-linux-gnu"
    raise PackageError(f"{names[0]} is not on this machine; install Debian's {package}, or build on Linux")
