"""Permissions that each role needs: for the calls of its code, and for those of AWS on its behalf.

A permission is an action on a resource: `("s3:GetObject", "arn:aws:s3:::bucket/key")`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

import boto3

from local.moto_state import ACCOUNT, REGION
from tests.support.template import Stack, all_outputs

Right = tuple[str, str]
Parameters = Mapping[str, Any]

ROLES = {
    "api": "ApiRole",
    "ingest": "IngestRole",
    "restart_refine": "RestartRefineRole",
    "start_refine": "StartRefineRole",
    "job": "JobRole",
}

NO_RESOURCE = {"xray:PutTraceSegments", "xray:PutTelemetryRecords"}
"""Actions that support the resource `*` only."""


@dataclass(frozen=True, slots=True)
class Names:
    """Names of a stage's resources."""

    raw: str
    refined: str
    athena: str
    artifacts: str
    database: str
    table: str
    job: str
    market_job: str
    workgroup: str
    queue_arn: str

    @classmethod
    def of(cls, stacks: Mapping[str, Stack]) -> Names:
        outputs = all_outputs(stacks)
        return cls(
            raw=outputs["RawBucket"],
            refined=outputs["RefinedBucket"],
            athena=outputs["AthenaBucket"],
            artifacts=outputs["ArtifactBucket"],
            database=outputs["Database"],
            table=outputs["Table"],
            job=outputs["Job"],
            market_job=outputs["MarketJobName"],
            workgroup=outputs["Workgroup"],
            queue_arn=outputs["FailureQueueArn"],
        )

    def table_arns(self) -> list[str]:
        """Return the ARNs of catalog, database and table. Glue requires a permission on each."""
        return [
            _glue("catalog"),
            _glue(f"database/{self.database}"),
            _glue(f"table/{self.database}/{self.table}"),
        ]


def bucket(name: str) -> str:
    return f"arn:aws:s3:::{name}"


def objects(name: str, key: str) -> str:
    return f"arn:aws:s3:::{name}/{key}"


def _glue(path: str) -> str:
    return f"arn:aws:glue:{REGION}:{ACCOUNT}:{path}"


# --- Permissions of a call --------------------------------------------------------------------------------------------


def _get_object(parameters: Parameters, _: Names) -> list[Right]:
    # Without ListBucket, S3 answers 403 for a missing key; the code expects 404.
    return [
        ("s3:GetObject", objects(parameters["Bucket"], parameters["Key"])),
        ("s3:ListBucket", bucket(parameters["Bucket"])),
    ]


def _if_match(action: str) -> Callable[[Parameters, Names], list[Right]]:
    def rights(parameters: Parameters, _: Names) -> list[Right]:
        # With If-Match, S3 also requires GetObject (user guide, "Conditional requests").
        actions = [action, "s3:GetObject"] if "IfMatch" in parameters else [action]
        return [(each, objects(parameters["Bucket"], parameters["Key"])) for each in actions]

    return rights


def _on_the_table(action: str) -> Callable[[Parameters, Names], list[Right]]:
    return lambda _, names: [(action, arn) for arn in names.table_arns()]


def _on_the_job(action: str) -> Callable[[Parameters, Names], list[Right]]:
    return lambda parameters, _: [(action, _glue(f"job/{parameters['JobName']}"))]


def _on_the_workgroup(action: str) -> Callable[[Parameters, Names], list[Right]]:
    return lambda _, names: [(action, f"arn:aws:athena:{REGION}:{ACCOUNT}:workgroup/{names.workgroup}")]


CALLS: Mapping[str, Callable[[Parameters, Names], list[Right]]] = {
    "athena.GetQueryExecution": _on_the_workgroup("athena:GetQueryExecution"),
    "athena.GetQueryResults": _on_the_workgroup("athena:GetQueryResults"),
    "athena.StartQueryExecution": _on_the_workgroup("athena:StartQueryExecution"),
    "athena.StopQueryExecution": _on_the_workgroup("athena:StopQueryExecution"),
    "glue.BatchCreatePartition": _on_the_table("glue:BatchCreatePartition"),
    "glue.BatchDeletePartition": _on_the_table("glue:BatchDeletePartition"),
    "glue.BatchUpdatePartition": _on_the_table("glue:BatchUpdatePartition"),
    "glue.CreateTable": _on_the_table("glue:CreateTable"),
    "glue.GetPartitions": _on_the_table("glue:GetPartitions"),
    "glue.GetTable": _on_the_table("glue:GetTable"),
    "glue.GetJobRun": _on_the_job("glue:GetJobRun"),
    "glue.GetJobRuns": _on_the_job("glue:GetJobRuns"),
    "glue.StartJobRun": _on_the_job("glue:StartJobRun"),
    "glue.UpdateTable": _on_the_table("glue:UpdateTable"),
    "s3.DeleteObject": _if_match("s3:DeleteObject"),
    "s3.GetObject": _get_object,
    "s3.ListObjectsV2": lambda parameters, _: [("s3:ListBucket", bucket(parameters["Bucket"]))],
    "s3.PutObject": _if_match("s3:PutObject"),
}
"""Permissions of each operation, from its parameters."""


# --- Permissions of AWS's own calls -------------------------------------------------------------------------------


_READ_TABLE = ("glue:GetTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition")


def _athena(names: Names) -> list[Right]:
    """Return the permissions that Athena uses for a query, with the role of the caller.

    Source: the Athena user guide, "Configure access to databases and tables in the AWS Glue Data Catalog" and the
    managed policy AmazonAthenaFullAccess: its permissions on data and results, without those that create or share.
    """
    result = objects(names.athena, "results/0f1e.csv")
    database = names.table_arns()[:2]
    return [
        *[("glue:GetDatabase", arn) for arn in [*database, _glue("database/default")]],
        *[(action, arn) for action in _READ_TABLE for arn in names.table_arns()],
        ("s3:GetObject", objects(names.refined, "refined/year=2025/ibov.parquet")),
        ("s3:ListBucket", bucket(names.refined)),
        ("s3:GetBucketLocation", bucket(names.refined)),
        *[(f"s3:{action}", result) for action in ("GetObject", "PutObject")],
        *[(f"s3:{action}", result) for action in ("AbortMultipartUpload", "ListMultipartUploadParts")],
        *[(f"s3:{each}", bucket(names.athena)) for each in ("ListBucket", "GetBucketLocation")],
        ("s3:ListBucketMultipartUploads", bucket(names.athena)),
    ]


def _lambda(function: str) -> list[Right]:
    """Return the permissions for a function's log and traces."""
    return [*_logs(f"/aws/lambda/{function}"), *[(action, "*") for action in sorted(NO_RESOURCE)]]


def _logs(group: str) -> list[Right]:
    arn = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:log-stream:a"
    return [("logs:CreateLogStream", arn), ("logs:PutLogEvents", arn)]


def _glue_job(names: Names) -> list[Right]:
    """Return the permissions that Glue uses to download the code and to write logs.

    Source: the Glue developer guide, "Create an IAM policy for the AWS Glue service", for logs and buckets.
    """
    code = ("job/1/b3_etl_job.py", "job/1/chalicelib.zip", "job/wheels/a.whl")
    groups = [f"/aws-glue/jobs/b3-dataflow-dev/{name}" for name in ("output", "error")]
    return [
        *[("s3:GetObject", objects(names.artifacts, key)) for key in code],
        *[(f"s3:{each}", bucket(names.artifacts)) for each in ("ListBucket", "GetBucketLocation")],
        *[right for group in groups for right in _logs(group)],
        *[("logs:CreateLogGroup", f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*") for group in groups],
    ]


def aws_calls(role: str, names: Names) -> list[Right]:
    """Return the permissions that AWS uses with a role, besides the calls of the code."""
    # Lambda sends an event to the queue after its last attempt failed.
    failures = [("sqs:SendMessage", names.queue_arn)]
    return {
        "api": [*_athena(names), *_lambda("b3-dataflow-dev")],
        "ingest": _lambda("b3-dataflow-dev-ingest"),
        "restart_refine": [*_lambda("b3-dataflow-dev-restart_refine"), *failures],
        "start_refine": [*_lambda("b3-dataflow-dev-start_refine"), *failures],
        "job": _glue_job(names),
    }[role]


# --- Calls, and permissions of the template --------------------------------------------------------------------------


@dataclass(slots=True)
class Recorder:
    """Records the calls of each role's code in a `with` block, through boto3's default session or a `boto3.Session`."""

    role: str | None = None
    calls: dict[str, list[tuple[str, Parameters]]] = field(default_factory=lambda: {role: [] for role in ROLES})

    def __enter__(self) -> Recorder:
        # boto3 also creates its default session by this name.
        boto3.Session = self._session  # type: ignore[misc,assignment]
        boto3.setup_default_session()
        return self

    def __exit__(self, *_: object) -> None:
        boto3.Session = boto3.session.Session  # type: ignore[misc]
        boto3.setup_default_session()

    def _session(self, **arguments: Any) -> boto3.session.Session:
        session = boto3.session.Session(**arguments)
        session.events.register("before-parameter-build", self._record)
        return session

    def _record(self, params: Parameters, model: Any, **_: Any) -> None:
        if self.role is not None:
            service = model.service_model.service_name
            self.calls[self.role].append((f"{service}.{model.name}", dict(params)))

    @contextmanager
    def acting(self, role: str) -> Iterator[None]:
        """Record the calls inside the `with` block for a role."""
        self.role = role
        try:
            yield
        finally:
            self.role = None

    def operations(self) -> set[str]:
        return {operation for calls in self.calls.values() for operation, _ in calls}


def required(role: str, recorder: Recorder, names: Names) -> set[Right]:
    """Return all permissions that a role needs."""
    rights = [right for operation, request in recorder.calls[role] for right in CALLS[operation](request, names)]
    return {*rights, *aws_calls(role, names)}


def allowed(logical_id: str, stack: Stack) -> set[Right]:
    """Return the permissions of a role in the template, as patterns: each action of a statement on each resource."""
    rights: set[Right] = set()
    for policy in stack.resources[logical_id]["Properties"]["Policies"]:
        for statement in policy["PolicyDocument"]["Statement"]:
            assert statement.keys() == {"Sid", "Effect", "Action", "Resource"}, statement
            assert statement["Effect"] == "Allow"
            for action in _list(statement["Action"]):
                rights |= {(action, resource) for resource in _list(statement["Resource"])}
    return rights


def covers(pattern: Right, right: Right) -> bool:
    """Return whether a pattern allows a permission. IAM's `*` matches any text, slashes too."""
    escaped = re.sub(r"([\[\]])", r"[\1]", pattern[1])
    return pattern[0] == right[0] and fnmatchcase(right[1], escaped)


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
