"""An account of AWS to deploy to: moto, with what it lacks for that, and a record of what is asked of it."""

from __future__ import annotations

import contextlib
import io
import json
import re
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
from moto.apigateway.models import apigateway_backends
from moto.awslambda.models import lambda_backends
from moto.cloudformation.models import cloudformation_backends

import tests.support.moto_cloudformation  # noqa: F401 - moto finds what is in it by itself
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.store import Lake
from common.paths import ROOT
from infra.options import World
from infra.packaging import application
from infra.packaging.job import JobPackage
from infra.packaging.packages import Packages
from local import moto_state
from tests.support.bars import COLLECTED, raw_object, session_bars

Environ = dict[str, Any]

ANSWER = '{"rows": [{"data": "2025-09-17"}]}'


@dataclass
class Account:
    """In front of moto's server.

    Attributes:
        calls: every call that changes something, in order: the service, and its name or its method and path.
        denied: calls that are answered as to somebody without the right to them.
        replaced: whole answers: status and body, by call.
        invoked: what runs when a function is invoked, by its name; gives the answer, or raises.
        sent: the function and the payload of each event that a function was sent without waiting for its answer.
        tagged: the tags of each part of API Gateway, by ARN.
        runs: how many functions the account may run at once.
        events: what S3 told start_refine.
        after: is told of each call once moto has done it.
    """

    moto: Callable[..., Iterable[bytes]]
    calls: list[str] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    replaced: dict[str, tuple[str, str]] = field(default_factory=dict)
    invoked: dict[str, Callable[[], Any]] = field(default_factory=dict)
    sent: list[tuple[str, Any]] = field(default_factory=list)
    tagged: dict[str, dict[str, str]] = field(default_factory=dict)
    runs: int = 1000
    events: list[Any] = field(default_factory=list)
    after: Callable[[str], None] = lambda call: None

    def __call__(self, environ: Environ, start_response: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        if "HTTP_TRANSFER_ENCODING" in environ:
            body = environ["wsgi.input"].read()
        call = _call(environ, body)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD") and not re.search(r" (Describe|Get|List)[A-Z]", call):
            self.calls.append(call)
        if (answered := self._answered(call, environ["PATH_INFO"], body)) is not None:
            return _answer(start_response, *answered)
        if call.endswith("/invocations"):
            function = environ["PATH_INFO"].split("/")[3]
            if environ.get("HTTP_X_AMZ_INVOCATION_TYPE") == "Event":
                self.sent.append((function, json.loads(body)))
                return _answer(start_response, "202 Accepted", "")
            return self._invoke(function, start_response)
        body = _understood(call, body)
        asked = environ | {"wsgi.input": io.BytesIO(body), "CONTENT_LENGTH": str(len(body))}
        answer = list(self.moto(asked, start_response))
        _as_aws_would(environ, call, answer)
        self.after(call)
        return answer

    def _answered(self, call: str, path: str, body: bytes) -> tuple[str, str] | None:
        """The status and the body of what moto is not asked, None for all else."""
        if call in self.denied:
            return "403 Forbidden", _denial(call)
        if call in self.replaced:
            return self.replaced[call]
        if "/account-settings" in call:
            return "200 OK", self._settings()
        if call.startswith("apigateway PUT /tags/"):
            # Moto does not know it.
            self.tagged[path.removeprefix("/tags/")] = json.loads(body)["tags"]
            return "204 No Content", ""
        if call.startswith("apigateway DELETE /restapis/") and (refusal := _held(path.split("/")[2])):
            return "400 Bad Request", refusal
        return None

    def _settings(self) -> str:
        """Lambda's GetAccountSettings, which moto does not have."""
        functions = lambda_backends[moto_state.ACCOUNT][moto_state.REGION].list_functions("ALL")
        held = sum(function.reserved_concurrency or 0 for function in functions)
        limit = {"ConcurrentExecutions": self.runs, "UnreservedConcurrentExecutions": self.runs - held}
        return json.dumps({"AccountLimit": limit})

    def _invoke(self, function: str, start_response: Any) -> Iterable[bytes]:
        try:
            # By its name, or by its ARN.
            said = self.invoked[function.rpartition(":")[2]]()
        except Exception as error:  # noqa: BLE001 - whatever a function raises, Lambda tells
            failure = json.dumps({"errorType": type(error).__name__, "errorMessage": str(error)})
            return _answer(start_response, "200 OK", failure, ("X-Amz-Function-Error", "Unhandled"))
        return _answer(start_response, "200 OK", json.dumps(said))


def _call(environ: Environ, body: bytes) -> str:
    """The service and the action of a request: in a header, in the body, or only as method and path."""
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2].split("/")
    service = scope[3] if len(scope) > 3 else "unsigned"
    if target := environ.get("HTTP_X_AMZ_TARGET"):
        return f"{service} {target.rpartition('.')[2]}"
    if environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded"):
        return f"{service} {parse_qs(body.decode())['Action'][0]}"
    query = environ.get("QUERY_STRING", "").partition("=")[0]
    return f"{service} {environ['REQUEST_METHOD']} {environ['PATH_INFO']}{f'?{query}' if query else ''}"


def _answer(start_response: Any, status: str, body: str, *headers: tuple[str, str]) -> Iterable[bytes]:
    kind = "text/xml" if body.startswith("<") else "application/json"
    start_response(status, [("Content-Type", kind), ("x-amzn-RequestId", "0"), *headers])
    return [body.encode()]


def _denial(call: str) -> str:
    service, _, action = call.partition(" ")
    message = (
        f"User: arn:aws:iam::123456789012:user/ana is not authorized to perform: {service}:{action} on resource: x"
    )
    if service in ("cloudformation", "sts", "s3"):
        error = f"<Code>AccessDenied</Code><Message>{message}</Message>"
        return (
            f"<Error>{error}</Error>" if service == "s3" else f"<ErrorResponse><Error>{error}</Error></ErrorResponse>"
        )
    return json.dumps({"__type": "AccessDeniedException", "message": message})


def _held(api: str) -> str:
    """Why an API cannot be deleted, as AWS says it and moto does not: a usage plan holds its stage."""
    backend = apigateway_backends[moto_state.ACCOUNT][moto_state.REGION]
    plans = [plan for plan in backend.usage_plans.values() if api in [held["apiId"] for held in plan.api_stages]]
    said = {"__type": "BadRequestException", "message": "A usage plan holds a stage of this API"}
    return json.dumps(said) if plans else ""


def _understood(call: str, body: bytes) -> bytes:
    """A request as moto takes it: AWS takes these parts in the form that Chalice sends, too."""
    if call.startswith("s3 PUT") and call.endswith("?notification"):
        return body.replace(b"<Name>Prefix<", b"<Name>prefix<").replace(b"<Name>Suffix<", b"<Name>suffix<")
    if not call.startswith("apigateway") or "?" not in call or not body.startswith(b"{"):
        return body
    document = json.loads(body)
    if document.pop("swagger", None):
        # Moto knows OpenAPI 3 only, and asks for a description.
        document |= {"openapi": "3.0.1", "info": {**document["info"], "description": ""}}
        for path in document["paths"].values():
            for method in path.values():
                integration = method["x-amazon-apigateway-integration"]
                # That of a preflight has neither.
                method["x-amazon-apigateway-integration"] = {"uri": "", "httpMethod": "POST"} | integration
    return json.dumps(document).encode()


def _as_aws_would(environ: Environ, call: str, answer: list[bytes]) -> None:
    """What AWS does besides, and moto does not: with an API that is imported or put anew, and with a new stack."""
    if call == "cloudformation CreateStack":
        for stack in cloudformation_backends[moto_state.ACCOUNT][moto_state.REGION].stacks.values():
            # A stack keeps the defaults of its parameters, and not only what was given.
            stack.parameters = {name: str(value) for name, value in stack.stack_parameters.items()}
    backend = apigateway_backends[moto_state.ACCOUNT][moto_state.REGION]
    if call.startswith("apigateway POST /restapis?"):
        kinds = parse_qs(environ["QUERY_STRING"]).get("endpointConfigurationTypes")
        api = backend.apis[json.loads(b"".join(answer))["id"]]
        api.endpoint_configuration = {**api.endpoint_configuration, "types": kinds or ["EDGE"]}
    elif call.startswith("apigateway PUT /restapis/") and call.endswith("?mode"):
        backend.apis[environ["PATH_INFO"].split("/")[2]].gateway_responses.clear()


def clone(folder: Path) -> Path:
    """A clone of the project, as far as it is deployed. It bundles nothing: that is for the packages' tests."""
    folder.mkdir()
    for name in ("app.py", "chalicelib"):
        (folder / name).symlink_to(ROOT / name)
    requirements = folder / application.REQUIREMENTS
    requirements.parent.mkdir(parents=True)
    requirements.touch()
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text((ROOT / ".chalice" / "config.json").read_text())
    return folder


def build(folder: Path, architecture: str) -> Packages:
    """Packages that are quick to build, and the same each time."""
    folder.mkdir(exist_ok=True)
    made = {}
    for name in ("layer.zip", "b3_etl_job.py", "chalicelib.zip", "one.whl", "two.whl"):
        made[name] = folder / name
        made[name].write_bytes(f"{name} {architecture}".encode())
    script, library, *wheels = (made[name] for name in ("b3_etl_job.py", "chalicelib.zip", "one.whl", "two.whl"))
    return Packages(made["layer.zip"], f"layer{architecture}", JobPackage(script, library, tuple(wheels), "job"))


def world(root: Path, answers: Callable[[str, str], tuple[int, str]] = lambda url, key: (200, ANSWER)) -> World:
    """The world of a test: a clone, quick packages, and an API that answers."""
    return World(build, answers, root)


def bucket(role: str) -> str:
    """A bucket of the stage dev."""
    return f"b3-dataflow-{role}-{moto_state.ACCOUNT}-{moto_state.REGION}-dev"


def ingest() -> dict[str, str]:
    """What the function does in this account: it adds a raw object, and the job has run before it answers."""
    s3: Any = boto3.client("s3")
    lake = Lake(s3, bucket("raw"), bucket("refined"))
    now = COLLECTED + timedelta(hours=len(lake.raw_objects()))
    key, body = raw_object(session_bars("2025-01-02", 10), collected_at=now)
    s3.put_object(Bucket=lake.raw_bucket, Key=key, Body=body)
    catalog = Catalog(boto3.Session(), "b3_refined_db_dev", "ibov_refined", f"s3://{lake.refined_bucket}/refined/")
    # What the job prints goes to its log on AWS.
    with contextlib.redirect_stdout(io.StringIO()):
        update_refined(lake, catalog, f"jr_{key}", lambda: now)
    return {"added": key}


if __name__ == "__main__":
    from infra.cli import main

    # A command line in a process of its own: the folder of the clone, then what `python -m infra` takes.
    sys.exit(main(sys.argv[2:], world(Path(sys.argv[1]))))
