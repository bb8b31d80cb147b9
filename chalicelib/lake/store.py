"""The lake in S3: read and conditionally write raw objects, refined years, quarantine, manifest and ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from msgspec.structs import replace

from chalicelib import layout
from chalicelib.errors import BackendUnavailable, LakeChanged
from chalicelib.lake.manifest import Ledger, Manifest
from chalicelib.layout import RawObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

_READERS = 16
"""The number of threads that read raw objects, or delete objects."""

_NOT_MODIFIED = 304

CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}
"""The error codes of S3 for a write whose condition does not hold: 412, 409 and 404."""


@dataclass(frozen=True, slots=True)
class Listed:
    """An object as a list of S3 has it."""

    etag: str
    size: int
    modified: datetime


@dataclass(frozen=True, slots=True)
class Lake:
    """One lake: its two buckets, the key of its manifest and the S3 client."""

    s3: S3Client
    raw_bucket: str
    refined_bucket: str
    manifest_key: str = layout.MANIFEST_KEY

    def raw_objects(self, prefix: str = layout.RAW_PREFIX) -> dict[str, str]:
        """Return the ETag of every raw object below a prefix, by key, in order of key."""
        return {key: listed.etag for key, listed in self.raw_listing(prefix).items()}

    def raw_listing(self, prefix: str = layout.RAW_PREFIX) -> dict[str, Listed]:
        """Return the entry of every raw object below a prefix, by key, in order of key."""
        return {key: listed for key, listed in self._list(self.raw_bucket, prefix).items() if layout.is_raw(key)}

    def read_raw(self, listing: Mapping[str, Listed]) -> Iterator[RawObject]:
        """Yield the listed raw objects in order of key, without the bodies of those that are too large.

        Raises:
            LakeChanged: an object was deleted or replaced since it was listed.
            BackendUnavailable: S3 did not return an object. The caller must not go on without it.
        """
        with ThreadPoolExecutor(_READERS) as pool:
            # A few at a time, so that many large objects are never in memory together.
            keys = sorted(listing)
            for start in range(0, len(keys), 4 * _READERS):
                batch = keys[start : start + 4 * _READERS]
                yield from pool.map(self._get_raw, batch, [listing[key] for key in batch])

    def _get_raw(self, key: str, listed: Listed) -> RawObject:
        if listed.size > layout.MAX_RAW_BYTES:
            return RawObject(key, None, listed.size, listed.modified)
        try:
            response = self.s3.get_object(Bucket=self.raw_bucket, Key=key, IfMatch=listed.etag)
            return RawObject(key, response["Body"].read(), listed.size, listed.modified)
        except ClientError as error:
            if error.response["Error"]["Code"] in CONFLICTS:
                raise _changed(self.raw_bucket, key, listed.etag) from error
            raise _not_read(self.raw_bucket, key, error) from error
        except BotoCoreError as error:
            raise _not_read(self.raw_bucket, key, error) from error

    def put_raw(self, body: bytes, collected_at: datetime) -> str:
        """Add a raw object and return its key. No raw object is ever replaced.

        Two runs in the same second get the keys of consecutive seconds.

        Raises:
            LakeChanged: the keys of 60 consecutive seconds exist.
        """
        for attempt in range(60):
            key = layout.raw_key(collected_at, attempt)
            try:
                self._put(self.raw_bucket, key, body, None)
            except LakeChanged:
                continue
            return key
        raise LakeChanged(
            f"s3://{self.raw_bucket}/{layout.raw_key(collected_at)} and the 59 seconds after it are taken"
        )

    def cotahist_objects(self) -> dict[str, str]:
        """Return the ETag of every file of COTAHIST, by key, in order of key."""
        return {key: listed.etag for key, listed in self.cotahist_listing().items()}

    def cotahist_listing(self) -> dict[str, Listed]:
        """Return the entry of every file of COTAHIST, by key, in order of key."""
        listed = self._list(self.raw_bucket, layout.COTAHIST_PREFIX)
        return {key: entry for key, entry in listed.items() if layout.cotahist_file(key)}

    def open_raw(self, key: str, etag: str) -> IO[bytes]:
        """Return the body of a raw object as a stream.

        Raises:
            LakeChanged: the object was deleted or replaced since it was listed.
        """
        try:
            body: Any = self.s3.get_object(Bucket=self.raw_bucket, Key=key, IfMatch=etag)["Body"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in CONFLICTS:
                raise
            raise _changed(self.raw_bucket, key, etag) from error
        return body  # type: ignore[no-any-return]

    def put_cotahist(self, body: IO[bytes], file: layout.CotahistFile, suffix: str, metadata: Mapping[str, str]) -> str:
        """Add a file of COTAHIST, which is streamed, and return its key. No file is ever replaced.

        Args:
            body: seekable.
            suffix: zip or txt.
            metadata: the metadata of the object: ASCII.

        Raises:
            LakeChanged: the keys of 60 consecutive seconds exist.
        """
        for attempt in range(60):
            key = layout.cotahist_key(file, suffix, attempt)
            body.seek(0)
            try:
                self._put(self.raw_bucket, key, body, None, Metadata=metadata)
            except LakeChanged:
                continue
            return key
        raise LakeChanged(f"s3://{self.raw_bucket}/{layout.cotahist_key(file, suffix)}: 60 keys are taken")

    def manifest(self) -> tuple[Manifest | None, str | None]:
        """Return the manifest and its ETag, or two Nones before the first run."""
        return self._manifest()

    def manifest_after(self, etag: str) -> tuple[Manifest | None, str | None] | None:
        """Return the manifest and its ETag as `manifest` does, or None if the manifest still has this ETag."""
        try:
            return self._manifest(IfNoneMatch=etag)
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != _NOT_MODIFIED:
                raise
            return None

    def _manifest(self, **condition: str) -> tuple[Manifest | None, str | None]:
        get: Any = self.s3.get_object
        try:
            response = get(Bucket=self.refined_bucket, Key=self.manifest_key, **condition)
        except self.s3.exceptions.NoSuchKey:
            return None, None
        manifest = Manifest.decode(response["Body"].read())
        if manifest.lease and manifest.lease.at > response["LastModified"]:
            # The clock of the run is ahead: a lease is not newer than the object that holds it.
            manifest = replace(manifest, lease=replace(manifest.lease, at=response["LastModified"]))
        return manifest, response["ETag"]

    def put_manifest(self, manifest: Manifest, etag: str | None) -> str:
        """Replace the manifest that has this ETag, or create it if the ETag is None. Return the new ETag.

        Raises:
            LakeChanged: another writer changed the manifest.
        """
        return self._put(self.refined_bucket, self.manifest_key, manifest.encode(), etag)

    def ledger(self, key: str) -> Ledger:
        """Return the ledger that a manifest names.

        Raises:
            LakeChanged: a newer commit deleted it.
        """
        try:
            return Ledger.decode(self.s3.get_object(Bucket=self.refined_bucket, Key=key)["Body"].read())
        except self.s3.exceptions.NoSuchKey as error:
            raise LakeChanged(f"s3://{self.refined_bucket}/{key} does not exist: a newer commit replaced it") from error

    def refined_objects(self, prefix: str) -> dict[str, str]:
        """Return the ETag of every object of the refined bucket below a prefix, by key."""
        return {key: listed.etag for key, listed in self.refined_listing(prefix).items()}

    def refined_listing(self, prefix: str) -> dict[str, Listed]:
        """Return the entry of every object of the refined bucket below a prefix, by key."""
        return self._list(self.refined_bucket, prefix)

    def put_refined(self, key: str, body: bytes, etag: str | None) -> str:
        """Replace the object that has this ETag, or create it if the ETag is None. Return the new ETag.

        Raises:
            LakeChanged: another writer changed the object.
        """
        return self._put(self.refined_bucket, key, body, etag)

    def read_refined(self, key: str) -> bytes:
        """Return the body of an object of the refined bucket."""
        return self.s3.get_object(Bucket=self.refined_bucket, Key=key)["Body"].read()

    def replace_refined(self, key: str, body: bytes) -> str:
        """Write an object whose key decides its bytes, so that it makes no difference who wrote it. Return its ETag."""
        return self.s3.put_object(Bucket=self.refined_bucket, Key=key, Body=body)["ETag"]

    def delete_refined(self, key: str, etag: str) -> None:
        """Delete the object that has this ETag. An object that does not exist is no error.

        Raises:
            LakeChanged: another writer changed the object.
        """
        try:
            self.s3.delete_object(Bucket=self.refined_bucket, Key=key, IfMatch=etag)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchKey":
                return
            if code not in CONFLICTS:
                raise
            raise _changed(self.refined_bucket, key, etag) from error

    def refined_url(self, year: int, expires: timedelta) -> str:
        """Return an address from which anyone can download a year's object until it expires.

        It allows what the credentials of the S3 client allow, and expires with them if that is earlier.
        """
        parameters = {"Bucket": self.refined_bucket, "Key": layout.refined_key(year)}
        return self.s3.generate_presigned_url("get_object", parameters, int(expires.total_seconds()))

    def delete_all_refined(self, keys: Sequence[str]) -> None:
        """Delete objects whose keys nobody writes any more."""
        with ThreadPoolExecutor(_READERS) as pool:
            # In a list, so that an error of a thread is raised here.
            list(pool.map(lambda key: self.s3.delete_object(Bucket=self.refined_bucket, Key=key), keys))

    def _list(self, bucket: str, prefix: str) -> dict[str, Listed]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return {
            entry["Key"]: Listed(entry["ETag"], entry["Size"], entry["LastModified"])
            for page in pages
            for entry in page.get("Contents", [])
        }

    def _put(self, bucket: str, key: str, body: bytes | IO[bytes], etag: str | None, **others: Any) -> str:
        try:
            if etag is None:
                return self.s3.put_object(Bucket=bucket, Key=key, Body=body, IfNoneMatch="*", **others)["ETag"]
            return self.s3.put_object(Bucket=bucket, Key=key, Body=body, IfMatch=etag)["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] not in CONFLICTS:
                raise
            raise _changed(bucket, key, etag) from error


def _changed(bucket: str, key: str, etag: str | None) -> LakeChanged:
    expected = "absent" if etag is None else f"at {etag}"
    return LakeChanged(f"s3://{bucket}/{key} was expected {expected} and is not")


def _not_read(bucket: str, key: str, error: Exception) -> BackendUnavailable:
    return BackendUnavailable(f"s3://{bucket}/{key} was not read, so the run ends; retry later: {error}")
