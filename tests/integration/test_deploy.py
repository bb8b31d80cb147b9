"""`deploy` to an empty account, and again. Runs Chalice, against moto."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import boto3
import pytest

from chalicelib import layout
from infra import cli
from infra.stage import gateway, throttling
from infra.stage.state import rest_api
from local import moto_state
from local.laptop import Laptop
from tests.support.deploying import Account, bucket
from tests.support.stage_command import build, clone, dependencies

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
STATE = "chalice/dev.json"
RELEASES = "releases/dev.json"


def client(service: str) -> Any:
    service_client: Any = boto3.client(service)  # type: ignore[call-overload]
    return service_client


def stored_state() -> dict[str, Any]:
    """Return Chalice's state in the artifact bucket."""
    return dict(json.loads(moto_state.read(bucket("artifacts"), STATE) or b""))


def functions() -> dict[str, Any]:
    return {function["FunctionName"]: function for function in client("lambda").list_functions()["Functions"]}


def test_the_plan_is_printed_and_then_each_step(account: Account, root: Path, capsys: Any):
    assert cli.main(DEPLOY, dependencies(root)) == 0

    output = capsys.readouterr().out
    plan, _, rest = output.partition("  1/8  packages")
    assert "stage dev, account 123456789012, region us-east-1" in plan
    for name in ("bootstrap", "data", "main"):
        assert f"create the stack b3-dataflow-{name}-dev" in plan
    assert "alarms without a recipient (EMAIL=)" in plan
    steps = re.findall(r"^  (\d)/8  (\S+(?: test)?) +\d+\.\d s  (\S.*)$", f"  1/8  packages{rest}", re.MULTILINE)
    assert [step[:2] for step in steps] == [
        (str(number), name)
        for number, name in enumerate(
            ("packages", "bootstrap", "upload", "data", "main", "Chalice", "gateway", "smoke test"), 1
        )
    ]
    assert steps[2][2] == "6 of 6 objects sent"
    assert steps[7][2] == "10 sessions to 2025-01-15"
    url = re.search(r"API +(https://\w+\.execute-api\.us-east-1\.amazonaws\.com/dev)\n", rest)
    assert url is not None
    assert f"{url[1]}/docs" in rest
    assert "aws apigateway get-api-key --api-key " in rest
    value = client("apigateway").get_api_keys(includeValues=True)["items"][0]["value"]
    assert value not in output


def test_each_function_has_the_settings_of_the_configuration_and_the_stacks(deployed: str, root: Path):
    outputs: dict[str, str] = {}
    for kind in ("data", "main"):
        (stack,) = client("cloudformation").describe_stacks(StackName=f"b3-dataflow-{kind}-dev")["Stacks"]
        outputs |= {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
    deployed_functions = functions()
    config = json.loads((root / ".chalice" / "config.json").read_text())["lambda_functions"]
    names = {"api_handler": "b3-dataflow-dev", "ingest": "b3-dataflow-dev-ingest"}
    names |= {name: f"b3-dataflow-dev-{name}" for name in ("restart_refine", "start_refine")}
    roles = {"api_handler": "ApiRoleArn", "ingest": "IngestRoleArn"}
    roles |= {"restart_refine": "RestartRefineRoleArn", "start_refine": "StartRefineRoleArn"}

    assert set(deployed_functions) == set(names.values())
    for handler, name in names.items():
        function = deployed_functions[name]
        assert function["Runtime"] == "python3.13"
        assert function["Role"] == outputs[roles[handler]]
        assert function["MemorySize"] == config[handler]["lambda_memory_size"]
        assert function["Timeout"] == config[handler]["lambda_timeout"]
        assert function["TracingConfig"] == {"Mode": "Active"}
        layers = [layer["Arn"] for layer in function.get("Layers", [])]
        assert layers == ([outputs["LayerArn"]] if handler == "ingest" else [])
        concurrency = client("lambda").get_function_concurrency(FunctionName=name)
        assert concurrency["ReservedConcurrentExecutions"] == config[handler]["reserved_concurrency"]
        assert client("lambda").list_tags(Resource=function["FunctionArn"])["Tags"]["b3-dataflow"] == "dev"
        assert function["Environment"]["Variables"] == {
            "B3_RAW_BUCKET": bucket("raw"),
            "B3_REFINED_BUCKET": bucket("refined"),
            "B3_ATHENA_BUCKET": bucket("athena"),
            "B3_DATABASE": "b3_refined_db_dev",
            "B3_TABLE": "ibov_refined",
            "B3_MARKET": "no",
            "B3_JOB": outputs["Job"],
            "B3_MARKET_JOB": "b3-market-job-dev",
            "B3_WORKGROUP": "b3-dataflow-dev",
            "B3_OFFICIAL_CLOSES": "yes",
            "B3_API_ACCESS": "key",
            "B3_CORS_ORIGIN": "*",
        }


def test_events_start_the_functions_and_failures_go_to_the_queue(account: Account, deployed: str, running: Laptop):
    arn = functions()["b3-dataflow-dev-start_refine"]["FunctionArn"]
    (notification,) = client("s3").get_bucket_notification_configuration(Bucket=bucket("raw"))[
        "LambdaFunctionConfigurations"
    ]
    assert (notification["LambdaFunctionArn"], notification["Events"]) == (arn, ["s3:ObjectCreated:*"])
    rules = {rule["Name"].lower(): rule["Value"] for rule in notification["Filter"]["Key"]["FilterRules"]}
    assert rules == {"prefix": layout.RAW_PREFIX, "suffix": layout.RAW_SUFFIX}

    running.aws.events.wait_idle(60)
    records = [record for event in account.events for record in event.get("Records", [])]
    keys = [unquote_plus(record["s3"]["object"]["key"]) for record in records]
    assert keys == [entry.key for entry in moto_state.objects(bucket("raw"), "")]

    rule = client("events").describe_rule(Name="b3-dataflow-dev-ingest-event")
    assert (rule["ScheduleExpression"], rule["State"]) == ("cron(30 1,11 ? * TUE-SAT *)", "ENABLED")
    (target,) = client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == functions()["b3-dataflow-dev-ingest"]["FunctionArn"]

    rule = client("events").describe_rule(Name="b3-dataflow-dev-restart_refine-event")
    assert json.loads(rule["EventPattern"])["detail"]["jobName"] == ["b3-etl-job-dev", "b3-market-job-dev"]
    (target,) = client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"] == functions()["b3-dataflow-dev-restart_refine"]["FunctionArn"]

    for name in ("ingest", "restart_refine", "start_refine"):
        config = client("lambda").get_function_event_invoke_config(FunctionName=f"b3-dataflow-dev-{name}")
        assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (2, 3600)
        # The next event of the schedule requests everything again.
        queue = None if name == "ingest" else "arn:aws:sqs:us-east-1:123456789012:b3-dataflow-failures-dev"
        assert config.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination") == queue


def test_the_api_is_regional_throttled_and_has_a_key(account: Account, deployed: str):
    apigateway = client("apigateway")

    assert apigateway.get_rest_api(restApiId=deployed)["endpointConfiguration"]["types"] == ["REGIONAL"]
    stage = apigateway.get_stage(restApiId=deployed, stageName="dev")
    limits = {
        method: (settings["throttlingRateLimit"], settings["throttlingBurstLimit"])
        for method, settings in stage["methodSettings"].items()
    }
    assert limits.pop("*/*") == (throttling.RATE, throttling.BURST)
    assert {burst for _, burst in limits.values()} == {40}
    gets = {method: rate for method, (rate, _) in limits.items() if method.endswith("/GET")}
    assert gets == {
        "~1/GET": 0.15,
        "~1assets~1{version}~1{name}/GET": 0.25,
        "~1docs/GET": 0.01,
        "~1openapi.json/GET": 0.01,
    }
    # Every method that an unknown client may call, of those that Chalice deployed.
    methods = {
        f"{resource['path'].replace('/', '~1')}/{name}"
        for resource in apigateway.get_resources(restApiId=deployed, embed=["methods"])["items"]
        for name in resource.get("resourceMethods", {})
    }
    with_key = {method for method in methods if re.match("~1(ibov|acoes|status)", method) and "OPTIONS" not in method}
    assert methods - with_key == set(limits)
    assert set(account.tags) == {
        f"arn:aws:apigateway:us-east-1::/restapis/{deployed}",
        f"arn:aws:apigateway:us-east-1::/restapis/{deployed}/stages/dev",
    }
    (plan,) = apigateway.get_usage_plans()["items"]
    assert plan["name"] == "b3-dataflow-dev"
    assert plan["apiStages"] == [{"apiId": deployed, "stage": "dev"}]
    assert plan["quota"]["period"] == "DAY"
    (key,) = apigateway.get_usage_plan_keys(usagePlanId=plan["id"])["items"]
    assert key["name"] == "b3-dataflow-dev"


def test_a_second_deploy_changes_only_what_chalice_always_writes(
    account: Account, deployed: str, root: Path, capsys: Any
):
    before, state = functions(), stored_state()
    capsys.readouterr()

    assert cli.main(DEPLOY, dependencies(root)) == 0

    output = capsys.readouterr().out
    uploads = [call for call in account.calls if call.startswith(f"s3 PUT /{bucket('artifacts')}/")]
    assert set(uploads) == {f"s3 PUT /{bucket('artifacts')}/{key}" for key in (STATE, RELEASES)}
    for name in ("bootstrap", "data", "main"):
        assert f"b3-dataflow-{name}-dev unchanged" in output
    assert "0 of 6 objects" in output
    assert "alarms to ana@example.org" in output
    assert "note: ana@example.org receives no alarm yet: confirm the e-mail that AWS sent there\n" in output
    assert set(functions()) == set(before)
    assert stored_state()["resources"] == state["resources"]
    apigateway = client("apigateway")
    assert [api["id"] for api in apigateway.get_rest_apis()["items"]] == [deployed]
    assert len(apigateway.get_api_keys()["items"]) == len(apigateway.get_usage_plans()["items"]) == 1
    layers = [layer["Arn"] for layer in functions()["b3-dataflow-dev-ingest"]["Layers"]]
    assert layers == ["arn:aws:lambda:us-east-1:123456789012:layer:b3-dataflow-dev:1"]


def test_each_request_is_logged_without_a_secret(account: Account, deployed: str, root: Path):
    apigateway = client("apigateway")

    settings = apigateway.get_stage(restApiId=deployed, stageName="dev")["accessLogSettings"]
    group = "/aws/apigateway/b3-dataflow-dev"
    assert settings["destinationArn"] == f"arn:aws:logs:us-east-1:123456789012:log-group:{group}"
    (found,) = client("logs").describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert found["retentionInDays"] == 30
    line = json.loads(settings["format"])
    assert {"requestId", "time", "ip", "method", "path", "status", "latency"} <= line.keys()
    # The id of a key is no secret, the key is. Headers, query and body may hold one.
    variables = set(line.values())
    assert not {name for name in variables if re.search(r"identity\.apiKey$|header|querystring|body|authorizer", name)}
    # The account had no role for the logs of API Gateway.
    role = apigateway.get_account()["cloudwatchRoleArn"]
    assert client("iam").get_role(RoleName=role.rpartition("/")[2])

    assert cli.main([*DEPLOY, "--access-logs", "no"], dependencies(root)) == 0
    assert not apigateway.get_stage(restApiId=deployed, stageName="dev").get("accessLogSettings")
    assert cli.main(DEPLOY, dependencies(root)) == 0
    assert not apigateway.get_stage(restApiId=deployed, stageName="dev").get("accessLogSettings")


def test_a_role_that_the_account_has_for_access_logs_stays(account: Account, root: Path):
    mine = "arn:aws:iam::123456789012:role/mine"
    operation = {"op": "replace", "path": "/cloudwatchRoleArn", "value": mine}
    client("apigateway").update_account(patchOperations=[operation])

    assert cli.main(DEPLOY, dependencies(root)) == 0

    assert client("apigateway").get_account()["cloudwatchRoleArn"] == mine
    stacks = {stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]}
    assert "b3-dataflow-account" not in stacks


def test_the_market_is_deployed_with_market_yes_and_removed_with_market_no(account: Account, root: Path, capsys: Any):
    glue, name = client("glue"), "b3-dataflow-market-dev"

    def settings(function: str) -> str:
        return str(functions()[function]["Environment"]["Variables"]["B3_MARKET"])

    def stacks() -> set[str]:
        return {stack["StackName"] for stack in client("cloudformation").describe_stacks()["Stacks"]}

    assert cli.main([*DEPLOY, "--market", "yes"], dependencies(root)) == 0
    output = capsys.readouterr().out
    assert f"the stack {name}: Glue job of the market, schedule" in output
    assert f"{name} created" in output
    job = glue.get_job(JobName="b3-market-job-dev")["Job"]
    location = job["Command"]["ScriptLocation"].removeprefix(f"s3://{bucket('artifacts')}/")
    assert moto_state.read(bucket("artifacts"), location) == b"# b3_market_job.py x86_64"
    (action,) = glue.get_trigger(Name="b3-dataflow-dev-market")["Trigger"]["Actions"]
    assert action["JobName"] == job["Name"]
    assert {settings("b3-dataflow-dev"), settings("b3-dataflow-dev-ingest")} == {"yes"}

    # Without the option it stays; the script is an artifact of the version.
    assert cli.main(DEPLOY, dependencies(root)) == 0
    assert f"{name} unchanged" in capsys.readouterr().out
    assert location in (moto_state.read(bucket("artifacts"), RELEASES) or b"").decode()

    assert cli.main([*DEPLOY, "--market", "no"], dependencies(root)) == 0
    assert f"{name} deleted" in capsys.readouterr().out
    assert name not in stacks()
    assert settings("b3-dataflow-dev-ingest") == "no"

    assert cli.main([*DEPLOY, "--market", "yes"], dependencies(root)) == 0
    assert name in stacks()
    assert cli.main(["destroy", "--stage", "dev", "--yes"], dependencies(root)) == 0
    assert stacks() <= {"b3-dataflow-account", "b3-dataflow-data-dev"}


def test_gateway_responses_are_set_after_every_deploy(account: Account, deployed: str, root: Path):
    for _ in range(2):
        responses = client("apigateway").get_gateway_responses(restApiId=deployed)["items"]
        assert {response["responseType"] for response in responses} == set(gateway.ERRORS)
        for response in responses:
            body = json.loads(response["responseTemplates"]["application/json"])
            assert list(body) == ["type", "title", "status", "detail", "instance"]
            assert str(body["status"]) == response["statusCode"]
            headers = response["responseParameters"]
            assert headers["gatewayresponse.header.Content-Type"] == "'application/problem+json'"
            assert headers["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"
        assert cli.main(DEPLOY, dependencies(root)) == 0
        # Gateway responses take effect with the next deployment of the API.
        put = max(number for number, call in enumerate(account.calls) if "/gatewayresponses/" in call)
        deployments = [number for number, call in enumerate(account.calls) if call.endswith("/deployments")]
        assert len([number for number in deployments if number > put]) == 1


def test_two_clones_deploy_the_same_stage(account: Account, deployed: str, tmp_path: Path):
    other = clone(tmp_path / "other")

    assert cli.main(DEPLOY, dependencies(other)) == 0

    assert [api["id"] for api in client("apigateway").get_rest_apis()["items"]] == [deployed]
    assert len(functions()) == 4
    assert not [call for call in account.calls if call in ("lambda POST /2015-03-31/functions", "events CreateRule")]
    assert rest_api(json.dumps(stored_state())) == deployed


@pytest.mark.parametrize("stage_before", [None, "deployed"])
def test_a_concurrent_deploy_is_an_error(
    account: Account, root: Path, tmp_path: Path, capsys: Any, request: Any, stage_before: str | None
):
    other = clone(tmp_path / "other")
    if stage_before:
        request.getfixturevalue(stage_before)

    def overtake(call: str) -> None:
        if call.startswith(("apigateway POST /restapis?", "apigateway PUT /restapis/")):
            account.after = lambda call: None
            assert cli.main(DEPLOY, dependencies(other)) == 0

    account.after = overtake
    assert cli.main(DEPLOY, dependencies(root)) == 1

    assert capsys.readouterr().err.endswith(
        f"error: another deploy of the stage dev ran at the same time and changed s3://{bucket('artifacts')}/"
        "chalice/dev.json; wait until it has ended, and repeat the command\n"
    )
    account.after = lambda call: None
    assert cli.main(DEPLOY, dependencies(root)) == 0


def test_omitted_options_keep_their_values(account: Account, root: Path):
    options = ["--arch", "arm64", "--email", "ana@example.org", "--budget", "9", "--b3", "no"]
    assert cli.main([*DEPLOY, *options], dependencies(root)) == 0
    assert cli.main(DEPLOY, dependencies(root)) == 0

    assert {tuple(function["Architectures"]) for function in functions().values()} == {("arm64",)}
    (stack,) = client("cloudformation").describe_stacks(StackName="b3-dataflow-main-dev")["Stacks"]
    parameters = {parameter["ParameterKey"]: parameter["ParameterValue"] for parameter in stack["Parameters"]}
    assert (parameters["LayerArchitecture"], parameters["AlarmEmail"]) == ("arm64", "ana@example.org")
    assert (parameters["MonthlyBudget"], parameters["OfficialCloses"]) == ("9", "no")
    assert functions()["b3-dataflow-dev-ingest"]["Environment"]["Variables"]["B3_OFFICIAL_CLOSES"] == "no"


def test_a_new_layer_is_uploaded_once_and_used_by_the_function(account: Account, deployed: str, root: Path):
    def newer(folder: Path, architecture: str) -> Any:
        packages = build(folder, architecture)
        shutil.copyfile(packages.layer, folder / "newer.zip")
        return replace(packages, layer=folder / "newer.zip", layer_digest="newer")

    assert cli.main(DEPLOY, replace(dependencies(root), build=newer)) == 0

    prefix = f"s3 PUT /{bucket('artifacts')}/"
    records = {f"{prefix}{STATE}", f"{prefix}{RELEASES}"}
    uploads = [call for call in account.calls if call.startswith(prefix) and call not in records]
    assert uploads == [f"s3 PUT /{bucket('artifacts')}/layer/newer.zip"]
    (layer,) = functions()["b3-dataflow-dev-ingest"]["Layers"]
    assert layer["Arn"].endswith(":layer:b3-dataflow-dev:2")
