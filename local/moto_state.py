"""The one place that reads and writes moto's state from inside: all that the local AWS needs of moto's internals.

`tests/contract/test_moto_hooks.py` checks each of them by name, so that an upgrade of moto which breaks one says so.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from moto.athena.models import athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import GlueBackend, glue_backends
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import FakeAcl, FakeGrant, FakeGrantee, FakeKey, S3Backend, s3_backends

ACCOUNT = DEFAULT_ACCOUNT_ID
REGION = "us-east-1"

LOCK = threading.RLock()
"""Held for each request to moto and each look into its state. Moto checks a condition and then writes, and closes
an object before it replaces it; one at a time, a conditional PUT is as atomic as S3's, and no reader sees the gap."""

P = ParamSpec("P")
R = TypeVar("R")


def _locked(function: Callable[P, R]) -> Callable[P, R]:
    @wraps(function)
    def locked(*args: P.args, **kwargs: P.kwargs) -> R:
        with LOCK:
            return function(*args, **kwargs)

    return locked


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in S3: its key, ETag and size in bytes."""

    key: str
    etag: str
    size: int


def _glue() -> GlueBackend:
    return glue_backends[ACCOUNT][REGION]


def _s3() -> S3Backend:
    return s3_backends[ACCOUNT]["aws"]


@_locked
def reset() -> None:
    """Empty every service."""
    moto_api_backend.reset()


@_locked
def table(database: str, name: str) -> dict[str, Any] | None:
    """A table as Glue's GetTable gives it, None if it does not exist."""
    try:
        return _glue().get_table(database, name).as_dict()
    except EntityNotFoundException:
        return None


@_locked
def partitions(database: str, name: str) -> list[dict[str, Any]]:
    """The registered partitions of a table, as Glue's GetPartitions gives them."""
    return [partition.as_dict() for partition in _glue().get_partitions(database, name, "")]


@_locked
def job(name: str) -> dict[str, Any] | None:
    """A job as Glue's GetJob gives it, None if it does not exist."""
    try:
        return _glue().get_job(name).as_dict()
    except EntityNotFoundException:
        return None


@_locked
def workgroup(name: str) -> dict[str, Any] | None:
    """A workgroup as Athena's GetWorkGroup gives it, None if it does not exist."""
    return athena_backends[ACCOUNT][REGION].get_work_group(name)


@_locked
def bucket_exists(bucket: str) -> bool:
    """Whether there is such a bucket."""
    return bucket in _s3().buckets


@_locked
def objects(bucket: str, prefix: str) -> list[StoredObject]:
    """The objects below a prefix in order of key, none if there is no such bucket."""
    found: Any = _s3().buckets[bucket].keys if bucket_exists(bucket) else {}
    stored = (found.get(key) for key in sorted(found) if key.startswith(prefix))
    # What is no FakeKey is the marker of a delete in a bucket with versions.
    return [StoredObject(key.name, key.etag.strip('"'), key.size) for key in stored if isinstance(key, FakeKey)]


@_locked
def read(bucket: str, key: str) -> bytes | None:
    """The bytes of an object, None if there is none."""
    stored = _s3().get_object(bucket, key) if bucket_exists(bucket) else None
    return None if stored is None else bytes(stored.value)


@_locked
def write(bucket: str, key: str, body: bytes) -> None:
    """Put an object, replacing what was there."""
    _s3().put_object(bucket, key, body)


@_locked
def delete(bucket: str, key: str) -> None:
    """Delete an object, if there is one, and free its memory."""
    stored = _s3().get_object(bucket, key) if bucket_exists(bucket) else None
    if stored is None:
        return
    _s3().delete_object(bucket, key)
    # moto lists every instance of its models for its control routes, which are closed here, and deletes none.
    stored.dispose()
    models: Any = (FakeKey, FakeAcl, FakeGrant, FakeGrantee)
    models[0].instances_tracked.remove(stored)
    for model in models[1:]:
        model.instances_tracked.clear()
