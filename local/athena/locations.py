"""Locations of objects in S3."""

from __future__ import annotations

from urllib.parse import urlsplit

from local import moto_state
from local.athena.errors import InvalidRequest


def bucket_and_key(location: str) -> tuple[str, str]:
    """Return the bucket and the key of an `s3://` location.

    Raises:
        InvalidRequest: the location is not an S3 path.
    """
    parts = urlsplit(location)
    if parts.scheme != "s3" or not parts.netloc:
        raise InvalidRequest(f"outputLocation is not a valid S3 path: {location}")
    return parts.netloc, parts.path.lstrip("/")


def objects_below(location: str) -> list[str]:
    """Return the locations of the objects below a location of a folder."""
    bucket, key = bucket_and_key(location)
    prefix = f"{key.rstrip('/')}/" if key else ""
    return [f"s3://{bucket}/{each.key}" for each in moto_state.objects(bucket, prefix)]
