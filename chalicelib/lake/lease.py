"""Writing to a lake as the run that holds its claim, and only while it does."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib import layout
from chalicelib.errors import LakeChanged, RunInProgress
from chalicelib.lake.manifest import Claim, Contents, Manifest
from chalicelib.lake.store import Lake


@contextmanager
def claimed(lake: Lake, run_id: str, now: datetime) -> Iterator[Writer]:
    """Claim a lake for a run. Whatever error ends the block gives the claim up, so that the next run need not wait.

    If nothing was written, the manifest says again what it said before; if something may have been, it stays
    `writing`, without a claim, until a run commits.

    Raises:
        RunInProgress: another run holds the claim.
        LakeChanged: somebody else claimed it in the same moment.
    """
    found, etag = lake.manifest()
    claim = found.claim if found else None
    if claim and claim.run_id != run_id and claim.holds(now):
        raise RunInProgress(f"run {claim.run_id} has been writing since {claim.at:%Y-%m-%d %H:%M:%S} UTC")
    contents = found.contents if found else None
    writer = Writer(lake, lake.put_manifest(Manifest("writing", Claim(run_id, now), contents), etag))
    try:
        # Listed under the claim: what a later run writes has another ETag than these.
        writer.stored.update(lake.refined_objects(""))
        yield writer
    except BaseException:
        unsure = writer.wrote or (found is not None and found.state == "writing")
        writer.release(Manifest("writing" if unsure else "ready", None, contents))
        raise


@dataclass(slots=True)
class Writer:
    """What the run that holds the claim may write to the refined bucket.

    S3 compares one object at a time, and a run may be taken over at any moment if it works for longer than its
    claim holds. So each write looks first whether the claim is still there, and is then conditional on what was
    listed right after claiming, which a run that took over has changed if it wrote there.

    Attributes:
        etag: the ETag of the manifest with our claim.
        stored: the ETag of each object of the bucket when the claim was made, by key.
        wrote: whether anything may have been written.
    """

    lake: Lake
    etag: str
    stored: dict[str, str] = field(default_factory=dict)
    wrote: bool = False

    def put(self, key: str, body: bytes) -> str:
        """Make an object these bytes, unless it is already. Returns its ETag.

        S3's ETag of an object put whole is its MD5. Under SSE-KMS it is not, and every object would be written
        every time: the stack's buckets use SSE-S3.

        Raises:
            LakeChanged: somebody else wrote it, or another run has taken over.
        """
        etag = self.stored.get(key)
        if etag == f'"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"':
            return etag
        self.about_to_write()
        return self.lake.put_refined(key, body, etag)

    def delete(self, key: str) -> None:
        """Remove an object that was stored when the claim was made.

        Raises:
            LakeChanged: somebody else wrote it, or another run has taken over.
        """
        self.about_to_write()
        self.lake.delete_refined(key, self.stored[key])

    def about_to_write(self) -> None:
        """Make sure that the claim is still ours. What is not in S3, and so not conditional, asks this first.

        Raises:
            LakeChanged: another run has taken over.
        """
        _, etag = self.lake.manifest()
        if etag != self.etag:
            raise LakeChanged(f"{self._manifest} was expected at {self.etag}, our claim, and is at {etag}")
        self.wrote = True

    def commit(self, contents: Contents) -> None:
        """Give up the claim and say what the lake holds now.

        Raises:
            LakeChanged: another run has taken over.
        """
        self.lake.put_manifest(Manifest("ready", None, contents), self.etag)

    def release(self, manifest: Manifest) -> None:
        """Give up the claim without a commit; if it is no longer ours, there is none to give up."""
        try:
            with suppress(LakeChanged):
                self.lake.put_manifest(manifest, self.etag)
        except (BotoCoreError, ClientError) as error:
            # Not raised: what went wrong in the run is what the operator has to know.
            print(f"warning: the claim in {self._manifest} holds until it expires: {error}")

    @property
    def _manifest(self) -> str:
        return f"s3://{self.lake.refined_bucket}/{layout.MANIFEST_KEY}"
