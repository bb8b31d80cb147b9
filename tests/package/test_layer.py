"""The layer is made of its inputs and of nothing else."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest

from infra.errors import PackageError
from infra.packaging.layer import build as layer
from infra.packaging.layer.prune import prune
from infra.packaging.packages import Packages


def test_the_same_inputs_give_the_same_bytes(built: Packages, tmp_path: Path):
    again = layer.build(tmp_path, "x86_64")

    assert again.name == built.layer.name
    assert again.read_bytes() == built.layer.read_bytes()


def test_what_is_built_from_the_same_inputs_is_not_built_again(tmp_path: Path):
    path = tmp_path / f"layer-x86_64-{layer.digest('x86_64')}.zip"
    path.write_bytes(b"built before")

    assert layer.build(tmp_path, "x86_64").read_bytes() == b"built before"


def test_other_requirements_are_another_layer(tmp_path: Path, monkeypatch: Any):
    before = layer.digest("x86_64")
    requirements = tmp_path / "requirements.txt"
    shutil.copy(layer.REQUIREMENTS, requirements)
    monkeypatch.setattr(layer, "REQUIREMENTS", requirements)
    assert layer.digest("x86_64") == before

    requirements.write_text(requirements.read_text() + "# another\n")

    assert layer.digest("x86_64") != before


def test_it_lies_where_lambda_looks_with_bytecode_and_without_what_is_unneeded(built: Packages):
    with zipfile.ZipFile(built.layer) as zipped:
        names = zipped.namelist()

    assert {name.partition("/")[0] for name in names} == {"python"}
    compiled = {name for name in names if name.endswith(".pyc")}
    for name in names:
        if name.endswith(".py"):
            folder, _, module = name.rpartition("/")
            assert f"{folder}/__pycache__/{module.removesuffix('.py')}.cpython-313.pyc" in compiled
    top = {name.split("/")[1] for name in names}
    assert not top & {"boto3", "botocore", "s3transfer", "setuptools", "bin", "tests"}


def test_a_pattern_that_finds_nothing_is_said(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="nothing matches"):
        prune(tmp_path)


def test_without_the_tool_for_the_architecture_one_line_says_what_to_install(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PackageError, match="aarch64-linux-gnu-strip is not on this machine; install Debian's"):
        layer.build(tmp_path, "arm64")
