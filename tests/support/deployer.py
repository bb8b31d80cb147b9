"""The policies of whoever deploys a stage, and the permissions that the requests of the commands and Chalice need."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import boto3

from local.moto_state import ACCOUNT, REGION
from tests.support.rights import Right
from tests.support.template import Stack

Environ = Mapping[str, Any]


def arn_of(service: str, resource: str) -> str:
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
    function = "*" if not name else name if name.startswith("arn:") else arn_of("lambda", f"function:{name}")
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
        yield action, "*" if not name else name if name.startswith("arn:") else arn_of(service, resource.format(name))

    return rights


def _cloudformation(environ: Environ, call: str, body: bytes) -> Iterator[Right]:
    yield from _query("cloudformation", "stack/{}/1", "StackName")(environ, call, body)
    # CloudFormation reads the template with the permissions of the caller.
    for url in parse_qs(body.decode()).get("TemplateURL", ()):
        parts = urlsplit(url)
        yield "s3:GetObject", f"arn:aws:s3:::{parts.netloc.partition('.')[0]}{parts.path}"


def _json(service: str, resource: str, *parameters: str) -> Any:
    """Return the permissions of a service whose requests are JSON: the action on the resource that a field names."""

    def rights(_: Environ, call: str, body: bytes) -> Iterator[Right]:
        content = json.loads(body)
        name = next((str(content[each]) for each in parameters if each in content), "")
        yield f"{service}:{call.partition(' ')[2]}", arn_of(service, resource.format(name.rpartition("/")[2] or name))

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
    "cloudformation": _cloudformation,
    "events": _json("events", "rule/{}", "Rule", "Name"),
    "glue": _json("glue", "job/{}", "JobName"),
    "lambda": _lambda,
    "monitoring": _without_resource("cloudwatch"),
    "s3": _s3,
    "sns": _query("sns", "{}", "TopicArn"),
    "sqs": _json("sqs", "{}", "QueueUrl"),
}
"""Permissions of a request, by the service that it is signed for."""


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
