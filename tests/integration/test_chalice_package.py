"""The resources that Chalice plans for a stage, from `chalice package` for Terraform."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from chalicelib.api.routes import SERVED
from common.paths import ROOT
from infra.stage import chalice_process, project
from infra.stage.names import HANDLERS
from local import environment
from local.server import MINIMUM_COMPRESSION_SIZE
from tests.support.template import Stack, all_outputs, stacks

LAYER = "arn:aws:lambda:us-east-1:123456789012:layer:b3-dataflow-dev:1"


@pytest.fixture(scope="module")
def dev() -> dict[str, Stack]:
    return stacks("dev")


@pytest.fixture(scope="module")
def outputs(dev: dict[str, Stack]) -> dict[str, str]:
    return all_outputs(dev)


@pytest.fixture(scope="module")
def config(outputs: Mapping[str, str]) -> dict[str, Any]:
    return project.stage_config(project.read_config(ROOT, "dev"), "dev", outputs, "x86_64", reserve=True)


@pytest.fixture(scope="module")
def rendered(clean_environment: None, config: Any, tmp_path_factory: Any) -> dict[str, Any]:
    """Return the resources that Chalice would create, and the Swagger document of the API."""
    folder: Path = tmp_path_factory.mktemp("chalice")
    project.write_folder(ROOT, folder, config, "dev", None)
    # No requirements: a test has no access to a package index.
    (folder / "requirements.txt").write_text("")
    process = subprocess.run(
        chalice_process.command_line("package", "--pkg-format", "terraform", "--stage", "dev", "out"),
        cwd=folder,
        env={**os.environ, **environment.SDK},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    template = json.loads((folder / "out" / "chalice.tf.json").read_text(encoding="utf-8"))
    return {**template["resource"], "swagger": json.loads(template["locals"]["chalice_api_swagger"])}


@pytest.fixture
def functions(rendered: Mapping[str, Any]) -> Any:
    return rendered["aws_lambda_function"]


def test_the_functions_have_the_names_in_the_stack(functions: Any, dev: dict[str, Stack]):
    names = {handler: function["function_name"] for handler, function in functions.items()}

    assert names == {
        "api_handler": "b3-dataflow-dev",
        "ingest": "b3-dataflow-dev-ingest",
        "restart_refine": "b3-dataflow-dev-restart_refine",
        "start_refine": "b3-dataflow-dev-start_refine",
    }
    groups = {group["LogGroupName"] for group in dev["main"].of("AWS::Logs::LogGroup").values()}
    assert {f"/aws/lambda/{name}" for name in names.values()} <= groups
    watched = {
        each["Value"]
        for alarm in dev["main"].of("AWS::CloudWatch::Alarm").values()
        for each in alarm["Dimensions"]
        if each["Name"] == "FunctionName"
    }
    assert watched == set(names.values())


def test_each_function_has_its_role_and_chalice_creates_none(rendered: Mapping[str, Any], functions: Any, outputs: Any):
    roles = {handler: function["role"] for handler, function in functions.items()}

    assert roles == {
        "api_handler": outputs["ApiRoleArn"],
        "ingest": outputs["IngestRoleArn"],
        "restart_refine": outputs["RestartRefineRoleArn"],
        "start_refine": outputs["StartRefineRoleArn"],
    }
    assert len(set(roles.values())) == len(HANDLERS)
    assert not [type_ for type_ in rendered if type_.startswith("aws_iam")]


def test_only_the_ingest_has_the_layer(functions: Any, outputs: Mapping[str, str]):
    assert outputs["LayerArn"] == LAYER
    assert {handler: function.get("layers") for handler, function in functions.items()} == {
        "api_handler": None,
        "ingest": [LAYER],
        "restart_refine": None,
        "start_refine": None,
    }


def test_each_function_has_tracing_tags_memory_and_timeout(functions: Any):
    for function in functions.values():
        # Chalice uses the version of this Python.
        assert function["runtime"] == f"python3.{sys.version_info[1]}"
        assert function["architectures"] == ["x86_64"]
        assert function["tracing_config"] == {"mode": "Active"}
        assert function["tags"]["b3-dataflow"] == "dev"
        assert function["memory_size"] >= 512
    assert functions["api_handler"]["memory_size"] >= 1024
    # API Gateway's timeout.
    assert functions["api_handler"]["timeout"] == 29


def test_the_settings_are_the_outputs_of_the_stacks(functions: Any, outputs: Mapping[str, str]):
    for function in functions.values():
        variables = function["environment"]["variables"]
        assert variables["B3_RAW_BUCKET"] == outputs["RawBucket"]
        assert variables["B3_REFINED_BUCKET"] == outputs["RefinedBucket"]
        assert variables["B3_ATHENA_BUCKET"] == outputs["AthenaBucket"]
        assert variables["B3_JOB"] == "b3-etl-job-dev"
        assert variables["B3_MARKET_JOB"] == "b3-market-job-dev"
        assert variables["B3_API_ACCESS"] == "key"
        # AWS_* variables are for the laptop only.
        assert not [name for name in variables if name.startswith("AWS_")]


def test_chalice_creates_no_log_groups(rendered: Mapping[str, Any]):
    assert "aws_cloudwatch_log_group" not in rendered


def test_parquet_objects_of_raw_invoke_start_refine(rendered: Mapping[str, Any], outputs: Any):
    (notification,) = rendered["aws_s3_bucket_notification"].values()
    (function,) = notification["lambda_function"]

    assert notification["bucket"] == outputs["RawBucket"]
    assert function == {
        "events": ["s3:ObjectCreated:*"],
        "lambda_function_arn": "${aws_lambda_function.start_refine.arn}",
        "filter_prefix": "raw/",
        "filter_suffix": ".parquet",
    }
    permissions = [each for each in rendered["aws_lambda_permission"].values() if "s3." in each["principal"]]
    assert [each["function_name"] for each in permissions] == ["${aws_lambda_function.start_refine.arn}"]


def test_the_schedule_invokes_the_ingest_and_a_failed_run_restart_refine(rendered: Mapping[str, Any]):
    rules, targets = rendered["aws_cloudwatch_event_rule"], rendered["aws_cloudwatch_event_target"]

    assert {targets[name]["arn"]: rule.get("schedule_expression") for name, rule in rules.items()} == {
        "${aws_lambda_function.ingest.arn}": "cron(30 1,11 ? * TUE-SAT *)",
        "${aws_lambda_function.restart_refine.arn}": None,
    }
    (pattern,) = [json.loads(rule["event_pattern"]) for rule in rules.values() if "event_pattern" in rule]
    assert pattern["detail"]["jobName"] == ["b3-etl-job-dev", "b3-market-job-dev"]


def test_the_api_is_regional_and_the_alarm_watches_its_stage(rendered: Mapping[str, Any], dev: dict[str, Stack]):
    (api,) = rendered["aws_api_gateway_rest_api"].values()
    (deployment,) = rendered["aws_api_gateway_deployment"].values()
    watched = {
        each["Name"]: each["Value"] for each in dev["main"].of("AWS::CloudWatch::Alarm")["ApiAnswers"]["Dimensions"]
    }

    assert api["endpoint_configuration"] == {"types": ["REGIONAL"]}
    assert api["minimum_compression_size"] == MINIMUM_COMPRESSION_SIZE
    assert {"ApiName": api["name"], "Stage": deployment["stage_name"]} == watched


def test_every_route_exists_and_data_requires_a_key(rendered: Mapping[str, Any]):
    paths = rendered["swagger"]["paths"]

    assert set(paths) == set(SERVED)
    for path, methods in paths.items():
        assert set(methods) == {"get", "head", "options"}, path
        keyed = path == "/status" or path.startswith(("/ibov/", "/acoes"))
        assert ("security" in methods["get"]) == ("security" in methods["head"]) == keyed, path
