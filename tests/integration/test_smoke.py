"""The smoke test of `deploy`: a source that sends no bars, a job or an API that fails. Runs Chalice, against moto."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra import cli
from infra.commands import smoke
from tests.support.deploying import Account, bucket, ingest
from tests.support.stage_command import RESPONSE, dependencies, error_line

DEPLOY = ["deploy", "--stage", "dev", "--yes"]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: Any) -> None:
    monkeypatch.setattr(smoke, "PAUSE", 0.01)


class SourceUnavailable(Exception):
    """An error with the name of ours."""


def blocked() -> None:
    raise SourceUnavailable("Yahoo refuses to answer for now:\n429 Too Many Requests")


BLOCKED = "the ingest failed: SourceUnavailable: Yahoo refuses to answer for now: 429 Too Many Requests. "


def test_a_source_that_refuses_is_a_warning_where_the_lake_has_data(
    account: Account, deployed: str, root: Path, capsys: Any
):
    account.functions["b3-dataflow-dev-ingest"] = blocked
    asked: list[str] = []

    def answer(url: str, key: str) -> tuple[int, str]:
        asked.append(url)
        return 200, RESPONSE

    assert cli.main(DEPLOY, dependencies(root, answer)) == 0

    output = capsys.readouterr()
    assert "10 sessions to 2025-01-15" in output.out
    warning = output.err.partition("warning: ")[2]
    assert warning.startswith(f"{BLOCKED}The stage answers without these bars. ")
    assert f"aws s3 cp bars.csv s3://{bucket('raw')}/backfill/bars.csv --region us-east-1\n" in warning
    (payload,) = re.findall(r"--payload '(.*)' answer.json", warning)
    assert json.loads(payload)["backfill"]["source"] == f"csv:s3://{bucket('raw')}/backfill/bars.csv"
    # The job and the API were tried.
    assert "glue StartJobRun" in account.calls
    (url,) = asked
    assert url.endswith("/dev/ibov/prices?limit=1")


def test_a_source_that_refuses_an_empty_lake_is_an_error_with_the_command_of_a_backfill(
    account: Account, root: Path, capsys: Any
):
    account.functions["b3-dataflow-dev-ingest"] = blocked
    assert cli.main(DEPLOY, dependencies(root, lambda url, key: (503, "nothing has been ingested yet"))) == 1

    output = capsys.readouterr()
    error = output.err.partition("error: ")[2]
    assert error.startswith(f"the stage is deployed, but its smoke test failed: the lake is empty, and {BLOCKED}")
    assert "aws lambda invoke --function-name b3-dataflow-dev-ingest --region us-east-1" in error
    assert re.search(r"API +https://", output.out)
    assert "glue StartJobRun" in account.calls


def test_a_job_or_an_api_that_fails_is_an_error_without_the_source_too(
    account: Account, deployed: str, root: Path, capsys: Any, monkeypatch: Any
):
    monkeypatch.setattr(smoke, "API_SECONDS", 0.0)
    account.functions["b3-dataflow-dev-ingest"] = blocked

    line = error_line(root, capsys, using=dependencies(root, lambda url, key: (502, "bad gateway")))
    assert line.endswith("/dev/ibov/prices?limit=1 answered 502: bad gateway")

    run = {"JobRunState": "FAILED", "ErrorMessage": "MixedLake: real\nand synthetic"}
    account.responses["glue GetJobRun"] = ("200 OK", json.dumps({"JobRun": run}))
    line = error_line(root, capsys)
    assert line.endswith("the Glue job b3-etl-job-dev ended FAILED: MixedLake: real and synthetic")


def test_a_run_that_is_active_already_is_waited_for(account: Account, deployed: str, root: Path, capsys: Any):
    account.functions["b3-dataflow-dev-ingest"] = blocked
    refusal = {"__type": "ConcurrentRunsExceededException", "message": "Concurrent runs exceeded"}
    account.responses["glue StartJobRun"] = ("400 Bad Request", json.dumps(refusal))
    account.responses["glue GetJobRuns"] = ("200 OK", json.dumps({"JobRuns": [{"Id": "jr_1"}, {"Id": "jr_0"}]}))
    asked: list[str] = []
    account.before = lambda environ, call, body: asked.append(body.decode()) if call == "glue GetJobRun" else None
    states = [{"Id": "jr_1", "JobRunState": state} for state in ("RUNNING", "SUCCEEDED")]
    account.next_responses["glue GetJobRun"] = [("200 OK", json.dumps({"JobRun": state})) for state in states]

    assert cli.main(DEPLOY, dependencies(root)) == 0

    assert [json.loads(body)["RunId"] for body in asked] == ["jr_1", "jr_1"]


def test_an_e_mail_that_cannot_be_read_is_a_note(account: Account, deployed: str, root: Path, capsys: Any):
    account.denied_calls.add("sns ListSubscriptionsByTopic")

    assert cli.main(DEPLOY, dependencies(root)) == 0

    note = "note: whether the e-mail of the alarms is confirmed cannot be read: these credentials do not allow sns:List"
    assert note in capsys.readouterr().out


def test_an_ingest_that_fails_by_itself_is_an_error(account: Account, deployed: str, root: Path, capsys: Any):
    def broken() -> None:
        raise ImportError("No module named 'pandas'")

    account.functions["b3-dataflow-dev-ingest"] = broken

    line = error_line(root, capsys)

    assert line.endswith("its smoke test failed: the ingest failed: ImportError: No module named 'pandas'")


def test_an_api_that_fails_is_an_error(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setattr(smoke, "API_SECONDS", 0.0)

    line = error_line(
        root, capsys, using=dependencies(root, lambda url, key: (502, '{"message":\n "Internal server error"}'))
    )

    assert re.fullmatch(
        r"error: the stage is deployed, but its smoke test failed: https://\S+/dev/ibov/prices\?limit=1 answered "
        r'502: {"message": "Internal server error"}',
        line,
    )


def test_a_failed_job_is_an_error(account: Account, root: Path, capsys: Any):
    account.functions["b3-dataflow-dev-ingest"] = dict
    # The clock of this machine may be ahead of AWS: the time of a run says nothing about its order.
    run = {"Id": "jr_1", "JobRunState": "FAILED", "StartedOn": 1, "ErrorMessage": "MixedLake: real\nand synthetic"}
    earlier = {**run, "Id": "jr_0", "StartedOn": 4e9, "ErrorMessage": "an earlier reason"}
    for runs in ([earlier], [run, earlier]):
        body = json.dumps({"JobRuns": runs})
        account.next_responses.setdefault("glue GetJobRuns", []).append(("200 OK", body))

    line = error_line(root, capsys)

    assert line.endswith("the Glue job b3-etl-job-dev ended FAILED: MixedLake: real and synthetic")


def test_the_ingest_is_repeated_if_no_event_starts_the_job(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    # S3 may send no event for the first minutes of a notification.
    monkeypatch.setattr(smoke, "EVENT_SECONDS", 0.0)
    function = "b3-dataflow-dev-ingest"
    ingests: list[str] = []

    def without_event() -> dict[str, str]:
        ingests.append("ingest")
        if len(ingests) == 2:
            account.functions[function] = ingest
        return {"added": "raw/…"}

    account.functions[function] = without_event

    assert cli.main(DEPLOY, dependencies(root)) == 0, capsys.readouterr().err

    assert len(ingests) == 2
    assert "10 sessions to 2025-01-15" in capsys.readouterr().out
