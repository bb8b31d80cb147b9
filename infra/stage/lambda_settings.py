"""Settings of the functions that Chalice does not have: retries of events, and the check of reserved concurrency."""

from __future__ import annotations

from collections.abc import Mapping

from infra.clients import Aws
from infra.stage.names import HANDLERS, StageTarget

ASYNCHRONOUS = {"ingest": False, "restart_refine": True, "start_refine": True}
"""Functions that the schedule, Glue or S3 invokes, so that no caller sees an error; and whether an event goes to the
failure queue after its last attempt. An event of the schedule does not: the next one requests everything again."""

RETRIES, EVENT_SECONDS = 2, 3600
"""Retries of a failed event, and its maximum age in seconds."""

UNRESERVED_MINIMUM = 100
"""Concurrency that AWS keeps for functions without a reservation."""


def set_failure_destination(aws: Aws, target: StageTarget, queue: str) -> None:
    """Set the retries of asynchronous events, and the failure queue as their destination after the last attempt.

    Args:
        queue: ARN of the failure queue.
    """
    for handler, queued in ASYNCHRONOUS.items():
        aws.functions.put_function_event_invoke_config(
            FunctionName=target.function(handler),
            MaximumRetryAttempts=RETRIES,
            MaximumEventAgeInSeconds=EVENT_SECONDS,
            **({"DestinationConfig": {"OnFailure": {"Destination": queue}}} if queued else {}),
        )


def can_reserve(aws: Aws, target: StageTarget, reservations: Mapping[str, int]) -> tuple[bool, int]:
    """Return whether the account's limit allows these reservations, and the limit.

    Args:
        reservations: Reserved concurrency by handler.
    """
    limit = aws.functions.get_account_settings()["AccountLimit"]
    current = sum(_reservation(aws, target.function(handler)) for handler in HANDLERS)
    unreserved = limit["UnreservedConcurrentExecutions"] + current - sum(reservations.values())
    return unreserved >= UNRESERVED_MINIMUM, limit["ConcurrentExecutions"]


def _reservation(aws: Aws, function: str) -> int:
    """Return the reserved concurrency of a function, 0 if it has none or does not exist."""
    try:
        response = aws.functions.get_function_concurrency(FunctionName=function)
    except aws.functions.exceptions.ResourceNotFoundException:
        return 0
    return int(response.get("ReservedConcurrentExecutions", 0))
