"""Files that are no table of bars, each with an error of its own."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

from chalicelib.errors import SourceEmpty, SourceMalformed
from chalicelib.ingest.sources.files.cells import Text

_BINARY = {
    b"PK\x03\x04": "an Excel workbook or a zip file without the suffix .zip; in Excel, save it as CSV UTF-8",
    b"\xd0\xcf\x11\xe0": "an Excel workbook of the old format; in Excel, save it as CSV UTF-8",
    b"\x1f\x8b": "a gzip file without the suffix .gz",
    b"BZh": "a bzip2 file without the suffix .bz2",
    b"\xfd7zXZ\x00": "an xz file without the suffix .xz",
    b"\x28\xb5\x2f\xfd": "a Zstandard file, which is not read",
    b"%PDF": "a PDF document",
}

_REFUSAL = re.compile(r"no data|brak danych|exceeded the daily hits limit|.*stooq", re.IGNORECASE)

# B3's codes of shares, units, funds and receipts.
_SHARE = re.compile(r"[A-Z]{4}(?:[3-8]|11|3[1-5]|39)(?![0-9A-Za-z])", re.ASCII)


def check_name(origin: str) -> None:
    """Raise SourceMalformed if the file is named as Yahoo and Investing.com name those of a share."""
    match = _SHARE.match(PurePosixPath(origin.replace("\\", "/")).name)
    if match:
        raise SourceMalformed(
            f"{origin} is named as a file of {match[0]}, not of the index; if it holds the index, rename it"
        )


def check_bytes(body: bytes, origin: str) -> None:
    """Raise an error if the bytes are empty, or a known binary format.

    Raises:
        SourceEmpty, SourceMalformed: what the file is.
    """
    if not body.strip():
        raise SourceEmpty(f"{origin} is empty")
    for signature, kind in _BINARY.items():
        if body.startswith(signature):
            raise SourceMalformed(f"{origin} is {kind}")


def check_text(source: Text) -> None:
    """Raise an error if the text is known to be no table of the bars of the index.

    Raises:
        SourceEmpty, SourceMalformed: what the text is, and its first line.
    """
    if "\0" in source.body:
        line = source.body.count("\n", 0, source.body.index("\0")) + source.first_number
        raise SourceMalformed(f"{source.origin} is not text: line {line} has a NUL byte")
    if not source.first_line:
        raise SourceEmpty(f"{source.origin} is empty")
    kind = _kind(source)
    if kind:
        raise SourceMalformed(f"{source.origin} is {kind}; its first line: {shown(source.first_line)}")


def _kind(source: Text) -> str:
    first = source.first_line.casefold()
    start = source.body[:1000].casefold()
    if first.startswith("<"):
        return "an HTML page, not bars" if "<html" in start or "<!doctype html" in start else "XML, not a table of bars"
    if first.startswith(("{", "[")):
        return "JSON, not a table of bars"
    if first.startswith("00cotahist"):
        return "a COTAHIST file of B3, which has shares and not the index"
    if _REFUSAL.match(first) and len(source.body.splitlines()) <= 3:
        return "a refusal of the site it was downloaded from, not bars"
    if {name.strip(' "') for name in re.split("[,;\t]", first)} == {"date", "close"}:
        return "a file of closes only, which is for `--source b3:`"
    return ""


def shown(line: str, width: int = 80) -> str:
    """Return a line for a message, shortened."""
    return repr(line if len(line) <= width else line[: width - 1] + "…")
