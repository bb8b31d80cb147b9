"""The bytes of a file that a user names: a path, or `s3://bucket/key`."""

from __future__ import annotations

from pathlib import Path

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import SourceMalformed, SourceUnavailable

S3 = "s3://"

LIMIT = 64 * 2**20
"""The maximum number of bytes. The largest real file has less than one MB."""


def read(location: str) -> bytes:
    """Return the bytes at a location.

    Raises:
        SourceUnavailable: the file or the object cannot be read; the message says why.
        SourceMalformed: it has more than `LIMIT` bytes.
    """
    try:
        body = _read_object(location) if location.startswith(S3) else _read_file(location)
    except OSError as error:
        raise SourceUnavailable(f"cannot read {location}: {error.strerror}") from error
    except (BotoCoreError, ClientError) as error:
        message = " ".join(str(error).split())
        raise SourceUnavailable(f"cannot read {location}: {message}") from error
    if len(body) > LIMIT:
        raise SourceMalformed(f"{location} has more than {LIMIT:,} bytes, the limit of a file")
    return body


def require_file(location: str) -> None:
    """Raise SourceUnavailable if a path is not a file that can be opened. Objects of S3 are not checked."""
    if location.startswith(S3):
        return
    try:
        with Path(location).expanduser().open("rb"):
            pass
    except OSError as error:
        raise SourceUnavailable(f"cannot read {location}: {error.strerror}") from error


def _read_file(location: str) -> bytes:
    with Path(location).expanduser().open("rb") as file:
        return file.read(LIMIT + 1)


def _read_object(location: str) -> bytes:
    bucket, _, key = location.removeprefix(S3).partition("/")
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(LIMIT + 1)
