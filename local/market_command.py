"""`python -m local market`: B3's files of the market into the lake of a running `make run`, and the market's job."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3

from chalicelib import wiring
from chalicelib.ingest import cotahist
from chalicelib.lake.runs import ENDED
from chalicelib.logs import pluralize
from chalicelib.market.files import START
from chalicelib.shares import SHARES_TABLE
from common.console import activity
from local import environment
from local.errors import LocalError
from local.running import reach

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
        records = pluralize(summary.records, "record")
        print(f"{path.name}: {records}, {summary.first} to {summary.last}, {added}", flush=True)
    with activity("waiting for the job, which starts Spark"):
        run = _run_job(boto3.client("glue"), wiring.settings().market_job)
    job = run["JobName"]
    # Without waiting for the restarts of a run that failed, so that the user reads the cause at once.
    if run["JobRunState"] != "SUCCEEDED":
        raise LocalError(f"the Glue job {job} ended {run['JobRunState']}: {run.get('ErrorMessage', 'no message')}")
    manifest, _ = wiring.market_lake().manifest()
    contents = manifest.contents if manifest else None
    if contents is None:
        raise LocalError(f"the Glue job {job} has committed no table")
    print(
        f"{SHARES_TABLE}: {pluralize(contents.rows, 'row')}, {contents.first_session} to {contents.as_of}, "
        f"{pluralize(contents.run.rows_refused, 'record')} refused, in {run['ExecutionTime']} s"
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
    """Return whether to read a file of a folder: by its suffix, or by its first bytes.

    B3's texts have names such as COTAHIST.A1986, too.
    """
    if path.suffix.lower() in _SUFFIXES:
        return True
    with path.open("rb") as file:
        return file.read(len(START)) == START


def _run_job(glue: Any, job: str) -> Any:
    """Start the job, wait until it has ended, and return the run.

    Raises:
        LocalError: a run of the job is active.
    """
    try:
        run_id = glue.start_job_run(JobName=job)["JobRunId"]
    except glue.exceptions.ConcurrentRunsExceededException as error:
        raise LocalError(
            f"the Glue job {job} is running: the files are in raw, so repeat the command when it has ended"
        ) from error
    while (run := glue.get_job_run(JobName=job, RunId=run_id)["JobRun"])["JobRunState"] not in ENDED:
        time.sleep(_POLL_SECONDS)
    return run
