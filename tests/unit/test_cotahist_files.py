"""Whole files of COTAHIST: what is read, and what is refused by name."""

from __future__ import annotations

import contextlib
import re
import zipfile
from datetime import date
from io import BytesIO

import numpy as np
import pytest

from chalicelib.errors import SourceEmpty, SourceMalformed
from chalicelib.market import files
from chalicelib.market.files import open_file
from chalicelib.market.summary import summarise
from tests.support.market import GENERATED, file, parsed, record

TEXT = file(record(DATA=20250103), record(DATA=20250102), record(DATA=20251230))
LINES = TEXT.splitlines(keepends=True)


def zipped(*members: bytes, name: str = "COTAHIST.A1986") -> bytes:
    body = BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(name + "x" * number, member)
    return body.getvalue()


def compressed(method: int) -> bytes:
    body = BytesIO()
    with zipfile.ZipFile(body, "w", method) as archive:
        archive.writestr("COTAHIST.A1986", TEXT)
    return body.getvalue()


def with_member_before_the_file() -> bytes:
    """Return a zip whose directory has an offset beyond the file, so that the offset of its member is negative."""
    body = zipped(TEXT)
    at = body.rindex(b"PK\5\6") + 16
    return body[:at] + b"\xff\xff\xff\x7f" + body[at + 4 :]


def read(body: bytes, **options: bool) -> int:
    with open_file(BytesIO(body), "mine", **options) as cotahist:
        assert sum(len(block) for block in cotahist.blocks()) == cotahist.records
        assert (cotahist.year, cotahist.generated) == (GENERATED.year, GENERATED)
    return cotahist.records


@pytest.mark.parametrize("name", ["COTAHIST.A1986", "COTAHIST_A2001", "COTAHIST_A2002.TXT"])
def test_the_name_of_the_member_makes_no_difference(name: str):
    assert read(zipped(TEXT, name=name)) == read(TEXT) == 3


def test_the_trailer_may_count_the_header_and_itself():
    assert read(file(record(), counts_all=True)) == 1


def test_the_last_line_needs_no_line_end():
    assert read(TEXT.removesuffix(b"\r\n")) == 3


@pytest.mark.parametrize("block", [1, 2, 3, 4, 5])
def test_the_size_of_a_block_makes_no_difference(block: int, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK", block)

    assert read(TEXT) == 3
    assert read(TEXT.removesuffix(b"\r\n")) == 3
    for cut in range(1, len(TEXT) - 2, 61):
        with pytest.raises(SourceMalformed):
            read(TEXT[:cut])


def damaged(body: bytes) -> bytes:
    """Return a zip with another byte in its compressed data."""
    at = len(body) // 2
    return body[:at] + bytes([body[at] ^ 0xFF]) + body[at + 1 :]


REFUSED = {
    "empty": (b"", "mine starts with ''; allowed: a header 00COTAHIST"),
    "page": (b"<html>" + b" " * 300, "mine starts with '<html>"),
    "another file": (LINES[1] + LINES[-1], "mine starts with '012025010302PET'"),
    "LF": (TEXT.replace(b"\r\n", b"\n"), "the header has no CR LF after 245 characters"),
    "date of the header": (TEXT.replace(b"20251231", b"20251331", 1), "the date of the header is '20251331'"),
    "year of the header": (TEXT.replace(b"COTAHIST.2025", b"COTAHIST.20x5", 1), "the year of the header is '20x5'"),
    "no trailer": (b"".join(LINES[:-1]), "mine has no trailer after 3 records: it was cut"),
    "cut in a record": (TEXT[:600], "mine, line 3: not 245 characters and CR LF, or the file was cut there"),
    "longer record": (LINES[0] + b" ".join(LINES[1:]), "mine, line 3: "),
    "shorter record": (LINES[0] + LINES[1][1:] + b"".join(LINES[2:]), "mine, line 2: not 245 characters"),
    "type": (b"".join([*LINES[:2], b"02" + LINES[2][2:], *LINES[3:]]), "mine, line 3: type '02'; allowed: 01"),
    "after the trailer": (TEXT + LINES[1], "mine, line 5: type '99'"),
    "total": (
        file(record()).replace(b"00000000001", b"00000001745"),
        "mine has 1 records, its trailer says 1,745; allowed: the same number, or 2 more in the trailer",
    ),
    "total of one more": (file(record()).replace(b"00000000001", b"00000000002"), "its trailer says 2"),
    "total of letters": (file(record()).replace(b"00000000001", b"0000000000x"), "the number of records in the trail"),
    "no member": (zipped(), "mine is a zip of 0 members; allowed: 1"),
    "two members": (zipped(TEXT, TEXT), "mine is a zip of 2 members; allowed: 1"),
    "cut zip": (zipped(TEXT)[:-40], "mine is a damaged zip: "),
    "zip of a cut text": (zipped(TEXT[:600]), "mine, line 3: "),
    "damaged zip": (damaged(zipped(TEXT)), "mine"),
    "bzip2": (compressed(zipfile.ZIP_BZIP2), "mine is compressed by method 12 of zip; allowed: 0 and 8"),
    "LZMA": (compressed(zipfile.ZIP_LZMA), "mine is compressed by method 14 of zip; allowed: 0 and 8"),
    "place of the member": (with_member_before_the_file(), "its member would start before the file"),
    "name of the member": (zipped(TEXT, name="é").replace(b"\xc3\xa9", b"\xff\xff"), "mine is a damaged zip: 'utf-8'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_not_whole_is_refused(name: str):
    body, message = REFUSED[name]

    with pytest.raises(SourceMalformed, match=re.escape(message)):
        read(body)


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_zip_with_any_wrong_byte_is_read_or_refused(method: int):
    """Any other error of a file in raw would end every run of the job."""
    body = compressed(method)
    random = np.random.default_rng(7)
    # The directory at the end, the header of the member, and its content.
    places = [*range(len(body) - 130, len(body)), *range(60), *random.integers(60, len(body) - 130, 60)]
    read_whole = 0
    for place in places:
        for byte in (0, 0xFF, body[place] ^ 0x80):
            with contextlib.suppress(SourceMalformed):
                read_whole += read(body[:place] + bytes([byte]) + body[place + 1 :])
    assert read_whole % 3 == 0
    assert read_whole


def test_a_trailer_in_a_block_of_its_own_ends_the_file(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "BLOCK", 4)

    with pytest.raises(SourceMalformed, match="mine goes on after its trailer"):
        read(TEXT + LINES[1])


def test_a_zip_whose_text_is_too_large_is_not_read(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(files, "MAX_BYTES", len(TEXT) - 1)

    with pytest.raises(SourceMalformed, match=r"mine has 1,235 bytes; allowed: 1,234"):
        read(zipped(TEXT))


def test_the_summary_has_the_first_and_the_last_date():
    summary = summarise(BytesIO(TEXT), "mine")

    assert (summary.first.isoformat(), summary.last.isoformat()) == ("2025-01-02", "2025-12-30")
    assert (summary.records, summary.generated) == (3, GENERATED)


@pytest.mark.parametrize("wrong", [101, 10101, 9990101, 20260101, 99991231, 20251399])
def test_the_summary_has_no_date_that_is_refused(wrong: int):
    """The key of the file has its dates, and no year below 1000 or after the header can be that of a session."""
    summary = summarise(BytesIO(file(record(DATA=wrong), record(DATA=20250102))), "mine")

    assert (summary.first, summary.last, summary.records) == (date(2025, 1, 2), date(2025, 1, 2), 2)


def test_a_file_without_a_date_is_refused():
    for body in (file(), file(record(DATA=20251399)), file(record(DATA=101)), file(record(DATA=20260101))):
        with pytest.raises(SourceEmpty, match="mine has no record with a date"):
            summarise(BytesIO(body), "mine")


@pytest.mark.parametrize(("origin", "synthetic"), [("BOVESPA", False), ("SAMPLE", True)])
def test_the_header_says_whether_the_prices_are_generated(origin: str, synthetic: bool):
    assert parsed(record(), origin=origin).synthetic is synthetic
