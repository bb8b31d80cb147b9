"""`python -m local market`: B3's files of the market into the lake of a running `make run`, and the market's job."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from chalicelib import layout, wiring
from chalicelib.ingest import cotahist
from chalicelib.lake.runs import ENDED
from chalicelib.market.files import START
from chalicelib.settings import Settings
from chalicelib.shares import SHARES_TABLE
from common.console import activity
from local import environment
from local.errors import LocalError
from local.running import reach

JOB = "b3-market-job"
JOB_SCRIPT = "glue/b3_market_job.py"

_SUFFIXES = {".zip", ".txt"}

_POLL_SECONDS = 0.5


def run(arguments: argparse.Namespace) -> None:
    """Add the files to raw, run the job, and wait until it has ended.

    Raises:
        LocalError: Spark or Java is not installed, no local AWS listens, there are no files, or the job failed.
        B3Error: a file is not one of COTAHIST, or is not whole.
    """
    _check_installed()
    files = _files(arguments.cotahist)
    environment.point_at(reach("local AWS", arguments.aws_port, "AWS_PORT="))
    for path in files:
        with activity(f"reading {path.name}"):
            stored = cotahist.add_location(str(path), wiring.lake(), datetime.now(UTC))
        summary = stored.summary
        added = f"added as {stored.key}" if stored.added else f"not added: {stored.key} is the same file"
        print(f"{path.name}: {summary.records:,} records, {summary.first} to {summary.last}, {added}", flush=True)
    with activity("waiting for the job, which starts Spark"):
        run = _run_job(boto3.client("glue"), wiring.settings())
    if run["JobRunState"] != "SUCCEEDED":
        raise LocalError(f"the Glue job {JOB} ended {run['JobRunState']}: {run.get('ErrorMessage', 'no message')}")
    manifest, _ = replace(wiring.lake(), manifest_key=layout.SHARES_MANIFEST_KEY).manifest()
    contents = manifest.contents if manifest else None
    if contents is None:
        raise LocalError(f"the Glue job {JOB} has committed no table")
    print(
        f"{SHARES_TABLE}: {contents.rows:,} rows, {contents.first_session} to {contents.as_of}, "
        f"{contents.run.rows_refused:,} records refused, in {run['ExecutionTime']} s"
    )


def _check_installed() -> None:
    if importlib.util.find_spec("pyspark") is None:
        raise LocalError("Spark is not installed: use `make market`")
    home = os.environ.get("JAVA_HOME")
    if shutil.which("java", path=f"{home}/bin" if home else None) is None:
        raise LocalError(
            "Spark needs Java 17 or later: install it (on Debian: openjdk-17-jre-headless) or set JAVA_HOME"
        )


def _files(location: str) -> list[Path]:
    """Return the files at a path, in order of name.

    Raises:
        LocalError: there is none.
    """
    path = Path(location)
    if path.is_file():
        return [path]
    entries = sorted(path.iterdir()) if location and path.is_dir() else []
    files = [each for each in entries if each.is_file() and _may_be_cotahist(each)]
    if not files:
        raise LocalError(f"COTAHIST is {location!r}; allowed: a zip or text of COTAHIST, or a folder of them")
    return files


def _may_be_cotahist(path: Path) -> bool:
    """Return whether a file in a folder is to be read. B3's texts have names such as COTAHIST.A1986 too."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(len(START)) == START


def _run_job(glue: Any, settings: Settings) -> Any:
    """Start the job, wait until it has ended, and return the run."""
    run_id = glue.start_job_run(JobName=_job(glue, settings))["JobRunId"]
    while (run := glue.get_job_run(JobName=JOB, RunId=run_id)["JobRun"])["JobRunState"] not in ENDED:
        time.sleep(_POLL_SECONDS)
    return run


def _job(glue: Any, settings: Settings) -> str:
    """Create the job in the local Glue, unless it exists. Return its name."""
    try:
        glue.get_job(JobName=JOB)
    except glue.exceptions.EntityNotFoundException:
        arguments = {
            "--RAW_PATH": f"s3://{settings.raw_bucket}/{layout.COTAHIST_PREFIX}",
            "--REFINED_PATH": f"s3://{settings.refined_bucket}/{layout.SHARES_PREFIX}",
            "--DATABASE": settings.database,
            # A task that fails is tried four times, as on a cluster.
            "--MASTER": "local[*,4]",
        }
        command = {"Name": "glueetl", "ScriptLocation": JOB_SCRIPT, "PythonVersion": "3"}
        glue.create_job(Name=JOB, Role="local", Command=command, DefaultArguments=arguments, GlueVersion="6.0")
    return JOB
