"""The bytes and the text of a file or an object of S3: compression and encoding."""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import zipfile
import zlib
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import SourceEmpty, SourceMalformed, SourceUnavailable

S3 = "s3://"

LIMIT = 2**27
"""Bytes of a decompressed file: some hundred times the whole history."""

_BOMS = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}


def local_path(location: str) -> Path | None:
    """Return the path of a location, None if it is an object of S3."""
    return None if location.startswith(S3) else Path(os.path.expanduser(location))


def read(location: str) -> bytes:
    """Return the bytes of a file or an object of S3, decompressed as its suffix says.

    Raises:
        SourceUnavailable: it cannot be read.
        SourceMalformed, SourceEmpty: it cannot be decompressed.
    """
    path = local_path(location)
    try:
        if path is not None:
            return _decompress(path.read_bytes(), location)
        bucket, _, key = location.removeprefix(S3).partition("/")
        return _decompress(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read(), location)
    except OSError as error:
        raise SourceUnavailable(f"cannot read {location}: {error.strerror}") from error
    except (BotoCoreError, ClientError) as error:
        message = " ".join(str(error).split())
        raise SourceUnavailable(f"cannot read {location}: {message}") from error


def _decompress(body: bytes, location: str) -> bytes:
    """Return the bytes, decompressed by the suffixes that pandas knows too.

    pandas itself returns only frames, without the numbers of the lines that an error has to name.
    """
    openers: dict[str, Callable[[BytesIO], Any]] = {
        ".gz": gzip.open,
        ".bz2": bz2.open,
        ".xz": lzma.open,
        ".zip": lambda file: _only_member(file, location),
    }
    suffix = Path(location).suffix.lower()
    if suffix not in openers:
        return body
    try:
        with openers[suffix](BytesIO(body)) as file:
            decompressed: bytes = file.read(LIMIT + 1)
    except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, RuntimeError) as error:
        raise SourceMalformed(f"{location} is not a valid {suffix} file: {error}") from error
    if len(decompressed) > LIMIT:
        raise SourceMalformed(f"{location} has more than {LIMIT // 2**20} MiB when decompressed, the limit")
    return decompressed


def _only_member(file: BytesIO, location: str) -> Any:
    archive = zipfile.ZipFile(file)
    # macOS adds a folder with its own attributes of each file.
    names = [info.filename for info in archive.infolist() if not info.is_dir()]
    names = [name for name in names if not name.startswith("__MACOSX/")]
    if not names:
        raise SourceEmpty(f"{location} is an empty zip file")
    if len(names) > 1:
        listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
        raise SourceMalformed(f"{location} has {len(names)} files: {listed}; allowed: one")
    return archive.open(names[0])


def decode(body: bytes, origin: str) -> tuple[str, int | None]:
    """Return the text of bytes, and the first byte that is not UTF-8 if the text is Windows-1252 instead.

    Raises:
        SourceMalformed: the bytes are no text.
    """
    encoding = next((name for bom, name in _BOMS.items() if body.startswith(bom)), "utf-8")
    try:
        return body.decode(encoding), None
    except UnicodeDecodeError as error:
        if encoding != "utf-8":
            raise SourceMalformed(f"{origin} is not {encoding.upper()} text: byte {error.start}") from error
        try:
            return body.decode("cp1252"), error.start
        except UnicodeDecodeError:
            raise SourceMalformed(f"{origin} is not UTF-8 text: byte {error.start}") from error
