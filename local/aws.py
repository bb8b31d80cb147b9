"""The local AWS: one server on loopback, moto behind three services that really work."""

from __future__ import annotations

import json
import socket
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import DomainDispatcherApplication, MotoRequestHandler, create_backend_app
from werkzeug.serving import make_server

from local import moto_state
from local.athena.actions import Action
from local.athena.actions import actions as athena_actions
from local.athena.engine import Engine
from local.athena.errors import InvalidRequest
from local.athena.executions import Executions
from local.environment import sdk_environ
from local.glue_jobs import GlueError, GlueJobs, script_environ
from local.s3_events import Handler, S3Events

HOST = "127.0.0.1"
ROOT = Path(__file__).resolve().parent.parent

Environ = dict[str, Any]
StartResponse = Callable[[str, list[tuple[str, str]]], Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]


class LocalAws:
    """Starts on entry, stops on exit.

    Args:
        port: where to listen on 127.0.0.1; 0 takes a free one.
        athena_latency: seconds that each Athena query takes at the least.
        root: the project's folder, from which the jobs' scripts run.

    Raises:
        OSError: the port is in use.
    """

    def __init__(self, port: int = 0, athena_latency: float = 0.0, root: Path = ROOT) -> None:
        self.functions: dict[str, Handler] = {}
        """What S3's notifications can invoke, by ARN."""
        # Bound here: left to it, werkzeug would end the whole process over a port in use.
        self._socket = socket.create_server((HOST, port))
        self.endpoint = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.engine = Engine()
        self.executions = Executions(self.engine, athena_latency)
        self.jobs = GlueJobs(root, script_environ(self.environ()))
        self.events = S3Events(self.functions)
        front = Front({"AmazonAthena": athena_actions(self.executions), "AWSGlue": self.jobs.actions()})
        self._server = make_server(
            HOST, 0, front, threaded=True, request_handler=_QuietHandler, fd=self._socket.fileno()
        )
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-aws", daemon=True)

    def environ(self) -> dict[str, str]:
        """The environment in which any AWS SDK talks to this server."""
        return sdk_environ(self.endpoint)

    def reset(self) -> None:
        """Forget everything, as an account that was never used."""
        self.events.drop()
        self.jobs.close()
        self.executions.forget()
        moto_state.reset()

    def __enter__(self) -> LocalAws:
        self.events.install()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.events.close()
        self.jobs.close()
        self.executions.close()
        self.engine.close()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._socket.close()


class Front:
    """What the server runs: the actions that are answered here, and moto for all others.

    An AWS SDK names the action of a JSON service in the header `X-Amz-Target`, such as `AWSGlue.StartJobRun`.
    """

    def __init__(self, actions: Mapping[str, Mapping[str, Action]]) -> None:
        self._actions = actions
        self._moto: Application = DomainDispatcherApplication(create_backend_app)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        service, _, name = environ.get("HTTP_X_AMZ_TARGET", "").partition(".")
        action = self._actions.get(service, {}).get(name)
        if action is not None:
            return _answer(action, environ, start_response)
        with moto_state.LOCK:
            return self._moto(environ, start_response)


def _answer(action: Action, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
    request = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)) or b"{}")
    status, body = "200 OK", {}
    try:
        body = action(request)
    except InvalidRequest as error:
        status, body = "400 Bad Request", _error("InvalidRequestException", error)
    except GlueError as error:
        status, body = "400 Bad Request", _error(error.code, error)
    headers = [("Content-Type", "application/x-amz-json-1.1"), ("x-amzn-RequestId", str(uuid.uuid4()))]
    start_response(status, headers)
    return [json.dumps(body).encode()]


def _error(code: str, error: Exception) -> dict[str, Any]:
    return {"__type": code, "message": str(error), "Message": str(error)}


class _QuietHandler(MotoRequestHandler):
    """Moto's, without a line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass
