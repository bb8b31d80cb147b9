"""Scripts that select a Python of a supported version and install the packages into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.paths import ROOT

SECONDS = 60.0

# A Python that reports another version, creates a virtual environment with itself, and ignores pip.
FAKE_PYTHON = """#!/bin/sh
case "$1" in
    -c) exec {python} -c 'import sys; sys.version_info = {version}; exec(sys.argv[1])' "$2" ;;
    -m) [ "$2" != venv ] || {{ for folder; do :; done; mkdir -p "$folder/bin" && cp "$0" "$folder/bin/python"; }} ;;
esac
"""


def fake_python(path: Path, version: tuple[int, int, int]) -> str:
    """Create a Python that reports a version, and return its path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(FAKE_PYTHON.format(python=sys.executable, version=version))
    path.chmod(0o755)
    return str(path)


def script(name: str, *arguments: str, cwd: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts" / name), *arguments],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin"} | environ,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize(
    ("version", "runs"), [((3, 10, 99), False), ((3, 11, 0), True), ((3, 13, 99), True), ((3, 14, 0), False)]
)
def test_the_requested_python_must_be_supported(tmp_path: Path, version: tuple[int, int, int], runs: bool):
    python = fake_python(tmp_path / "python", version)

    process = script("python", cwd=tmp_path, PYTHON=python)

    if runs:
        assert (process.returncode, process.stdout, process.stderr) == (0, f"{python}\n", "")
    else:
        complaint = f"b3-dataflow needs Python 3.11, 3.12 or 3.13; PYTHON={python} is none of them\n"
        assert (process.returncode, process.stdout, process.stderr) == (1, "", complaint)


def test_the_first_supported_python_of_the_path_is_used(tmp_path: Path):
    fake_python(tmp_path / "python3.13", (3, 14, 0))
    fake_python(tmp_path / "python3.12", (3, 12, 4))

    assert script("python", cwd=tmp_path, PATH=str(tmp_path)).stdout == "python3.12\n"


def test_without_a_supported_python_it_is_an_error(tmp_path: Path):
    fake_python(tmp_path / "python3", (3, 14, 0))

    process = script("python", cwd=tmp_path, PATH=str(tmp_path))

    complaint = "b3-dataflow needs Python 3.11, 3.12 or 3.13, and found none on this machine\n"
    assert (process.returncode, process.stdout, process.stderr) == (1, "", complaint)


@pytest.mark.parametrize(("version", "stays"), [((3, 12, 4), True), ((3, 14, 0), False)])
def test_an_environment_of_another_python_is_created_again(tmp_path: Path, version: tuple[int, int, int], stays: bool):
    fake_python(tmp_path / ".venv" / "bin" / "python", version)
    mine = tmp_path / ".venv" / "mine"
    mine.touch()

    process = script("install", fake_python(tmp_path / "python", (3, 13, 0)), cwd=tmp_path)

    assert process.returncode == 0, process.stderr
    assert mine.exists() is stays
    assert "(3, 13, 0)" in (tmp_path / ".venv" / "bin" / "python").read_text() or stays
