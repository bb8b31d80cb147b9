"""B3's index report (BVBG.087): a zip file `IR<yymmdd>.zip` with an XML file for each time it was made that day.

A zip file that holds such zip files, as B3's search by session offers it, is read too.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from xml.etree import ElementTree as ET

import pandas as pd

from chalicelib.errors import SourceEmpty, SourceMalformed
from chalicelib.ingest.sources.b3.closes import as_closes
from chalicelib.instrument import Instrument

MAGIC = b"PK"

MEMBERS, MEMBER_BYTES = 500, 16 * 2**20
"""The maximum numbers of files in a zip file and of bytes in each of them. A real report has half a MB."""

_DEPTH = 2
_PASSWORD = 0x1


@dataclass(frozen=True, slots=True)
class _Report:
    """One XML file: its session, when it was made, and the close of the index, None if it has none."""

    session: date
    created: str
    name: str
    close: float | None


class _NoDoctype(ET.TreeBuilder):
    """Refuses a document type: a report has none, and entities are declared in it."""

    def doctype(self, name: str, *_: str) -> None:
        raise ValueError(f"it has a document type, {name}; allowed: none")


def parse(body: bytes, instrument: Instrument, origin: str) -> pd.DataFrame:
    """Return the closes in a zip file, in the columns of `closes.COLUMNS`: of each session that of its last report.

    Args:
        instrument: one whose ticker B3 has as an index.
        origin: name of the zip file in error messages.

    Raises:
        SourceEmpty: the zip file is empty, because the day has no session, or has no close of the index.
        SourceMalformed: the zip file or a report cannot be read.
    """
    texts = list(_texts(body, origin, _DEPTH))
    if not texts:
        raise SourceEmpty(f"{origin} is an empty zip file: that day has no session, and there is no close to add")
    last: dict[date, _Report] = {}
    for name, text in texts:
        report = _parse(text, name, instrument, f"{origin}, {name}")
        if report.session not in last or _order(last[report.session]) < _order(report):
            last[report.session] = report
    closes = {day: report.close for day, report in last.items() if report.close is not None}
    if not closes:
        raise SourceEmpty(f"{origin} has no close of {instrument.ticker}")
    return as_closes(closes, complete=False)


def _order(report: _Report) -> tuple[str, str]:
    return report.created, report.name


def _texts(body: bytes, origin: str, depth: int) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the bytes of each XML file."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as archive:
            members = [member for member in archive.infolist() if not member.is_dir()]
            if len(members) > MEMBERS:
                raise SourceMalformed(f"{origin} holds {len(members)} files; allowed: {MEMBERS}")
            for member in members:
                content = _read(archive, member, f"{origin}, {member.filename}")
                if member.filename.lower().endswith(".xml"):
                    yield member.filename, content
                elif content.startswith(MAGIC) and depth > 1:
                    yield from _texts(content, f"{origin}, {member.filename}", depth - 1)
                else:
                    raise SourceMalformed(
                        f"{origin} holds {member.filename}; allowed: the XML files of an index report"
                    )
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise SourceMalformed(f"{origin} is a damaged zip file: {error}") from error


def _read(archive: zipfile.ZipFile, member: zipfile.ZipInfo, origin: str) -> bytes:
    if member.flag_bits & _PASSWORD:
        raise SourceMalformed(f"{origin} is encrypted; allowed: a zip file without a password")
    with archive.open(member) as file:
        content = file.read(MEMBER_BYTES + 1)
    if len(content) > MEMBER_BYTES:
        raise SourceMalformed(f"{origin} has more than {MEMBER_BYTES:,} bytes, the limit of a report")
    return content


def _parse(text: bytes, name: str, instrument: Instrument, origin: str) -> _Report:
    parser = ET.XMLParser(target=_NoDoctype())  # noqa: S314 - without a document type there are no entities
    try:
        parser.feed(text)
        root = parser.close()
    except (ET.ParseError, ValueError) as error:
        raise SourceMalformed(f"{origin} is not an XML file of B3: {error}") from error
    report = root.find(".//{*}IndxRpt")
    session = None if report is None else report.findtext("{*}TradDt/{*}Dt")
    if report is None or session is None:
        raise SourceMalformed(f"{origin} has no IndxRpt with a TradDt; allowed: an index report, BVBG.087")
    closes = [
        element.findtext("{*}ClsgPric")
        for element in report.iterfind("{*}IndxInf/{*}SctyInf")
        if (element.findtext("{*}SctyId/{*}TckrSymb") or "").strip() == instrument.ticker
    ]
    if len(closes) > 1:
        raise SourceMalformed(f"{origin} has {instrument.ticker} {len(closes)} times; allowed: once")
    created = root.findtext(".//{*}BizGrpDtls/{*}CreDtAndTm") or ""
    return _Report(_date(session, origin), created, name, _close(closes[0], origin) if closes else None)


def _date(text: str, origin: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError as error:
        raise SourceMalformed(f"{origin}: TradDt is {text!r}; allowed: a date as 2025-12-31") from error


def _close(text: str | None, origin: str) -> float | None:
    """Return the close, None if the report was made before there was one."""
    if text is None:
        return None
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < float("inf"):
        raise SourceMalformed(f"{origin}: ClsgPric is {text!r}; allowed: a number above 0")
    return value
