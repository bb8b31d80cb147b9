"""`deploy --version`: deploy another version of the project, from a temporary git worktree."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from infra.commands import checks
from infra.errors import PreconditionError, StepFailed
from infra.git import git
from infra.options import STACK_OPTIONS, Options
from infra.stage import releases
from infra.stage.stacks import Stacks

RunIn = Callable[[Path, Sequence[str]], int]
"""Runs a command line of `python -m infra` in a checkout, and returns its exit status."""

_PINNED = ("requirements-run.txt", "requirements-dev.txt")
"""The files that pin the libraries of `python -m infra`."""


def run(options: Options, version: str, root: Path, run_in: RunIn) -> None:
    """Deploy a version, unless its table is older than that of the stage.

    Args:
        version: Tag or commit.
        root: Root of the project, a git repository.
        run_in: Runs the deploy in the worktree.

    Raises:
        PreconditionError: the version does not exist, or has an older schema version than the stage.
        StepFailed: the deploy of the version failed.
    """
    commit = git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{version}^{{commit}}")
    if commit is None:
        raise PreconditionError(f"VERSION is {version!r}; allowed: a tag or a commit of this git repository")
    schema_version = _schema_version(root, commit)
    if options.dry_run:
        with _worktree(root, commit) as folder:
            _deploy(folder, options, version, run_in)
        return
    aws, target = checks.connect(options.region, options.stage)
    checks.check_schema(aws, target, f"VERSION {version}", schema_version)
    with _worktree(root, commit) as folder:
        _deploy(folder, options, version, run_in)
        number = _match(r'^__version__ = "(.+)"', (folder / "chalicelib" / "__init__.py").read_text(encoding="utf-8"))
        deployed = releases.Version(number, releases.describe(folder), schema_version)
    # Versions up to 2.0.0 do not record themselves.
    parameters = Stacks(aws.cloudformation).parameters(target.stack("main"))
    releases.record(aws.s3, target, parameters, deployed)


def run_in_worktree(folder: Path, arguments: Sequence[str]) -> int:
    """Run `python -m infra` of a checkout, with the libraries that it pins.

    The libraries of this process are used if the checkout pins the same ones; otherwise `make` installs its own there.
    """
    command = [sys.executable, "-m", "infra", *arguments]
    if any(_text(folder / name) != _text(Path(__file__).parents[2] / name) for name in _PINNED):
        install = ["make", ".venv/dev-installed"]
        process = subprocess.run(install, cwd=folder, check=False)
        if process.returncode:
            return process.returncode
        command[0] = str(folder / ".venv" / "bin" / "python")
    return subprocess.run(command, cwd=folder, check=False).returncode


def _deploy(folder: Path, options: Options, version: str, run_in: RunIn) -> None:
    """Run the deploy of a checkout with the same options, without the version."""
    arguments = ["deploy", "--stage", options.stage]
    arguments += ["--region", options.region] if options.region else []
    arguments += ["--yes"] if options.yes else []
    arguments += ["--dry-run"] if options.dry_run else []
    for option in STACK_OPTIONS:
        if option.parameter in options.parameters:
            arguments += [option.flag, options.parameters[option.parameter]]
    status = run_in(folder, arguments)
    if status:
        raise StepFailed(f"the deploy of {version} ended with the exit status {status}; its error is above")


@contextmanager
def _worktree(root: Path, commit: str) -> Iterator[Path]:
    """Check a commit out into a temporary worktree, which is removed at the end."""
    with tempfile.TemporaryDirectory(prefix="b3-dataflow-") as temporary:
        folder = Path(temporary) / "worktree"
        if git(root, "worktree", "add", "--quiet", "--detach", str(folder), commit) is None:
            raise StepFailed(f"git cannot check {commit} out into {folder}: see `git worktree list`")
        try:
            yield folder
        finally:
            git(root, "worktree", "remove", "--force", str(folder))


def _schema_version(root: Path, commit: str) -> int:
    return int(_match(r"^SCHEMA_VERSION = (\d+)", git(root, "show", f"{commit}:chalicelib/schema.py") or ""))


def _match(pattern: str, text: str) -> str:
    match = re.search(pattern, text, re.MULTILINE)
    if match is None:
        raise PreconditionError(f"VERSION is no version of this project: it has no line {pattern}")
    return match[1]


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
