"""Files that the layer does not need. Layer and function together must fit into 250 MiB."""

from __future__ import annotations

import shutil
from pathlib import Path

UNNEEDED = {
    "**/tests": "tests of the libraries",
    "**/include": "C headers",
    "**/*.pyi": "type stubs",
    "**/*.pxd": "Cython's headers",
    "**/*.pxi": "Cython's headers",
    "**/*.pyx": "Cython's sources; the compiled modules are beside them",
    "**/*.a": "static libraries",
    "bin": "command-line programs",
    "*.dist-info/RECORD": "lists the files before pruning",
    "*.dist-info/direct_url.json": "contains the path of the build folder",
    "*.dist-info/INSTALLER": "used by pip only",
    "*.dist-info/REQUESTED": "used by pip only",
    "pyarrow/src": "C++ sources",
    "pyarrow/*flight*": "the Flight protocol, which the project does not use: 27 MiB",
    # A wheel has no symbolic links, so pyarrow's has a copy of each library under every name.
    "pyarrow/libarrow_*.so": "copies; libraries are loaded by the name with the major version",
    "pyarrow/libarrow_*.so.*.*.*": "copies; libraries are loaded by the name with the major version",
}
"""Reasons by glob pattern, relative to the layer's folder. libarrow_substrait and libarrow_dataset must stay: pyarrow's
modules are linked to them."""


def prune(folder: Path) -> None:
    """Remove the files that the layer does not need.

    Raises:
        FileNotFoundError: no file matches a pattern: update the pattern to the new version of the library.
    """
    for pattern, reason in UNNEEDED.items():
        paths = sorted(folder.glob(pattern))
        if not paths:
            raise FileNotFoundError(f"nothing matches {pattern!r} ({reason})")
        for path in paths:
            if path.is_dir():
                shutil.rmtree(path)
            elif path.exists():
                path.unlink()
