"""Chalice as a subprocess, with its errors on one line."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from infra.clients import denied_action, one_line, permission_text
from infra.errors import NotificationRefused, StepFailed

_SECONDS = 1800
"""The timeout of a command of Chalice."""

_NOTIFICATION_REFUSED = "Unable to validate the following destination configurations"
"""S3's message if it may not invoke the function of a notification. Its permission takes effect after some seconds."""


def command_line(*arguments: str) -> list[str]:
    """Return the command line of the Chalice that is installed beside this Python."""
    return [str(Path(sys.executable).with_name("chalice")), *arguments]


def run(command: str, folder: Path, stage: str, region: str) -> None:
    """Run Chalice in a subprocess: it imports the app, with the settings of the stage.

    Args:
        command: `deploy` or `delete`.
        folder: The folder that `project.write_folder` wrote.

    Raises:
        NotificationRefused: S3 may not invoke a function yet. Run Chalice again.
        StepFailed: Chalice failed; the message has its error or AWS's.
    """
    environ = {name: value for name, value in os.environ.items() if not name.startswith("B3_")}
    # API Gateway allows one deployment in 5 seconds; the default retries are over before that.
    retries = {"AWS_RETRY_MODE": "standard", "AWS_MAX_ATTEMPTS": "8"}
    try:
        process = subprocess.run(
            command_line(command, "--stage", stage),
            cwd=folder,
            env=environ | retries | {"AWS_DEFAULT_REGION": region},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StepFailed(f"chalice {command} did not end in {_SECONDS} s: repeat the command") from error
    log = folder / f"{command}.log"
    log.write_text(process.stdout + process.stderr, encoding="utf-8")
    if process.returncode:
        message = _error_message(process.stderr or process.stdout)
        refused = _NOTIFICATION_REFUSED in one_line(process.stderr or process.stdout)
        failure = NotificationRefused if refused else StepFailed
        raise failure(f"chalice {command}: {message} (full output: {display_path(log)})")


def _error_message(output: str) -> str:
    """Return the message at the end of Chalice's output, which has a traceback and several lines of text."""
    action = denied_action(one_line(output))
    if action:
        return permission_text(action)
    _, marker, message = output.rpartition("received the following error:")
    return one_line(message) if marker else (output.strip().splitlines() or ["no output"])[-1].strip()


def display_path(path: Path) -> Path:
    """Return a path relative to the current folder, if it is inside."""
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path
