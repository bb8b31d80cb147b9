"""The functions, their triggers and the API: by Chalice, and then what Chalice cannot say of them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from infra.clients import Aws, missing_right, no_right, one_line
from infra.errors import StepFailed
from infra.names import HANDLERS, Place

ASYNCHRONOUS = ("ingest", "start_refine")
"""The functions that are invoked by an event, whose failure nobody would see: by the schedule, and by S3."""

RETRIES, EVENT_SECONDS = 2, 3600
"""How often a failed event is tried again, and for how long it is kept for that."""

KEPT_FREE = 100
"""The runs at once that AWS keeps for functions which have none for themselves."""

_SECONDS = 1800


def chalice(command: str, folder: Path, stage: str, region: str) -> None:
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
            [str(Path(sys.executable).with_name("chalice")), command, "--stage", stage],
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
        raise StepFailed(f"chalice {command}: {_said(done.stderr or done.stdout)} (all of it: {_near(log)})")


def _said(output: str) -> str:
    """The error in what Chalice prints: a traceback, and at its end a message of several lines."""
    action = missing_right(one_line(output))
    if action:
        return no_right(action)
    _, marked, message = output.rpartition("received the following error:")
    return one_line(message) if marked else (output.strip().splitlines() or ["no word"])[-1].strip()


def _near(path: Path) -> Path:
    here = Path.cwd()
    return path.relative_to(here) if path.is_relative_to(here) else path


def catch_failures(aws: Aws, place: Place, queue: str) -> None:
    """Let events of the schedule and of S3 be tried again, and go to the failure queue at last.

    Args:
        queue: the failure queue's ARN.
    """
    for handler in ASYNCHRONOUS:
        aws.functions.put_function_event_invoke_config(
            FunctionName=place.function(handler),
            MaximumRetryAttempts=RETRIES,
            MaximumEventAgeInSeconds=EVENT_SECONDS,
            DestinationConfig={"OnFailure": {"Destination": queue}},
        )


def can_reserve(aws: Aws, place: Place, wanted: Mapping[str, int]) -> tuple[bool, int]:
    """Whether the account has runs enough for the functions to have some for themselves, and how many it has at all."""
    limit = aws.functions.get_account_settings()["AccountLimit"]
    held = sum(_held(aws, place.function(handler)) for handler in HANDLERS)
    left = limit["UnreservedConcurrentExecutions"] + held - sum(wanted.values())
    return left >= KEPT_FREE, limit["ConcurrentExecutions"]


def _held(aws: Aws, function: str) -> int:
    """What a function has for itself already."""
    try:
        answer = aws.functions.get_function_concurrency(FunctionName=function)
    except aws.functions.exceptions.ResourceNotFoundException:
        return 0
    return int(answer.get("ReservedConcurrentExecutions", 0))
