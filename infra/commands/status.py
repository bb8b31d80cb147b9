"""`status`: one screen about a stage: what runs, how fresh and how good the data are, what it cost, what is wrong."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from chalicelib.errors import B3Error
from chalicelib.logs import pluralize
from infra import clients
from infra.clients import Aws, time_of
from infra.commands import checks
from infra.commands.lake_status import INDEX, MARKET, LakeStatus, at
from infra.dependencies import Dependencies
from infra.errors import PreconditionError
from infra.options import Options
from infra.stage import releases, subscriptions
from infra.stage.names import APP, HANDLERS, StageTarget
from infra.stage.outputs import StageOutputs
from infra.stage.stacks import Stacks
from infra.stage.state import find_apis


def run(options: Options, dependencies: Dependencies) -> None:  # noqa: ARG001 - the signature of all commands
    """Print the status of a stage. AWS is only read; what the credentials do not allow is named on its line.

    Raises:
        PreconditionError: the stage is not in this region.
    """
    aws, target = checks.connect(options.region, options.stage)
    outputs = StageOutputs(Stacks(aws.cloudformation), target)
    if not outputs:
        raise PreconditionError(
            f"the stage {target.stage} is not in {target.region}: create it with `make deploy STAGE={target.stage}`"
        )
    print(f"{APP}: stage {target.stage}, account {target.account}, region {target.region}\n")
    now = time_of(aws.sts.get_caller_identity())
    status = Status(aws, target, outputs, now)
    _print(
        {
            "version": status.version,
            "API": status.api,
            "functions": status.functions,
            **LakeStatus(aws, outputs, now, INDEX).sections(),
            "cost": status.cost,
            "alarms": status.alarms,
            "e-mail": status.recipients,
            "failures": status.failures,
        }
    )
    if outputs.get("Market") == "yes":
        print("\nmarket\n")
        _print(LakeStatus(aws, outputs, now, MARKET).sections())


def _print(sections: Mapping[str, Callable[[], list[str]]]) -> None:
    for name, section in sections.items():
        try:
            lines = section()
        except clients.ERRORS as error:
            lines = [f"cannot be read: {clients.explain(error)}"]
        except PreconditionError as error:
            lines = [f"none: {error}"]
        except B3Error as error:
            lines = [f"cannot be read: {error}"]
        for number, line in enumerate(lines):
            print(f"  {'' if number else name:<10} {line}")


@dataclass(frozen=True, slots=True)
class Status:
    """The lines of each section.

    Attributes:
        outputs: Outputs of the stacks.
        now: Time of AWS.
    """

    aws: Aws
    target: StageTarget
    outputs: StageOutputs
    now: datetime

    def version(self) -> list[str]:
        """Return the version that was deployed last."""
        for newest in releases.read(self.aws.s3, self.target)[:1]:
            version = newest.version
            commit = f" ({version.commit})" if version.commit else ""
            return [f"{version.number}{commit}, schema version {version.schema_version}, {at(newest.deployed_at)}"]
        return ["none is recorded: no deploy has finished, or the last was of version 2.0.0 or older"]

    def api(self) -> list[str]:
        """Return the address of the API."""
        return [api["rest_api_url"].rstrip("/") for api in find_apis(self.aws, self.target)] or ["none"]

    def functions(self) -> list[str]:
        """Return the state of each function."""
        return [self._function(self.target.function(handler)) for handler in HANDLERS]

    def _function(self, name: str) -> str:
        try:
            function = self.aws.functions.get_function_configuration(FunctionName=name)
        except self.aws.functions.exceptions.ResourceNotFoundException:
            return f"{name}: missing; `make deploy STAGE={self.target.stage}` creates it"
        changed = datetime.fromisoformat(function["LastModified"])
        return f"{name}: {function.get('State', 'Active')}, changed {at(changed)}"

    def cost(self) -> list[str]:
        """Return the cost of the current month, of what has the tag of the stage."""
        period = {"Start": f"{self.now:%Y-%m-01}", "End": f"{self.now + timedelta(days=1):%Y-%m-%d}"}
        months = self.aws.costs.get_cost_and_usage(
            TimePeriod=period,
            Granularity="MONTHLY",
            Metrics=["UnblendedCost"],
            Filter={"Tags": {"Key": APP, "Values": [self.target.stage]}},
        )["ResultsByTime"]
        dollars = sum(float(month["Total"]["UnblendedCost"]["Amount"]) for month in months)
        inactive = "" if dollars else f": nothing, or the tag {APP} is not active in Billing (docs/operations.md)"
        return [f"{dollars:.2f} US dollars since {period['Start']}{inactive}"]

    def alarms(self) -> list[str]:
        """Return the alarms that are on."""
        pages = self.aws.cloudwatch.get_paginator("describe_alarms").paginate(AlarmNamePrefix=f"{self.target.name}-")
        alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
        if not alarms:
            return [f"none exists: `make deploy STAGE={self.target.stage}` creates them"]
        return [
            f"{alarm['AlarmName']} since {at(alarm['StateUpdatedTimestamp'])}: {alarm.get('AlarmDescription', '')}"
            for alarm in alarms
            if alarm["StateValue"] == "ALARM"
        ] or [f"none of {len(alarms)} is on"]

    def recipients(self) -> list[str]:
        """Return the addresses that receive the alarms."""
        addresses = subscriptions.recipients(self.aws.sns, self.outputs["AlarmTopicArn"])
        return [
            f"{address}: {'confirmed' if confirmed else 'no alarm is sent until the e-mail of AWS there is confirmed'}"
            for address, confirmed in addresses.items()
        ] or ["no recipient of the alarms: `make deploy` with EMAIL="]

    def failures(self) -> list[str]:
        """Return the number of events in the failure queue."""
        name = "ApproximateNumberOfMessages"
        url = self.outputs["FailureQueueUrl"]
        count = int(self.aws.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])["Attributes"][name])
        replay = f": `make replay STAGE={self.target.stage}`" if count else ""
        return [f"{pluralize(count, 'event')} in the queue{replay}"]
