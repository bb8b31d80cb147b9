"""The policies of whoever deploys allow what the commands call, and nothing else. Runs Chalice, against moto."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml

from common.paths import ROOT
from infra import cli
from infra.commands import smoke
from infra.stage import access_logs, releases
from local.laptop import Laptop
from local.moto_state import ACCOUNT
from tests.support.deployer import Requests, Statement, statements
from tests.support.deploying import bucket, empty_account, ingest
from tests.support.rights import Right
from tests.support.stack_rights import NOT_CALLED, handler_permissions, stack_rights
from tests.support.stage_command import clone, dependencies
from tests.support.template import Stack, stack, stacks


@pytest.fixture(scope="module")
def deployer() -> Stack:
    return stack("deployer", Stage="dev", Repository="ana/b3-dataflow")


@pytest.fixture(scope="module")
def policy(deployer: Stack) -> list[Statement]:
    return statements(deployer)


class SourceUnavailable(Exception):
    """An error with the name of ours."""


def refuse() -> None:
    raise SourceUnavailable("429")


def run(root: Path, *command: str) -> None:
    """Run a command of the stage dev."""
    assert cli.main([command[0], "--stage", "dev", *command[1:]], dependencies(root)) == 0, command


@pytest.fixture(scope="module")
def rights(running: Laptop, tmp_path_factory: Any) -> set[Right]:
    """Permissions that the commands need on all their paths, and CloudFormation for the stacks."""
    root = clone(tmp_path_factory.mktemp("deployer") / "clone")
    requests = Requests()
    client: Any = boto3.client
    with empty_account(running) as account, pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(smoke, "PAUSE", 0.01)
        monkeypatch.setattr(releases, "_GRACE", -timedelta(hours=1))
        account.before = requests.record

        def ingest_unrecorded() -> dict[str, str]:
            account.before = ignore
            try:
                return ingest()
            finally:
                account.before = requests.record

        account.functions["b3-dataflow-dev-ingest"] = ingest_unrecorded
        run(root, "deploy", "--yes", "--email", "ana@example.org", "--market", "yes")
        run(root, "folder")

        account.before = ignore
        client("s3").put_object(Bucket=bucket("artifacts"), Key="layer/old.zip", Body=b"")
        queue = client("sqs").get_queue_url(QueueName="b3-dataflow-failures-dev")["QueueUrl"]
        function = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:b3-dataflow-dev-ingest"
        event = {"requestContext": {"functionArn": function}, "requestPayload": {}}
        client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event))
        account.before = requests.record
        # The source refuses, the functions lose their reservation, and the budget changes.
        account.functions["b3-dataflow-dev-ingest"] = refuse
        account.runs = 10
        run(root, "deploy", "--yes", "--budget", "9")
        run(root, "replay")
        run(root, "status")
        run(root, "destroy", "--yes")
    for name, each in all_stacks().items():
        requests.rights |= set(stack_rights(each, name, bucket("artifacts")))
    return requests.rights


def all_stacks() -> dict[str, Stack]:
    """Return the stacks that a deploy makes, by name."""
    of_the_stage = stacks("dev", AlarmEmail="ana@example.org", Market="yes").items()
    return {**{f"b3-dataflow-{name}-dev": each for name, each in of_the_stage}, access_logs.STACK: stack("account")}


def ignore(environ: Any, call: str, body: bytes) -> None:
    """Record nothing: the request is that of a function, or of the test."""


def test_the_policies_allow_all_that_the_commands_call(rights: set[Right], policy: list[Statement]):
    assert len(rights) > 200
    assert {right for right in rights if not any(each.covers(right) for each in policy)} == set()


UNREHEARSED = {
    "cloudformation:DescribeStackEvents": "called after a stack has failed; moto's never fail",
    "lambda:UntagResource": "called by Chalice after a tag is removed from .chalice/config.json",
}


def test_without_any_one_permission_something_is_missed(rights: set[Right], policy: list[Statement]):
    """Each action and each resource of each statement is the only one that allows some permission."""
    for statement in policy:
        actions = [(each, replace(statement, actions=without(statement.actions, each))) for each in statement.actions]
        resources = [
            (each, replace(statement, resources=without(statement.resources, each))) for each in statement.resources
        ]
        for name, less in actions + resources:
            others = [less, *(other for other in policy if other is not statement)]
            missed = [right for right in rights if not any(other.covers(right) for other in others)]
            assert missed or name in UNREHEARSED, f"{statement.sid}: {name} is not needed"


def without(names: list[str], name: str) -> list[str]:
    return [each for each in names if each != name]


def test_no_statement_allows_to_delete_the_data(policy: list[Statement]):
    for role in ("raw", "refined"):
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:PutObject"):
            for key in ("raw/year=2025/a.parquet", "manifests/ibov.json"):
                right = (action, f"arn:aws:s3:::{bucket(role)}/{key}")
                assert not any(each.covers(right) for each in policy), right


def test_no_statement_reaches_another_stage(policy: list[Statement]):
    other = stacks("dev2", Market="yes")
    for name, each in other.items():
        for right in stack_rights(each, f"b3-dataflow-{name}-dev2", bucket("artifacts") + "2"):
            if right[1] not in ("*", f"arn:aws:glue:us-east-1:{ACCOUNT}:catalog"):
                assert not any(statement.covers(right) for statement in policy), right


@pytest.mark.parametrize("stage", ["dev", "prod", "abcdefghij"])
def test_each_policy_is_within_the_limit_of_iam(stage: str):
    for policy in stack("deployer", Stage=stage).of("AWS::IAM::ManagedPolicy").values():
        text = json.dumps(policy["PolicyDocument"], separators=(",", ":"))
        # Characters of a managed policy, without white space; other regions have longer names.
        assert len(text) + 5 * text.count("us-east-1") < 6144


def test_each_exception_is_a_permission_of_a_type_that_the_stacks_have():
    actions = {
        action
        for each in all_stacks().values()
        for resource in each.resources.values()
        for action in handler_permissions(resource["Type"])
    }

    for pattern in NOT_CALLED:
        assert any(re.fullmatch(pattern, action) for action in actions), pattern


def test_the_role_trusts_the_environment_of_the_stage_in_the_repository_only(deployer: Stack):
    (role,) = deployer.of("AWS::IAM::Role").values()
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]

    assert statement["Action"] == "sts:AssumeRoleWithWebIdentity"
    assert statement["Condition"] == {
        "StringEquals": {
            "token.actions.githubusercontent.com:aud": "sts.amazonaws.com",
            "token.actions.githubusercontent.com:sub": "repo:ana/b3-dataflow:environment:dev",
        }
    }
    assert len(deployer.of("AWS::IAM::OIDCProvider")) == 1
    existing = stack("deployer", Stage="dev", Repository="ana/b3-dataflow", GitHubProvider="arn:aws:iam::1:x")
    assert existing.of("AWS::IAM::OIDCProvider") == {}
    assert stack("deployer", Stage="dev").of("AWS::IAM::Role") == {}


@pytest.mark.parametrize("path", sorted((ROOT / ".github" / "workflows").glob("*.yml")), ids=lambda path: path.name)
def test_every_workflow_pins_its_actions(path: Path):
    jobs = yaml.safe_load(path.read_text(encoding="utf-8"))["jobs"].values()

    actions = [step["uses"] for job in jobs for step in job["steps"] if "uses" in step]
    assert actions
    assert all(re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action) for action in actions), actions


def test_the_workflow_takes_the_role():
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    # YAML 1.1 reads the key `on` as true.
    workflow = yaml.safe_load(text)
    (job,) = workflow["jobs"].values()

    stages = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))["stages"]
    assert workflow[True]["workflow_dispatch"]["inputs"]["stage"]["options"] == list(stages)
    assert job["permissions"] == {"contents": "read", "id-token": "write"}
    assert workflow["permissions"] == {}
    assert job["environment"] == job["env"]["STAGE"]
    # No text of an input is a part of a script.
    assert not any("${{" in step.get("run", "") for step in job["steps"])


def test_the_workflow_passes_the_variables_that_are_set(tmp_path: Path):
    text = (ROOT / ".github" / "workflows" / "deploy.yml").read_text(encoding="utf-8")
    script = next(step["run"] for step in yaml.safe_load(text)["jobs"]["deploy"]["steps"] if "make deploy" in str(step))
    make = tmp_path / "make"
    make.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    make.chmod(0o755)

    def arguments(**variables: str) -> list[str]:
        names = {"STAGE": "dev", "REGION": "sa-east-1", "EMAIL": "", "BUDGET": "", "VERSION": "", **variables}
        environ = {"PATH": f"{tmp_path}:{os.environ['PATH']}", **names}
        command = ["bash", "-e", "-c", script]
        process = subprocess.run(command, env=environ, capture_output=True, text=True, timeout=60, check=True)
        return process.stdout.splitlines()

    assert arguments() == ["deploy", "STAGE=dev", "REGION=sa-east-1", "YES=1"]
    assert arguments(VERSION="v1 $(id)", EMAIL="a@b.cd", BUDGET="0")[4:] == [
        "EMAIL=a@b.cd",
        "BUDGET=0",
        "VERSION=v1 $(id)",
    ]
