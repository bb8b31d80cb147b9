"""Build the layer from its pinned requirements. The same inputs give the same bytes, and are built once."""

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
from infra.packaging import archive, bytecode, runtime, wheels
from infra.packaging.layer import prune

REQUIREMENTS = Path(__file__).with_name("requirements.txt")

FOLDER = "python"
"""Folder in the zip. Lambda unpacks it to /opt/python, which is on the module path."""


def digest(architecture: str) -> str:
    """Return a digest of the layer's inputs: requirements, the code that builds it, and versions of the tools."""
    code = [Path(module.__file__ or "") for module in (archive, bytecode, prune, runtime, wheels)]
    tools = [strip_version(architecture), zlib.ZLIB_RUNTIME_VERSION, importlib.util.MAGIC_NUMBER.hex()]
    parts = [REQUIREMENTS, Path(__file__), *code]
    return archive.digest([*(part.read_bytes() for part in parts), "\n".join([architecture, *tools]).encode()])


def build(folder: Path, architecture: str) -> Path:
    """Build the layer unless a file of the same inputs exists. Return the zip file.

    Args:
        folder: Folder of the built layers. Layers of other inputs are removed.
        architecture: `x86_64` or `arm64`.

    Raises:
        PackageError: this Python is not 3.13, a wheel is not available, or `strip` for the architecture is missing.
    """
    runtime.check_python()
    path = folder / f"layer-{architecture}-{digest(architecture)}.zip"
    if path.exists():
        return path
    with tempfile.TemporaryDirectory() as temporary:
        downloads, installed = Path(temporary, "wheels"), Path(temporary, FOLDER)
        wheels.install(wheels.fetch(REQUIREMENTS, downloads, architecture), installed, architecture)
        prune.prune(installed)
        _strip(installed, architecture)
        bytecode.compile_sources(installed, "/opt/python")
        archive.write(path, {f"{FOLDER}/{name}": file for name, file in archive.files(installed).items()})
    for older in folder.glob(f"layer-{architecture}-*.zip"):
        if older != path:
            older.unlink()
    return path


def strip_version(architecture: str) -> str:
    """Return the first line of `strip --version` of the architecture."""
    command = [_strip_command(architecture), "--version"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.partition("\n")[0]


def _strip(folder: Path, architecture: str) -> None:
    paths = [path for path in archive.files(folder).values() if ".so" in path.suffixes]
    # auditwheel has rewritten the libraries in `*.libs`: they have no debug symbols, and `strip` would misalign them.
    libraries = [str(path) for path in paths if not path.parent.name.endswith(".libs")]
    subprocess.run([_strip_command(architecture), *libraries], check=True)


def _strip_command(architecture: str) -> str:
    """Return the program that removes debug symbols from a library."""
    machine = runtime.MACHINES.get(architecture)
    if machine is None:
        raise PackageError(f"the architecture is {architecture!r}; allowed: {', '.join(runtime.MACHINES)}")
    names = [f"{machine}-linux-gnu-strip"]
    if (sys.platform, platform.machine()) == ("linux", machine):
        names.append("strip")
    for name in names:
        if shutil.which(name) is not None:
            return name
    package = f"binutils-{machine.replace('_', '-')}-linux-gnu"
    raise PackageError(f"{names[0]} is not installed; install Debian's {package}, or build on Linux")
