"""An AWS account for tests of the deployment: moto, with the calls that it lacks, and a record of changing calls."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import boto3
import pytest
from moto.apigateway.models import apigateway_backends
from moto.awslambda.models import lambda_backends
from moto.budgets.models import budgets_backends
from moto.cloudformation.models import cloudformation_backends

import tests.support.moto_cloudformation  # noqa: F401 - registers its resource types in moto
from chalicelib import wiring
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.store import Lake
from infra.packaging import runtime
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import COLLECTED, raw_object, session_bars
from tests.support.lake import SESSION

Environ = dict[str, Any]


@dataclass
class Account:
    """WSGI application in front of moto's server.

    Attributes:
        calls: Every call that changes a resource, in order: the service, and the action or the method and path.
        denied_calls: Calls that are answered with an access error.
        responses: Responses in place of moto's, status and body, by call.
        next_responses: Responses to the next calls in place of moto's, in order, by call.
        functions: Code of the functions, by name. It returns the function's response, or raises.
        sent_events: Function and payload of each asynchronous invocation.
        tags: Tags of API Gateway's resources, by ARN.
        runs: Concurrency limit of the account.
        events: Events that S3 sent to start_refine.
        after: Called with each call after moto's response.
        before: Called with each request: its environment, the call, and the body.
    """

    moto: Callable[..., Iterable[bytes]]
    calls: list[str] = field(default_factory=list)
    denied_calls: set[str] = field(default_factory=set)
    responses: dict[str, tuple[str, str]] = field(default_factory=dict)
    next_responses: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    functions: dict[str, Callable[[], Any]] = field(default_factory=dict)
    sent_events: list[tuple[str, Any]] = field(default_factory=list)
    tags: dict[str, dict[str, str]] = field(default_factory=dict)
    runs: int = 1000
    events: list[Any] = field(default_factory=list)
    after: Callable[[str], None] = lambda call: None
    before: Callable[[Environ, str, bytes], None] = lambda environ, call, body: None

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read()
        call = _call(environ, body)
        self.before(environ, call, body)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") and not re.search(r" (Describe|Get|List)[A-Z]", call):
            self.calls.append(call)
        if (replacement := self._replacement(call, environ["PATH_INFO"], body)) is not None:
            return _respond(start_response, *replacement)
        if call.endswith("/invocations"):
            function = environ["PATH_INFO"].split("/")[3]
            if environ.get("HTTP_X_AMZ_INVOCATION_TYPE") == "Event":
                self.sent_events.append((function, json.loads(body)))
                return _respond(start_response, "202 Accepted", "")
            return self._invoke(function, start_response)
        body = _adapt_request(call, body)
        request = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        response = list(self.moto(request, start_response))
        _complete_response(environ, call, response)
        self.after(call)
        return response

    def _replacement(self, call: str, path: str, body: bytes) -> tuple[str, str] | None:
        """Return the status and body of a response in place of moto's, None to call moto."""
        if call in self.denied_calls:
            return "403 Forbidden", _denial(call)
        if self.next_responses.get(call):
            return self.next_responses[call].pop(0)
        if call in self.responses:
            return self.responses[call]
        return self._unimplemented(call, path, body)

    def _unimplemented(self, call: str, path: str, body: bytes) -> tuple[str, str] | None:
        """Return the response of AWS to a call that moto does not implement, None for another call."""
        if "/account-settings" in call:
            return "200 OK", self._settings()
        if call.startswith("apigateway PUT /tags/"):
            self.tags[path.removeprefix("/tags/")] = json.loads(body)["tags"]
            return "204 No Content", ""
        if call == "budgets UpdateBudget":
            budget = json.loads(body)["NewBudget"]
            budgets()[budget["BudgetName"]].budget |= budget
            return "200 OK", "{}"
        if call.startswith("apigateway DELETE /restapis/") and (refusal := _usage_plan_error(path.split("/")[2])):
            return "400 Bad Request", refusal
        return None

    def _settings(self) -> str:
        """Return the response of Lambda's GetAccountSettings, which moto does not implement."""
        functions = lambda_backends[moto_state.ACCOUNT][moto_state.REGION].list_functions("ALL")
        reserved = sum(function.reserved_concurrency or 0 for function in functions)
        limit = {"ConcurrentExecutions": self.runs, "UnreservedConcurrentExecutions": self.runs - reserved}
        return json.dumps({"AccountLimit": limit})

    def _invoke(self, function: str, start_response: Any) -> Iterable[bytes]:
        try:
            # A name or an ARN.
            response = self.functions[function.rpartition(":")[2]]()
        except Exception as error:  # noqa: BLE001 - Lambda reports every exception
            failure = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
            return _respond(start_response, "200 OK", failure, ("X-Amz-Function-Error", "Unhandled"))
        return _respond(start_response, "200 OK", json.dumps(response))


def _call(environ: Environ, body: bytes) -> str:
    """Return the service and the action of a request. The action is in a header or the body, else method and path."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else "unsigned"
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return f"{service} {target.rpartition('.')[2]}"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return f"{service} {parse_qs(body.decode())['Action'][0]}"
    query = environ.get("QUERY_STRING", "").partition("=")[0]
    return f"{service} {environ['REQUEST_METHOD']} {environ['PATH_INFO']}{f'?{query}' if query else ''}"


def _respond(start_response: Any, status: str, body: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    kind = "text/xml" if body.startswith("<") else "application/json"
    start_response(status, [("Content-Type", kind), ("x-amzn-RequestId", "0"), *headers])
    return [body.encode()]


def _denial(call: str) -> str:
    service, _, action = call.partition(" ")
    message = (
        f"User: arn:aws:iam::123456789012:user/ana is not authorized to perform: {service}:{action} on resource: x"
    )
    if service in ("cloudformation", "sns", "sts", "s3"):
        error = f"<Code>AccessDenied</Code><Message>{message}</Message>"
        return (
            f"<Error>{error}</Error>" if service == "s3" else f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        )
    return json.dumps({"__type": "AccessDeniedException", "message": message})


def _usage_plan_error(api: str) -> str:
    """Return AWS's error for deleting an API in a usage plan, empty if it is in none. moto deletes the API."""
    backend = apigateway_backends[moto_state.ACCOUNT][moto_state.REGION]
    plans = [plan for plan in backend.usage_plans.values() if api in [stage["apiId"] for stage in plan.api_stages]]
    error = {"__type": "BadRequestException", "message": "A stage of this API is in a usage plan"}
    return json.dumps(error) if plans else ""


def _adapt_request(call: str, body: bytes) -> bytes:
    """Return a request body that moto accepts. AWS also accepts the form that Chalice sends."""
    if call.startswith("s3 PUT") and call.endswith("?notification"):
        return body.replace(b"<Name>Prefix<", b"<Name>prefix<").replace(b"<Name>Suffix<", b"<Name>suffix<")
    if not call.startswith("apigateway") or "?" not in call or not body.startswith(b"{"):
        return body
    document = json.loads(body)
    if document.pop("swagger", None):
        # moto supports OpenAPI 3 only, and requires a description.
        document |= {"openapi": "3.0.1", "info": {**document["info"], "description": ""}}
        for path in document["paths"].values():
            for method in path.values():
                integration = method["x-amazon-apigateway-integration"]
                # The integration of a preflight has neither.
                method["x-amazon-apigateway-integration"] = {"uri": "", "httpMethod": "POST"} | integration
    return json.dumps(document).encode()


def _complete_response(environ: Environ, call: str, response: list[bytes]) -> None:
    """Apply the effects of AWS that moto does not have, on an imported API and on a new stack."""
    if call == "cloudformation CreateStack":
        for stack in cloudformation_backends[moto_state.ACCOUNT][moto_state.REGION].stacks.values():
            # A stack also has the parameters that the request left to their defaults.
            stack.parameters = {name: str(value) for name, value in stack.stack_parameters.items()}
    backend = apigateway_backends[moto_state.ACCOUNT][moto_state.REGION]
    if call.startswith("apigateway POST /restapis?"):
        kinds = parse_qs(environ["QUERY_STRING"]).get("endpointConfigurationTypes")
        api = backend.apis[json.loads(b"".join(response))["id"]]
        api.endpoint_configuration = {**api.endpoint_configuration, "types": kinds or ["EDGE"]}
    elif call.startswith("apigateway PUT /restapis/") and call.endswith("?mode"):
        backend.apis[environ["PATH_INFO"].split("/")[2]].gateway_responses.clear()


def budgets() -> dict[str, Any]:
    """Return the budgets of the account in moto, by name."""
    return dict(budgets_backends[moto_state.ACCOUNT]["aws"].budgets[moto_state.ACCOUNT])


def bucket(role: str) -> str:
    """Return a bucket of the stage dev."""
    return f"b3-dataflow-{role}-{moto_state.ACCOUNT}-{moto_state.REGION}-dev"


def ingest() -> dict[str, str]:
    """Run the function `ingest` of the tests: add a raw object, and run the job before it returns."""
    s3: Any = boto3.client("s3")
    lake = Lake(s3, bucket("raw"), bucket("refined"))
    now = COLLECTED + timedelta(hours=len(lake.raw_objects()))
    key, body = raw_object(session_bars("2025-01-02", 10), collected_at=now)
    s3.put_object(Bucket=lake.raw_bucket, Key=key, Body=body, IfNoneMatch="*")
    catalog = Catalog(SESSION, "b3_refined_db_dev", "ibov_refined", f"s3://{lake.refined_bucket}/refined/")
    # On AWS the output of the job is in its log.
    with contextlib.redirect_stdout(io.StringIO()):
        update_refined(lake, catalog, f"jr_{key}", lambda: now)
    return {"added": key}


@contextlib.contextmanager
def empty_account(running: Laptop) -> Iterator[Account]:
    """Yield an empty AWS account. Its function `ingest` adds ten sessions, and runs the job."""
    if sys.version_info[:2] != runtime.PYTHON:
        pytest.skip("deploys from Python 3.13 only")
    running.aws.reset()
    server = running.aws._server
    created = Account(server.app)
    created.functions["b3-dataflow-dev-ingest"] = ingest
    server.app = created
    running.aws.functions[f"arn:aws:lambda:us-east-1:{moto_state.ACCOUNT}:function:b3-dataflow-dev-start_refine"] = (
        created.events.append
    )
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Tried to parse .* but it's not supported by moto")
        yield created
    server.app = created.moto
    running.aws.reset()
    wiring.clear_caches()
