"""Permissions that the commands of a stage need: for their requests and Chalice's, and for those of CloudFormation."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote

import boto3
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local.moto_state import ACCOUNT, REGION
from tests.support.rights import Right
from tests.support.template import Stack

Environ = Mapping[str, Any]


def _arn(service: str, resource: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}"


# --- Requests ---------------------------------------------------------------------------------------------------------

_BUCKET_ACTIONS = {
    ("DELETE", ""): "DeleteBucket",
    ("GET", "list-type"): "ListBucket",
    ("GET", "notification"): "GetBucketNotification",
    ("GET", "versions"): "ListBucketVersions",
    ("HEAD", ""): "ListBucket",
    ("PUT", "notification"): "PutBucketNotification",
}
"""Permission for a request to a bucket, by its method and the first parameter of its query."""


@dataclass(slots=True)
class Requests:
    """Records the permissions that requests need."""

    rights: set[Right] = field(default_factory=set)

    def record(self, environ: Environ, call: str, body: bytes) -> None:
        """Record a request. `call` is the service and the action, or the method and path, as `Account.calls` has it."""
        service = call.partition(" ")[0]
        if service not in ("sts", "unsigned"):
            self.rights |= set(_REQUESTS[service](environ, call, body))


def _s3(environ: Environ, _: str, body: bytes) -> Iterator[Right]:
    name, _, key = environ["PATH_INFO"].lstrip("/").partition("/")
    method, query = environ["REQUEST_METHOD"], environ.get("QUERY_STRING", "").partition("=")[0].partition("&")[0]
    bucket, entry = f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/{key}"
    if not name:
        yield "s3:ListAllMyBuckets", "*"
    elif method == "POST" and query == "delete":
        for key in re.findall(rb"<Key>(.+?)</Key>", body):
            yield "s3:DeleteObjectVersion", f"{bucket}/{key.decode()}"
    elif not key:
        yield f"s3:{_BUCKET_ACTIONS[method, query]}", bucket
    elif method in ("GET", "HEAD"):
        # Without ListBucket, S3 answers 403 for a missing key; the code expects 404.
        yield from (("s3:GetObject", entry), ("s3:ListBucket", bucket))
    elif method == "PUT":
        yield "s3:PutObject", entry
        if "HTTP_IF_MATCH" in environ:
            yield "s3:GetObject", entry
    else:
        assert method == "DELETE", (method, key)
        yield "s3:DeleteObject", entry


def _lambda(environ: Environ, _: str, body: bytes) -> Iterator[Right]:
    operation, parameters = _lambda_operation(environ["REQUEST_METHOD"], environ["PATH_INFO"])
    content = json.loads(body) if body.startswith(b"{") and operation != "Invoke" else {}
    name = unquote(parameters.get("FunctionName") or parameters.get("Resource") or content.get("FunctionName") or "")
    function = "*" if not name else name if name.startswith("arn:") else _arn("lambda", f"function:{name}")
    yield f"lambda:{'InvokeFunction' if operation == 'Invoke' else operation}", function
    if content.get("Role"):
        yield "iam:PassRole", content["Role"]
    for layer in content.get("Layers") or ():
        yield "lambda:GetLayerVersion", layer
    if operation == "CreateFunction" and content.get("Tags"):
        yield "lambda:TagResource", function


def _lambda_operation(method: str, path: str) -> tuple[str, Mapping[str, str]]:
    model = boto3.client("lambda").meta.service_model
    for name in model.operation_names:
        http = model.operation_model(name).http
        pattern = re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", http["requestUri"].partition("?")[0]).rstrip("/")
        match = re.fullmatch(pattern, path.rstrip("/"))
        if http["method"] == method and match:
            return name, match.groupdict()
    raise KeyError(f"no operation of Lambda has {method} {path}")


def _api_gateway(environ: Environ, *_: object) -> Iterator[Right]:
    yield f"apigateway:{environ['REQUEST_METHOD']}", f"arn:aws:apigateway:{REGION}::{environ['PATH_INFO']}"


def _query(service: str, resource: str, parameter: str) -> Any:
    """Return the permissions of a service whose requests are forms: the action on the resource that a field names."""

    def rights(_: Environ, call: str, body: bytes) -> Iterator[Right]:
        values = parse_qs(body.decode()).get(parameter)
        name = values[0] if values else ""
        action = f"{service}:{call.partition(' ')[2]}"
        yield action, "*" if not name else name if name.startswith("arn:") else _arn(service, resource.format(name))

    return rights


def _json(service: str, resource: str, *parameters: str) -> Any:
    """Return the permissions of a service whose requests are JSON: the action on the resource that a field names."""

    def rights(_: Environ, call: str, body: bytes) -> Iterator[Right]:
        content = json.loads(body)
        name = next((str(content[each]) for each in parameters if each in content), "")
        yield f"{service}:{call.partition(' ')[2]}", _arn(service, resource.format(name.rpartition("/")[2] or name))

    return rights


def _budgets(_: Environ, call: str, body: bytes) -> Iterator[Right]:
    content = json.loads(body)
    name = content.get("BudgetName") or (content.get("Budget") or content.get("NewBudget"))["BudgetName"]
    action = "ViewBudget" if " Describe" in call else "ModifyBudget"
    yield f"budgets:{action}", f"arn:aws:budgets::{ACCOUNT}:budget/{name}"


def _without_resource(service: str) -> Any:
    return lambda environ, call, body: [(f"{service}:{call.partition(' ')[2]}", "*")]


_REQUESTS: Mapping[str, Any] = {
    "apigateway": _api_gateway,
    "budgets": _budgets,
    "ce": _without_resource("ce"),
    "cloudformation": _query("cloudformation", "stack/{}/1", "StackName"),
    "events": _json("events", "rule/{}", "Rule", "Name"),
    "glue": _json("glue", "job/{}", "JobName"),
    "lambda": _lambda,
    "monitoring": _without_resource("cloudwatch"),
    "s3": _s3,
    "sns": _query("sns", "{}", "TopicArn"),
    "sqs": _json("sqs", "{}", "QueueUrl"),
}
"""Permissions of a request, by the service that it is signed for."""


# --- CloudFormation ---------------------------------------------------------------------------------------------------

NOT_CALLED: Mapping[str, str] = {
    r"kms:.*|logs:(Disa|A)ssociateKmsKey": "nothing has a KMS key",
    r"s3tables:.*|s3:.*MetadataTable.*|s3:UpdateBucketMetadata.*": "no bucket has a metadata table",
    r"s3:(Put|DeleteBucket)(Bucket)?(Abac|Acl|Accelerate|Analytics|Cors|CORS|IntelligentTiering|Inventory|Logging"
    r"|Metrics|ObjectLock|Replication|Website)(Configuration)?": "no bucket has these",
    r"s3:(PutBucketNotification|PutObjectAcl|DeleteObject)": "no bucket has a notification or a log in its template",
    r"s3:DeleteBucket(Encryption|Lifecycle)|s3:REST.*": "no actions of IAM: the Put action covers them",
    r"firehose:.*|logs:(Put|Create|Delete)(DataProtectionPolicy|IndexPolicy|ResourcePolicy|LogDelivery"
    r"|BearerTokenAuthentication|LogGroupDeletionProtection)|logs:GetDataProtectionPolicy": "no log group has these",
    r"glue:(.*Connection|GetSchemaVersion)": "the database is not federated, and the table has no schema registry",
    r"lakeformation:(CreateTable|GetDataAccess)": "only where Lake Formation governs the catalog (docs/operations.md)",
    r"iam:((At|De)tachRolePolicy|.*PermissionsBoundary)": "the roles have inline policies, and no boundary",
    r"iam:CreateServiceLinkedRole": "the workgroup has no Spark engine",
    r"sns:(PutDataProtectionPolicy|SetSubscriptionAttributes)": "the topic and its subscription have none",
}
"""Permissions in CloudFormation's resource types for properties that the templates do not use, with the reason."""

_NOT_CALLED_BY_TYPE: Mapping[str, str] = {
    "AWS::Glue::Table": r"s3:(Get|Put)Object|glue:UpdateDatabase",
    "AWS::SNS::Subscription": r"iam:GetRole",
    "AWS::SNS::Topic": r"iam:GetRole",
}
"""The same for one type: an Iceberg table, a subscription of Firehose, the delivery logs of a topic."""

_PASSING = {"AWS::Glue::Job"}
"""Types with a role among their properties."""

_WITHOUT_RESOURCE = {
    *("cloudwatch:DescribeAlarms", "logs:DescribeIndexPolicies", "logs:DescribeLogGroups"),
    *("logs:DescribeResourcePolicies", "lakeformation:DescribeLakeFormationIdentityCenterConfiguration"),
    *("lakeformation:DescribeResource", "lakeformation:ListResources"),
}


def stack_rights(stack: Stack, name: str, artifacts: str) -> Iterator[Right]:
    """Yield the permissions for all resources of a stack, from the schemas of their types.

    Args:
        name: Name of the stack.
        artifacts: Name of the artifact bucket.
    """
    for logical_id, resource in stack.resources.items():
        kind = resource["Type"]
        for action in handler_permissions(kind):
            skipped = any(re.fullmatch(pattern, action) for pattern in NOT_CALLED)
            if skipped or re.fullmatch(_NOT_CALLED_BY_TYPE.get(kind, ""), action):
                continue
            if action in _WITHOUT_RESOURCE:
                yield action, "*"
            elif action != "iam:PassRole" or kind in _PASSING:
                for arn in _arns(kind, logical_id, resource["Properties"], name, action, artifacts):
                    yield action, arn


def handler_permissions(kind: str) -> set[str]:
    """Return the permissions that CloudFormation uses to create, read, update and delete a resource of a type."""
    handlers = PROVIDER_SCHEMA_MANAGER.get_resource_schema(REGION, kind).schema["handlers"]
    return {action for name, handler in handlers.items() if name != "list" for action in handler.get("permissions", ())}


def _arns(kind: str, logical_id: str, properties: Any, stack: str, action: str, artifacts: str) -> list[str]:
    """Return the ARNs that an action on a resource is checked against."""
    if action.startswith("iam:"):
        # CloudFormation ends the names that it makes with random characters.
        role = logical_id if kind == "AWS::IAM::Role" else "JobRole"
        return [f"arn:aws:iam::{ACCOUNT}:role/{stack}-{role}-1ABCDEF2GHIJ"]
    if action.startswith("s3:"):
        return [_s3_arn(kind, properties, action, artifacts)]
    if kind in ("AWS::Glue::Database", "AWS::Glue::Table"):
        database = properties.get("DatabaseName") or properties["DatabaseInput"]["Name"]
        arns = [_arn("glue", "catalog"), _arn("glue", f"database/{database}")]
        return [*arns, _arn("glue", f"table/{database}/ibov_refined")] if kind.endswith("Table") else arns
    if kind == "AWS::Lambda::LayerVersion":
        layer = _arn("lambda", f"layer:{properties['LayerName']}")
        return [layer if action == "lambda:PublishLayerVersion" else f"{layer}:1"]
    return [_ARNS[kind](properties)]


def _s3_arn(kind: str, properties: Any, action: str, artifacts: str) -> str:
    if kind == "AWS::Lambda::LayerVersion":
        return f"arn:aws:s3:::{artifacts}/{properties['Content']['S3Key']}"
    if kind != "AWS::Athena::WorkGroup":
        return f"arn:aws:s3:::{properties.get('BucketName') or properties['Bucket']}"
    location = properties["WorkGroupConfiguration"]["ResultConfiguration"]["OutputLocation"]
    bucket = location.removeprefix("s3://").partition("/")[0]
    on_objects = action in ("s3:GetObject", "s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts")
    return f"arn:aws:s3:::{bucket}/results/1" if on_objects else f"arn:aws:s3:::{bucket}"


_ARNS: Mapping[str, Any] = {
    "AWS::Athena::WorkGroup": lambda properties: _arn("athena", f"workgroup/{properties['Name']}"),
    "AWS::CloudWatch::Alarm": lambda properties: _arn("cloudwatch", f"alarm:{properties['AlarmName']}"),
    "AWS::Events::Rule": lambda properties: _arn("events", f"rule/{properties['Name']}"),
    "AWS::Glue::Job": lambda properties: _arn("glue", f"job/{properties['Name']}"),
    "AWS::Logs::LogGroup": lambda properties: _arn("logs", f"log-group:{properties['LogGroupName']}:*"),
    "AWS::SNS::Subscription": lambda properties: f"{properties['TopicArn']}:1",
    "AWS::SNS::Topic": lambda properties: _arn("sns", properties["TopicName"]),
    "AWS::SNS::TopicPolicy": lambda properties: properties["Topics"][0],
    "AWS::SQS::Queue": lambda properties: _arn("sqs", properties["QueueName"]),
    "AWS::SQS::QueuePolicy": lambda properties: _arn("sqs", properties["Queues"][0].rpartition("/")[2]),
}


# --- Policies ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement that allows actions on resources, each of which may have `*`."""

    sid: str
    actions: list[str]
    resources: list[str]

    def covers(self, right: Right) -> bool:
        """Return whether it allows a permission."""
        action, resource = right
        return any(fnmatchcase(action, each) for each in self.actions) and any(
            fnmatchcase(resource, each) for each in self.resources
        )


def statements(stack: Stack) -> list[Statement]:
    """Return the statements of the managed policies of a stack."""
    found = []
    for policy in stack.of("AWS::IAM::ManagedPolicy").values():
        for each in policy["PolicyDocument"]["Statement"]:
            assert each["Effect"] == "Allow"
            found.append(Statement(each["Sid"], _list(each["Action"]), _list(each["Resource"])))
    return found


def _list(value: Any) -> list[str]:
    return value if isinstance(value, list) else [value]
