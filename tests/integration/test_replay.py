"""`replay` of the failure queue of a stage, against moto."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest

from infra import cli
from tests.support.deploying import Account, bucket
from tests.support.events import SCHEDULE

REPLAY = ["replay", "--stage", "dev"]
ARN = "arn:aws:lambda:us-east-1:123456789012:function:b3-dataflow-dev-"
S3_EVENT = {"Records": [{"s3": {"bucket": {"name": "raw"}, "object": {"key": "raw/year=2025/ibov-1.parquet"}}}]}


def record(function: str, payload: Any) -> str:
    """Return Lambda's record of an event that failed at its last attempt."""
    return json.dumps({
        "version": "1.0",
        "timestamp": "2025-10-14T01:35:00.000Z",
        "requestContext": {
            "requestId": "e4b46cbf-b738-xmpl-8880-a18cdf61200e",
            "functionArn": f"{ARN}{function}:$LATEST",
            "condition": "RetriesExhausted",
            "approximateInvokeCount": 3,
        },
        "requestPayload": payload,
        "responseContext": {"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
        "responsePayload": {"errorMessage": "…", "errorType": "RunInProgress"},
    })  # fmt: skip


@pytest.fixture
def queue(deployed: str) -> str:
    """URL of the failure queue of a deployed stage."""
    return str(boto3.client("sqs").get_queue_url(QueueName="b3-dataflow-failures-dev")["QueueUrl"])


def waiting(queue: str) -> int:
    """Return the number of messages in the queue, including messages in flight."""
    names: Any = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    attributes: Any = boto3.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=names)
    return sum(int(attributes["Attributes"][name]) for name in names)


def test_each_event_goes_to_its_function_again_and_leaves_the_queue(account: Account, queue: str, capsys: Any):
    sqs = boto3.client("sqs")
    for function, payload in (("start_refine", S3_EVENT), ("ingest", SCHEDULE), ("ingest", {"backfill": {}})):
        sqs.send_message(QueueUrl=queue, MessageBody=record(function, payload))

    assert cli.main(REPLAY) == 0

    expected = [(f"{ARN}start_refine", S3_EVENT), (f"{ARN}ingest", SCHEDULE), (f"{ARN}ingest", {"backfill": {}})]
    assert sorted(account.sent_events, key=str) == sorted(expected, key=str)
    assert waiting(queue) == 0
    output = capsys.readouterr().out
    assert "  b3-dataflow-dev-start_refine: raw/year=2025/ibov-1.parquet\n" in output
    assert "  b3-dataflow-dev-ingest: Scheduled Event\n" in output
    assert output.endswith("3 events sent again, 0 merged already, 0 skipped in the queue of dev\n")


def test_an_event_that_is_merged_already_is_dropped(account: Account, queue: str, capsys: Any):
    s3 = boto3.client("s3")
    (stored,) = s3.list_objects_v2(Bucket=bucket("raw"))["Contents"]

    def event(key: str, etag: str) -> Any:
        return {"Records": [{"s3": {"bucket": {"name": bucket("raw")}, "object": {"key": key, "eTag": etag}}}]}

    merged = event(stored["Key"], stored["ETag"].strip('"'))
    another = event(stored["Key"], "0" * 32)
    both = {"Records": [*merged["Records"], *event("raw/later.parquet", "1" * 32)["Records"]]}
    for payload in (merged, another, both):
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=record("start_refine", payload))

    assert cli.main(REPLAY) == 0

    assert sorted(account.sent_events, key=str) == sorted(
        [(f"{ARN}start_refine", another), (f"{ARN}start_refine", both)], key=str
    )
    assert waiting(queue) == 0
    output = capsys.readouterr().out
    assert output.count(": merged already\n") == 1
    assert output.endswith("2 events sent again, 1 merged already, 0 skipped in the queue of dev\n")


def test_records_of_any_shape_go_to_their_function(account: Account, queue: str, capsys: Any):
    payloads: list[Any] = [None, [], "text", {"Records": "text"}, {"Records": [1, {"s3": "text"}]}, {"detail-type": 1}]
    for payload in payloads:
        boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=record("start_refine", payload))

    assert cli.main(REPLAY) == 0

    assert sorted((payload for _, payload in account.sent_events), key=str) == sorted(payloads, key=str)
    assert "  b3-dataflow-dev-start_refine: ?, ?\n" in capsys.readouterr().out


@pytest.mark.parametrize("body", ["by\nmistake", "{}", record("gone", {}), record("start_refine", {})[:-1]])
def test_a_message_that_is_no_event_of_the_stage_stays_in_the_queue(
    account: Account, queue: str, capsys: Any, body: str
):
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=body)

    assert cli.main(REPLAY) == 0

    assert account.sent_events == []
    assert waiting(queue) == 1
    first, last = capsys.readouterr().out.splitlines()
    assert f"is not a failed event of this stage: {' '.join(body.split())[:100]}" in first
    assert last == "0 events sent again, 0 merged already, 1 skipped in the queue of dev"


def test_an_event_that_cannot_be_sent_stays_in_the_queue(account: Account, queue: str, capsys: Any):
    boto3.client("sqs").send_message(QueueUrl=queue, MessageBody=record("ingest", {}))
    account.denied_calls.add(f"lambda POST /2015-03-31/functions/{ARN}ingest/invocations")

    assert cli.main(REPLAY) == 1

    assert waiting(queue) == 1
    assert "error: these credentials do not allow lambda:" in capsys.readouterr().err


def test_a_stage_that_does_not_exist_is_one_line(account: Account, capsys: Any):
    assert cli.main(REPLAY) == 1

    error = capsys.readouterr().err
    assert error == "error: the stage dev is not in us-east-1: the stack b3-dataflow-main-dev does not exist\n"
