"""What cannot be deployed: one clear line each, and nothing changed. What only fails on the way is told as clearly."""

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
from infra.commands import smoke
from infra.options import World
from infra.packaging import target
from tests.support.deploying import Account, bucket, ingest, world

DEPLOY = ["deploy", "--stage", "dev", "--yes"]


def refused(root: Path, capsys: Any, *command: str, at: World | None = None) -> str:
    """The one line that a command which must fail says at last."""
    assert cli.main(list(command or DEPLOY), at or world(root)) == 1
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line and not line.startswith("S3 event")]
    assert len(lines) == 1, error
    return lines[0]


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_dry_run_needs_no_credentials_and_asks_nothing(command: str):
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    nobody = {"AWS_CONFIG_FILE": os.devnull, "AWS_SHARED_CREDENTIALS_FILE": os.devnull, "AWS_PROFILE": "absent"}
    done = subprocess.run(
        [sys.executable, "-m", "infra", command, "--stage", "prod", "--dry-run"],
        cwd=ROOT,
        env=kept | nobody,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")
    assert "stage prod, account <account>, region <region>" in done.stdout
    assert "b3-dataflow-raw-<account>-<region>-prod" in done.stdout
    assert done.stdout.endswith("this is a dry run.\n")


def test_a_stage_that_cannot_be(root: Path, capsys: Any):
    for stage in ("local", "test"):
        line = refused(root, capsys, "deploy", "--stage", stage, "--dry-run")
        assert line == f"error: STAGE is {stage!r}; allowed: dev, prod, which are in .chalice/config.json"

    config = root / ".chalice" / "config.json"
    config.write_text(config.read_text().replace('"dev": {', '"Dev-1": {'))
    line = refused(root, capsys, "deploy", "--stage", "Dev-1", "--dry-run")
    assert line == ("error: STAGE is 'Dev-1'; allowed: 2 to 10 of a-z 0-9, starting with a letter, but not 'local'")


def test_another_python(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setattr(target, "PYTHON", (3, 99))

    assert refused(root, capsys).startswith(f"error: this is Python 3.{sys.version_info[1]}; packages are built with")
    assert account.calls == []


def test_a_region_that_is_none(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    line = refused(root, capsys, *DEPLOY, "--region", "us-east-9")
    assert re.fullmatch(r"error: REGION is 'us-east-9'; allowed: .*sa-east-1.*us-east-1.*", line)

    monkeypatch.delenv("AWS_DEFAULT_REGION")
    line = refused(root, capsys)
    assert line.startswith("error: no region: give REGION=, or set AWS_DEFAULT_REGION; allowed: ")
    assert account.calls == []


def test_no_credentials(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert refused(root, capsys).startswith("error: no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and")

    monkeypatch.setenv("AWS_PROFILE", "absent")
    assert refused(root, capsys) == (
        "error: The config profile (absent) could not be found; allowed: one that `aws configure list-profiles` shows, "
        "in AWS_PROFILE"
    )


def test_credentials_that_have_expired(account: Account, root: Path, capsys: Any):
    error = "<Error><Code>ExpiredToken</Code><Message>The security token is expired</Message></Error>"
    account.replaced["sts GetCallerIdentity"] = ("403 Forbidden", f"<ErrorResponse>{error}</ErrorResponse>")

    assert refused(root, capsys) == (
        "error: AWS does not take these credentials (ExpiredToken): they are wrong or have expired, or the account has "
        "not enabled this region"
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
def test_a_right_that_is_missing_is_named_and_the_next_deploy_goes_on(
    call: str, action: str, account: Account, root: Path, capsys: Any
):
    account.denied.add(call)
    line = refused(root, capsys)
    assert f"these credentials have no right to {action}: add it to their policy and repeat the command" in line

    account.denied.clear()
    assert cli.main(DEPLOY, world(root)) == 0


def test_a_bucket_that_is_somebody_elses(account: Account, root: Path, capsys: Any):
    account.replaced[f"s3 HEAD /{bucket('raw')}"] = ("403 Forbidden", "")

    line = refused(root, capsys)

    assert line.startswith(f"error: the bucket {bucket('raw')} is taken: it is somebody else's, or these credentials")
    assert account.calls == []


def test_a_bucket_of_no_stack(account: Account, root: Path, capsys: Any):
    boto3.client("s3").create_bucket(Bucket=bucket("refined"))
    account.calls.clear()

    assert refused(root, capsys) == (
        f"error: the bucket {bucket('refined')} is there, but not the stack b3-dataflow-data-dev, which would make it: "
        "delete the bucket, or import it into a stack of that name"
    )
    assert account.calls == []


@pytest.mark.parametrize("role", ["artifacts", "raw", "refined"])
def test_a_stage_or_its_data_in_another_region(account: Account, root: Path, capsys: Any, role: str):
    there = bucket(role).replace("us-east-1", "sa-east-1")
    boto3.client("s3").create_bucket(Bucket=there)

    for command in ("deploy", "destroy"):
        line = refused(root, capsys, command, "--stage", "dev", "--yes")
        assert line.startswith("error: the stage dev is in sa-east-1 already, not in us-east-1: give REGION=sa-east-1")


def test_an_account_that_may_run_ten_functions_at_once(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    # Moto refuses from here on what AWS does: to leave less than 100 runs to the other functions.
    monkeypatch.setenv("MOTO_LAMBDA_CONCURRENCY_QUOTA", "10")
    account.runs = 10

    assert cli.main(DEPLOY, world(root)) == 0

    said = capsys.readouterr().out
    assert "note: this account may run 10 functions at once, so none is kept free for these: AWS keeps 100 for" in said
    held = boto3.client("lambda").get_function_concurrency(FunctionName="b3-dataflow-dev")
    assert "ReservedConcurrentExecutions" not in held


def test_just_enough_runs_are_reserved_again_and_again(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setenv("MOTO_LAMBDA_CONCURRENCY_QUOTA", "122")
    account.runs = 122

    for _ in range(2):
        assert cli.main(DEPLOY, world(root)) == 0
        assert "note:" not in capsys.readouterr().out


def test_without_an_answer_nothing_changes(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setattr("builtins.input", lambda question: "n")
    line = refused(root, capsys, "deploy", "--stage", "dev")
    assert line == "error: the answer was 'n', so nothing was changed; allowed: y, yes"

    def nobody(question: str) -> str:
        raise EOFError

    monkeypatch.setattr("builtins.input", nobody)
    line = refused(root, capsys, "deploy", "--stage", "dev")
    assert line == "error: nobody answered, so nothing was changed; YES=1 goes ahead without asking"
    assert account.calls == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "error: the following arguments are required: deploy|destroy"),
        (["deploy"], "error: the following arguments are required: --stage"),
        (["deploy", "--stage", "dev", "--arch", "sparc"], "error: argument --arch: invalid choice: 'sparc'"),
        (["deploy", "--stage", "dev", "--email", "ana"], "error: argument --email: 'ana' is no address; allowed: as"),
        (["destroy", "--stage", "dev", "--data", "all"], "error: argument --data: invalid choice: 'all'"),
    ],
)
def test_a_command_line_that_cannot_be(arguments: list[str], line: str, capsys: Any):
    with pytest.raises(SystemExit) as raised:
        cli.main(arguments)

    assert raised.value.code == 2
    out, error = capsys.readouterr()
    assert (out, error.count("\n")) == ("", 1)
    assert error.startswith(line)


def test_an_ingest_that_fails_is_told_and_the_deployment_stands(account: Account, root: Path, capsys: Any):
    class SourceUnavailable(Exception):
        pass

    def blocked() -> None:
        raise SourceUnavailable("Yahoo refuses to answer for now:\n429 Too Many Requests")

    account.invoked["b3-dataflow-dev-ingest"] = blocked
    assert cli.main(DEPLOY, world(root)) == 1

    said = capsys.readouterr()
    assert said.err.endswith(
        "error: the deployment stands, but its smoke test did not pass: the ingest failed: SourceUnavailable: Yahoo "
        "refuses to answer for now: 429 Too Many Requests; the schedule tries again, and so does `make deploy`\n"
    )
    assert re.search(r"API +https://", said.out)


def test_an_api_that_does_not_answer_is_told(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    monkeypatch.setattr(smoke, "ANSWER_SECONDS", 0.0)

    line = refused(root, capsys, at=world(root, lambda url, key: (502, '{"message":\n "Internal server error"}')))

    assert re.fullmatch(
        r"error: the deployment stands, but its smoke test did not pass: https://\S+/dev/ibov/prices\?limit=1 answered "
        r'502: {"message": "Internal server error"}',
        line,
    )


def test_a_job_that_fails_is_told(account: Account, root: Path, capsys: Any):
    account.invoked["b3-dataflow-dev-ingest"] = dict
    run = {"JobRunState": "FAILED", "StartedOn": 4e9, "ErrorMessage": "MixedLake: real\nand synthetic"}
    account.replaced["glue GetJobRuns"] = ("200 OK", json.dumps({"JobRuns": [run]}))

    line = refused(root, capsys)

    assert line.endswith("the Glue job b3-etl-job-dev ended FAILED: MixedLake: real and synthetic")


def test_an_event_that_s3_did_not_tell_of_is_made_again(account: Account, root: Path, capsys: Any, monkeypatch: Any):
    # S3 takes minutes until it tells of a bucket's objects: what the first ingest added started nothing.
    monkeypatch.setattr(smoke, "EVENT_SECONDS", 0.0)
    monkeypatch.setattr(smoke, "PAUSE", 0.01)
    function = "b3-dataflow-dev-ingest"
    ingests: list[str] = []

    def unheard() -> dict[str, str]:
        ingests.append("unheard")
        if len(ingests) == 2:
            account.invoked[function] = ingest
        return {"added": "raw/…"}

    account.invoked[function] = unheard

    assert cli.main(DEPLOY, world(root)) == 0, capsys.readouterr().err

    assert len(ingests) == 2
    assert "10 sessions to 2025-01-15" in capsys.readouterr().out
