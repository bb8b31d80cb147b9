"""`replay`: send the events that wait in a stage's failure queue to their functions again."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra.clients import Aws
from infra.commands import checks
from infra.errors import Refused
from infra.options import Options, World
from infra.stage.stacks import Stacks

_AT_ONCE, _WAIT_SECONDS = 10, 2
"""What SQS gives at once, and how long it looks in all of its servers before it says that there is nothing."""


def run(options: Options, world: World) -> None:  # noqa: ARG001 - every command is given both
    """Do it. An event leaves the queue once its function has it; if it fails again, Lambda puts it back.

    Raises:
        Refused: there is no such stage here.
    """
    aws, at = checks.destination(options.region, options.stage)
    queue = Stacks(aws.cloudformation).outputs(at.stack("main")).get("FailureQueueUrl")
    if queue is None:
        raise Refused(f"the stage {at.stage} is not in {at.region}: the stack {at.stack('main')} is not there")
    sent = left = 0
    while messages := _receive(aws, queue):
        for message in messages:
            event = _event(message["Body"])
            if event is None:
                left += 1
                print(f"  left in the queue: {message['MessageId']} is no failed event: {message['Body'][:100]}")
                continue
            function, payload = event
            aws.functions.invoke(FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode())
            aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            sent += 1
            print(f"  {function.rpartition(':')[2]}: {_told(payload)}")
    print(f"{sent} events sent again, {left} left in the queue of {at.stage}")


def _receive(aws: Aws, queue: str) -> list[dict[str, Any]]:
    answer = aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_AT_ONCE, WaitTimeSeconds=_WAIT_SECONDS)
    messages: list[dict[str, Any]] = answer.get("Messages", [])
    return messages


def _event(body: str) -> tuple[str, Any] | None:
    """The function and the payload in Lambda's record of a failed event, None if it is no such record.

    The record is that of https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
    """
    try:
        record = json.loads(body)
        arn = str(record["requestContext"]["functionArn"])
        # The record names a version as well, `$LATEST`: what runs now is meant.
        return ":".join(arn.split(":")[:7]), record["requestPayload"]
    except (ValueError, KeyError, TypeError):
        return None


def _told(payload: Any) -> str:
    """What an event is about, in a few words."""
    records = payload.get("Records") if isinstance(payload, Mapping) else None
    if records:
        return ", ".join(str(record.get("s3", {}).get("object", {}).get("key", "?")) for record in records)
    kind = payload.get("detail-type") if isinstance(payload, Mapping) else None
    return str(kind or "by hand")
