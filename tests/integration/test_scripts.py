"""Scripts that select a Python of a supported version and install the packages into it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from common.paths import ROOT
from tests.support.checkout import checkout

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


@pytest.mark.parametrize(
    ("source", "printed"),
    [
        ("auto", "auto"),
        ("csv:", "csv:"),
        ("csv:s3://bucket/mine.csv", "csv:s3://bucket/mine.csv"),
        ("csv:mine 1.csv", "csv:{folder}/mine 1.csv"),
        ("csv:{folder}/mine 1.csv", "csv:{folder}/mine 1.csv"),
        ("csv:~/mine 1.csv", "csv:{folder}/mine 1.csv"),
        ("csv:absent.csv", None),
        ("csv:~/absent.csv", None),
    ],
)
def test_the_path_of_a_source_is_relative_to_a_folder(tmp_path: Path, source: str, printed: str | None):
    (tmp_path / "mine 1.csv").touch()

    process = script("source", source.format(folder=tmp_path), str(tmp_path), cwd=ROOT, HOME=str(tmp_path))

    if printed is None:
        complaint = f"error: cannot read {tmp_path}/absent.csv: No such file or directory\n"
        assert (process.returncode, process.stdout, process.stderr) == (1, "", complaint)
    else:
        assert (process.returncode, process.stdout) == (0, f"{printed.format(folder=tmp_path)}\n")


@pytest.mark.parametrize("command", ["make -C {root}", "cd {root} && make"])
def test_make_reads_a_file_of_the_folder_that_it_is_called_in(tmp_path: Path, command: str):
    root = checkout(tmp_path / "project")
    here = tmp_path if " -C " in command else root
    (here / "mine.csv").touch()

    def make(target: str, name: str) -> subprocess.CompletedProcess[str]:
        line = f"{command.format(root=root)} {target} SOURCE=csv:{name}"
        # A shell sets PWD.
        return subprocess.run(
            ["/bin/sh", "-c", f"cd {tmp_path} && {line}"], capture_output=True, text=True, timeout=SECONDS, check=False
        )

    assert make("source", "mine.csv").returncode == 0
    missing = make("run", "absent.csv")
    assert missing.returncode != 0
    assert missing.stderr.startswith(f"error: cannot read {here}/absent.csv: No such file or directory\n")
    assert not (root / ".venv").exists()
