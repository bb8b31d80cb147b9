"""The build of the layer depends on its inputs only."""

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


def test_the_same_inputs_are_not_built_again(tmp_path: Path):
    path = tmp_path / f"layer-x86_64-{layer.digest('x86_64')}.zip"
    path.write_bytes(b"built before")

    assert layer.build(tmp_path, "x86_64").read_bytes() == b"built before"


def test_other_requirements_give_another_digest(tmp_path: Path, monkeypatch: Any):
    before = layer.digest("x86_64")
    requirements = tmp_path / "requirements.txt"
    shutil.copy(layer.REQUIREMENTS, requirements)
    monkeypatch.setattr(layer, "REQUIREMENTS", requirements)
    assert layer.digest("x86_64") == before

    requirements.write_text(requirements.read_text() + "# another\n")

    assert layer.digest("x86_64") != before


def test_the_layer_has_the_folder_of_lambda_bytecode_and_no_unneeded_files(built: Packages):
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


def test_a_pattern_without_a_match_is_an_error(tmp_path: Path):
    with pytest.raises(FileNotFoundError, match="nothing matches"):
        prune(tmp_path)


def test_without_strip_the_error_names_the_package_to_install(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setenv("PATH", str(tmp_path))

    with pytest.raises(PackageError, match="aarch64-linux-gnu-strip is not installed; install Debian's"):
        layer.build(tmp_path, "arm64")
