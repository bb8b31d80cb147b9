"""The folder of a stage, where Chalice's own commands work: after `deploy`, or after `folder` in another clone."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3

from infra import cli
from infra.stage.state import rest_api
from local import moto_state
from tests.support.checkout import chalice
from tests.support.deploying import Account, bucket
from tests.support.stage_command import clone, dependencies

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
FOLDER = ["folder", "--stage", "dev"]

EXTRA = """

@app.lambda_function()
def extra(event, context):
    return {}
"""


def client(service: str) -> Any:
    service_client: Any = boto3.client(service)  # type: ignore[call-overload]
    return service_client


def folder_of(root: Path) -> Path:
    return root / "build" / "deploy" / "dev"


def config(root: Path) -> dict[str, Any]:
    """Return Chalice's configuration in the folder."""
    return dict(json.loads((folder_of(root) / ".chalice" / "config.json").read_text()))


def folder_state(root: Path) -> list[dict[str, str]]:
    """Return the resources of Chalice's state in the folder."""
    return list(json.loads((folder_of(root) / ".chalice" / "deployed" / "dev.json").read_text())["resources"])


def run_chalice(folder: Path, *command: str, send: str = "") -> str:
    """Run a command of Chalice, and return its output."""
    process = chalice(folder, *command, "--stage", "dev", environ=dict(os.environ), send=send)
    assert process.returncode == 0, process.stdout + process.stderr
    return process.stdout


def apis() -> list[str]:
    return [api["id"] for api in client("apigateway").get_rest_apis()["items"]]


def functions() -> set[str]:
    return {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]}


def stored_state() -> str:
    """Return Chalice's state in the artifact bucket."""
    return (moto_state.read(bucket("artifacts"), "chalice/dev.json") or b"").decode()


def test_url_logs_and_invoke_work_in_the_folder_and_in_the_root(account: Account, deployed: str, root: Path):
    account.functions["b3-dataflow-dev-ingest"] = lambda: {"added": "one"}
    logs, group = client("logs"), "/aws/lambda/b3-dataflow-dev-ingest"
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    events = [{"timestamp": int(time.time() * 1000), "message": "a log line"}]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)

    for folder in (folder_of(root), root):
        url = run_chalice(folder, "url")
        assert url == f"https://{deployed}.execute-api.us-east-1.amazonaws.com/dev/\n"
        assert "a log line" in run_chalice(folder, "logs", "--name", "ingest")
        assert json.loads(run_chalice(folder, "invoke", "--name", "ingest", send="{}")) == {"added": "one"}


def test_chalice_deploy_in_the_folder_updates_the_stage(account: Account, deployed: str, root: Path, tmp_path: Path):
    path = folder_of(root) / ".chalice" / "config.json"
    path.write_text(path.read_text().replace('"lambda_timeout": 300', '"lambda_timeout": 200'))

    run_chalice(folder_of(root), "deploy")

    assert client("lambda").get_function_configuration(FunctionName="b3-dataflow-dev-ingest")["Timeout"] == 200
    assert cli.main(DEPLOY, dependencies(clone(tmp_path / "other"))) == 0
    assert apis() == [deployed] == [rest_api(stored_state())]
    assert functions() == {
        "b3-dataflow-dev",
        "b3-dataflow-dev-ingest",
        "b3-dataflow-dev-restart_refine",
        "b3-dataflow-dev-start_refine",
    }


def test_functions_deployed_from_a_folder_are_in_the_state_of_every_clone(
    account: Account, deployed: str, root: Path, tmp_path: Path
):
    folder = folder_of(root)
    app, content = folder / "app.py", config(root)
    app.write_text(app.read_text() + EXTRA)
    role = content["lambda_functions"]["ingest"]["iam_role_arn"]
    content["lambda_functions"]["extra"] = {"iam_role_arn": role}
    (folder / ".chalice" / "config.json").write_text(json.dumps(content))
    run_chalice(folder, "deploy")
    other = clone(tmp_path / "other")
    # A function that Chalice did not deploy, with the name of a handler.
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as zipped:
        zipped.writestr("a.py", "")
    client("lambda").create_function(
        FunctionName="b3-dataflow-dev-mine",
        Runtime="python3.13",
        Handler="a.b",
        Role=role,
        Code={"ZipFile": code.getvalue()},
    )

    assert cli.main(FOLDER, dependencies(other)) == 0
    names = {resource["name"] for resource in folder_state(other)}
    assert {"extra", "api_handler"} <= names
    assert "mine" not in names

    # The app of this clone has no function `extra`.
    assert cli.main(DEPLOY, dependencies(other)) == 0
    assert functions() == {
        "b3-dataflow-dev",
        "b3-dataflow-dev-ingest",
        "b3-dataflow-dev-mine",
        "b3-dataflow-dev-restart_refine",
        "b3-dataflow-dev-start_refine",
    }


def test_folder_in_another_clone_changes_nothing_in_aws(
    account: Account, deployed: str, root: Path, tmp_path: Path, capsys: Any
):
    other = clone(tmp_path / "other")

    assert cli.main(FOLDER, dependencies(other)) == 0

    output = capsys.readouterr().out
    assert f"cd {folder_of(other)} && export AWS_DEFAULT_REGION=us-east-1" in output
    assert account.calls == []
    assert config(other) == config(root)
    by_name = {resource["name"]: resource for resource in folder_state(other)}
    assert by_name == {resource["name"]: resource for resource in folder_state(root)}
    run_chalice(folder_of(other), "deploy")
    assert apis() == [deployed]
    assert len(functions()) == 4


def test_a_stage_that_is_not_deployed_has_no_folder(account: Account, root: Path, capsys: Any):
    assert cli.main(FOLDER, dependencies(root)) == 1

    assert capsys.readouterr().err == (
        "error: the stage dev is not in us-east-1: create it with `make deploy STAGE=dev`\n"
    )
    assert account.calls == []
    assert not folder_of(root).exists()


def test_destroy_removes_the_folder(account: Account, deployed: str, root: Path):
    assert cli.main(["destroy", "--stage", "dev", "--yes"], dependencies(root)) == 0

    assert not folder_of(root).exists()
    process = chalice(root, "url", "--stage", "dev", environ=dict(os.environ))
    assert process.stderr == "Error: Could not find a record of a Rest API in chalice stage: 'dev'\n"
