"""Support for job runs in the test's process: raw objects, the state of the lake, and hooks on S3 calls."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pandas as pd

from chalicelib.lake.store import Lake
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import COLLECTED, raw_object, scaled, session_bars
from tests.support.lake import RAW, create_stack
from tests.support.lake import REFINED as BUCKET

# A correction that overlaps the history, adds a year, and has a bar that is refused.
CORRECTION = pd.concat([session_bars("2023-12-28", 1), session_bars("2024-10-15", 30)], ignore_index=True)
CORRECTION = scaled(CORRECTION, 1.001, range(31))
CORRECTION.loc[30, "preco_abertura"] = float("nan")

THREE = [
    raw_object(session_bars("2024-11-01", 60), collected_at=COLLECTED),
    raw_object(session_bars("2025-01-02", 20), collected_at=COLLECTED + timedelta(hours=1)),
    raw_object(CORRECTION, "correcao", COLLECTED + timedelta(hours=2)),
]
YEARS = ["2023", "2024", "2025"]

_RIVAL = boto3.Session()

WRITES = {
    "PutObject",
    "DeleteObject",
    "CreateTable",
    "UpdateTable",
    "BatchCreatePartition",
    "BatchUpdatePartition",
    "BatchDeletePartition",
}
"""Operations with which the job changes something."""


def put(lake: Lake, *objects: tuple[str, bytes]) -> None:
    for key, body in objects:
        lake.s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")


def stored() -> dict[str, bytes | None]:
    """Return the objects of the refined bucket except the manifest and the ledger."""
    keys = [entry.key for entry in moto_state.objects(BUCKET, "") if not entry.key.startswith("manifests/")]
    return {key: moto_state.read(BUCKET, key) for key in keys}


def modified() -> dict[str, int]:
    """Return an id of the last write of each year: moto creates a new object for each write."""
    keys = [entry.key for entry in moto_state.objects(BUCKET, "refined/")]
    return {key: id(moto_state._s3().get_object(BUCKET, key)) for key in keys}


def registered(glue: Any) -> list[str]:
    pages = glue.get_partitions(DatabaseName="b3_refined_db", TableName="ibov_refined")
    return sorted(partition["Values"][0] for partition in pages["Partitions"])


def empty(laptop: Laptop, s3: Any) -> None:
    """Create an empty stack in which a raw object does not start the job."""
    create_stack(laptop)
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})


def rival() -> Lake:
    """Return the lake of another run. It has its own S3 client, so hooks of `before_call` do not apply to it."""
    return Lake(_RIVAL.client("s3"), RAW, BUCKET)


@contextmanager
def before_call(lake: Lake, operation: str, hook: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
    """Call a hook with the parameters of each call of an S3 operation, before the call. The hook may raise."""

    def handler(params: Mapping[str, Any], **_: Any) -> None:
        hook(params)

    name = f"provide-client-params.s3.{operation}"
    lake.s3.meta.events.register(name, handler, unique_id="before_call")
    try:
        yield
    finally:
        lake.s3.meta.events.unregister(name, unique_id="before_call")


def once(key: str, action: Callable[[], object]) -> Callable[[Mapping[str, Any]], None]:
    """Return a hook for `before_call` that runs an action at the first call for a key."""
    pending = [action]

    def hook(params: Mapping[str, Any]) -> None:
        if params["Key"] == key and pending:
            pending.pop()()

    return hook


class Killed(BaseException):
    """The process is killed. Derives from BaseException, so that the job does not catch it."""


@contextmanager
def failing_before_write(number: int, *hooks: Any, error: BaseException | None = None) -> Iterator[None]:
    """Raise instead of the write with that number: an error once, or Killed, and then instead of every call after it.

    Args:
        number: the number of writes that succeed.
        hooks: the events of the clients.
        error: the error; None for Killed.
    """
    count = itertools.count()
    killed = False

    def fail(model: Any, **_: Any) -> None:
        nonlocal killed
        reached = model.name in WRITES and next(count) == number
        if reached and error is not None:
            raise error
        killed = killed or reached
        if killed:
            raise Killed

    for events in hooks:
        events.register("before-call", fail, unique_id="fail")
    try:
        yield
    finally:
        for events in hooks:
            events.unregister("before-call", unique_id="fail")
