"""docs/deploying.md has the sizes of the packages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.packaging import archive
from infra.packaging.packages import Packages
from scripts import deploying

NEAR = 0.02
"""Relative tolerance: other versions of zlib and `strip` give other sizes."""


def test_the_sizes_are_those_of_the_packages(built: Packages, function_zip: Path):
    text = deploying.PATH.read_text(encoding="utf-8")

    for name, path in (("function", function_zip), ("layer", built.layer)):
        row = re.search(rf"^\| {name} \| ([\d.]+) MiB \| ([\d.]+) MiB \|$", text, re.MULTILINE)
        assert row, f"{name}: run `make docs` after `make test-package`"
        sizes = path.stat().st_size / archive.MIB, archive.unzipped_size(path) / archive.MIB
        written = tuple(map(float, row.groups()))
        assert written == pytest.approx(sizes, rel=NEAR, abs=0.06), "run `make docs` after `make test-package`"
