"""Files of COTAHIST: a zip with one member, or its text. Header, records and trailer are checked as they are read."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import IO

import numpy as np

from chalicelib.errors import SourceMalformed
from chalicelib.market.columns import LENGTH, Bytes

BLOCK = 1 << 16
"""The number of records that are read at once: 16 MB."""

MAX_BYTES = 4 * 2**30
"""The maximum number of bytes of the text, 17 million records. The largest year has about 1 GB."""

MAGIC = b"PK"
"""The first bytes of a zip, also of one without members."""

_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The methods of zip that are read: stored and Deflate. zipfile raises errors of many classes for the others."""

START = b"00COTAHIST."
"""The first bytes of the text."""

SYNTHETIC_ORIGIN = "SAMPLE"
"""The code of origin in the header of a file of generated prices. B3's files have BOVESPA."""

_RECORD, _TRAILER = b"01", b"99"


@dataclass(slots=True)
class Cotahist:
    """A file of COTAHIST that is being read.

    Attributes:
        stream: its text.
        origin: name of the file in error messages.
        check_total: whether the number of records has to be that of the trailer.
        year: the year in the header.
        generated: the date of the header, on which B3 wrote the file.
        synthetic: whether the header says that the prices are generated.
        records: the number of records so far.
    """

    stream: IO[bytes]
    origin: str
    check_total: bool = True
    year: int = field(init=False)
    generated: date = field(init=False)
    synthetic: bool = field(init=False)
    records: int = field(init=False, default=0)
    _end: bytes = field(init=False)

    def __post_init__(self) -> None:
        line = self.stream.read(LENGTH + 2)
        if len(line) < LENGTH or not line.startswith(START):
            raise SourceMalformed(
                f"{self.origin} starts with {_text(line[:15])!r}; allowed: a header 00COTAHIST.<year> of {LENGTH} "
                "characters"
            )
        self.year = self._number(line[11:15], "year of the header")
        self.synthetic = line[15:23].decode("latin-1").rstrip() == SYNTHETIC_ORIGIN
        self.generated = self._date(line[23:31])
        if not line.endswith(b"\r\n"):
            raise SourceMalformed(f"{self.origin}: the header has no CR LF after {LENGTH} characters")

    def blocks(self) -> Iterator[Bytes]:
        """Yield the records, shape (n, 247) with their line ends, in the order of the file.

        Raises:
            SourceMalformed: a record has another length or type, or the number of records is not that of the trailer.
                What was yielded before it is not to be used.
        """
        width = LENGTH + 2
        trailer = None
        while data := _read(self.stream, BLOCK * width):
            if trailer is not None:
                raise SourceMalformed(f"{self.origin} goes on after its trailer; allowed: nothing")
            if len(data) % width == LENGTH and data[-LENGTH:].startswith(_TRAILER):
                data += b"\r\n"
            lines = np.frombuffer(data[: len(data) // width * width], np.uint8).reshape(-1, width)
            self._check_lines(lines, data)
            if lines[-1, :2].tobytes() == _TRAILER:
                trailer, lines = lines[-1].tobytes(), lines[:-1]
            types = (lines[:, 0] != _RECORD[0]) | (lines[:, 1] != _RECORD[1])
            if types.any():
                at = int(types.argmax())
                raise SourceMalformed(
                    f"{self.origin}, line {self.records + at + 2}: type {_text(lines[at, :2].tobytes())!r}; "
                    "allowed: 01, and 99 at the end"
                )
            self.records += len(lines)
            yield lines
        if trailer is None:
            raise SourceMalformed(f"{self.origin} has no trailer after {self.records:,} records: it was cut")
        self._check_total(trailer)

    def _check_lines(self, lines: Bytes, data: bytes) -> None:
        wrong = (lines[:, LENGTH] != ord("\r")) | (lines[:, LENGTH + 1] != ord("\n"))
        if not wrong.any() and len(data) == lines.size:
            return
        at = int(wrong.argmax()) if wrong.any() else len(lines)
        raise SourceMalformed(
            f"{self.origin}, line {self.records + at + 2}: not {LENGTH} characters and CR LF, or the file was cut there"
        )

    def _check_total(self, trailer: bytes) -> None:
        total = self._number(trailer[31:42], "number of records in the trailer")
        # Some files count the header and the trailer too.
        if self.check_total and self.records not in (total, total - 2):
            raise SourceMalformed(
                f"{self.origin} has {self.records:,} records, its trailer says {total:,}; allowed: the same number, or "
                "2 more in the trailer"
            )

    def _number(self, digits: bytes, what: str) -> int:
        if not digits.isdigit():
            raise SourceMalformed(f"{self.origin}: the {what} is {_text(digits)!r}; allowed: digits")
        return int(digits)

    def _date(self, digits: bytes) -> date:
        try:
            return datetime.strptime(digits.decode("ascii"), "%Y%m%d").date()  # noqa: DTZ007 - a date has no zone
        except ValueError as error:
            raise SourceMalformed(
                f"{self.origin}: the date of the header is {_text(digits)!r}; allowed: YYYYMMDD"
            ) from error


@contextmanager
def open_file(file: IO[bytes], origin: str, *, check_total: bool = True) -> Iterator[Cotahist]:
    """Open a zip with one member of any name, or its text.

    Args:
        file: at its start; seekable if it is a zip.
        origin: name of the file in error messages.
        check_total: whether the number of records has to be that of the trailer.

    Raises:
        SourceMalformed: it is no such file; also inside the block, for a zip that is damaged.
    """
    magic = file.read(len(MAGIC))
    file.seek(0)
    if magic != MAGIC:
        yield Cotahist(file, origin, check_total)
        return
    try:
        with zipfile.ZipFile(file) as archive:
            members = archive.infolist()
            if len(members) != 1:
                raise SourceMalformed(f"{origin} is a zip of {len(members)} members; allowed: 1")
            _check_member(members[0], origin)
            # The end of the member is reached with the trailer, and there zipfile compares the CRC.
            with archive.open(members[0]) as member:
                yield Cotahist(member, origin, check_total)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, UnicodeDecodeError) as error:
        raise SourceMalformed(f"{origin} is a damaged zip: {error}") from error


def _check_member(member: zipfile.ZipInfo, origin: str) -> None:
    if member.compress_type not in _METHODS:
        raise SourceMalformed(f"{origin} is compressed by method {member.compress_type} of zip; allowed: 0 and 8")
    if member.header_offset < 0:
        raise SourceMalformed(f"{origin} is a damaged zip: its member would start before the file")
    if member.file_size > MAX_BYTES:
        raise SourceMalformed(f"{origin} has {member.file_size:,} bytes; allowed: {MAX_BYTES:,}")


def _read(stream: IO[bytes], size: int) -> bytes:
    """Return the next bytes of a stream, fewer only at its end."""
    parts = []
    while size and (part := stream.read(size)):
        parts.append(part)
        size -= len(part)
    return b"".join(parts)


def _text(value: bytes) -> str:
    return value.decode("latin-1")
