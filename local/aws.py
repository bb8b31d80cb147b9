"""Local AWS: one server on loopback with moto, and Athena, Glue job runs and S3 events that moto lacks."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from moto.moto_server.werkzeug_app import MotoRequestHandler
from werkzeug.serving import make_server

from common.paths import ROOT
from local import moto_state, s3_writes
from local.athena.actions import MOTO
from local.athena.actions import actions as athena_actions
from local.athena.engine import Engine
from local.athena.executions import Executions
from local.connections import Connection
from local.defaults import HOST
from local.door import Door
from local.environment import sdk_environ
from local.front import Front
from local.glue_jobs import GlueJobs, script_environ
from local.s3_events import Handler, S3Events


class LocalAws:
    """Local AWS. Starts on entry; stops and deletes its state on exit.

    Only one can exist in a process at a time, because moto's state is global.

    Args:
        port: port on 127.0.0.1; 0 selects a free port.
        athena_latency: minimum number of seconds of an Athena query.
        root: project folder, in which the scripts of jobs run.

    Raises:
        OSError: the port is in use.
    """

    def __init__(self, port: int = 0, athena_latency: float = 0.0, root: Path = ROOT) -> None:
        self.save: Callable[[], None] = lambda: None
        """Called after each request that may have changed S3 or the catalog."""
        self.functions: dict[str, Handler] = {}
        """Functions that S3's notifications can invoke, by ARN."""
        # If werkzeug bound the port itself, it would exit the process when the port is in use.
        self._socket = socket.create_server((HOST, port))
        self.endpoint = f"http://{HOST}:{self._socket.getsockname()[1]}"
        self.engine = Engine()
        # `save` is set later.
        self.executions = Executions(self.engine, athena_latency, save=lambda: self.save())  # noqa: PLW0108
        self.jobs = GlueJobs(root, script_environ(self.environ()))
        self.events = S3Events(self.functions)
        actions = {"athena": athena_actions(self.executions), "glue": self.jobs.actions()}
        front = Front(actions, {"athena": MOTO}, lambda: self.save())  # noqa: PLW0108
        self._server = make_server(
            HOST, 0, Door(front), threaded=True, request_handler=_QuietHandler, fd=self._socket.fileno()
        )
        self._policies = ExitStack()
        self._thread = threading.Thread(target=self._server.serve_forever, name="local-aws", daemon=True)
        self._warming = threading.Thread(target=self.engine.warm, name="athena-warm", daemon=True)

    def environ(self) -> dict[str, str]:
        """Return the environment variables that send any AWS SDK to this server."""
        return sdk_environ(self.endpoint)

    def reset(self) -> None:
        """Delete all state, so that the account is empty."""
        self.events.drop()
        self.jobs.close()
        self.executions.clear()
        moto_state.reset()

    def __enter__(self) -> LocalAws:
        self.events.install()
        self._policies.enter_context(s3_writes.checked())
        self._thread.start()
        self._warming.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.events.close()
        self._policies.close()
        self.jobs.close()
        self.executions.close()
        self.engine.close()
        self._warming.join()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
        self._socket.close()
        # moto's state is global: the next local AWS in this process would start with it.
        moto_state.reset()


class _QuietHandler(Connection, MotoRequestHandler):
    """Moto's request handler without a log line for each request."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass

    def connection_dropped(self, error: BaseException, environ: Any = None) -> None:  # noqa: ARG002
        """Close the connection: after a timeout, werkzeug would read the rest of the body as the next request."""
        self.close_connection = True
