"""The log of the functions behind the schedule and the events, and of the job.

On AWS each line is a JSON object of Powertools for AWS Lambda. Its `correlation_id` is the key of the raw object, which
the ingest, the event, the run of the job and the commit share. Elsewhere a line is the message alone.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from aws_lambda_powertools import Logger


class _Output(logging.Handler):
    """Print to standard output, which Lambda and Glue store. Without a buffer, because a process may be killed."""

    def emit(self, record: logging.LogRecord) -> None:
        print(self.format(record), flush=True)


class _Text(logging.Formatter):
    """The message, after the level if it is a warning or worse."""

    def format(self, record: logging.LogRecord) -> str:
        level = f"{record.levelname.lower()}: " if record.levelno >= logging.WARNING else ""
        return level + super().format(record)


log = logging.getLogger("b3-dataflow.pipeline")
# What `make run` and Chalice's commands tell in their own words is DEBUG, so that a terminal does not repeat it.
log.setLevel(logging.INFO)
# Lambda's own handler would write each line a second time.
log.propagate = False
_output = _Output()
_output.setFormatter(_Text())
log.addHandler(_output)


def pluralize(number: int, noun: str) -> str:
    """Return a number and a noun: `1 row`, `1,000 rows`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def in_lambda() -> bool:
    """Return whether this process is a function on AWS. Lambda sets the variable in every function."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ


@contextmanager
def invocation(service: str, *, structured: bool, **keys: Any) -> Iterator[None]:
    """Log the lines of an invocation, or of a run of the job. An exception is logged before it is raised.

    Args:
        service: the name of the function or the job.
        structured: whether the lines are JSON.
        keys: further keys of each line, such as `job_run_id`. Those that are None are left out.
    """
    if not structured:
        yield
        return
    logger = _json_logger()
    # A warm function has the keys of its last invocation.
    logger.clear_state()
    logger.append_keys(service=service, **{name: value for name, value in keys.items() if value is not None})
    try:
        yield
    except Exception as error:
        log.exception("%s: %s", type(error).__name__, error)  # noqa: TRY401 - readers search for the message
        raise


def correlate(key: str) -> None:
    """Set the correlation id of the following lines.

    Args:
        key: the key of a raw object.
    """
    # No invocation writes JSON in this process otherwise.
    if _json_logger.cache_info().currsize:
        _json_logger().set_correlation_id(key)


@cache
def _json_logger() -> Logger:
    """Let `log` write JSON, and return its Powertools Logger. Imported late, because the API does not need it."""
    from aws_lambda_powertools import Logger

    log.removeHandler(_output)
    return Logger(service=log.name, level="DEBUG", logger_handler=_output, utc=True)
