"""`status` of a stage: one screen, against moto."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import boto3
from moto.sns.models import sns_backends
from msgspec.structs import replace

from chalicelib.lake.manifest import HeldBack
from chalicelib.lake.store import Lake
from infra import cli
from local import moto_state
from tests.support.deploying import Account, bucket
from tests.support.stage_command import dependencies, error_line

STATUS = ["status", "--stage", "dev"]


def client(service: str) -> Any:
    service_client: Any = boto3.client(service)  # type: ignore[call-overload]
    return service_client


def sections(capsys: Any) -> dict[str, list[str]]:
    """Run the command, and return its lines by section."""
    capsys.readouterr()
    assert cli.main(STATUS) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == ["b3-dataflow: stage dev, account 123456789012, region us-east-1", ""]
    result: dict[str, list[str]] = {}
    for line in lines[2:]:
        name, text = line[2:12].strip(), line[13:]
        result.setdefault(name or list(result)[-1], []).append(text)
    return result


def test_one_screen_about_a_stage(account: Account, deployed: str, capsys: Any):
    run = {"Id": "jr_0123456789abcdef", "JobRunState": "SUCCEEDED", "StartedOn": 1.7e9, "ExecutionTime": 75}
    failed = run | {"JobRunState": "FAILED", "StartedOn": 1.69e9, "ErrorMessage": "MixedLake:\nreal and synthetic"}
    account.responses["glue GetJobRuns"] = ("200 OK", json.dumps({"JobRuns": [run, failed]}))
    amount = {"Total": {"UnblendedCost": {"Amount": "1.2345", "Unit": "USD"}}}
    account.responses["ce GetCostAndUsage"] = ("200 OK", json.dumps({"ResultsByTime": [amount]}))

    lines = sections(capsys)

    (version,) = lines["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+, schema version \d+, \d{4}-\d\d-\d\d \d\d:\d\d UTC", version)
    assert lines["API"] == [f"https://{deployed}.execute-api.us-east-1.amazonaws.com/dev"]
    assert [line.partition(", ")[0] for line in lines["functions"]] == [
        "b3-dataflow-dev: Active",
        "b3-dataflow-dev-ingest: Active",
        "b3-dataflow-dev-restart_refine: Active",
        "b3-dataflow-dev-start_refine: Active",
    ]
    assert lines["job"] == [
        "jr_012345678: SUCCEEDED, 2023-11-14 22:13 UTC, 75 s",
        "jr_012345678: FAILED, 2023-07-22 04:26 UTC, 75 s: MixedLake: real and synthetic",
    ]
    # The lake ends long ago.
    assert re.fullmatch(r"10 sessions to 2025-01-15, \d+ sessions behind \d{4}-\d\d-\d\d", lines["data"][0])
    assert re.fullmatch(r"1\.23 US dollars since \d{4}-\d\d-01", lines["cost"][0])
    # moto's stacks have no alarms.
    assert lines["alarms"] == ["none exists: `make deploy STAGE=dev` creates them"]
    assert lines["e-mail"] == ["ana@example.org: no alarm is sent until the e-mail of AWS there is confirmed"]
    assert lines["failures"] == ["0 events in the queue"]
    assert sum(map(len, lines.values())) <= 24


def put_alarm(name: str, state: str) -> None:
    cloudwatch = client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription="The lake is old.",
        MetricName="SessionsBehind",
        Namespace="b3-dataflow",
        Period=300,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanThreshold",
        Statistic="Maximum",
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def test_what_is_wrong_is_named(account: Account, deployed: str, capsys: Any):
    put_alarm("b3-dataflow-dev-data-old", "ALARM")
    put_alarm("b3-dataflow-dev-api-5xx", "OK")
    put_alarm("b3-dataflow-prod-data-old", "ALARM")
    url = client("sqs").get_queue_url(QueueName="b3-dataflow-failures-dev")["QueueUrl"]
    client("sqs").send_message(QueueUrl=url, MessageBody="{}")
    for subscription in sns_backends[moto_state.ACCOUNT]["us-east-1"].subscriptions.values():
        subscription.arn = "arn:aws:sns:us-east-1:123456789012:b3-dataflow-alarms-dev:1"
    client("lambda").delete_function(FunctionName="b3-dataflow-dev-ingest")
    lake = Lake(client("s3"), bucket("raw"), bucket("refined"))
    manifest, etag = lake.manifest()
    assert manifest is not None
    assert manifest.contents is not None
    quality = replace(manifest.contents.quality, degraded=True, degraded_because=["2 closes are suspicious."])
    contents = replace(manifest.contents, quality=quality, held_back=[HeldBack("raw/a.parquet", "it contradicts")])
    lake.put_manifest(replace(manifest, contents=contents), etag)

    lines = sections(capsys)

    assert lines["quality"] == ["degraded", "2 closes are suspicious.", "held back: raw/a.parquet: it contradicts"]
    (alarm,) = lines["alarms"]
    assert re.fullmatch(r"b3-dataflow-dev-data-old since .* UTC: The lake is old\.", alarm)
    assert lines["e-mail"] == ["ana@example.org: confirmed"]
    assert lines["failures"] == ["1 event in the queue: `make replay STAGE=dev`"]
    assert "b3-dataflow-dev-ingest: missing; `make deploy STAGE=dev` creates it" in lines["functions"]
    assert lines["job"] == ["no run yet"]
    assert lines["cost"][0].endswith(": nothing, or the tag b3-dataflow is not active in Billing (docs/operations.md)")


def test_what_cannot_be_read_is_named_on_its_line(account: Account, deployed: str, capsys: Any):
    account.denied_calls |= {"ce GetCostAndUsage", "glue GetJobRuns"}
    put_alarm("b3-dataflow-dev-data-old", "OK")

    lines = sections(capsys)

    message = "cannot be read: these credentials do not allow {}: add it to their policy and repeat the command"
    assert lines["cost"] == [message.format("ce:GetCostAndUsage")]
    assert lines["job"] == [message.format("glue:GetJobRuns")]
    assert lines["alarms"] == ["none of 1 is on"]


def test_after_a_destroy_the_data_that_stayed_are_shown(account: Account, deployed: str, root: Path, capsys: Any):
    assert cli.main(["destroy", "--stage", "dev", "--yes"], dependencies(root)) == 0

    lines = sections(capsys)

    assert lines["version"][0].startswith("none is recorded: no deploy has finished")
    assert lines["API"] == ["none"]
    assert lines["functions"][0] == "b3-dataflow-dev: missing; `make deploy STAGE=dev` creates it"
    assert lines["data"][0].startswith("10 sessions to 2025-01-15")
    absent = "none: no stack of the stage dev has the output {}: `make deploy STAGE=dev` creates it"
    assert lines["job"] == [absent.format("Job")]
    assert lines["e-mail"] == [absent.format("AlarmTopicArn")]
    assert lines["failures"] == [absent.format("FailureQueueUrl")]


def test_a_stage_without_the_stack_of_its_data(account: Account, deployed: str, root: Path, capsys: Any):
    client("cloudformation").delete_stack(StackName="b3-dataflow-data-dev")
    absent = "no stack of the stage dev has the output RawBucket: `make deploy STAGE=dev` creates it"

    assert sections(capsys)["data"] == [f"none: {absent}"]
    for command in ("replay", "folder"):
        assert error_line(root, capsys, command, "--stage", "dev") == f"error: {absent}"


def test_nothing_is_changed(account: Account, deployed: str, capsys: Any):
    account.calls.clear()
    sections(capsys)

    assert account.calls == []


def test_a_stage_that_does_not_exist_is_one_line(account: Account, capsys: Any):
    assert cli.main(STATUS) == 1

    error = capsys.readouterr().err
    assert error == "error: the stage dev is not in us-east-1: create it with `make deploy STAGE=dev`\n"
