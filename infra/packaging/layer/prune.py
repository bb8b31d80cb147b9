"""What a layer does not need, with the reason: it has to fit into 250 MiB beside the function."""

from __future__ import annotations

import shutil
from pathlib import Path

UNNEEDED = {
    "**/tests": "tests of the libraries",
    "**/include": "headers, to compile against",
    "**/*.pyi": "types, to check against",
    "**/*.pxd": "Cython's headers",
    "**/*.pxi": "Cython's headers",
    "**/*.pyx": "Cython's sources, compiled beside them",
    "**/*.a": "static libraries, to link against",
    "bin": "commands",
    "*.dist-info/RECORD": "lists what was installed, before this",
    "*.dist-info/direct_url.json": "names the folder that the wheel was in",
    "*.dist-info/INSTALLER": "of use to pip alone",
    "*.dist-info/REQUESTED": "of use to pip alone",
    "pyarrow/src": "C++ sources, to compile against",
    "pyarrow/*flight*": "Flight, a protocol that nothing here speaks: 27 MiB",
    # A wheel holds no links, so pyarrow's has the file of each library's short and long name as well.
    "pyarrow/libarrow_*.so": "copies of libraries, which are loaded by the name with the major version",
    "pyarrow/libarrow_*.so.*.*.*": "copies of libraries, which are loaded by the name with the major version",
}
"""Patterns of paths in the layer's folder. libarrow_substrait and libarrow_dataset look unneeded too, but pyarrow's
own modules are linked to them."""


def prune(folder: Path) -> None:
    """Remove what is unneeded.

    Raises:
        FileNotFoundError: a pattern finds nothing: the libraries have changed, and the pattern must.
    """
    for pattern, reason in UNNEEDED.items():
        found = sorted(folder.glob(pattern))
        if not found:
            raise FileNotFoundError(f"nothing matches {pattern!r} ({reason})")
        for path in found:
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                path.unlink()
