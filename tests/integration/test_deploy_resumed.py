"""A deploy that was killed goes on from there; a destroy too. Each is killed right after AWS did something for it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import boto3

from common.paths import ROOT
from infra import cli
from infra.stage import emptying
from infra.stage.state import rest_api
from local import moto_state
from tests.support.deploying import Account, bucket, world

SECONDS = 120.0

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
DESTROY = ["destroy", "--stage", "dev", "--yes"]

FUNCTION = "lambda POST /2015-03-31/functions"


def killed(account: Account, root: Path, command: list[str], call: str, time: int = 1) -> bool:
    """Run the command in a process of its own and kill it, and what it started, once AWS has done a call.

    Args:
        call: how the call begins.
        time: the how many-th such call.

    Returns:
        Whether it came that far.
    """
    started = threading.Event()
    count = 0

    def after(said: str) -> None:
        nonlocal count
        count += said.startswith(call)
        if said.startswith(call) and count == time:
            started.wait(SECONDS)
            os.killpg(process.pid, signal.SIGKILL)

    account.after = after
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.deploying", str(root), *command],
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": f"{ROOT}:{ROOT / 'glue'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    started.set()
    try:
        process.communicate(timeout=SECONDS)
    finally:
        account.after = lambda call: None
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    return process.returncode == -signal.SIGKILL


# One at least in each step, and in Chalice's each thing that it makes.
STOPS = [
    ("cloudformation CreateStack", 1),
    ("s3 PUT /b3-dataflow-artifacts", 2),
    ("cloudformation CreateStack", 1),
    ("cloudformation CreateStack", 1),
    (FUNCTION, 1),
    ("events PutTargets", 1),
    ("s3 PUT /b3-dataflow-raw", 1),
    ("apigateway POST /restapis?", 1),
    ("apigateway POST /restapis/", 1),
    ("s3 PUT /b3-dataflow-artifacts", 1),
    ("lambda PUT /2019-09-25", 1),
    ("apigateway PUT /restapis/", 5),
    ("apigateway POST /usageplans", 1),
    ("apigateway POST /apikeys", 1),
]


def test_a_deploy_that_is_killed_again_and_again_comes_to_one_whole_system(account: Account, root: Path):
    for call, time in STOPS:
        assert killed(account, root, DEPLOY, call, time), call

    assert cli.main(DEPLOY, world(root)) == 0

    aws: Any = boto3.client("lambda")
    assert len(aws.list_functions()["Functions"]) == 3
    gateway: Any = boto3.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    assert rest_api((moto_state.read(bucket("artifacts"), "chalice/dev.json") or b"").decode()) == api["id"]
    (plan,) = gateway.get_usage_plans()["items"]
    assert plan["apiStages"] == [{"apiId": api["id"], "stage": "dev"}]
    assert (
        len(gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]) == len(gateway.get_api_keys()["items"]) == 1
    )


def test_a_destroy_that_is_killed_again_and_again_leaves_the_data_alone(account: Account, root: Path):
    assert cli.main(DEPLOY, world(root)) == 0
    for call in (
        "apigateway DELETE /usageplans/",
        "apigateway DELETE /restapis/",
        "events DeleteRule",
        "lambda DELETE /2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:b3-dataflow-dev-ingest",
        "cloudformation DeleteStack",
        "s3 POST /b3-dataflow-artifacts",
    ):
        assert killed(account, root, DESTROY, call), call

    assert cli.main(DESTROY, world(root)) == 0

    assert left() == {bucket("raw"), bucket("refined"), "b3-dataflow-data-dev"}


def left() -> set[str]:
    """All that is left in the account, by name."""
    made: Any = boto3.client
    found = {entry["Name"] for entry in made("s3").list_buckets()["Buckets"]}
    found |= {entry["FunctionName"] for entry in made("lambda").list_functions()["Functions"]}
    found |= {entry["LayerName"] for entry in made("lambda").list_layers()["Layers"]}
    found |= {entry["id"] for entry in made("apigateway").get_rest_apis()["items"]}
    found |= {entry["name"] for entry in made("apigateway").get_api_keys()["items"]}
    found |= {entry["name"] for entry in made("apigateway").get_usage_plans()["items"]}
    found |= {entry["Name"] for entry in made("events").list_rules()["Rules"]}
    found |= {entry["logGroupName"] for entry in made("logs").describe_log_groups()["logGroups"]}
    found |= {entry["RoleName"] for entry in made("iam").list_roles()["Roles"]}
    found |= {entry["Name"] for entry in made("glue").get_databases()["DatabaseList"]}
    found |= {entry["Name"] for entry in made("glue").get_jobs()["Jobs"]}
    found |= {entry["Name"] for entry in made("athena").list_work_groups()["WorkGroups"]} - {"primary"}
    found |= set(made("sqs").list_queues().get("QueueUrls", []))
    found |= {entry["TopicArn"] for entry in made("sns").list_topics()["Topics"]}
    stacks = made("cloudformation").describe_stacks()["Stacks"]
    return found | {entry["StackName"] for entry in stacks if entry["StackStatus"] != "DELETE_COMPLETE"}


def test_destroying_leaves_the_data_and_the_next_deploy_finds_it(account: Account, root: Path, capsys: Any):
    assert cli.main(DEPLOY, world(root)) == 0
    for _ in range(2):
        assert cli.main(DESTROY, world(root)) == 0
        assert left() == {bucket("raw"), bucket("refined"), "b3-dataflow-data-dev"}
    assert moto_state.objects(bucket("raw"), "")
    notification = boto3.client("s3").get_bucket_notification_configuration(Bucket=bucket("raw"))
    assert "LambdaFunctionConfigurations" not in notification
    assert "nothing was there" in capsys.readouterr().out

    assert cli.main(DEPLOY, world(root)) == 0
    assert len(moto_state.objects(bucket("raw"), "")) == 2


def test_the_data_goes_only_with_the_name_of_the_stage(account: Account, root: Path, monkeypatch: Any, capsys: Any):
    assert cli.main(DEPLOY, world(root)) == 0
    before = left()
    answers = iter(["prod", "dev"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))

    assert cli.main([*DESTROY, "--data", "delete"], world(root)) == 1
    said = capsys.readouterr()
    assert "data        ALL DATA" in said.out
    assert said.err.endswith("error: the answer was 'prod', so nothing was changed; allowed: dev\n")
    assert left() == before

    assert cli.main([*DESTROY, "--data", "delete"], world(root)) == 0
    assert left() == set()


def test_an_api_too_many_is_removed_as_well(account: Account, root: Path):
    assert cli.main(DEPLOY, world(root)) == 0
    gateway: Any = boto3.client("apigateway")
    # As two first deploys at the same time leave it; and one of another stage.
    for function in ("b3-dataflow-dev", "b3-dataflow-dev2"):
        api = gateway.create_rest_api(name="b3-dataflow")["id"]
        (top,) = gateway.get_resources(restApiId=api)["items"]
        where = {"restApiId": api, "resourceId": top["id"], "httpMethod": "GET"}
        gateway.put_method(**where, authorizationType="NONE")
        arn = f"arn:aws:lambda:us-east-1:{moto_state.ACCOUNT}:function:{function}"
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        gateway.put_integration(**where, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)

    assert cli.main(DESTROY, world(root)) == 0

    assert [entry["id"] for entry in gateway.get_rest_apis()["items"]] == [api]


def test_a_plan_that_somebody_made_for_a_client_does_not_hold_the_api(account: Account, root: Path):
    assert cli.main(DEPLOY, world(root)) == 0
    gateway: Any = boto3.client("apigateway")
    (api,) = [entry["id"] for entry in gateway.get_rest_apis()["items"]]
    plan = gateway.create_usage_plan(name="a client of its own", apiStages=[{"apiId": api, "stage": "dev"}])["id"]

    assert cli.main(DESTROY, world(root)) == 0

    assert gateway.get_rest_apis()["items"] == []
    assert gateway.get_usage_plan(usagePlanId=plan).get("apiStages", []) == []


def test_another_stage_is_not_touched(account: Account, root: Path):
    assert cli.main(DEPLOY, world(root)) == 0
    before = left()

    config = root / ".chalice" / "config.json"
    described = json.loads(config.read_text())
    described["stages"]["dev2"] = described["stages"]["dev"] | {"api_gateway_stage": "dev2"}
    config.write_text(json.dumps(described))
    assert cli.main(["destroy", "--stage", "dev2", "--yes"], world(root)) == 0

    assert left() == before


def test_more_versions_than_s3_deletes_at_once(account: Account, monkeypatch: Any):
    monkeypatch.setattr(emptying, "_AT_ONCE", 2)
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        s3.put_object(Bucket="full", Key=f"{number % 3}", Body=b"")
    s3.delete_object(Bucket="full", Key="0")

    assert emptying.empty(s3, "full") == 6
    emptying.remove(s3, "full")

    assert emptying.empty(s3, "full") == 0
