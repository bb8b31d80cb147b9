"""Where the packages run: Lambda's python3.13 and Glue 6.0, both on Amazon Linux 2023."""

from __future__ import annotations

import sys
from collections.abc import Iterator

from packaging.tags import Tag, compatible_tags, cpython_tags

from infra.errors import PackageError
from infra.packaging.archive import MIB

PYTHON = (3, 13)
GLIBC = (2, 34)

UNZIPPED, UPLOADED = 250 * MIB, 50 * MIB
"""Bytes that Lambda takes: of a function and its layers together when they are unzipped, and in an upload, which is how
Chalice sends a function. Source: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html, whose MB are
of 1,024 kB."""

MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""The name that wheels and ELF have for each of Lambda's architectures."""

_OLDEST_GLIBC_MINOR = 5  # manylinux1, the oldest of the tags


def platforms(architecture: str) -> list[str]:
    """The platform tags of the wheels that run there, the newest first: pip takes each by its name only."""
    machine = MACHINES[architecture]
    major, minor = GLIBC
    perennial = [f"manylinux_{major}_{older}_{machine}" for older in range(minor, _OLDEST_GLIBC_MINOR - 1, -1)]
    return [*perennial, f"manylinux2014_{machine}", f"manylinux2010_{machine}", f"manylinux1_{machine}"]


def tags(architecture: str) -> Iterator[Tag]:
    """The tags of all wheels that run there."""
    yield from cpython_tags(PYTHON, platforms=platforms(architecture))
    yield from compatible_tags(PYTHON, "cp313", platforms(architecture))


def check_python() -> None:
    """Chalice takes the runtime from the Python that it runs on, and bytecode is of one version only.

    Raises:
        PackageError: this is another Python than the target's.
    """
    if sys.version_info[:2] != PYTHON:
        raise PackageError(
            f"this is Python {sys.version_info[0]}.{sys.version_info[1]}; packages are built with 3.13, which runs on "
            "AWS: install it, and `make clean`"
        )
