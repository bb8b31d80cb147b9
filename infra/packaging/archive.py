"""Reproducible zip files: the same content gives the same bytes."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

MIB = 2**20

# The oldest time of the zip format, in place of the files' times: they would change the bytes.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE, _EXECUTABLE = 0o100644 << 16, 0o100755 << 16


def files(folder: Path) -> dict[str, Path]:
    """Return every file below a folder, by its relative path, sorted."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return dict(sorted(paths.items()))


def sources(folder: Path) -> dict[str, Path]:
    """Return `files` without bytecode."""
    return {name: path for name, path in files(folder).items() if "__pycache__" not in path.parts}


def write(path: Path, content: Mapping[str, Path]) -> None:
    """Write a zip file of files, by their names in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _EXECUTABLE if ".so" in Path(name).suffixes else _READABLE
            zipped.writestr(entry, content[name].read_bytes())
    # An interrupted build leaves no partial file under the final name.
    unfinished.replace(path)


def unzipped_size(path: Path) -> int:
    """Return the total size of a zip file's content, in bytes."""
    with zipfile.ZipFile(path) as zipped:
        return sum(entry.file_size for entry in zipped.infolist())


def digest(parts: Iterable[bytes]) -> str:
    """Return 16 hex digits of a SHA-256 over the parts, in order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]
