"""Scripts that select a Python of a supported version and install the packages into it."""

from __future__ import annotations

import hashlib
import re
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from common.paths import ROOT
from local import sources
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
        ("yahoo", "yahoo"),
        ("sample", "sample"),
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


@pytest.mark.parametrize("source", ["foo", "", "csv:", "b3:mine.json", "Auto", "auto sample"])
def test_an_unknown_source_is_refused_as_python_refuses_it(tmp_path: Path, source: str):
    with pytest.raises(ValueError, match=r"^source is ") as refused:
        sources.candidates(source)

    process = script("source", source, str(tmp_path), cwd=ROOT)

    assert (process.returncode, process.stdout, process.stderr) == (1, "", f"error: {refused.value}\n")


@pytest.mark.parametrize(
    ("path", "printed"),
    [("", ""), ("s3://bucket/a.json", "s3://bucket/a.json"), ("a 1.json", "{folder}/a 1.json"), ("absent", None)],
)
def test_a_file_is_absolute_or_refused(tmp_path: Path, path: str, printed: str | None):
    (tmp_path / "a 1.json").touch()

    process = script("file", path, str(tmp_path), cwd=ROOT)

    complaint = f"error: cannot read {tmp_path}/absent: No such file or directory\n"
    expected = (1, "", complaint) if printed is None else (0, f"{printed.format(folder=tmp_path)}\n", "")
    assert (process.returncode, process.stdout, process.stderr) == expected


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ("run SOURCE=foo", "source is 'foo'; allowed: auto, yahoo, sample or csv:<path>"),
        ("run B3=absent.json", "cannot read {here}/absent.json: No such file or directory"),
        ("market", "COTAHIST is ''; allowed: a zip or text of COTAHIST, or a folder of them"),
        ("market COTAHIST=absent.zip", "cannot read {here}/absent.zip: No such file or directory"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_installed(tmp_path: Path, options: str, message: str):
    root = checkout(tmp_path / "project")

    process = subprocess.run(
        ["/bin/sh", "-c", f"cd {tmp_path} && make -C {root} {options}"],
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )

    assert process.returncode != 0
    assert process.stderr.startswith(f"error: {message.format(here=tmp_path)}\n")
    assert not (root / ".venv").exists()


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


def wheel(folder: Path) -> Path:
    """Write a package with a single module, and return its file."""
    info = "harmless-1.0.dist-info"
    files = {
        "harmless.py": "",
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: harmless\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = f"{info}/RECORD"
    files[record] = "".join(f"{name},,\n" for name in [*files, record])
    path = folder / "harmless-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as zipped:
        for name, text in files.items():
            zipped.writestr(name, text)
    return path


@pytest.mark.parametrize(
    ("installer", "line", "installed"),
    [("uv", "{hash}", True), ("uv", "{damaged}", False), ("uv", "", False), ("pip", "{damaged}", False)],
)
def test_a_package_whose_hash_is_not_in_the_file_is_not_installed(
    tmp_path: Path, installer: str, line: str, installed: bool
):
    package = wheel(tmp_path)
    venv.create(tmp_path / ".venv", with_pip=installer == "pip")
    # Without uv, and with an index that has none, the script falls back to pip.
    if installer == "uv":
        (tmp_path / ".venv" / "bin" / "uv").symlink_to(ROOT / ".venv" / "bin" / "uv")
    digest = hashlib.sha256(package.read_bytes()).hexdigest()
    hashes = {"hash": f" --hash=sha256:{digest}", "damaged": f" --hash=sha256:{digest[::-1]}"}
    (tmp_path / "requirements.txt").write_text(f"harmless==1.0{line.format(**hashes)}\n")
    environ = {"PIP_NO_INDEX": "1", "UV_OFFLINE": "1"} | dict.fromkeys(
        ["PIP_FIND_LINKS", "UV_FIND_LINKS"], str(tmp_path)
    )

    process = script("add", "requirements.txt", "a package", cwd=tmp_path, HOME=str(tmp_path), **environ)

    assert (process.returncode == 0) is installed, process.stderr
    found = list((tmp_path / ".venv").rglob("harmless.py"))
    assert bool(found) is installed
    assert ("uv failed" in process.stderr) is not installed
    if not installed:
        assert "hash" in process.stderr.lower()


def test_every_resolved_package_has_a_hash_and_every_install_requires_it():
    folders = [ROOT, *(ROOT / name for name in ("glue", "scripts", "infra", "infra/packaging"))]
    folders += [ROOT / "infra" / "packaging" / name for name in ("layer", "runtimes")]
    locked = [path.with_suffix(".txt") for folder in folders for path in folder.glob("*.in")]

    assert len(locked) == 14
    for path in locked:
        text = path.read_text(encoding="utf-8").replace("\\\n", " ")
        packages = [line for line in text.splitlines() if re.match(r"\w", line)]
        assert packages
        assert [line for line in packages if "--hash=sha256:" not in line] == [], path
    scripts = [*(ROOT / "scripts").iterdir(), ROOT / "Makefile"]
    for path in scripts:
        if path.is_file() and path.suffix not in {".py", ".txt", ".in"}:
            for command in re.findall(r"(?:pip|uv pip)\b[^\n]* install (?:[^\n]*\\\n)*[^\n]*", path.read_text()):
                assert "--require-hashes" in command, (path.name, command)


@pytest.mark.parametrize(("target", "needed"), [("market", True), ("check", False), ("test", False)])
def test_only_the_market_needs_java_and_asks_for_it_before_it_installs(tmp_path: Path, target: str, needed: bool):
    command = ["make", "--dry-run", target]
    environ = {"PATH": "/usr/bin:/bin"}

    process = subprocess.run(
        command, cwd=checkout(tmp_path), env=environ, capture_output=True, text=True, timeout=SECONDS, check=True
    )

    before, java, _ = process.stdout.partition("scripts/java >/dev/null")
    assert bool(java) is needed
    assert ("scripts/install" not in before) is needed
    assert "scripts/install-spark" in process.stdout
