"""Buckets made empty, and removed."""

from __future__ import annotations

from typing import Any

from botocore.exceptions import ClientError

from infra.clients import code
from infra.errors import StepFailed

_AT_ONCE = 1000


def empty(s3: Any, bucket: str) -> int:
    """Delete all that is in a bucket, with every version. A bucket that does not exist is empty.

    Returns:
        How many versions there were.

    Raises:
        StepFailed: S3 did not delete one; names it.
    """
    count = 0
    try:
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=bucket):
            found = [*page.get("Versions", []), *page.get("DeleteMarkers", [])]
            named = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in found]
            for first in range(0, len(named), _AT_ONCE):
                some = named[first : first + _AT_ONCE]
                answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
                for error in answer.get("Errors", []):
                    raise StepFailed(f"s3://{bucket}/{error['Key']} was not deleted: {error['Code']}")
            count += len(named)
    except ClientError as error:
        if code(error) != "NoSuchBucket":
            raise
    return count


def remove(s3: Any, bucket: str) -> None:
    """Delete an empty bucket, if it is there."""
    try:
        s3.delete_bucket(Bucket=bucket)
    except ClientError as error:
        if code(error) != "NoSuchBucket":
            raise
