"""Reads and writes of moto's internal state, in one place.

`tests/contract/test_moto_hooks.py` tests each function, so that an upgrade of moto that breaks one fails by name.
"""

from __future__ import annotations

import io
import json
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import wraps
from typing import Any, BinaryIO, ParamSpec, TypeVar, cast

from moto.athena.models import athena_backends
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.glue.exceptions import EntityNotFoundException
from moto.glue.models import GlueBackend, glue_backends
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
    """Return a table in the form of Glue's GetTable, None if it does not exist."""
    try:
        return _glue().get_table(database, name).as_dict()
    except EntityNotFoundException:
        return None


@_locked
def partitions(database: str, name: str) -> list[dict[str, Any]]:
    """Return the partitions of a table in the form of Glue's GetPartitions."""
    return [partition.as_dict() for partition in _glue().get_partitions(database, name, "")]


@_locked
def job(name: str) -> dict[str, Any] | None:
    """Return a job in the form of Glue's GetJob, None if it does not exist."""
    try:
        return _glue().get_job(name).as_dict()
    except EntityNotFoundException:
        return None


@_locked
def workgroup(name: str) -> dict[str, Any] | None:
    """Return a workgroup in the form of Athena's GetWorkGroup, None if it does not exist."""
    return athena_backends[ACCOUNT][REGION].get_work_group(name)


@_locked
def bucket_exists(bucket: str) -> bool:
    """Return whether a bucket exists."""
    return bucket in _s3().buckets


@_locked
def objects(bucket: str, prefix: str) -> list[StoredObject]:
    """Return the objects under a prefix, sorted by key; none if the bucket does not exist."""
    keys: Any = _s3().buckets[bucket].keys if bucket_exists(bucket) else {}
    latest = (keys.get(name) for name in sorted(keys) if name.startswith(prefix))
    # In a bucket with versions, the latest may be a delete marker, which is not a FakeKey.
    return [StoredObject(key.name, key.etag.strip('"'), key.size) for key in latest if isinstance(key, FakeKey)]


@_locked
def read(bucket: str, key: str) -> bytes | None:
    """Return the bytes of an object, None if it does not exist."""
    stored = _s3().get_object(bucket, key) if bucket_exists(bucket) else None
    return None if stored is None else bytes(stored.value)


@_locked
def open_object(bucket: str, key: str) -> BinaryIO | None:
    """Return an object as a file, None if it does not exist. A part of a large object is read without the rest."""
    stored: Any = _s3().get_object(bucket, key) if bucket_exists(bucket) else None
    return None if stored is None else cast("BinaryIO", _Object(stored))


class _Object(io.RawIOBase):
    """An object of moto as a file. Other threads may read it too, so each read sets the position."""

    def __init__(self, stored: Any) -> None:
        self._stored = stored
        self._position = 0

    def seekable(self) -> bool:
        return True

    def readable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._position

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        start = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._stored.size}[whence]
        self._position = start + offset
        return self._position

    def read(self, size: int = -1) -> bytes:
        with self._stored.lock:
            buffer = self._stored._value_buffer  # noqa: SLF001
            buffer.seek(self._position)
            data = bytes(buffer.read(size))
        self._position += len(data)
        return data


@_locked
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


@_locked
def object_state(bucket: str, key: str) -> ObjectState:
    """Return the state of an object that exists."""
    stored: Any = _s3().buckets[bucket].keys[key]
    return ObjectState(
        bucket, key, stored.etag.strip('"'), stored.last_modified.isoformat(), dict(stored.metadata.items())
    )


@_locked
def restore_object(state: ObjectState, body: bytes) -> None:
    """Put an object with its ETag, time and metadata, without an event; create its bucket if there is none."""
    if not bucket_exists(state.bucket):
        _s3().create_bucket(state.bucket, REGION)
    stored = _s3().put_object(state.bucket, state.key, body, etag=state.etag, disable_notification=True)
    stored.last_modified = datetime.fromisoformat(state.last_modified)
    stored.metadata.update(state.metadata)


@_locked
def catalog() -> dict[str, Any]:
    """Return the databases of Glue with their tables and partitions, as they were put.

    Moto replaces these and never changes one. So two catalogs are compared without a look into what they share.
    """
    return {
        database.name: {
            "input": database.input,
            "tables": {
                table.name: {
                    "input": table.get_version(str(table._current_version)),  # noqa: SLF001
                    "partitions": [partition.partition_input for partition in table.partitions.values()],
                }
                for table in database.tables.values()
            },
        }
        for database in _glue().get_databases()
    }


@_locked
def restore_catalog(databases: Mapping[str, Any]) -> None:
    """Put databases, tables and partitions that `catalog` returned, in place of those of the same name."""
    for name, database in databases.items():
        if name in _glue().databases:
            _glue().update_database(name, database["input"])
        else:
            _glue().create_database(name, database["input"])
        for table_name, stored in database["tables"].items():
            _glue().databases[name].tables.pop(table_name, None)
            table = _glue().create_table(name, table_name, stored["input"])
            for partition in stored["partitions"]:
                table.create_partition(partition)


@_locked
def write(bucket: str, key: str, body: bytes) -> None:
    """Put an object, replacing an existing one."""
    _s3().put_object(bucket, key, body)


@_locked
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
