"""The folder that a stage is deployed from, in which Chalice's own commands work: after a deploy, or by `folder`."""

from __future__ import annotations

import io
import json
import os
import time
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import cli
from infra.stage.state import rest_api
from local import moto_state
from tests.support.checkout import chalice
from tests.support.deploying import Account, bucket, clone, world

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
FOLDER = ["folder", "--stage", "dev"]

EXTRA = """

@app.lambda_function()
def extra(event, context):
    return {}
"""


def client(service: str) -> Any:
    made: Any = boto3.client(service)  # type: ignore[call-overload]
    return made


def folder_of(root: Path) -> Path:
    return root / "build" / "deploy" / "dev"


def config(root: Path) -> dict[str, Any]:
    """What Chalice is told in the folder."""
    return dict(json.loads((folder_of(root) / ".chalice" / "config.json").read_text()))


def known(root: Path) -> list[dict[str, str]]:
    """What Chalice knows in the folder to be deployed."""
    return list(json.loads((folder_of(root) / ".chalice" / "deployed" / "dev.json").read_text())["resources"])


def typed(folder: Path, *command: str, send: str = "") -> str:
    """What a command of Chalice prints."""
    done = chalice(folder, *command, "--stage", "dev", environ=dict(os.environ), send=send)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def apis() -> list[str]:
    return [api["id"] for api in client("apigateway").get_rest_apis()["items"]]


def functions() -> set[str]:
    return {function["FunctionName"] for function in client("lambda").list_functions()["Functions"]}


@pytest.fixture
def deployed(account: Account, root: Path, capsys: Any) -> str:
    """The id of the API of a stage that was deployed once."""
    assert cli.main(DEPLOY, world(root)) == 0, capsys.readouterr()
    (api,) = apis()
    account.calls.clear()
    return api


def recorded() -> str:
    """Chalice's record in the artifact bucket."""
    return (moto_state.read(bucket("artifacts"), "chalice/dev.json") or b"").decode()


def test_url_logs_and_invoke_work_in_the_folder_and_in_the_root(account: Account, deployed: str, root: Path):
    account.invoked["b3-dataflow-dev-ingest"] = lambda: {"added": "one"}
    logs, group = client("logs"), "/aws/lambda/b3-dataflow-dev-ingest"
    logs.create_log_stream(logGroupName=group, logStreamName="one")
    events = [{"timestamp": int(time.time() * 1000), "message": "it was here"}]
    logs.put_log_events(logGroupName=group, logStreamName="one", logEvents=events)

    for folder in (folder_of(root), root):
        url = typed(folder, "url")
        assert url == f"https://{deployed}.execute-api.us-east-1.amazonaws.com/dev/\n"
        assert "it was here" in typed(folder, "logs", "--name", "ingest")
        assert json.loads(typed(folder, "invoke", "--name", "ingest", send="{}")) == {"added": "one"}


def test_chalice_deploy_in_the_folder_brings_the_same_system_to_what_is_in_it(
    account: Account, deployed: str, root: Path, tmp_path: Path
):
    path = folder_of(root) / ".chalice" / "config.json"
    path.write_text(path.read_text().replace('"lambda_timeout": 300', '"lambda_timeout": 200'))

    typed(folder_of(root), "deploy")

    assert client("lambda").get_function_configuration(FunctionName="b3-dataflow-dev-ingest")["Timeout"] == 200
    assert cli.main(DEPLOY, world(clone(tmp_path / "other"))) == 0
    assert apis() == [deployed] == [rest_api(recorded())]
    assert functions() == {"b3-dataflow-dev", "b3-dataflow-dev-ingest", "b3-dataflow-dev-start_refine"}


def test_what_chalice_deployed_in_a_folder_is_known_to_every_clone(
    account: Account, deployed: str, root: Path, tmp_path: Path
):
    folder = folder_of(root)
    app, more = folder / "app.py", config(root)
    app.write_text(app.read_text() + EXTRA)
    role = more["lambda_functions"]["ingest"]["iam_role_arn"]
    more["lambda_functions"]["extra"] = {"iam_role_arn": role}
    (folder / ".chalice" / "config.json").write_text(json.dumps(more))
    typed(folder, "deploy")
    other = clone(tmp_path / "other")
    # One of somebody else, whose name is like that of a handler.
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

    assert cli.main(FOLDER, world(other)) == 0
    names = {resource["name"] for resource in known(other)}
    assert {"extra", "api_handler"} <= names
    assert "mine" not in names

    # This version of the app does not have it.
    assert cli.main(DEPLOY, world(other)) == 0
    assert functions() == {
        "b3-dataflow-dev",
        "b3-dataflow-dev-ingest",
        "b3-dataflow-dev-mine",
        "b3-dataflow-dev-start_refine",
    }


def test_another_clone_gets_the_folder_without_a_change_in_aws(
    account: Account, deployed: str, root: Path, tmp_path: Path, capsys: Any
):
    other = clone(tmp_path / "other")

    assert cli.main(FOLDER, world(other)) == 0

    said = capsys.readouterr().out
    assert f"cd {folder_of(other)} && export AWS_DEFAULT_REGION=us-east-1" in said
    assert account.calls == []
    assert config(other) == config(root)
    by_name = {resource["name"]: resource for resource in known(other)}
    assert by_name == {resource["name"]: resource for resource in known(root)}
    typed(folder_of(other), "deploy")
    assert apis() == [deployed]
    assert len(functions()) == 3


def test_a_stage_that_is_not_deployed_has_no_folder(account: Account, root: Path, capsys: Any):
    assert cli.main(FOLDER, world(root)) == 1

    assert capsys.readouterr().err == ("error: the stage dev is not in us-east-1: `make deploy STAGE=dev` makes it\n")
    assert account.calls == []
    assert not folder_of(root).exists()


def test_a_stage_that_is_destroyed_leaves_no_folder(account: Account, deployed: str, root: Path):
    assert cli.main(["destroy", "--stage", "dev", "--yes"], world(root)) == 0

    assert not folder_of(root).exists()
    done = chalice(root, "url", "--stage", "dev", environ=dict(os.environ))
    assert done.stderr == "Error: Could not find a record of a Rest API in chalice stage: 'dev'\n"
