"""The whole of b3-dataflow in this process: the local AWS, the stack, and the Chalice app wired to it."""

from __future__ import annotations

import os
import threading
from contextlib import ExitStack
from datetime import UTC, datetime
from types import ModuleType
from typing import Any

from chalice.config import Config
from chalice.local import LocalChalice, LocalDevServer, create_local_server

from chalicelib import wiring
from chalicelib.ingest import Ingested, ingest
from chalicelib.manifest import Contents
from chalicelib.sources import Source
from local import environment, stack
from local.aws import HOST, LocalAws
from local.door import LoopbackHandler
from local.glue_jobs import JobRun

REFINE_SECONDS = 120.0
"""How long `refined` waits for the event and the job; they take some seconds."""


class Laptop:
    """Starts on entry, stops on exit; while it runs, the environment of this process points at it.

    Args:
        aws_port: where the local AWS listens; 0 takes a free port.
        athena_latency: seconds that each Athena query takes at the least.

    Raises:
        OSError: the port is in use.
    """

    def __init__(self, aws_port: int = 0, athena_latency: float = 0.0) -> None:
        self.aws = LocalAws(aws_port, athena_latency)
        self._stack = ExitStack()

    def __enter__(self) -> Laptop:
        with ExitStack() as entering:
            entering.enter_context(self.aws)
            entering.callback(environment.restore, dict(os.environ))
            environment.point_at(self.aws.endpoint)
            self._stack = entering.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def create_stack(self) -> None:
        """Create the buckets, the database, the job, the workgroup and the notification, and the app behind it."""
        stack.create(wiring.settings())
        self.aws.functions[stack.START_REFINE_ARN] = lambda event: self.app.start_refine(event, None)

    @property
    def app(self) -> ModuleType:
        """The module `app`. It reads its settings when it is first imported, so not before the environment is set."""
        import app

        return app

    def ingest(self, source: Source) -> Ingested:
        """Add what a source gives to raw. S3 then tells the app, and the app starts the job."""
        return ingest(source, wiring.lake(), datetime.now(UTC))

    def started(self) -> list[JobRun]:
        """Wait until S3's events are delivered. Returns the job's runs, newest first."""
        self.aws.events.wait_idle(REFINE_SECONDS)
        return self.aws.jobs.of(wiring.settings().job)

    def refined(self) -> list[JobRun]:
        """Wait until S3's events are delivered and the runs they started have ended. Returns the runs, newest first."""
        runs = self.started()
        for run in runs:
            self.aws.jobs.wait(run.id, REFINE_SECONDS)
        return runs

    def contents(self) -> Contents | None:
        """What the lake holds."""
        manifest, _ = wiring.lake().manifest()
        return manifest.contents if manifest else None

    def serve(self, port: int) -> Server:
        """Serve the app on a port, 0 for a free one, as `chalice local` does."""
        if not isinstance(self.app.app, LocalChalice):
            # Chalice's way to give each thread a request of its own; it works once for an app.
            create_local_server(self.app.app, Config.create(), HOST, 0).server.server_close()
        # Made before threads ask for them: each would make its own.
        wiring.services()
        return Server(LocalDevServer(self.app.app, Config.create(), HOST, port, _Handler))


class _Handler(LoopbackHandler):
    """Chalice's, but that it sends a body to HEAD, which the next request on the connection would find, and leaves the
    methods that it does not know to Python's own server, which answers 501."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.do_GET
        raise AttributeError(name)

    def _send_http_response_with_body(self, code: int, headers: dict[str, Any], body: str | bytes) -> None:
        if self.command != "HEAD":
            super()._send_http_response_with_body(code, headers, body)
            return
        self.send_response(code)
        self.send_header("Content-Length", str(len(body if isinstance(body, bytes) else body.encode())))
        self._send_headers(headers)


class Server:
    """The Chalice app on a port, on a thread of its own."""

    def __init__(self, server: LocalDevServer) -> None:
        self._server: Any = server
        self.url = f"http://{HOST}:{server.server.server_address[1]}"
        self._thread = threading.Thread(target=server.server.serve_forever, name="api", daemon=True)

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server.server_close()
