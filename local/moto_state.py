"""Reads and writes of moto's internal state: objects and the lock. `moto_catalog` has Glue.

`tests/contract/test_moto_hooks.py` tests each function, so that an upgrade of moto that breaks one fails by name.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.moto_api._internal.models import moto_api_backend
from moto.s3.models import FakeAcl, FakeGrant, FakeGrantee, FakeKey, S3Backend, s3_backends

from local import defaults

ACCOUNT = DEFAULT_ACCOUNT_ID
REGION = defaults.REGION

LOCK = threading.RLock()
"""Serializes requests to moto and access to its state. Moto checks a condition and writes in two steps, and closes
an object before it replaces it. Under the lock a conditional PUT is atomic, and no reader sees a closed object."""

P = ParamSpec("P")
R = TypeVar("R")


def locked(function: Callable[P, R]) -> Callable[P, R]:
    """Return the function, called under the lock."""

    @wraps(function)
    def wrapper(*args: P.args, **kwargs: P.kwargs) -> R:
        with LOCK:
            return function(*args, **kwargs)

    return wrapper


@dataclass(frozen=True, slots=True)
class StoredObject:
    """An object in S3: its key, ETag and size in bytes."""

    key: str
    etag: str
    size: int


@dataclass(frozen=True, slots=True)
class ObjectState:
    """The attributes of an object in S3 besides its bytes. An object that changes gets another state."""

    bucket: str
    key: str
    etag: str
    last_modified: str
    metadata: dict[str, str]

    def encode(self) -> str:
        """Return this as JSON."""
        return json.dumps(asdict(self), sort_keys=True)

    @staticmethod
    def decode(text: str) -> ObjectState:
        """Return the state that `encode` wrote."""
        return ObjectState(**json.loads(text))


def _s3() -> S3Backend:
    return s3_backends[ACCOUNT]["aws"]


@locked
def reset() -> None:
    """Empty every service."""
    moto_api_backend.reset()


@locked
def bucket_exists(bucket: str) -> bool:
    """Return whether a bucket exists."""
    return bucket in _s3().buckets


@locked
def bucket_policy(bucket: str) -> bytes | str | None:
    """Return the JSON of a bucket's policy, None if it has none or does not exist."""
    return _s3().buckets[bucket].policy if bucket_exists(bucket) else None


@locked
def objects(bucket: str, prefix: str) -> list[StoredObject]:
    """Return the objects under a prefix, sorted by key; none if the bucket does not exist."""
    keys: Any = _s3().buckets[bucket].keys if bucket_exists(bucket) else {}
    latest = (keys.get(name) for name in sorted(keys) if name.startswith(prefix))
    # In a bucket with versions, the latest may be a delete marker, which is not a FakeKey.
    return [StoredObject(key.name, key.etag.strip('"'), key.size) for key in latest if isinstance(key, FakeKey)]


@locked
def read(bucket: str, key: str) -> bytes | None:
    """Return the bytes of an object, None if it does not exist."""
    stored = _s3().get_object(bucket, key) if bucket_exists(bucket) else None
    return None if stored is None else bytes(stored.value)


@locked
def latest_objects() -> dict[tuple[str, str], object]:
    """Return moto's object in each place, by bucket and key.

    Moto replaces an object and never changes one. So what was stored under a key has changed if it is another object.
    """
    return {
        (bucket.name, name): versions[-1]
        for bucket in _s3().buckets.values()
        for name, versions in dict.items(bucket.keys)
        if isinstance(versions[-1], FakeKey)
    }


@locked
def object_state(bucket: str, key: str) -> ObjectState:
    """Return the state of an object that exists."""
    stored: Any = _s3().buckets[bucket].keys[key]
    return ObjectState(
        bucket, key, stored.etag.strip('"'), stored.last_modified.isoformat(), dict(stored.metadata.items())
    )


@locked
def restore_object(state: ObjectState, body: bytes) -> None:
    """Put an object with its ETag, time and metadata, without an event; create its bucket if there is none."""
    if not bucket_exists(state.bucket):
        _s3().create_bucket(state.bucket, REGION)
    stored = _s3().put_object(state.bucket, state.key, body, etag=state.etag, disable_notification=True)
    stored.last_modified = datetime.fromisoformat(state.last_modified)
    stored.metadata.update(state.metadata)


@locked
def write(bucket: str, key: str, body: bytes) -> None:
    """Put an object, replacing an existing one."""
    _s3().put_object(bucket, key, body)


@locked
def delete(bucket: str, key: str) -> None:
    """Delete an object, if there is one, and free its memory."""
    stored = _s3().get_object(bucket, key) if bucket_exists(bucket) else None
    if stored is None:
        return
    _s3().delete_object(bucket, key)
    # moto lists every instance of its models for its control API, which is closed here, and never removes one.
    stored.dispose()
    models: Any = (FakeKey, FakeAcl, FakeGrant, FakeGrantee)
    models[0].instances_tracked.remove(stored)
    for model in models[1:]:
        model.instances_tracked.clear()
