"""All of b3-dataflow in this process: the local AWS, the stack, and the Chalice app."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from types import ModuleType

from chalicelib import wiring
from chalicelib.ingest.ingest import Ingested, ingest
from chalicelib.ingest.sources import Source
from chalicelib.lake.manifest import Contents
from local import environment, stack
from local.aws import LocalAws
from local.glue_jobs import JobRun
from local.server import Server

REFINE_SECONDS = 120.0
"""How long `refined` waits for the event and the job, which take some seconds."""


class Laptop:
    """Starts on entry, stops on exit. Meanwhile the environment of this process sends AWS SDKs to it.

    Args:
        aws_port: port of the local AWS; 0 for a free one.
        athena_latency: minimum seconds of each Athena query.

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
        """Create the resources of the templates, and let S3 events invoke the app."""
        stack.create(wiring.settings(), self.app.app)
        self.aws.functions[stack.function_arn("start_refine")] = lambda event: self.app.start_refine(event, None)

    @property
    def app(self) -> ModuleType:
        """The module `app`, imported here because it reads its settings from the environment at import."""
        import app

        return app

    def ingest(self, source: Source) -> Ingested:
        """Add a source's bars to raw. The S3 event then invokes the app, which starts the job."""
        return ingest(source, wiring.lake(), datetime.now(UTC))

    def started(self) -> list[JobRun]:
        """Wait until the S3 events are delivered. Returns the job's runs, newest first."""
        self.aws.events.wait_idle(REFINE_SECONDS)
        return self.aws.jobs.of(wiring.settings().job)

    def refined(self) -> list[JobRun]:
        """Wait until the S3 events are delivered and their runs have ended. Returns the runs, newest first."""
        runs = self.started()
        for run in runs:
            self.aws.jobs.wait(run.id, REFINE_SECONDS)
        return runs

    def contents(self) -> Contents | None:
        """Return the contents of the manifest, None before the first run."""
        manifest, _ = wiring.lake().manifest()
        return manifest.contents if manifest else None

    def serve(self, port: int) -> Server:
        """Return a server of the app on a port, 0 for a free one."""
        # Created before the threads start, so that they share them.
        wiring.api_dependencies()
        return Server(self.app.app, port)
