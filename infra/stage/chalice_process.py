"""Chalice, which makes the functions, their triggers and the API: run as a process, its errors in one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.clients import missing_right, no_right, one_line
from infra.errors import StepFailed

_SECONDS = 1800


def command_line(*arguments: str) -> list[str]:
    """What runs the Chalice that is installed beside this Python."""
    return [str(Path(sys.executable).with_name("chalice")), *arguments]


def run(command: str, folder: Path, stage: str, region: str) -> None:
    """Run Chalice in a process of its own: it imports the application, with the settings of this stage.

    Args:
        command: `deploy` or `delete`.
        folder: the project that was laid out.

    Raises:
        StepFailed: it failed; says what AWS, or Chalice, said.
    """
    kept = {name: value for name, value in os.environ.items() if not name.startswith("B3_")}
    # Chalice's own retries are not enough for API Gateway, which takes one deployment in 5 seconds.
    retries = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "8"}
    try:
        done = subprocess.run(
            command_line(command, "--stage", stage),
            cwd=folder,
            env=kept | retries | {"AWS_DEFAULT_REGION": region},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f"chalice {command} did not end in {_SECONDS} s: repeat the command") from error
    log = folder / f"{command}.log"
    log.write_text(done.stdout + done.stderr, encoding="utf-8")
    if done.returncode:
        raise StepFailed(f"chalice {command}: {_said(done.stderr or done.stdout)} (all of it: {near(log)})")


def _said(output: str) -> str:
    """The error in what Chalice prints: a traceback, and at its end a message of several lines."""
    action = missing_right(one_line(output))
    if action:
        return no_right(action)
    _, marked, message = output.rpartition("received the following error:")
    return one_line(message) if marked else (output.strip().splitlines() or ["no word"])[-1].strip()


def near(path: Path) -> Path:
    """A path as somebody here would type it."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
