"""Empty and delete buckets."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.clients import error_code
from infra.errors import StepFailed

_BATCH = 1000
"""The maximum number of keys of one DeleteObjects request."""


def empty(s3: Any, bucket: str) -> int:
    """Delete all object versions of a bucket. Return their number, 0 if the bucket does not exist.

    Raises:
        StepFailed: S3 did not delete an object.
    """
    count = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            entries = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            versions = [{"Key": entry["Key"], "VersionId": entry["VersionId"]} for entry in entries]
            for first in range(0, len(versions), _BATCH):
                batch = versions[first : first + _BATCH]
                response = s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
                for error in response.get("Errors", []):
                    raise StepFailed(f"s3://{bucket}/{error['Key']} was not deleted: {error['Code']}")
            count += len(versions)
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise
    return count


def delete(s3: Any, bucket: str) -> None:
    """Delete an empty bucket, if it exists."""
    try:
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if error_code(error) != "NoSuchBucket":
            raise
