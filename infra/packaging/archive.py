"""Zip files that are the same bytes for the same content, and what is in them."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path

MIB = 2**20

# The oldest time that a zip can hold: when the files were written is not of the content.
_EPOCH = (1980, 1, 1, 0, 0, 0)
_READABLE, _EXECUTABLE = 0o100644 << 16, 0o100755 << 16


def files(folder: Path) -> dict[str, Path]:
    """Every file below a folder, by its path from there, in order."""
    found = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return dict(sorted(found.items()))


def sources(folder: Path) -> dict[str, Path]:
    """`files` without the bytecode that Python leaves beside what it runs."""
    return {name: path for name, path in files(folder).items() if "__pycache__" not in path.parts}


def write(path: Path, content: Mapping[str, Path]) -> None:
    """Write a zip file of these files, by their names in it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".unfinished")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as zipped:
        for name in sorted(content):
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = _EXECUTABLE if ".so" in Path(name).suffixes else _READABLE
            zipped.writestr(entry, content[name].read_bytes())
    # Under its name, it is whole.
    unfinished.replace(path)


def unzipped_size(path: Path) -> int:
    """Bytes that a zip file takes when it is unzipped."""
    with zipfile.ZipFile(path) as zipped:
        return sum(entry.file_size for entry in zipped.infolist())


def digest(parts: Iterable[bytes]) -> str:
    """A name for what is made of these parts: equal for equal parts in equal order."""
    total = hashlib.sha256()
    for part in parts:
        total.update(hashlib.sha256(part).digest())
    return total.hexdigest()[:16]
