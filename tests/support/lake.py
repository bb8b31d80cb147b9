"""Creates stacks and fills lakes, without S3 events and without a separate process for the job."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import cache
from typing import Any

import boto3
from chalice.test import Client

from chalicelib import wiring
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import Contents
from local.laptop import Laptop
from tests.support.bars import COLLECTED
from tests.support.snapshot import Snapshot

RAW, REFINED = "b3-dataflow-raw", "b3-dataflow-refined"
NOW = COLLECTED + timedelta(days=1)

SESSION = boto3.Session()
"""One for all tests: each new session reads the definitions of the services again."""


@contextmanager
def no_events() -> Iterator[None]:
    """Remove the notification of the raw bucket until the end of the block."""
    s3: Any = boto3.client("s3")
    notification = s3.get_bucket_notification_configuration(Bucket=RAW)
    notification.pop("ResponseMetadata")
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    yield
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration=notification)


def fill(*objects: tuple[str, bytes]) -> Contents:
    """Put raw objects and update refined in this process."""
    s3: Any = boto3.client("s3")
    with no_events():
        for key, body in objects:
            s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")
    catalog = Catalog(SESSION, "b3_refined_db", "ibov_refined", f"s3://{REFINED}/refined/")
    contents = update_refined(wiring.lake(), catalog, "jr_fill", lambda: NOW)
    assert contents is not None
    # The cache of the manifest would hide the commit for some seconds.
    wiring.clear_caches()
    return contents


def create_stack(running: Laptop) -> None:
    """Empty the local AWS, and create the stack."""
    running.aws.reset()
    wiring.clear_caches()
    _stack(running).restore()
    running.connect_events()


def create_lake(running: Laptop, *objects: tuple[str, bytes]) -> None:
    """Empty the local AWS, and create the stack and a lake of raw objects."""
    running.aws.reset()
    wiring.clear_caches()
    _lake(running, *objects).restore()
    running.connect_events()


@cache
def _stack(running: Laptop) -> Snapshot:
    running.create_stack()
    return Snapshot.take()


@cache
def _lake(running: Laptop, *objects: tuple[str, bytes]) -> Snapshot:
    _stack(running).restore()
    fill(*objects)
    return Snapshot.take()


@contextmanager
def served(running: Laptop, *objects: tuple[str, bytes]) -> Iterator[Any]:
    """Yield Chalice's test client for the API over a lake of raw objects. For fixtures of a module."""
    create_lake(running, *objects)
    yield Client(running.app.app).http
    running.aws.reset()
    wiring.clear_caches()
