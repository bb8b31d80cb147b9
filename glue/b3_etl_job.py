"""The Glue job `b3-etl-job`: update refined from all of raw.

    python glue/b3_etl_job.py --RAW_PATH s3://bucket/raw/ --REFINED_PATH s3://bucket/refined/

This script parses the arguments; `chalicelib.job` does the work.
"""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from urllib.parse import urlsplit

import boto3

from chalicelib import layout, logs
from chalicelib.errors import B3Error
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.runs import JobRuns
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job with Glue's arguments. On a B3Error, exit with its class and message on one line."""
    arguments = parse(argv)
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    session = boto3.Session()
    lake = Lake(session.client("s3"), raw.netloc, refined.netloc)
    catalog = Catalog(session, arguments.DATABASE, arguments.TABLE, arguments.REFINED_PATH)
    runs = JobRuns(session.client("glue"), arguments.JOB_NAME)
    key = raw.path.lstrip("/")
    started_for = key if layout.is_raw(key) else None
    structured = arguments.LOG_FORMAT == "json"
    try:
        with logs.invocation(arguments.JOB_NAME, structured=structured, job_run_id=arguments.JOB_RUN_ID):
            if started_for:
                logs.correlate(started_for)
            update_refined(
                lake,
                catalog,
                arguments.JOB_RUN_ID,
                lambda: datetime.now(UTC),
                has_ended=runs.has_ended,
                correlation_id=started_for,
            )
    except B3Error as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the job's arguments, and ignore the many that Glue adds."""
    parser = argparse.ArgumentParser(description="Update refined from all of raw.", allow_abbrev=False)
    parser.add_argument(
        "--RAW_PATH", required=True, metavar="s3://…", help="raw object that the run was started for, or the bucket"
    )
    parser.add_argument("--REFINED_PATH", required=True, metavar="s3://…/refined/", help="S3 location of refined")
    parser.add_argument("--DATABASE", default=Settings().database, help="Glue database (default: %(default)s)")
    parser.add_argument("--TABLE", default=Settings().table, help="Glue table (default: %(default)s)")
    parser.add_argument("--JOB_NAME", default=Settings().job, help="the job (Glue passes it; default: %(default)s)")
    parser.add_argument("--JOB_RUN_ID", default=f"by-hand-{uuid.uuid4()}", help="the run's id (Glue passes it)")
    parser.add_argument("--LOG_FORMAT", default="text", choices=("text", "json"), help="(default: %(default)s)")
    arguments, _ = parser.parse_known_args(argv)
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    if raw.scheme != "s3" or not raw.netloc:
        parser.error(f"--RAW_PATH is {arguments.RAW_PATH!r}; allowed: s3://bucket/…")
    if not refined.netloc or arguments.REFINED_PATH.removeprefix(f"s3://{refined.netloc}/") != layout.REFINED_PREFIX:
        parser.error(f"--REFINED_PATH is {arguments.REFINED_PATH!r}; allowed: s3://bucket/{layout.REFINED_PREFIX}")
    return arguments


if __name__ == "__main__":
    main()
