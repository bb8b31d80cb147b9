"""The lease on a lake: only the run that holds it writes."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import LakeChanged, RunInProgress
from chalicelib.lake.manifest import JOB_TIMEOUT, Contents, Lease, Manifest
from chalicelib.lake.store import Lake
from chalicelib.logs import log

HasEnded = Callable[[str], bool]
"""Whether the run with an id has ended. False for a run that is not known, which may be writing."""


@contextmanager
def acquire(
    lake: Lake,
    run_id: str,
    now: datetime,
    has_ended: HasEnded,
    prefixes: Sequence[str],
    *,
    timeout: timedelta = JOB_TIMEOUT,
) -> Iterator[Writer]:
    """Acquire the lease for a run, and yield a Writer.

    A lease that has expired is taken over, and so is the lease of a run that has ended: it was killed.

    Any error in the block releases the lease, so that the next run does not have to wait until it expires. If nothing
    was written, the state is again the one before the run, or `ready` if there was no manifest. If something may have
    been written, the state stays `writing`, without a lease, until a run commits.

    Args:
        prefixes: of the objects that the Writer may write.
        timeout: of the run, after which the lease expires.

    Raises:
        RunInProgress: another run holds the lease.
        LakeChanged: another run acquired it at the same moment.
    """
    manifest, etag = lake.manifest()
    current = manifest.lease if manifest else None
    if current and current.run_id != run_id and not current.has_expired(now) and not has_ended(current.run_id):
        raise RunInProgress(f"run {current.run_id} has been writing since {current.at:%Y-%m-%d %H:%M:%S} UTC")
    contents = manifest.contents if manifest else None
    writer = Writer(lake, lake.put_manifest(Manifest("writing", Lease(run_id, now, timeout), contents), etag))
    try:
        # Read after the lease is acquired: an earlier list could miss the last write of the previous run, and our own
        # conditional write would fail.
        for prefix in prefixes:
            writer.stored.update(lake.refined_objects(prefix))
        yield writer
    except BaseException:
        inconsistent = writer.wrote or (manifest is not None and manifest.state == "writing")
        writer.release(Manifest("writing" if inconsistent else "ready", None, contents))
        raise


@dataclass(slots=True)
class Writer:
    """Conditional writes to the refined bucket, for the run that holds the lease.

    S3 compares one object at a time, and another run may acquire the lease once it has expired. So each write first
    checks the lease, then sends If-Match with the ETag in `stored`, or If-None-Match for a new object: if another run
    has written the object, the write fails.

    Attributes:
        etag: the ETag of the manifest with our lease.
        stored: the ETag of each object below the prefixes when the lease was acquired, by key.
        wrote: whether anything may have been written.
    """

    lake: Lake
    etag: str
    stored: dict[str, str] = field(default_factory=dict)
    wrote: bool = False

    def put(self, key: str, body: bytes) -> str:
        """Write an object unless it has these bytes already. Return its ETag.

        The ETag of an object put whole is its MD5 under SSE-S3, which the stack's buckets use. Under SSE-KMS it is
        not, and every run would write every object.

        Raises:
            LakeChanged: another run wrote the object, or has taken the lease.
        """
        etag = self.stored.get(key)
        if etag == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"':
            return etag
        self.check_lease()
        return self.lake.put_refined(key, body, etag)

    def delete(self, key: str) -> None:
        """Delete an object in `stored`.

        Raises:
            LakeChanged: another run wrote the object, or has taken the lease.
        """
        self.check_lease()
        self.lake.delete_refined(key, self.stored[key])

    def check_lease(self) -> None:
        """Check that the lease is still ours. Call this before a write outside S3, which cannot be conditional.

        Raises:
            LakeChanged: another run has taken the lease.
        """
        _, etag = self.lake.manifest()
        if etag != self.etag:
            raise LakeChanged(
                f"{self._manifest} was expected at {self.etag} and has ETag {etag}: another run has taken the lease"
            )
        self.wrote = True

    def commit(self, contents: Contents) -> None:
        """Release the lease and publish the new contents.

        Raises:
            LakeChanged: another run has taken the lease.
        """
        self.lake.put_manifest(Manifest("ready", None, contents), self.etag)

    def release(self, manifest: Manifest) -> None:
        """Release the lease without a commit, unless another run has taken the lease."""
        try:
            with suppress(LakeChanged):
                self.lake.put_manifest(manifest, self.etag)
        except (BotoCoreError, ClientError) as error:
            # Do not hide the original exception.
            log.warning("the lease in %s holds until it expires: %s", self._manifest, error)

    @property
    def _manifest(self) -> str:
        return f"s3://{self.lake.refined_bucket}/{self.lake.manifest_key}"
