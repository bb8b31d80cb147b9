"""The bytes of a file that a user names: a path, or `s3://bucket/key`."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from botocore.response import StreamingBody

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
        raise _unavailable(location, error) from error
    if len(body) > LIMIT:
        raise SourceMalformed(f"{location} has more than {LIMIT:,} bytes, the limit of a file")
    return body


@contextmanager
def opened(location: str, limit: int) -> Iterator[IO[bytes]]:
    """Open a file, or a copy of an object of S3 in a temporary file, whatever its size.

    Args:
        limit: the maximum number of bytes of an object of S3.

    Raises:
        SourceUnavailable: the file or the object cannot be read; the message says why.
        SourceMalformed: the object has more bytes than `limit`.
    """
    if not location.startswith(S3):
        require_file(location)
        with Path(location).expanduser().open("rb") as file:
            yield file
        return
    with tempfile.TemporaryFile() as copy:
        try:
            for part in _object(location).iter_chunks(2**20):
                copy.write(part)
                if copy.tell() > limit:
                    raise SourceMalformed(f"{location} has more than {limit:,} bytes, the limit of a file")
        except (BotoCoreError, ClientError) as error:
            raise _unavailable(location, error) from error
        copy.seek(0)
        yield copy


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
    return _object(location).read(LIMIT + 1)


def _object(location: str) -> StreamingBody:
    bucket, _, key = location.removeprefix(S3).partition("/")
    return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"]


def _unavailable(location: str, error: Exception) -> SourceUnavailable:
    return SourceUnavailable(f"cannot read {location}: {' '.join(str(error).split())}")
