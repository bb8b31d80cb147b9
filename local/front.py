"""WSGI application of the local AWS: runs the actions implemented in this project, and moto for all others."""

from __future__ import annotations

import json
import re
import traceback
import uuid
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import ServiceModel
from moto.moto_server.werkzeug_app import DomainDispatcherApplication, create_backend_app

from local import moto_state
from local.athena.errors import InvalidRequest
from local.athena.metadata import Action
from local.connections import whole_body
from local.door import Application, Environ, StartResponse
from local.glue_jobs import GlueError

_TYPES: dict[str, type | tuple[type, ...]] = {
    "boolean": bool,
    "double": (int, float),
    "integer": int,
    "list": list,
    "long": int,
    "map": dict,
    "string": str,
    "structure": dict,
}
"""Python type of a JSON value by AWS's name of its type."""

_SCOPE = re.compile(r"(Credential=[^/,]*/\d+/)[^/,]*/")
"""The scope of a signature up to its region, by which moto selects the resources."""


class _Malformed(Exception):
    """The request does not match AWS's model of the action.

    Args:
        code: name of AWS's exception.
        message: its message.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class Front:
    """WSGI application in front of moto's.

    An AWS SDK names the action of a JSON service in the header `X-Amz-Target`, such as `AWSGlue.StartJobRun`.

    Athena and Glue have no region here, as S3: a client may use any, and has the resources of the laptop's.

    Args:
        services: implemented actions by boto3's name of the service and AWS's name of the action.
        moto: for each service whose other actions are refused, those of moto's that are not.
        save: called after each request that may have changed S3 or the catalog, before its response is sent.
    """

    def __init__(
        self,
        services: Mapping[str, Mapping[str, Action]],
        moto: Mapping[str, Collection[str]],
        save: Callable[[], None],
    ) -> None:
        self._save = save
        self._targets: dict[str, tuple[Action, Any]] = {}
        self._prefixes: dict[str, Collection[str] | None] = {}
        for service, actions in services.items():
            model = ServiceModel(Loader().load_service_model(service, "service-2"), service)
            prefix = model.metadata["targetPrefix"]
            self._prefixes[prefix] = moto.get(service)
            for name, action in actions.items():
                self._targets[f"{prefix}.{name}"] = action, model.operation_model(name).input_shape
        self._moto: Application = _moto()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        # Read before the lock: a client that stops sending must not block the others.
        environ["wsgi.input"] = whole_body(environ)
        name = environ.get("HTTP_X_AMZ_TARGET", "")
        target = self._targets.get(name)
        if target is not None:
            return _respond(*target, environ, start_response)
        prefix, _, action = name.partition(".")
        if prefix in self._prefixes:
            of_moto = self._prefixes[prefix]
            if of_moto is not None and action not in of_moto:
                return _refuse(action, start_response)
            environ["HTTP_AUTHORIZATION"] = _SCOPE.sub(
                rf"\g<1>{moto_state.REGION}/", environ.get("HTTP_AUTHORIZATION", "")
            )
        with moto_state.LOCK:
            try:
                response = self._moto(environ, start_response)
            except Exception as error:
                # Only AWS's JSON protocol names its action in the header.
                if not action:
                    raise
                return (
                    _refuse(action, start_response)
                    if isinstance(error, NotImplementedError)
                    else _fail(error, start_response)
                )
            if _may_change(environ):
                self._save()
            return response


def _moto() -> Application:
    moto: Any = DomainDispatcherApplication(create_backend_app)
    # For each request moto lists its packages on disk to find that of a host name, half of its time for a small object.
    moto.get_backend_for_host = lru_cache(maxsize=256)(moto.get_backend_for_host)
    return moto  # type: ignore[no-any-return]


def _may_change(environ: Environ) -> bool:
    """Return whether a request may change S3 or Glue's catalog."""
    target = environ.get("HTTP_X_AMZ_TARGET", "")
    if target:
        return not target.partition(".")[2].startswith(("Get", "BatchGet", "List", "Search"))
    return environ["REQUEST_METHOD"] not in ("GET", "HEAD", "OPTIONS")


def _respond(action: Action, shape: Any, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    try:
        status, body = "200 OK", action(_request(environ, shape))
    except (InvalidRequest, GlueError, _Malformed) as error:
        status, body = "400 Bad Request", _error(error.code, error)
    except Exception as error:  # noqa: BLE001
        return _fail(error, start_response)
    return _send(status, body, start_response)


def _fail(error: Exception, start_response: StartResponse) -> Iterable[bytes]:
    """Respond to a bug of the local AWS: the client receives AWS's error, and the terminal shows the traceback."""
    traceback.print_exception(error)
    return _send("500 Internal Server Error", _error("InternalServerException", error), start_response)


def _refuse(action: str, start_response: StartResponse) -> Iterable[bytes]:
    error = _Malformed("UnknownOperationException", f"the local AWS does not implement {action}")
    return _send("400 Bad Request", _error(error.code, error), start_response)


def _send(status: str, body: Mapping[str, Any], start_response: StartResponse) -> Iterable[bytes]:
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid.uuid4()))]
    start_response(status, headers)
    return [json.dumps(body).encode()]


def _request(environ: Environ, shape: Any) -> Mapping[str, Any]:
    """Return the members of a request.

    Raises:
        _Malformed: the body is not JSON or does not match AWS's model.
    """
    try:
        body = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
    except ValueError as error:
        raise _Malformed("SerializationException", f"the body is not JSON: {error}") from error
    if not isinstance(body, dict):
        raise _Malformed("SerializationException", f"the body is {type(body).__name__}; allowed: a JSON object")
    for problem in _problems("the body", body, shape):
        raise _Malformed("ValidationException", problem)
    return body


def _problems(name: str, value: Any, shape: Any) -> Iterator[str]:
    """Yield a message for each missing member, wrong type and unknown value of an enumeration.

    Null counts as absent; unknown members are ignored.
    """
    if not _is(value, shape.type_name):
        yield f"{name} is {value!r}; allowed: {shape.type_name}"
        return
    if shape.type_name == "string" and shape.enum and value not in shape.enum:
        yield f"{name} is {value!r}; allowed: {', '.join(shape.enum)}"
    parts: list[tuple[str, Any, Any]] = []
    if shape.type_name == "structure":
        members = {member: part for member, part in value.items() if part is not None}
        for member in shape.required_members:
            if member not in members:
                yield f"{name} has no member {member}; required: {', '.join(shape.required_members)}"
        parts = [(member, members[member], shape.members[member]) for member in members.keys() & shape.members.keys()]
    elif shape.type_name == "list":
        parts = [(f"each of {name}", part, shape.member) for part in value]
    elif shape.type_name == "map":
        parts = [(f"{name}.{key}", part, shape.value) for key, part in value.items()]
    for part in parts:
        yield from _problems(*part)


def _is(value: object, type_name: str) -> bool:
    # In Python, bool is a subclass of int.
    return isinstance(value, _TYPES[type_name]) and (type_name == "boolean" or not isinstance(value, bool))


def _error(code: str, error: Exception) -> dict[str, Any]:
    return {"__type": code, "message": str(error), "Message": str(error)}
