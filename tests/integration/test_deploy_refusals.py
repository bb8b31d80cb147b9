"""Errors of `deploy` and `destroy`: one line each. A failed check changes nothing."""

from __future__ import annotations

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
from infra.commands import deploy
from infra.packaging import runtime
from tests.support.deploying import Account, bucket
from tests.support.stage_command import dependencies, error_line

DEPLOY = ["deploy", "--stage", "dev", "--yes"]


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
    for command in ("deploy", "destroy"):
        assert error_line(root, capsys, command, "--stage", "dev", "--region", "us-east-9", "--dry-run") == line

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    line = error_line(root, capsys)
    assert line.startswith("error: no region: set REGION= or AWS_DEFAULT_REGION; allowed: ")
    assert account.calls == []


@pytest.mark.parametrize("command", ["status", "replay"])
def test_an_invalid_stage_is_reported_before_a_missing_region(
    account: Account, root: Path, capsys: Any, monkeypatch: Any, command: str
):
    monkeypatch.delenv("AWS_DEFAULT_REGION")

    assert error_line(root, capsys, command, "--stage", "").startswith(
        "error: STAGE is ''; allowed: 2 to 10 of a-z 0-9"
    )
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
        assert line.startswith("error: the stage dev is in sa-east-1, not in us-east-1: use REGION=sa-east-1")


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
