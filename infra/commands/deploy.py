"""`deploy`: from an account with credentials to a stage that runs, and to its next version. Each step repeats well."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.console import step
from infra import clients
from infra.clients import Aws
from infra.commands import checks, plan
from infra.commands.smoke import SmokeTest
from infra.errors import SmokeFailed
from infra.options import Options, World
from infra.packaging import artifacts, target
from infra.packaging.artifacts import Artifacts
from infra.stage import chalice_process, gateway, keys, lambda_settings, project, stacks
from infra.stage.names import STACKS, Place
from infra.stage.stacks import Stacks
from infra.stage.state import NOTHING, State, as_found, rest_api

DEFAULT_ARCHITECTURE = "x86_64"

_KEPT = ("AlarmEmail", "MonthlyBudget", "LogRetentionDays", "Crawler")
"""Parameters of the main stack that stay as they are, unless something else is asked for."""


def run(options: Options, world: World) -> None:
    """Do it, or only tell what would be done.

    Raises:
        DeployError: it cannot be done; what was done stays, and the same command goes on from there.
    """
    config = project.committed(world.root, options.stage)
    if options.dry_run:
        architecture, email = options.architecture or DEFAULT_ARCHITECTURE, options.email or ""
        plan.rehearse(options.stage, options.region, lambda at: plan.deployment(at, architecture, email, None))
        return
    target.check_python()
    aws, at = checks.destination(options.region, options.stage)
    made = Stacks(aws.cloudformation)
    checks.buckets(aws, at, made)
    now = made.parameters(at.stack("main"))
    architecture = options.architecture or now.get("LayerArchitecture", DEFAULT_ARCHITECTURE)
    email = now.get("AlarmEmail", "") if options.email is None else options.email
    existing = {kind: made.describe(at.stack(kind)) is not None for kind in STACKS}
    print(plan.deployment(at, architecture, email, existing))
    reserve, quota = lambda_settings.can_reserve(aws, at, project.reserved(config))
    if not reserve:
        print(
            f"  note: this account may run {quota} functions at once, so none is kept free for these: AWS keeps "
            f"{lambda_settings.KEPT_FREE} for the others. Service Quotas can raise it.\n"
        )
    plan.go_ahead(options.yes)
    said = {"AlarmEmail": options.email, "MonthlyBudget": options.budget}
    asked = {name: str(value) for name, value in said.items() if value is not None}
    _Deployment(aws, at, made, world, config, asked, architecture, reserve).do()


@dataclass(frozen=True, slots=True)
class _Deployment:
    """One run of the command.

    Attributes:
        asked: parameters of the main stack that are to be another than they are.
        reserve: whether the functions are to have runs for themselves.
    """

    aws: Aws
    at: Place
    stacks: Stacks
    world: World
    config: dict[str, Any]
    asked: dict[str, str]
    architecture: str
    reserve: bool

    def do(self) -> None:
        """All steps, and then the address."""
        total = len(plan.STEPS)
        with step(1, total, "packages") as done:
            packages = self.world.build(self.build, self.architecture)
            done(f"layer {_megabytes(packages.layer)}, {len(packages.job.wheels)} wheels for the job")
        with step(2, total, "bootstrap") as done:
            done(self._apply("bootstrap", {}))
            bucket = self._outputs("bootstrap")["ArtifactBucket"]
        with step(3, total, "upload") as done:
            uploaded = artifacts.upload(self.aws.s3, bucket, packages)
            done(f"{uploaded.sent} of {uploaded.total} objects sent")
        with step(4, total, "data") as done:
            done(self._apply("data", {}))
        with step(5, total, "main") as done:
            done(self._apply("main", self._parameters(bucket, uploaded)))
            outputs = self._outputs("bootstrap") | self._outputs("data") | self._outputs("main")
        with step(6, total, "Chalice") as done:
            api = self._chalice(bucket, outputs)
            done(f"{len(project.reserved(self.config))} functions, REST API {api}, schedule, S3 event")
        with step(7, total, "gateway") as done:
            lambda_settings.catch_failures(self.aws, self.at, outputs["FailureQueueArn"])
            gateway.answer_in_our_shape(self.aws.apigateway, api, self.at, self._origin)
            gateway.limit(self.aws.apigateway, api, self.at)
            key = keys.give(self.aws.apigateway, api, self.at)
            done(f"{len(gateway.ERRORS)} errors, {gateway.RATE} requests a second, key {key}")
        self._smoke(api, key, outputs)

    @property
    def build(self) -> Path:
        """Where what is built lies."""
        return self.world.root / "build"

    @property
    def _origin(self) -> str:
        return str(self.config["stages"][self.at.stage]["environment_variables"]["B3_CORS_ORIGIN"])

    def _apply(self, kind: str, parameters: dict[str, str]) -> str:
        name = self.at.stack(kind)
        stage = {"Stage": self.at.stage}
        kept = [each for each in _KEPT if each not in parameters]
        return f"{name} {self.stacks.apply(name, stacks.template(kind), stage | parameters, self.at.tags, kept)}"

    def _outputs(self, kind: str) -> dict[str, str]:
        return self.stacks.outputs(self.at.stack(kind))

    def _parameters(self, bucket: str, uploaded: Artifacts) -> dict[str, str]:
        return {
            **self.asked,
            **self._outputs("data"),
            "ArtifactBucket": bucket,
            "LayerKey": uploaded.layer,
            "LayerArchitecture": self.architecture,
            "JobScriptKey": uploaded.job_script,
            "JobLibraryKey": uploaded.job_library,
            "JobModules": ",".join(uploaded.job_modules),
        }

    def _chalice(self, bucket: str, outputs: dict[str, str]) -> str:
        """Let Chalice deploy, from the record in the bucket, which then holds what Chalice did. Gives the API's id."""
        stage = self.at.stage
        state = State(self.aws, self.at, bucket)
        found = as_found(state.fetch(), self.aws, self.at)
        made = project.configured(self.config, stage, outputs, self.architecture, self.reserve)
        folder = project.lay_out_stage(self.world.root, made, stage, found)
        record = project.state_file(folder, stage)
        # Whoever deploys the stage at the same time finds this changed, or changes it before it is put again.
        state.put(found or NOTHING)
        try:
            chalice_process.run("deploy", folder, stage, self.aws.region)
        finally:
            if record.exists():
                state.put(record.read_text(encoding="utf-8"))
        return rest_api(record.read_text(encoding="utf-8"))

    def _smoke(self, api: str, key: str, outputs: dict[str, str]) -> None:
        """See whether it works, and tell the address whether or not."""
        url = f"https://{api}.execute-api.{self.at.region}.amazonaws.com/{self.at.stage}"
        total = len(plan.STEPS)
        try:
            with step(total, total, plan.STEPS[-1]) as done:
                secret = self.aws.apigateway.get_api_key(apiKey=key, includeValue=True)["value"]
                done(SmokeTest(self.aws, self.at, outputs, url, secret, self.world.ask).run())
        except (SmokeFailed, *clients.ERRORS) as error:
            said = error if isinstance(error, SmokeFailed) else clients.explained(error)
            raise SmokeFailed(f"the deployment stands, but its smoke test did not pass: {said}") from error
        finally:
            print(_farewell(url, key, self.at), flush=True)


def _megabytes(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.0f} MB"


def _farewell(url: str, key: str, at: Place) -> str:
    # The key itself is not shown: what a terminal or a CI shows is kept, and read by others.
    return f"""
  API     {url}
  docs    {url}/docs
  key     aws apigateway get-api-key --api-key {key} --include-value --query value --output text --region {at.region}

Try, with the key in $KEY,
  curl -H "x-api-key: $KEY" '{url}/ibov/volatility?limit=5'
"""
