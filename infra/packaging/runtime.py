"""The runtime of the packages: Lambda's python3.13 and Glue 6.0, both on Amazon Linux 2023."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from packaging.tags import Tag, compatible_tags, cpython_tags

from infra.errors import PackageError
from infra.packaging.archive import MIB

PYTHON = (3, 13)
GLIBC = (2, 34)

UNZIPPED, UPLOADED = 250 * MIB, 50 * MIB
"""Lambda's limits in bytes: a function and its layers unzipped, and a direct upload, which Chalice uses. Source:
https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, whose MB are MiB."""

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Machine name in wheels and ELF files, by Lambda's architecture."""

_OLDEST_GLIBC_MINOR = 5  # manylinux1, the oldest of the tags


def platforms(architecture: str) -> list[str]:
    """Return the platform tags of compatible wheels, newest first. pip needs each of them by name."""
    machine = MACHINES[architecture]
    major, minor = GLIBC
    versions = [f"manylinux_{major}_{older}_{machine}" for older in range(minor, _OLDEST_GLIBC_MINOR - 1, -1)]
    return [*versions, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]


def tags(architecture: str) -> Iterator[Tag]:
    """Return the tags of compatible wheels."""
    yield from cpython_tags(PYTHON, platforms=platforms(architecture))
    yield from compatible_tags(PYTHON, "cp313", platforms(architecture))


def check_python() -> None:
    """Raise unless this is Python 3.13: the version of the bytecode, and of the runtime that Chalice deploys.

    Raises:
        PackageError: this Python is another version.
    """
    if sys.version_info[:2] != PYTHON:
        raise PackageError(
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}; the packages need 3.13, the runtime on "
            "AWS: install it, and run `make clean`"
        )
