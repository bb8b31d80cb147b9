"""`replay`: invoke the functions again with the events in a stage's failure queue."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from chalicelib.ingest.events import raw_objects
from chalicelib.ingest.trigger import unmerged_keys
from chalicelib.lake.store import Lake
from infra.clients import Aws, one_line
from infra.commands import checks
from infra.dependencies import Dependencies
from infra.errors import PreconditionError
from infra.options import Options
from infra.stage.names import HANDLERS
from infra.stage.outputs import StageOutputs
from infra.stage.stacks import Stacks

_BATCH, _WAIT_SECONDS = 10, 2
"""Messages of one request, SQS's maximum, and seconds of long polling, which queries all servers of the queue."""


def run(options: Options, dependencies: Dependencies) -> None:  # noqa: ARG001 - the signature of all commands
    """Invoke each event's function, and delete the event from the queue. Lambda puts it back if it fails again.

    An event of S3 whose raw objects are all merged is deleted without an invocation. A message that is no event of a
    function of the stage stays in the queue.

    Raises:
        PreconditionError: the stage is not in this region.
    """
    aws, target = checks.connect(options.region, options.stage)
    outputs = StageOutputs(Stacks(aws.cloudformation), target)
    queue = outputs.get("FailureQueueUrl")
    if queue is None:
        raise PreconditionError(
            f"the stage {target.stage} is not in {target.region}: the stack {target.stack('main')} does not exist"
        )
    lake = Lake(aws.s3, outputs["RawBucket"], outputs["RefinedBucket"])
    functions = {target.function(handler) for handler in HANDLERS}
    sent = merged = skipped = 0
    while messages := _receive(aws, queue):
        for message in messages:
            event = _parse_record(message["Body"], functions)
            if event is None:
                skipped += 1
                body = one_line(message["Body"])[:100]
                print(f"  skipped: {message['MessageId']} is not a failed event of this stage: {body}")
                continue
            function, payload = event
            text = f"  {function.rpartition(':')[2]}: {_describe(payload)}"
            if _is_merged(payload, lake):
                merged += 1
                text += ": merged already"
            else:
                aws.functions.invoke(
                    FunctionName=function, InvocationType="Event", Payload=json.dumps(payload).encode()
                )
                sent += 1
            aws.sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
            print(text)
    print(f"{sent} events sent again, {merged} merged already, {skipped} skipped in the queue of {target.stage}")


def _is_merged(payload: Any, lake: Lake) -> bool:
    """Return whether an event is a notification of S3 about raw objects that are all merged."""
    if not isinstance(payload, Mapping) or "Records" not in payload:
        return False
    notified = raw_objects(payload, lake.raw_bucket)
    manifest, _ = lake.manifest()
    return bool(notified) and not unmerged_keys(notified, lake, manifest)


def _receive(aws: Aws, queue: str) -> list[dict[str, Any]]:
    response = aws.sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=_BATCH, WaitTimeSeconds=_WAIT_SECONDS)
    messages: list[dict[str, Any]] = response.get("Messages", [])
    return messages


def _parse_record(body: str, functions: Collection[str]) -> tuple[str, Any] | None:
    """Return the function's ARN and the payload of Lambda's record of a failed event, None for another message.

    Args:
        functions: Names of the functions of the stage.

    Format: https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html.
    """
    try:
        record = json.loads(body)
        # Without the version: invoke the function that is deployed now.
        arn = ":".join(str(record["requestContext"]["functionArn"]).split(":")[:7])
        payload = record["requestPayload"]
    except (ValueError, KeyError, TypeError):
        return None
    return (arn, payload) if arn.rpartition(":")[2] in functions else None


def _describe(payload: Any) -> str:
    """Return the object keys of an S3 event, or the type of another event. A payload may be any JSON."""
    fields = payload if isinstance(payload, Mapping) else {}
    if isinstance(records := fields.get("Records"), list) and records:
        return ", ".join(map(_key, records))
    return one_line(str(fields.get("detail-type") or "invoked by hand"))


def _key(record: Any) -> str:
    try:
        return one_line(str(record["s3"]["object"]["key"]))
    except (KeyError, TypeError):
        return "?"
