"""What Chalice cannot say of the functions: what becomes of events that fail, and how many runs are theirs alone."""

from __future__ import annotations

from collections.abc import Mapping

from infra.clients import Aws
from infra.stage.names import HANDLERS, Place

ASYNCHRONOUS = ("ingest", "start_refine")
"""The functions that are invoked by an event, whose failure nobody would see: by the schedule, and by S3."""

RETRIES, EVENT_SECONDS = 2, 3600
"""How often a failed event is tried again, and for how long it is kept for that."""

KEPT_FREE = 100
"""The runs at once that AWS keeps for functions which have none for themselves."""


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
