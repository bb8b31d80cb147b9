"""The Glue job `b3-market-job`: update the table of shares from all files of COTAHIST, on Spark.

    python glue/b3_market_job.py --RAW_PATH s3://bucket/cotahist/ --REFINED_PATH s3://bucket/acoes/ --MASTER local[2,4]

This script parses the arguments; `chalicelib.job.market` does the work.
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
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    session = boto3.Session()
    lake = Lake(session.client("s3"), raw.netloc, refined.netloc, layout.SHARES_MANIFEST_KEY)
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
    """Parse the job's arguments, and ignore the many that Glue adds."""
    parser = argparse.ArgumentParser(description="Update the table of shares from all of raw.", allow_abbrev=False)
    parser.add_argument("--RAW_PATH", required=True, metavar="s3://…", help="any path in the raw bucket")
    parser.add_argument("--REFINED_PATH", required=True, metavar="s3://…/acoes/", help="S3 location of the table")
    parser.add_argument("--DATABASE", default=Settings().database, help="Glue database (default: %(default)s)")
    parser.add_argument("--TABLE", default=SHARES_TABLE, help="Glue table (default: %(default)s)")
    parser.add_argument("--MASTER", default="", help="where Spark runs, such as local[2,4] (default: where Glue says)")
    parser.add_argument("--JOB_NAME", default="b3-market-job", help="the job (Glue passes it; default: %(default)s)")
    parser.add_argument("--JOB_RUN_ID", default=f"by-hand-{uuid.uuid4()}", help="the run's id (Glue passes it)")
    parser.add_argument("--LOG_FORMAT", default="text", choices=("text", "json"), help="(default: %(default)s)")
    arguments, _ = parser.parse_known_args(argv)
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    if raw.scheme != "s3" or not raw.netloc:
        parser.error(f"--RAW_PATH is {arguments.RAW_PATH!r}; allowed: s3://bucket/…")
    if not refined.netloc or arguments.REFINED_PATH.removeprefix(f"s3://{refined.netloc}/") != layout.SHARES_PREFIX:
        parser.error(f"--REFINED_PATH is {arguments.REFINED_PATH!r}; allowed: s3://bucket/{layout.SHARES_PREFIX}")
    return arguments


if __name__ == "__main__":
    main()
