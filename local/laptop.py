"""All of b3-dataflow in this process: the local AWS, the stack, and the Chalice app."""

from __future__ import annotations

import os
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pandas as pd

from chalicelib import wiring
from chalicelib.ingest.ingest import DateRange, Ingested, add, encode_closes, ingest
from chalicelib.ingest.official_closes import OfficialCloses, ingest_closes, online, years_due
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.b3.checks import check_level
from chalicelib.ingest.sources.b3.closes import ClosesSource
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.lake.manifest import Contents, Manifest
from chalicelib.refine import parquet
from chalicelib.schema import RAW
from chalicelib.sources import YAHOO
from local import environment, glue_events, stack
from local.aws import LocalAws
from local.glue_jobs import JobRun
from local.lake_store import LakeStore
from local.server import Server

CLOSES_LIMITS = Limits(connect_seconds=2.0, request_seconds=5.0, seconds=10.0, attempts=1)
"""Of the requests to B3, so that a network without B3 delays `make run` by two seconds."""

REFINE_SECONDS = 120.0
"""Timeout for the delivery of the S3 events, and for the end of each run of the job. Both usually take some seconds."""


class Laptop:
    """Starts on entry, stops on exit. Meanwhile the environment of this process sends AWS SDKs to it.

    Args:
        aws_port: port of the local AWS; 0 for a free one.
        athena_latency: minimum seconds of each Athena query.
        lake: folder that stores the lake between runs; None for a lake in memory.

    Raises:
        OSError: the port is in use.
        LocalError: the folder is in use, or its lake is damaged or of another version.
    """

    def __init__(self, aws_port: int = 0, athena_latency: float = 0.0, lake: Path | None = None) -> None:
        self._store = None if lake is None else LakeStore(lake, wiring.settings().athena_bucket)
        try:
            self.aws = LocalAws(aws_port, athena_latency)
        except OSError:
            self._close_store()
            raise
        self._stack = ExitStack()

    def __enter__(self) -> Laptop:
        with ExitStack() as entering:
            entering.callback(self._close_store)
            entering.enter_context(self.aws)
            entering.callback(environment.restore, dict(os.environ))
            environment.point_at(self.aws.endpoint)
            self._stack = entering.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def _close_store(self) -> None:
        if self._store is not None:
            self._store.close()

    def create_stack(self) -> None:
        """Create the resources of the templates, restore the stored lake, and connect the events."""
        stack.create(wiring.settings(), self.app.app)
        if self._store is not None:
            self._store.restore()
            self.aws.save = self._store.save
            self._release_lease()
        self.connect_events()

    def connect_events(self) -> None:
        """Let the events of S3 and of Glue invoke the app."""
        self.aws.functions[stack.function_arn("start_refine")] = lambda event: self.app.start_refine(event, None)
        self.aws.functions[stack.function_arn("restart_refine")] = lambda event: self.app.restart_refine(event, None)
        self.aws.jobs.on_end = lambda run: glue_events.deliver(run, self.app.app, self.aws.events)

    @property
    def app(self) -> ModuleType:
        """The module `app`, imported here because it reads its settings from the environment at import."""
        import app

        return app

    def _release_lease(self) -> None:
        """Release the leases of runs that were killed: the lock of the folder proves that no run is alive."""
        for lake in (wiring.lake(), wiring.market_lake()):
            manifest, etag = lake.manifest()
            if manifest and manifest.lease:
                lake.put_manifest(Manifest(manifest.state, None, manifest.contents), etag)

    def start_unmerged(self) -> None:
        """Start the job if a raw object is not merged: an earlier process may have been killed before its S3 event."""
        objects = wiring.lake().raw_objects()
        records = [
            {"s3": {"bucket": {"name": wiring.lake().raw_bucket}, "object": {"key": key, "eTag": etag.strip('"')}}}
            for key, etag in objects.items()
        ]
        if records:
            self.app.start_refine({"Records": records}, None)

    def ingest(self, source: Source) -> Ingested:
        """Add a source's bars to raw. The S3 event then invokes the app, which starts the job.

        From Yahoo it requests the days that the schedule requests, from other sources all days.
        """
        days = None if source.name == YAHOO.name else DateRange()
        return ingest(source, wiring.lake(), datetime.now(UTC), days)

    def ingest_closes(self, bars: Ingested) -> OfficialCloses | None:
        """Add the official closes that the schedule would request. Returns None if they are not due, or turned off.

        Args:
            bars: the raw object of bars to compare the closes with.
        """
        now, lake = datetime.now(UTC), wiring.lake()
        source = online(wiring.settings(), now, limits=CLOSES_LIMITS)
        if wiring.settings().official_closes == "no" or not (years := years_due(source, lake, self.contents(), now)):
            return None
        return ingest_closes(source, years, self._bars(bars), lake, now)

    def ingest_closes_of(self, source: ClosesSource, bars: Ingested) -> Ingested:
        """Add all official closes of a source. Arguments as `ingest_closes`."""
        now = datetime.now(UTC)
        closes = source.fetch(None, None)
        check_level(closes, self._bars(bars), source.name)
        return add(encode_closes(closes, now), wiring.lake(), now)

    def _bars(self, added: Ingested) -> pd.DataFrame:
        lake = wiring.lake()
        (stored,) = lake.read_raw(lake.raw_listing(added.key))
        return parquet.decode(stored.body or b"", RAW)

    def started(self) -> list[JobRun]:
        """Wait until the events are delivered. Returns the job's runs, newest first."""
        self.aws.events.wait_idle(REFINE_SECONDS)
        return self.aws.jobs.of(wiring.settings().job)

    def refined(self) -> list[JobRun]:
        """Wait until the events are delivered and their runs have ended. Returns the runs, newest first.

        A run that fails starts the next, as on AWS.
        """
        ended: list[JobRun] = []
        while len(runs := self.started()) > len(ended):
            for run in runs:
                self.aws.jobs.wait(run.id, REFINE_SECONDS)
            ended = runs
        return ended

    def contents(self) -> Contents | None:
        """Return the contents of the manifest, None before the first run."""
        manifest, _ = wiring.lake().manifest()
        return manifest.contents if manifest else None

    def serve(self, port: int) -> Server:
        """Return a server of the app on a port, 0 for a free one."""
        # Create the clients before the threads of the server start, so that all threads share them.
        wiring.api_dependencies()
        return Server(self.app.app, port)
