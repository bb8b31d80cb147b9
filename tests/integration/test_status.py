"""`status` of a stage: one screen, against moto."""

from __future__ import annotations

import json
import re
from datetime import UTC, date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
from moto.sns.models import sns_backends
from msgspec.structs import replace

from chalicelib import layout
from chalicelib.lake.manifest import Contents, HeldBack, Ledger, Manifest, Quality, Run
from chalicelib.lake.store import Lake
from infra import cli
from local import moto_state
from tests.support.deploying import Account, bucket
from tests.support.stage_command import dependencies, error_line

STATUS = ["status", "--stage", "dev"]


def client(service: str) -> Any:
    service_client: Any = boto3.client(service)  # type: ignore[call-overload]
    return service_client


def screens(capsys: Any) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Run the command, and return its lines by section: those of the stage, and those of the market."""
    capsys.readouterr()
    assert cli.main(STATUS) == 0
    stage, _, market = capsys.readouterr().out.partition("\nmarket\n\n")
    lines = stage.splitlines()
    assert lines[:2] == ["b3-dataflow: stage dev, account 123456789012, region us-east-1", ""]
    return _by_section(lines[2:]), _by_section(market.splitlines())


def sections(capsys: Any) -> dict[str, list[str]]:
    """Run the command for a stage without a market, and return its lines by section."""
    stage, market = screens(capsys)
    assert market == {}
    return stage


def _by_section(lines: list[str]) -> dict[str, list[str]]:
    result: dict[str, list[str]] = {}
    for line in lines:
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
    assert lines["job"][:-1] == [
        "jr_012345678: SUCCEEDED, 2023-11-14 22:13 UTC, 75 s",
        "jr_012345678: FAILED, 2023-07-22 04:26 UTC, 75 s: MixedLake: real and synthetic",
    ]
    assert re.fullmatch(r"0\.00 DPU-hours since \d{4}-\d\d-01", lines["job"][-1])
    assert lines["raw"] == ["1 object, all merged"]
    assert lines["quarantine"] == ["empty"]
    # The lake ends long ago.
    assert re.fullmatch(r"10 sessions to 2025-01-15, \d+ sessions behind \d{4}-\d\d-\d\d", lines["data"][0])
    assert re.fullmatch(r"1\.23 US dollars since \d{4}-\d\d-01", lines["cost"][0])
    # moto's stacks have no alarms.
    assert lines["alarms"] == ["none exists: `make deploy STAGE=dev` creates them"]
    assert lines["e-mail"] == ["ana@example.org: no alarm is sent until the e-mail of AWS there is confirmed"]
    assert lines["failures"] == ["0 events in the queue"]
    assert sum(map(len, lines.values())) <= 24


def month_of_runs(now: datetime, this_month: int) -> list[dict[str, Any]]:
    """Return runs of Glue, the newest first: one of each hour of this month, and one of the month before."""
    start = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    run = {"Id": "jr_0123456789abcdef", "JobRunState": "SUCCEEDED", "ExecutionTime": 1800, "MaxCapacity": 2.0}
    short = run | {"JobRunState": "FAILED", "ExecutionTime": 5}
    times = [start.timestamp() + 60 * number for number in range(this_month, 0, -1)]
    runs = [(short if number == 0 else run) | {"StartedOn": time} for number, time in enumerate(times)]
    return [*runs, run | {"StartedOn": start.timestamp() - 60}]


def test_the_capacity_of_the_month_is_of_all_its_runs(account: Account, deployed: str, capsys: Any):
    # A run that ended at once is charged as a minute. The last run of the month before is on the second page.
    runs = month_of_runs(datetime.now(UTC), 201)
    pages = [{"JobRuns": runs[:200], "NextToken": "more"}, {"JobRuns": runs[200:]}]
    account.next_responses["glue GetJobRuns"] = [("200 OK", json.dumps(page)) for page in pages]

    lines = sections(capsys)["job"]

    assert len(lines) == 4
    assert lines[-1].startswith(f"{200 + 2 * 60 / 3600:.2f} DPU-hours since ")
    assert account.next_responses["glue GetJobRuns"] == []


def test_a_raw_object_that_no_run_has_merged(account: Account, deployed: str, capsys: Any):
    key = "raw/year=2026/month=01/day=02/ibov-20260102T130000Z.parquet"
    client("s3").put_object(Bucket=bucket("raw"), Key=key, Body=b"", IfNoneMatch="*")

    assert sections(capsys)["raw"] == ["2 objects, 1 of them not merged yet"]


def commit_shares(lake: Lake, now: datetime, **changes: Any) -> None:
    """Write a manifest and a ledger of the market's table, as a run of its job does."""
    merged = {key: listed.etag for key, listed in lake.cotahist_listing().items()}
    ledger = "manifests/acoes/ledger/1.json"
    client("s3").put_object(Bucket=lake.refined_bucket, Key=ledger, Body=Ledger(merged).encode())
    today = now.date()
    contents = Contents(
        version="1",
        as_of=today - timedelta(days=10),
        first_session=date(2024, 1, 2),
        rows=1_234_567,
        years={},
        synthetic=False,
        quality=Quality({}, {}, 0, 0, [], degraded=False, degraded_because=[], gaps_count=0),
        sessions_ahead=[today - timedelta(days=9), today + timedelta(days=30)],
        run=Run("jr_1", now, now, 1, 1, 0),
        schema_version=1,
        code_version="1",
        ledger=ledger,
    )
    lake.put_manifest(Manifest("ready", None, replace(contents, **changes)), lake.manifest()[1])


def add_file(lake: Lake, day: date) -> None:
    lake.put_cotahist(BytesIO(b""), layout.CotahistFile(day, day, datetime.now(UTC)), "zip", {})


def test_the_market_of_a_stage(account: Account, root: Path, capsys: Any):
    deploy = ["deploy", "--stage", "dev", "--yes", "--market"]
    assert cli.main([*deploy, "yes"], dependencies(root)) == 0
    lake = Lake(client("s3"), bucket("raw"), bucket("refined"), layout.SHARES_MANIFEST_KEY)

    stage, market = screens(capsys)
    assert market == {
        "job": ["no run yet"],
        "data": ["none: no run of the job has finished yet"],
        "raw": ["0 files, all merged"],
        "quality": ["unknown"],
        "quarantine": ["unknown"],
    }
    assert stage["data"][0].startswith("10 sessions to 2025-01-15")

    now = datetime.now(UTC)
    add_file(lake, date(2024, 1, 2))
    add_file(lake, date(2024, 1, 3))
    refused = {"arquivo_invalido": 1, "preco_nulo": 12, "registro_contraditorio": 1200}
    because = ["files refused whole: 1"]
    quality = Quality(refused, {}, 0, 0, [], degraded=True, degraded_because=because, gaps_count=250)
    commit_shares(lake, now, quality=quality)
    add_file(lake, date(2025, 1, 2))
    failed = {"Id": "jr_market0123", "JobRunState": "FAILED", "StartedOn": 1.7e9, "ErrorMessage": "CatalogError: no"}
    account.responses["glue GetJobRuns"] = ("200 OK", json.dumps({"JobRuns": [failed]}))

    _, market = screens(capsys)

    assert market["job"][0] == "jr_market012: FAILED, 2023-11-14 22:13 UTC: CatalogError: no"
    today = now.date()
    assert market["data"] == [
        f"1,234,567 rows to {today - timedelta(days=10)}, 1 session behind {today - timedelta(days=9)}"
    ]
    assert market["raw"] == ["3 files, 1 of them not merged yet"]
    assert market["quality"] == ["degraded", "files refused whole: 1", "250 sessions since 2024-01-02 without a bar"]
    assert market["quarantine"] == ["1,200 registro_contraditorio", "12 preco_nulo", "1 arquivo_invalido"]

    # Its ledger is lost, and its job may not be read.
    client("s3").delete_object(Bucket=bucket("refined"), Key="manifests/acoes/ledger/1.json")
    account.denied_calls.add("glue GetJobRuns")
    stage, market = screens(capsys)
    assert market["raw"][0].startswith("cannot be read: s3://")
    assert market["job"][0].startswith("cannot be read: these credentials do not allow glue:GetJobRuns")
    assert stage["raw"] == ["1 object, all merged"]

    client("cloudformation").delete_stack(StackName="b3-dataflow-market-dev")
    absent = "none: no stack of the stage dev has the output MarketJob: `make deploy STAGE=dev` creates it"
    assert screens(capsys)[1]["job"] == [absent]

    account.denied_calls.clear()
    account.responses.clear()
    assert cli.main([*deploy, "no"], dependencies(root)) == 0
    assert screens(capsys)[1] == {}


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
