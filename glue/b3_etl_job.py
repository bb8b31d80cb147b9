"""The Glue job `b3-etl-job`: update refined from all of raw.

    python glue/b3_etl_job.py --RAW_PATH s3://bucket/raw/ --REFINED_PATH s3://bucket/refined/

This script parses the arguments; `chalicelib.job` does the work.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

import boto3

from chalicelib import layout, logs
from chalicelib.errors import B3Error
from chalicelib.job.arguments import job_parser, parse_known
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.runs import JobRuns
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job with Glue's arguments. On a B3Error, exit with its class and message on one line."""
    arguments = parse(argv)
    session = boto3.Session()
    lake = Lake(session.client("s3"), arguments.raw_bucket, arguments.refined_bucket)
    catalog = Catalog(session, arguments.DATABASE, arguments.TABLE, arguments.REFINED_PATH)
    runs = JobRuns(session.client("glue"), arguments.JOB_NAME)
    started_for = arguments.raw_key if layout.is_raw(arguments.raw_key) else None
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
    """Parse the job's arguments."""
    defaults = Settings()
    parser = job_parser(
        "Update refined from all of raw.",
        raw="raw object that the run was started for, or the bucket",
        prefix=layout.REFINED_PREFIX,
        table=defaults.table,
        job=defaults.job,
    )
    return parse_known(parser, argv)


if __name__ == "__main__":
    main()
