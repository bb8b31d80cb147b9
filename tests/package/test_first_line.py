"""Commands of Chalice in a clean clone, with a new environment from requirements.txt."""

from __future__ import annotations

import os
import subprocess
import time
import venv
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra import cli
from local.laptop import Laptop
from tests.support.bars import raw_object, session_bars
from tests.support.checkout import chalice, chalice_local, checkout, clean_environ, status
from tests.support.deploying import Account
from tests.support.lake import fill
from tests.support.processes import wait_for_response
from tests.support.stage_command import dependencies

SECONDS = 900.0


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkout(tmp_path_factory.mktemp("user") / "clone")


@pytest.fixture(scope="module")
def python(clone: Path) -> str:
    """Create an environment from requirements.txt, and return its Python."""
    venv.create(clone.parent / "venv", with_pip=True)
    executable = str(clone.parent / "venv" / "bin" / "python")
    # pip keeps this machine's settings, which have its package index.
    install = [executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check", "-r", "requirements.txt"]
    subprocess.run(install, cwd=clone, check=True, timeout=SECONDS)
    return executable


def test_chalice_local_answers_with_clean_environ(clone: Path, python: str, tmp_path: Path):
    with chalice_local(clone, environ=clean_environ(tmp_path), python=python) as (url, running):
        assert wait_for_response(f"{url}/", running)
        # 200 if `make run` is running on this machine.
        assert status(f"{url}/ibov/volatility") in (200, 503)

    assert "Traceback" not in running.output


def test_chalice_local_serves_the_lake_at_the_endpoint_that_is_exported(
    clone: Path, python: str, laptop: Laptop, tmp_path: Path
):
    fill(raw_object(session_bars("2025-01-02", 10)))
    environ = clean_environ(tmp_path) | {"AWS_ENDPOINT_URL": laptop.aws.endpoint}

    with chalice_local(clone, "--stage", "local", environ=environ, python=python) as (url, running):
        answer = wait_for_response(f"{url}/ibov/volatility?limit=2", running)

    assert [row["data"] for row in answer["rows"]] == ["2025-01-15", "2025-01-14"]


def test_the_environment_has_what_the_library_and_the_job_import(clone: Path, python: str, tmp_path: Path):
    modules = [f"chalicelib.{path.stem}" for path in sorted((clone / "chalicelib").glob("*.py"))]
    code = f"import {', '.join([*modules, 'chalicelib.ingest.sources.yahoo', 'b3_etl_job'])}"

    process = subprocess.run(
        [python, "-c", code],
        cwd=clone,
        env=clean_environ(tmp_path) | {"PYTHONPATH": str(clone / "glue")},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert (process.returncode, process.stderr) == (0, "")


@pytest.mark.parametrize("command", [("deploy", "--stage", "dev"), ("delete", "--stage", "dev"), ("package", "out")])
def test_a_command_that_needs_a_stage_is_refused_in_one_line(
    clone: Path, python: str, tmp_path: Path, command: tuple[str, ...]
):
    process = chalice(clone, *command, environ=clean_environ(tmp_path), python=python)

    assert (process.returncode, process.stdout, process.stderr.count("\n")) == (1, "", 1)
    assert process.stderr.startswith("Error: use `make ")


def test_after_make_deploy_chalice_works_in_the_folder(account: Account, clone: Path, python: str, capsys: Any):
    assert cli.main(["deploy", "--stage", "dev", "--yes"], dependencies(clone)) == 0, capsys.readouterr()
    account.functions["b3-dataflow-dev-ingest"] = lambda: {"added": "one"}
    logs: Any = boto3.client("logs")
    stream = {"logGroupName": "/aws/lambda/b3-dataflow-dev", "logStreamName": "one"}
    logs.create_log_stream(**stream)
    logs.put_log_events(**stream, logEvents=[{"timestamp": int(time.time() * 1000), "message": "a log line"}])
    ((api,),) = [boto3.client("apigateway").get_rest_apis()["items"]]

    def run_chalice(folder: Path, *command: str) -> str:
        process = chalice(folder, *command, "--stage", "dev", environ=os.environ, send="{}", python=python)
        assert process.returncode == 0, process.stdout + process.stderr
        return process.stdout

    folder = clone / "build" / "deploy" / "dev"
    assert f"https://{api['id']}.execute-api.us-east-1.amazonaws.com/dev/" in run_chalice(folder, "deploy")
    for place in (folder, clone):
        assert run_chalice(place, "url") == f"https://{api['id']}.execute-api.us-east-1.amazonaws.com/dev/\n"
        assert "a log line" in run_chalice(place, "logs")
        assert run_chalice(place, "invoke", "--name", "ingest").strip() == '{"added": "one"}'
    assert [each["id"] for each in boto3.client("apigateway").get_rest_apis()["items"]] == [api["id"]]
