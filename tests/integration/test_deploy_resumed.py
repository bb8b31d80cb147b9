"""`deploy` and `destroy` continue after a kill. Each is killed right after a call of AWS."""

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
from infra.stage import buckets
from infra.stage.state import rest_api
from local import moto_state
from tests.support.deploying import Account, bucket, budgets
from tests.support.stage_command import dependencies

SECONDS = 120.0

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
DESTROY = ["destroy", "--stage", "dev", "--yes"]

FUNCTION = "lambda POST /2015-03-31/functions"


def kill_after(account: Account, root: Path, command: list[str], call: str, time: int = 1) -> bool:
    """Run a command in a process group, and kill it after a call of AWS.

    Args:
        call: Prefix of the call.
        time: Number of the call among those with the prefix, from 1.

    Returns:
        Whether it was killed: False if it ended without the call.
    """
    started = threading.Event()
    count = 0

    def after(current: str) -> None:
        nonlocal count
        count += current.startswith(call)
        if current.startswith(call) and count == time:
            started.wait(SECONDS)
            os.killpg(process.pid, signal.SIGKILL)

    account.after = after
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.support.stage_command", str(root), *command],
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


# At least one in each step, and one for each kind of resource that Chalice creates.
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


def test_a_deploy_that_is_killed_repeatedly_completes_one_stage(account: Account, root: Path):
    for call, time in STOPS:
        assert kill_after(account, root, DEPLOY, call, time), call

    assert cli.main(DEPLOY, dependencies(root)) == 0

    aws: Any = boto3.client("lambda")
    assert len(aws.list_functions()["Functions"]) == 4
    gateway: Any = boto3.client("apigateway")
    (api,) = gateway.get_rest_apis()["items"]
    assert rest_api((moto_state.read(bucket("artifacts"), "chalice/dev.json") or b"").decode()) == api["id"]
    (plan,) = gateway.get_usage_plans()["items"]
    assert plan["apiStages"] == [{"apiId": api["id"], "stage": "dev"}]
    assert (
        len(gateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]) == len(gateway.get_api_keys()["items"]) == 1
    )


def test_a_destroy_that_is_killed_repeatedly_keeps_the_data(account: Account, deployed: str, root: Path):
    for call in (
        "apigateway DELETE /usageplans/",
        "apigateway DELETE /restapis/",
        "events DeleteRule",
        "lambda DELETE /2015-03-31/functions/arn:aws:lambda:us-east-1:123456789012:function:b3-dataflow-dev-ingest",
        "cloudformation DeleteStack",
        "s3 POST /b3-dataflow-artifacts",
    ):
        assert kill_after(account, root, DESTROY, call), call

    assert cli.main(DESTROY, dependencies(root)) == 0

    assert resources() == {bucket("raw"), bucket("refined"), "b3-dataflow-data-dev"}


def resources() -> set[str]:
    """Return the names of all resources in the account."""
    client: Any = boto3.client
    names = {entry["Name"] for entry in client("s3").list_buckets()["Buckets"]}
    names |= {entry["FunctionName"] for entry in client("lambda").list_functions()["Functions"]}
    names |= {entry["LayerName"] for entry in client("lambda").list_layers()["Layers"]}
    names |= {entry["id"] for entry in client("apigateway").get_rest_apis()["items"]}
    names |= {entry["name"] for entry in client("apigateway").get_api_keys()["items"]}
    names |= {entry["name"] for entry in client("apigateway").get_usage_plans()["items"]}
    names |= {entry["Name"] for entry in client("events").list_rules()["Rules"]}
    names |= {entry["logGroupName"] for entry in client("logs").describe_log_groups()["logGroups"]}
    names |= {entry["RoleName"] for entry in client("iam").list_roles()["Roles"]}
    names |= {entry["Name"] for entry in client("glue").get_databases()["DatabaseList"]}
    names |= {entry["Name"] for entry in client("glue").get_jobs()["Jobs"]}
    names |= {entry["Name"] for entry in client("athena").list_work_groups()["WorkGroups"]} - {"primary"}
    names |= set(client("sqs").list_queues().get("QueueUrls", []))
    names |= {entry["TopicArn"] for entry in client("sns").list_topics()["Topics"]}
    names |= set(budgets())
    stacks = client("cloudformation").describe_stacks()["Stacks"]
    # The role for access logs is of the account, and stays for other stages.
    return {
        name
        for name in (names | {entry["StackName"] for entry in stacks if entry["StackStatus"] != "DELETE_COMPLETE"})
        if not name.startswith("b3-dataflow-account")
    }


def test_destroy_keeps_the_data_for_the_next_deploy(deployed: str, root: Path, capsys: Any):
    for _ in range(2):
        assert cli.main(DESTROY, dependencies(root)) == 0
        assert resources() == {bucket("raw"), bucket("refined"), "b3-dataflow-data-dev"}
    assert moto_state.objects(bucket("raw"), "")
    notification = boto3.client("s3").get_bucket_notification_configuration(Bucket=bucket("raw"))
    assert "LambdaFunctionConfigurations" not in notification
    assert "nothing to delete" in capsys.readouterr().out

    assert cli.main(DEPLOY, dependencies(root)) == 0
    assert len(moto_state.objects(bucket("raw"), "")) == 2


def test_data_is_deleted_only_with_the_name_of_the_stage(deployed: str, root: Path, monkeypatch: Any, capsys: Any):
    before = resources()
    answers = iter(["prod", "dev"])
    monkeypatch.setattr("builtins.input", lambda question: next(answers))

    assert cli.main([*DESTROY, "--data", "delete"], dependencies(root)) == 1
    output = capsys.readouterr()
    assert "data        delete ALL DATA" in output.out
    assert output.err.endswith("error: the answer is 'prod', nothing was changed; allowed: dev\n")
    assert resources() == before

    assert cli.main([*DESTROY, "--data", "delete"], dependencies(root)) == 0
    assert resources() == set()


def test_a_second_api_of_the_stage_is_deleted_too(deployed: str, root: Path):
    gateway: Any = boto3.client("apigateway")
    # The second API of two concurrent first deploys, and the API of another stage.
    for function in ("b3-dataflow-dev", "b3-dataflow-dev2"):
        api = gateway.create_rest_api(name="b3-dataflow")["id"]
        (root_resource,) = gateway.get_resources(restApiId=api)["items"]
        method = {"restApiId": api, "resourceId": root_resource["id"], "httpMethod": "GET"}
        gateway.put_method(**method, authorizationType="NONE")
        arn = f"arn:aws:lambda:us-east-1:{moto_state.ACCOUNT}:function:{function}"
        uri = f"arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"
        gateway.put_integration(**method, type="AWS_PROXY", integrationHttpMethod="POST", uri=uri)

    assert cli.main(DESTROY, dependencies(root)) == 0

    assert [entry["id"] for entry in gateway.get_rest_apis()["items"]] == [api]


def test_another_usage_plan_does_not_prevent_the_deletion(deployed: str, root: Path):
    gateway: Any = boto3.client("apigateway")
    (api,) = [entry["id"] for entry in gateway.get_rest_apis()["items"]]
    plan = gateway.create_usage_plan(name="another client", apiStages=[{"apiId": api, "stage": "dev"}])["id"]

    assert cli.main(DESTROY, dependencies(root)) == 0

    assert gateway.get_rest_apis()["items"] == []
    assert gateway.get_usage_plan(usagePlanId=plan).get("apiStages", []) == []


def test_another_stage_stays(deployed: str, root: Path):
    before = resources()

    config = root / ".chalice" / "config.json"
    content = json.loads(config.read_text())
    content["stages"]["dev2"] = content["stages"]["dev"] | {"api_gateway_stage": "dev2"}
    config.write_text(json.dumps(content))
    assert cli.main(["destroy", "--stage", "dev2", "--yes"], dependencies(root)) == 0

    assert resources() == before


def test_more_versions_than_one_request_deletes(account: Account, monkeypatch: Any):
    monkeypatch.setattr(buckets, "_BATCH", 2)
    s3: Any = boto3.client("s3")
    s3.create_bucket(Bucket="full")
    s3.put_bucket_versioning(Bucket="full", VersioningConfiguration={"Status": "Enabled"})
    for number in range(5):
        s3.put_object(Bucket="full", Key=f"{number % 3}", Body=b"")
    s3.delete_object(Bucket="full", Key="0")

    assert buckets.empty(s3, "full") == 6
    buckets.delete(s3, "full")

    assert buckets.empty(s3, "full") == 0
