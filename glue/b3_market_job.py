"""The Glue job `b3-market-job`: update the table of shares from all files of COTAHIST, on Spark.

    python glue/b3_market_job.py --RAW_PATH s3://bucket/cotahist/ --REFINED_PATH s3://bucket/acoes/ --MASTER local[2,4]

This script parses the arguments; `chalicelib.job.market` does the work.
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from datetime import UTC, datetime

import boto3

from chalicelib import layout, logs
from chalicelib.errors import B3Error
from chalicelib.job.arguments import job_parser, parse_known
from chalicelib.job.market import spark
from chalicelib.job.market.update import update_shares
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.runs import JobRuns
from chalicelib.lake.store import Lake
from chalicelib.settings import Settings
from chalicelib.shares import SHARES_TABLE


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job with Glue's arguments. On a B3Error, exit with its class and message on one line."""
    arguments = parse(argv)
    session = boto3.Session()
    lake = Lake(session.client("s3"), arguments.raw_bucket, arguments.refined_bucket, layout.SHARES_MANIFEST_KEY)
    catalog = Catalog.of_shares(session, arguments.DATABASE, arguments.TABLE, arguments.REFINED_PATH)
    runs = JobRuns(session.client("glue"), arguments.JOB_NAME)
    run_id = arguments.JOB_RUN_ID
    try:
        with logs.invocation(arguments.JOB_NAME, structured=arguments.LOG_FORMAT == "json", job_run_id=run_id):
            started = spark.start(arguments.MASTER)
            update_shares(started, lake, catalog, run_id, lambda: datetime.now(UTC), has_ended=runs.has_ended)
    except B3Error as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the job's arguments."""
    parser = job_parser(
        "Update the table of shares from all of raw.",
        raw="any path in the raw bucket",
        prefix=layout.SHARES_PREFIX,
        table=SHARES_TABLE,
        job=Settings().market_job,
    )
    parser.add_argument("--MASTER", default="", help="where Spark runs, such as local[2,4] (default: where Glue says)")
    return parse_known(parser, argv)


if __name__ == "__main__":
    main()
