"""Runs of the job in the process of a test: what raw holds, what came of it, and what strikes in between."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
import pandas as pd

from chalicelib.lake.store import Lake
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import COLLECTED, raw_object, session_bars
from tests.support.lake import RAW
from tests.support.lake import REFINED as BUCKET

# A correction that overlaps the history, adds a year of its own, and has a bar that is refused.
CORRECTION = pd.concat([session_bars("2023-12-28", 1), session_bars("2024-10-15", 30)], ignore_index=True)
CORRECTION.loc[30, "preco_abertura"] = float("nan")

THREE = [
    raw_object(session_bars("2024-11-01", 60), collected_at=COLLECTED),
    raw_object(session_bars("2025-01-02", 20), collected_at=COLLECTED + timedelta(hours=1)),
    raw_object(CORRECTION, "correcao", COLLECTED + timedelta(hours=2)),
]
YEARS = ["2023", "2024", "2025"]

WRITES = {
    "PutObject",
    "DeleteObject",
    "CreateTable",
    "UpdateTable",
    "BatchCreatePartition",
    "BatchUpdatePartition",
    "BatchDeletePartition",
}
"""All that the job changes anything with."""


def put(lake: Lake, *objects: tuple[str, bytes]) -> None:
    for key, body in objects:
        lake.s3.put_object(Bucket=RAW, Key=key, Body=body)


def stored() -> dict[str, bytes | None]:
    """What lies in the refined bucket, but for the manifest and the ledger."""
    keys = [entry.key for entry in moto_state.objects(BUCKET, "") if not entry.key.startswith("manifests/")]
    return {key: moto_state.read(BUCKET, key) for key in keys}


def modified() -> dict[str, int]:
    """An id of each write of a year: moto keeps a version of its own for each."""
    keys = [entry.key for entry in moto_state.objects(BUCKET, "refined/")]
    return {key: id(moto_state._s3().get_object(BUCKET, key)) for key in keys}


def registered(glue: Any) -> list[str]:
    pages = glue.get_partitions(DatabaseName="b3_refined_db", TableName="ibov_refined")
    return sorted(partition["Values"][0] for partition in pages["Partitions"])


def empty(laptop: Laptop, s3: Any) -> None:
    """An empty stack in which a raw object starts no job."""
    laptop.aws.reset()
    laptop.create_stack()
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})


def rival() -> Lake:
    """The lake as another process sees it: none of its calls meets what strikes ours."""
    return Lake(boto3.session.Session().client("s3"), RAW, BUCKET)


@contextmanager
def struck(lake: Lake, operation: str, act: Callable[[Mapping[str, Any]], None]) -> Iterator[None]:
    """While it lasts, each call of an operation of S3 is preceded by `act` with its parameters, which may raise."""

    def handler(params: Mapping[str, Any], **_: Any) -> None:
        act(params)

    name = f"provide-client-params.s3.{operation}"
    lake.s3.meta.events.register(name, handler, unique_id="struck")
    try:
        yield
    finally:
        lake.s3.meta.events.unregister(name, unique_id="struck")


def once(key: str, act: Callable[[], object]) -> Callable[[Mapping[str, Any]], None]:
    """What `struck` does at the first call about a key only."""
    pending = [act]

    def strike(params: Mapping[str, Any]) -> None:
        if params["Key"] == key and pending:
            pending.pop()()

    return strike
