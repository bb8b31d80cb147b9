"""Errors of `deploy` and `destroy`: one line each. A failed check changes nothing."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import boto3
import pytest

from common.paths import ROOT
from infra import cli
from infra.commands import deploy, smoke
from infra.dependencies import Dependencies
from infra.packaging import runtime
from tests.support.deploying import Account, bucket, ingest
from tests.support.stage_command import RESPONSE, dependencies

DEPLOY = ["deploy", "--stage", "dev", "--yes"]


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: Any) -> None:
    monkeypatch.setattr(smoke, "PAUSE", 0.01)


def error_line(root: Path, capsys: Any, *command: str, using: Dependencies | None = None) -> str:
    """Run a command that fails, and return its error."""
    assert cli.main(list(command or DEPLOY), using or dependencies(root)) == 1
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line and not line.startswith("event")]
    assert len(lines) == 1, error
    return lines[0]


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_dry_run_needs_no_credentials_and_no_answer(command: str):
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    no_profile = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PROFILE": "absent"}
    process = subprocess.run(
        [sys.executable, "-m", "infra", command, "--stage", "prod", "--dry-run"],
        cwd=ROOT,
        env=environ | no_profile,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (process.returncode, process.stderr) == (0, "")
    assert "stage prod, account <account>, region <region>" in process.stdout
    assert "b3-dataflow-raw-<account>-<region>-prod" in process.stdout
    assert process.stdout.endswith("this is a dry run.\n")


def test_an_invalid_stage(root: Path, capsys: Any):
    for stage in ("local", "test"):
        line = error_line(root, capsys, "deploy", "--stage", stage, "--dry-run")
        assert line == f"error: STAGE is {stage!r}; allowed: dev, prod, the stages of .chalice/config.json"

    config = root / ".chalice" / "config.json"
    config.write_text(config.read_text().replace('"dev": {', '"Dev-1": {'))
    line = error_line(root, capsys, "deploy", "--stage", "Dev-1", "--dry-run")
    assert line == ("error: STAGE is 'Dev-1'; allowed: 2 to 10 of a-z 0-9, starting with a letter, but not 'local'")


def test_another_python(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setattr(runtime, "PYTHON", (3, 99))

    assert error_line(root, capsys).startswith(f"error: this is Python 3.{sys.version_info[1]}; the packages need 3.13")
    assert account.calls == []


def test_an_invalid_region(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    line = error_line(root, capsys, *DEPLOY, "--region", "us-east-9")
    assert re.fullmatch(r"error: REGION is 'us-east-9'; allowed: .*sa-east-1.*us-east-1.*", line)

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    line = error_line(root, capsys)
    assert line.startswith("error: no region: set REGION= or AWS_DEFAULT_REGION; allowed: ")
    assert account.calls == []


def test_no_credentials(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert error_line(root, capsys).startswith("error: no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and")

    monkeypatch.setenv("AWS_PROFILE", "absent")
    assert error_line(root, capsys) == (
        "error: The config profile (absent) could not be found; allowed in AWS_PROFILE: a profile that `aws "
        "configure list-profiles` shows"
    )


def test_expired_credentials(account: Account, root: Path, capsys: Any):
    error = "<Error><Code>ExpiredToken</Code><Message>The security token is expired</Message></Error>"
    account.responses["sts GetCallerIdentity"] = ("403 Forbidden", f"<ErrorResponse>{error}</ErrorResponse>")

    assert error_line(root, capsys) == (
        "error: AWS rejects these credentials (ExpiredToken): they are wrong or have expired, or this region is not "
        "enabled in the account"
    )


@pytest.mark.parametrize(
    ("call", "action"),
    [
        ("cloudformation CreateStack", "cloudformation:CreateStack"),
        ("events PutRule", "events:PutRule"),
        ("lambda POST /2015-03-31/functions", "lambda:POST"),
        ("apigateway POST /usageplans", "apigateway:POST"),
    ],
)
def test_a_missing_permission_is_named_and_the_next_deploy_continues(
    call: str, action: str, account: Account, root: Path, capsys: Any
):
    account.denied_calls.add(call)
    line = error_line(root, capsys)
    assert f"these credentials do not allow {action}: add it to their policy and repeat the command" in line

    account.denied_calls.clear()
    assert cli.main(DEPLOY, dependencies(root)) == 0


def test_a_bucket_of_another_account(account: Account, root: Path, capsys: Any):
    account.responses[f"s3 HEAD /{bucket('raw')}"] = ("403 Forbidden", "")

    line = error_line(root, capsys)

    assert line.startswith(f"error: the bucket {bucket('raw')} exists in another account, or these credentials")
    assert account.calls == []


def test_a_bucket_without_its_stack(account: Account, root: Path, capsys: Any):
    boto3.client("s3").create_bucket(Bucket=bucket("refined"))
    account.calls.clear()

    assert error_line(root, capsys) == (
        f"error: the bucket {bucket('refined')} exists without its stack b3-dataflow-data-dev: delete the bucket, or "
        "import it into a stack of that name"
    )
    assert account.calls == []


@pytest.mark.parametrize("role", ["artifacts", "raw", "refined"])
def test_a_stage_or_its_data_in_another_region(account: Account, root: Path, capsys: Any, role: str):
    there = bucket(role).replace("us-east-1", "sa-east-1")
    boto3.client("s3").create_bucket(Bucket=there)

    for command in ("deploy", "destroy"):
        line = error_line(root, capsys, command, "--stage", "dev", "--yes")
        assert line.startswith("error: the stage dev is in sa-east-1 already, not in us-east-1: use REGION=sa-east-1")


def test_without_enough_concurrency_none_is_reserved(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    # moto then rejects a reservation that leaves less than 100 unreserved, as AWS does.
    monkeypatch.setenv("MOTO_LAMBDA_CONCURRENCY_QUOTA", "10")
    account.runs = 10

    assert cli.main(DEPLOY, dependencies(root)) == 0

    output = capsys.readouterr().out
    assert "note: this account may run 10 functions at once, so no concurrency is reserved: AWS keeps 100" in output
    concurrency = boto3.client("lambda").get_function_concurrency(FunctionName="b3-dataflow-dev")
    assert "ReservedConcurrentExecutions" not in concurrency


def test_a_second_deploy_reserves_the_same_concurrency(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setenv("MOTO_LAMBDA_CONCURRENCY_QUOTA", "123")
    account.runs = 123

    for _ in range(2):
        assert cli.main(DEPLOY, dependencies(root)) == 0
        assert "note:" not in capsys.readouterr().out


def test_without_a_confirmation_nothing_changes(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setattr("builtins.input", lambda question: "n")
    line = error_line(root, capsys, "deploy", "--stage", "dev")
    assert line == "error: the answer is 'n', nothing was changed; allowed: y, yes"

    def no_input(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", no_input)
    line = error_line(root, capsys, "deploy", "--stage", "dev")
    assert line == "error: no answer, nothing was changed; YES=1 skips the question"
    assert account.calls == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "error: the following arguments are required: deploy|destroy"),
        (["deploy"], "error: the following arguments are required: --stage"),
        (["deploy", "--stage", "dev", "--arch", "sparc"], "error: argument --arch: invalid choice: 'sparc'"),
        (
            ["deploy", "--stage", "dev", "--email", "ana"],
            "error: argument --email: 'ana' is not an e-mail",
        ),
        (["destroy", "--stage", "dev", "--data", "all"], "error: argument --data: invalid choice: 'all'"),
    ],
)
def test_an_invalid_argument(arguments: list[str], line: str, capsys: Any):
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)

    assert raised.value.code == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith(line)


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


MESSAGE = "Unable to validate the following destination configurations"
REFUSAL = ("400 Bad Request", f"<Error><Code>InvalidArgument</Code><Message>{MESSAGE}</Message></Error>")


@pytest.mark.parametrize(("refusals", "status"), [(2, 0), (3, 1)])
def test_chalice_runs_again_while_s3_refuses_the_notification(
    account: Account, root: Path, capsys: Any, monkeypatch: Any, refusals: int, status: int
):
    monkeypatch.setattr(deploy, "CHALICE_PAUSE", 0.0)
    call = f"s3 PUT /{bucket('raw')}?notification"
    account.next_responses[call] = [REFUSAL] * refusals

    assert cli.main(DEPLOY, dependencies(root)) == status, capsys.readouterr().err

    assert account.calls.count(call) == 3
    if status:
        error = capsys.readouterr().err
        assert "chalice deploy: " in error
        assert MESSAGE in error
    else:
        (api,) = boto3.client("apigateway").get_rest_apis()["items"]
        assert api["name"] == "b3-dataflow"
