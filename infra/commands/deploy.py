"""`deploy`: create a stage, or update it to this version of the project. Every step can be repeated."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.schema import SCHEMA_VERSION
from common.console import step
from infra import clients
from infra.clients import Aws
from infra.commands import checks, plan, rollback
from infra.commands.smoke import SmokeTest
from infra.dependencies import Dependencies
from infra.errors import NotificationRefused, SmokeFailed, StepFailed
from infra.options import ARCHITECTURE, BUDGET, EMAIL, MARKET, PRESERVED_PARAMETERS, Options
from infra.packaging import artifacts, runtime
from infra.packaging.artifacts import Artifacts
from infra.stage import (
    access_logs,
    budget,
    chalice_process,
    gateway,
    keys,
    lambda_settings,
    project,
    releases,
    stacks,
    subscriptions,
    throttling,
)
from infra.stage.names import STACKS, StageTarget
from infra.stage.stacks import Stacks
from infra.stage.state import EMPTY, State, reconcile, rest_api

DEFAULT_ARCHITECTURE = "x86_64"

_MARKET_OUTPUTS = ("RawBucket", "RefinedBucket", "ArtifactBucket", "Database", "AlarmTopicArn", "MarketJobName")
"""Outputs of the other stacks that are parameters of the market's."""

CHALICE_REPEATS, CHALICE_PAUSE = 2, 15.0
"""Repetitions of `chalice deploy` while S3 refuses the notification, and the seconds before each: the permission to
invoke the function takes effect after some seconds."""


def run(options: Options, dependencies: Dependencies) -> None:
    """Print the plan, and deploy the stage unless this is a dry run.

    Raises:
        DeployError: a check or a step failed. Repeat the command to continue.
    """
    if options.version is not None:
        rollback.run(options, options.version, dependencies.root, dependencies.run_in)
        return
    config = project.read_config(dependencies.root, options.stage)
    if options.dry_run:
        plan.print_dry_run(options.stage, options.region, lambda at: _plan(at, options.parameters, None))
        return
    runtime.check_python()
    aws, target = checks.connect(options.region, options.stage)
    cloudformation = Stacks(aws.cloudformation)
    checks.check_buckets(aws, target, cloudformation)
    checks.check_schema(aws, target, "this checkout", SCHEMA_VERSION)
    parameters = cloudformation.parameters(target.stack("main")) | dict(options.parameters)
    existing = {kind: cloudformation.describe(target.stack(kind)) is not None for kind in STACKS}
    print(_plan(target, parameters, existing))
    reserve, quota = lambda_settings.can_reserve(aws, target, project.reserved_concurrency(config))
    if not reserve:
        print(
            f"  note: this account may run {quota} functions at once, so no concurrency is reserved: AWS keeps "
            f"{lambda_settings.UNRESERVED_MINIMUM} unreserved. Service Quotas can raise the limit.\n"
        )
    plan.confirm_plan(options.yes)
    architecture = parameters.get(ARCHITECTURE.parameter, DEFAULT_ARCHITECTURE)
    changes = {**options.parameters, ARCHITECTURE.parameter: architecture}
    _Deployment(aws, target, cloudformation, dependencies, config, changes, architecture, reserve).run()


def _plan(target: StageTarget, parameters: Mapping[str, str], existing: Mapping[str, bool] | None) -> str:
    return plan.deploy_plan(
        target,
        parameters.get(ARCHITECTURE.parameter, DEFAULT_ARCHITECTURE),
        parameters.get(EMAIL.parameter, ""),
        existing,
        with_budget=parameters.get(BUDGET.parameter) != "0",
        with_market=parameters.get(MARKET.parameter) == "yes",
    )


@dataclass(frozen=True, slots=True)
class _Deployment:
    """One deploy.

    Attributes:
        config: .chalice/config.json.
        parameters: Parameters of the main stack to set, by name.
        architecture: Architecture of the functions.
        reserve: Whether to reserve concurrency for the functions.
    """

    aws: Aws
    target: StageTarget
    stacks: Stacks
    dependencies: Dependencies
    config: dict[str, Any]
    parameters: dict[str, str]
    architecture: str
    reserve: bool

    def run(self) -> None:
        """Run all steps, and print the URL."""
        total = len(plan.DEPLOY_STEPS)
        with step(1, total, "packages") as report:
            packages = self.dependencies.build(self.dependencies.root / "build", self.architecture)
            report(f"layer {_megabytes(packages.layer)}, {len(packages.job.wheels)} wheels of the job")
        with step(2, total, "bootstrap") as report:
            report(self._apply("bootstrap", {}))
            bucket = self._outputs("bootstrap")["ArtifactBucket"]
        with step(3, total, "upload") as report:
            uploads = artifacts.upload(self.aws.s3, bucket, packages)
            report(f"{uploads.sent} of {uploads.total} objects sent")
        with step(4, total, "data") as report:
            report(self._apply("data", {}))
        with step(5, total, "main") as report:
            change = self._apply("main", self._main_parameters(bucket, uploads))
            outputs = self._outputs("bootstrap") | self._outputs("data") | self._outputs("main")
            market = self._apply_market(outputs, uploads)
            report(f"{change}, {market}{self._ensure_budget(outputs)}")
        with step(6, total, "Chalice") as report:
            api = self._deploy_chalice(bucket, outputs)
            report(f"{len(project.reserved_concurrency(self.config))} functions, REST API {api}, schedule, S3 event")
        with step(7, total, "gateway") as report:
            lambda_settings.set_failure_destination(self.aws, self.target, outputs["FailureQueueArn"])
            gateway.set_gateway_responses(self.aws.apigateway, api, self.target, self._origin)
            throttling.set_throttling(self.aws.apigateway, api, self.target, self._origin)
            logs = access_logs.set_access_logs(self.aws.apigateway, self.stacks, api, self.target, outputs)
            key = keys.ensure_key(self.aws.apigateway, api, self.target)
            parameters = self.stacks.parameters(self.target.stack("main"))
            releases.record(self.aws.s3, self.target, parameters, releases.this_version(self.dependencies.root))
            report(f"{len(gateway.ERRORS)} gateway responses, {throttling.RATE} requests a second, {logs}, key {key}")
        self._run_smoke_test(api, key, outputs)

    @property
    def _origin(self) -> str:
        return str(self.config["stages"][self.target.stage]["environment_variables"]["B3_CORS_ORIGIN"])

    def _apply(self, kind: str, parameters: dict[str, str]) -> str:
        name = self.target.stack(kind)
        stage = {"Stage": self.target.stage}
        previous = [each for each in PRESERVED_PARAMETERS if each not in parameters]
        # The stack bootstrap makes the bucket that the templates of the others are uploaded to.
        bootstraps = kind == "bootstrap"
        template = stacks.template(kind) if bootstraps else stacks.upload_template(self.aws.s3, kind, self.target)
        change = self.stacks.apply(name, template, stage | parameters, self.target.tags, previous)
        return f"{name} {change}"

    def _apply_market(self, outputs: Mapping[str, str], uploads: Artifacts) -> str:
        """Create or update the stack of the market, or delete it with MARKET=no. Return what to report."""
        if outputs["Market"] == "no":
            name = self.target.stack("market")
            return f"{name} deleted, " if self.stacks.delete(name) else ""
        parameters = {name: outputs[name] for name in _MARKET_OUTPUTS} | {
            "MarketScriptKey": uploads.market_script,
            "JobLibraryKey": uploads.job_library,
            "JobModules": ",".join(uploads.job_modules),
            "PermissionsBoundary": self.stacks.parameters(self.target.stack("main"))["PermissionsBoundary"],
        }
        return f"{self._apply('market', parameters)}, "

    def _ensure_budget(self, outputs: Mapping[str, str]) -> str:
        dollars = float(outputs["MonthlyBudget"])
        try:
            return budget.ensure_budget(self.aws.budgets, self.target, dollars, outputs["AlarmTopicArn"])
        except ClientError as error:
            raise StepFailed(f"{clients.explain(error)}, or use BUDGET=0 for no budget") from error

    def _outputs(self, kind: str) -> dict[str, str]:
        return self.stacks.outputs(self.target.stack(kind))

    def _main_parameters(self, bucket: str, uploads: Artifacts) -> dict[str, str]:
        return {
            **self.parameters,
            **self._outputs("data"),
            "ArtifactBucket": bucket,
            "LayerKey": uploads.layer,
            "JobScriptKey": uploads.job_script,
            "JobLibraryKey": uploads.job_library,
            "JobModules": ",".join(uploads.job_modules),
        }

    def _deploy_chalice(self, bucket: str, outputs: dict[str, str]) -> str:
        """Run `chalice deploy` from the state in the bucket, store the new state there, and return the API's id."""
        state = State(self.aws, self.target, bucket)
        state.fetch()
        for _ in range(CHALICE_REPEATS):
            try:
                return self._run_chalice(state, outputs)
            except NotificationRefused:
                print(".", end="", flush=True)
                time.sleep(CHALICE_PAUSE)
        return self._run_chalice(state, outputs)

    def _run_chalice(self, state: State, outputs: dict[str, str]) -> str:
        stage = self.target.stage
        existing = reconcile(state.text, self.aws, self.target)
        config = project.stage_config(self.config, stage, outputs, self.architecture, self.reserve)
        folder = project.write_stage_folder(self.dependencies.root, config, stage, existing)
        path = project.state_file(folder, stage)
        # A concurrent deploy fails at its own put, or makes the put below fail.
        state.put(existing or EMPTY)
        try:
            chalice_process.run("deploy", folder, stage, self.aws.region)
        finally:
            if path.exists():
                state.put(path.read_text(encoding="utf-8"))
        return rest_api(path.read_text(encoding="utf-8"))

    def _run_smoke_test(self, api: str, key: str, outputs: dict[str, str]) -> None:
        """Run the smoke test. The URL is printed even if it fails."""
        url = f"https://{api}.execute-api.{self.target.region}.amazonaws.com/{self.target.stage}"
        total = len(plan.DEPLOY_STEPS)
        try:
            with step(total, total, plan.DEPLOY_STEPS[-1]) as report:
                secret = self.aws.apigateway.get_api_key(apiKey=key, includeValue=True)["value"]
                result = SmokeTest(self.aws, self.target, outputs, url, secret, self.dependencies.http_get).run()
                report(result.summary)
            if result.warning:
                print(f"warning: {result.warning}", file=sys.stderr)
        except (SmokeFailed, *clients.ERRORS) as error:
            reason = error if isinstance(error, SmokeFailed) else clients.explain(error)
            raise SmokeFailed(f"the stage is deployed, but its smoke test failed: {reason}") from error
        finally:
            print(_next_steps(url, key, self.target))
            print(subscriptions.notes(self.aws.sns, outputs["AlarmTopicArn"]), flush=True)


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.0f} MB"


def _next_steps(url: str, key: str, target: StageTarget) -> str:
    # A command instead of the key: logs of a CI are stored and shared.
    command = f"aws apigateway get-api-key --api-key {key} --include-value --query value --output text"
    return f"""
  page    {url}/
  API     {url}
  docs    {url}/docs
  key     {command} --region {target.region}

To try it, with the key in $KEY:
  curl -H "x-api-key: $KEY" '{url}/ibov/volatility?limit=5'
"""
