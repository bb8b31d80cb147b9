"""`python -m local`: run the whole pipeline on this machine, and serve the API until Ctrl-C."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import threading
import time
from collections.abc import Sequence
from contextlib import closing, suppress
from pathlib import Path

from chalicelib import wiring
from chalicelib.errors import SourceError
from chalicelib.ingest.ingest import Ingested
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.b3.closes import ClosesSource
from chalicelib.lake.manifest import Contents
from chalicelib.logs import pluralize
from chalicelib.refine.quality import REASONS
from chalicelib.sources import SYNTHETIC, YAHOO
from common.console import step
from local import sources
from local.defaults import HOST
from local.errors import LocalError
from local.glue_jobs import SUCCEEDED
from local.laptop import REFINE_SECONDS, Laptop
from local.server import Server

STEPS = 6

STACK = "3 buckets, database, table, 2 Glue jobs, workgroup, S3 notification"

SYNTHETIC_NOTICE = """
  ┌────────────────────────────────────────────────────────────────────────────┐
  │  SYNTHETIC DATA: every number here is generated, and none of it is real.   │
  │  For real data: make run SOURCE=yahoo, or SOURCE=csv:<path> for your own.  │
  └────────────────────────────────────────────────────────────────────────────┘
"""


def run(arguments: argparse.Namespace) -> None:
    """Start the local AWS, ingest, run the job and serve the API, with a line of output for each step.

    Raises:
        LocalError: the source is unknown, a port is in use, or the job fails.
        B3Error: no source has bars.
    """
    began = time.monotonic()
    try:
        candidates = sources.candidates(arguments.source)
    except ValueError as error:
        raise LocalError(str(error)) from error
    closes = _closes_file(arguments.b3, candidates[0])
    if arguments.port == arguments.aws_port != 0:
        raise LocalError(f"PORT and AWS_PORT are both {arguments.port}; allowed: two ports, or 0 for a free one")
    for port, option in ((arguments.port, "PORT"), (arguments.aws_port, "AWS_PORT")):
        _check_port(port, option)
    print("b3-dataflow on this machine, without an AWS account. Ctrl-C stops everything.")
    print(f"{_place(arguments.lake)}\n", flush=True)
    with step(1, STEPS, "AWS") as report:
        laptop = Laptop(arguments.aws_port, arguments.athena_latency, arguments.lake)
        report(f"S3, Glue and Athena on {laptop.aws.endpoint}")
    with laptop:
        # The routes of the market are enabled, because `make market` may add its data while this runs.
        os.environ.setdefault("B3_MARKET", "yes")
        wiring.clear_caches()
        with step(2, STEPS, "stack") as report:
            laptop.create_stack()
            stored = _heal(laptop)
            lake = f"; the lake has {pluralize(stored.rows, 'session')} to {stored.as_of}" if stored else ""
            report(f"{STACK}{lake}")
        synthetic = _add(laptop, candidates, arguments.source, stored, closes)
        with step(6, STEPS, "API") as report:
            server = laptop.serve(arguments.port)
            report(f"on {server.url}")
        with server:
            _warm_up(server.url)
            print(_ready_message(server, laptop, time.monotonic() - began), flush=True)
            if synthetic:
                print(SYNTHETIC_NOTICE, flush=True)
            threading.Event().wait()


def _warm_up(url: str) -> None:
    """Request the API once. The first query creates clients and starts a worker, which takes most of a second."""
    # Not urllib, which would send the request to the user's proxy.
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=30)
    with closing(connection), suppress(OSError, http.client.HTTPException):
        connection.request("GET", "/ibov/volatility/cone")
        connection.getresponse().read()


def _place(lake: Path | None) -> str:
    if lake is None:
        return "The lake is in memory and is lost at the end; LAKE=<folder> keeps it."
    return f"The lake is kept in {lake}."


def _heal(laptop: Laptop) -> Contents | None:
    """Merge what a killed run left unmerged in a stored lake. Return the contents of the lake, None if it is empty."""
    laptop.start_unmerged()
    for run in laptop.started()[:1]:
        laptop.aws.jobs.wait(run.id, REFINE_SECONDS)
        if run.state != SUCCEEDED:
            raise LocalError(f"the Glue job that merges the stored lake ended {run.state}: {run.error}")
    contents = laptop.contents()
    return contents if contents and contents.rows else None


def _closes_file(location: str, source: Source) -> ClosesSource | None:
    """Return the file of official closes of `--b3`, None for no file.

    Raises:
        LocalError: the bars would be synthetic.
        SourceUnavailable: the file cannot be read.
    """
    if not location:
        return None
    if source.name in SYNTHETIC:
        raise LocalError(
            f"B3 is {location!r}, and the bars of {source.name} are synthetic; allowed: B3= with real bars"
        )
    return sources.closes_file(location)


def _add(
    laptop: Laptop, candidates: Sequence[Source], name: str, stored: Contents | None, closes: ClosesSource | None
) -> bool:
    """Ingest and refine. Return whether the lake is synthetic.

    On a stored lake with sessions, `auto` is Yahoo if the lake is real, else the sample; it may fail.
    """
    if stored and name == "auto":
        candidates = candidates[-1:] if stored.synthetic else candidates[:1]
    failure = None
    with step(3, STEPS, "ingest") as report:
        try:
            source, added, notice = _ingest(laptop, candidates)
            closes_line = _ingest_closes(laptop, source, added, closes)
            report(f"{pluralize(added.bars, 'bar')} from {source.name}, {added.first} to {added.last}{closes_line}")
        except SourceError as error:
            if not (stored and name == "auto"):
                raise
            failure = error
            report(f"nothing was added: {error}")
    if failure:
        for number, skipped in ((4, "event"), (5, "Glue job")):
            with step(number, STEPS, skipped) as report:
                report("not needed: nothing was added")
        return bool(stored and stored.synthetic)
    synthetic = source.name in SYNTHETIC
    if synthetic:
        print(f"{notice}{SYNTHETIC_NOTICE}", flush=True)
    try:
        _refine(laptop)
    except TimeoutError as error:
        raise LocalError(f"{error}: see the output above") from error
    return synthetic


def _check_port(port: int, option: str) -> None:
    try:
        socket.create_server((HOST, port)).close()
    except OSError as error:
        reason = os.strerror(error.errno or 0)
        raise LocalError(f"cannot listen on {HOST}:{port}: {reason}; choose another with {option}=") from error


def _ingest(laptop: Laptop, candidates: Sequence[Source]) -> tuple[Source, Ingested, str]:
    """Ingest from the first source that does not fail. Return the source, the raw object and the earlier errors."""
    notice = ""
    for source in candidates[:-1]:
        try:
            return source, laptop.ingest(source), notice
        except SourceError as error:
            notice += f"\n  {error}\n"
    return candidates[-1], laptop.ingest(candidates[-1]), notice


def _ingest_closes(laptop: Laptop, source: Source, bars: Ingested, file: ClosesSource | None) -> str:
    """Ingest the official closes of the file, or of B3 if the bars are Yahoo's. Returns the end of the step's line."""
    if source.name in SYNTHETIC:
        return "; B3= is not used, because these bars are synthetic" if file else ""
    if file is not None:
        added = laptop.ingest_closes_of(file, bars)
        return f"; {pluralize(added.bars, 'official close')}, {added.first} to {added.last}"
    result = laptop.ingest_closes(bars) if source.name == YAHOO.name else None
    if result is None:
        return ""
    received = f"; {pluralize(result.added.bars, 'official close') if result.added else 'no official closes'} from B3"
    return f"{received}: {result.failure}" if result.failure else received


def _refine(laptop: Laptop) -> None:
    with step(4, STEPS, "event") as report:
        runs = laptop.started()
        if not runs:
            raise LocalError("the S3 event started no job: see the output above")
        report(f"S3 invoked start_refine, which started {runs[0].job['Name']}")
    with step(5, STEPS, "Glue job") as report:
        # A run that fails is not waited for until its restarts have failed too: the user reads the cause at once.
        run = laptop.aws.jobs.wait(runs[0].id, REFINE_SECONDS)
        contents = laptop.contents()
        if run.state != SUCCEEDED or contents is None:
            raise LocalError(f"the Glue job ended {run.state}: {run.error}")
        if not contents.rows:
            reasons = "; ".join(
                f"{rule.name} {rows:,} ({rule.meaning})"
                for rule in REASONS
                if (rows := contents.quality.refused.get(rule.name))
            )
            raise LocalError(f"the job refused all rows ({contents.run.rows_in:,}): {reasons}")
        report(
            f"{pluralize(contents.run.rows_in, 'row')} in, {contents.run.rows_refused:,} refused, "
            f"{pluralize(contents.rows, 'session')} in {pluralize(len(contents.years), 'year')}, to {contents.as_of}"
        )


def _ready_message(server: Server, laptop: Laptop, seconds: float) -> str:
    exports = " ".join(f"{name}={value}" for name, value in laptop.aws.environ().items())
    return f"""
Ready in {seconds:.1f} s.

  page    {server.url}/
  docs    {server.url}/docs
  API     {server.url}
  AWS     {laptop.aws.endpoint}
          export {exports}

Try
  curl '{server.url}/ibov/volatility?limit=5'
  curl '{server.url}/ibov/prices?start=2025-01-01&end=2025-01-31'
  curl '{server.url}/status'
"""
