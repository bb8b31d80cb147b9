"""The command line of the Glue jobs: their two locations, the table, and the arguments that Glue adds."""

from __future__ import annotations

import argparse
import uuid
from collections.abc import Sequence
from urllib.parse import urlsplit

from chalicelib.settings import Settings


def job_parser(description: str, *, raw: str, prefix: str, table: str, job: str) -> argparse.ArgumentParser:
    """Return a parser of the arguments that all jobs have.

    Args:
        description: what the job does, for the help.
        raw: what `--RAW_PATH` is, for the help.
        prefix: prefix of the table in the refined bucket. `--REFINED_PATH` must end with it.
        table: the default of `--TABLE`.
        job: the default of `--JOB_NAME`.
    """
    parser = argparse.ArgumentParser(description=description, allow_abbrev=False)
    parser.add_argument("--RAW_PATH", required=True, metavar="s3://…", help=raw)
    parser.add_argument("--REFINED_PATH", required=True, metavar=f"s3://…/{prefix}", help="S3 location of the table")
    parser.add_argument("--DATABASE", default=Settings().database, help="Glue database (default: %(default)s)")
    parser.add_argument("--TABLE", default=table, help="Glue table (default: %(default)s)")
    parser.add_argument("--JOB_NAME", default=job, help="the job (Glue passes it; default: %(default)s)")
    parser.add_argument("--JOB_RUN_ID", default=f"by-hand-{uuid.uuid4()}", help="the run's id (Glue passes it)")
    parser.add_argument("--LOG_FORMAT", default="text", choices=("text", "json"), help="(default: %(default)s)")
    parser.set_defaults(prefix=prefix)
    return parser


def parse_known(parser: argparse.ArgumentParser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Parse the job's arguments, and ignore the many that Glue adds.

    Returns:
        The arguments, and of the locations `raw_bucket`, `raw_key` and `refined_bucket`.

    Raises:
        SystemExit: an argument is missing, or a location is not one of the job's.
    """
    arguments, _ = parser.parse_known_args(argv)
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    if raw.scheme != "s3" or not raw.netloc:
        parser.error(f"--RAW_PATH is {arguments.RAW_PATH!r}; allowed: s3://bucket/…")
    if not refined.netloc or arguments.REFINED_PATH.removeprefix(f"s3://{refined.netloc}/") != arguments.prefix:
        parser.error(f"--REFINED_PATH is {arguments.REFINED_PATH!r}; allowed: s3://bucket/{arguments.prefix}")
    arguments.raw_bucket, arguments.raw_key = raw.netloc, raw.path.lstrip("/")
    arguments.refined_bucket = refined.netloc
    return arguments
