"""The source `csv:`: daily bars in a file, or in an object of S3."""

from __future__ import annotations

import csv
import io
import math
import os
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import boto3
import pandas as pd
from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.errors import SourceEmpty, SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources import between
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN
from chalicelib.sources import CSV

_COLUMNS = {
    "date": "data",
    "open": OPEN,
    "high": HIGH,
    "low": LOW,
    "close": CLOSE,
    "volume": "volume_negociado",
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_S3 = "s3://"

# From here on a double cannot represent every whole number.
_VOLUME_LIMIT = 2**53


@dataclass(frozen=True, slots=True)
class CsvFile:
    """Bars from `location`: a path, or `s3://bucket/key`.

    The text is UTF-8. Its first line names the columns, in upper or lower case: date (ISO), open, high, low, close and
    volume (whole numbers). An empty cell is null; blank lines and other columns are ignored.
    """

    location: str

    @property
    def name(self) -> str:
        return CSV.name

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """See `Source`."""
        try:
            text = _read(self.location).decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise SourceMalformed(f"{self.location} is not UTF-8 text: byte {error.start}") from error
        bars = between(parse(text, self.location), start, end)
        if bars.empty:
            raise SourceEmpty(f"{self.location} holds no bars from {start or 'its first day'} to {end or 'its last'}")
        return bars


def _read(location: str) -> bytes:
    try:
        if not location.startswith(_S3):
            return Path(os.path.expanduser(location)).read_bytes()
        bucket, _, key = location.removeprefix(_S3).partition("/")
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except OSError as error:
        raise SourceUnavailable(f"cannot read {location}: {error.strerror}") from error
    except (BotoCoreError, ClientError) as error:
        message = " ".join(str(error).split())
        raise SourceUnavailable(f"cannot read {location}: {message}") from error


def parse(text: str, origin: str) -> pd.DataFrame:
    """Return the bars in a CSV text, in order of date.

    Args:
        origin: name of the text in error messages.

    Raises:
        SourceMalformed: names the line, the column, the value and what is allowed.
        SourceEmpty: the text has only the line with the names of the columns.
    """
    cells = _cells(text, origin)
    bars = pd.DataFrame({"data": _dates(cells["date"], origin)})
    for name in ("open", "high", "low", "close"):
        bars[_COLUMNS[name]] = _numbers(cells[name], origin)
    volume = _numbers(cells["volume"], origin)
    whole = (volume % 1 == 0) & (volume >= 0) & (volume < _VOLUME_LIMIT)
    _refuse(cells["volume"], ~whole & volume.notna(), origin, "a whole number from 0 to 2**53 - 1, or nothing")
    bars["volume_negociado"] = volume.astype("Int64")
    _refuse(cells["date"], bars["data"].duplicated(), origin, "each date once")
    return bars.sort_values("data", ignore_index=True)


def _cells(text: str, origin: str) -> pd.DataFrame:
    """Return the cells of the known columns as text, with the number of the line as index."""
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise SourceMalformed(f"{origin}, line {line}: a NUL byte; allowed: text")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        # If a cell spans several lines, this is the number of the last line.
        rows = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as error:
        raise SourceMalformed(f"{origin}, line {reader.line_num}: {error}; allowed: a CSV") from error
    (_, first), *lines = [(line, row) for line, row in rows if row not in ([], [""])] or [(1, [""])]
    names = [name.lower() for name in first]
    for name in _COLUMNS:
        if names.count(name) != 1:
            problem = "more than one column" if name in names else "no column"
            raise SourceMalformed(f"{origin} has {problem} {name!r}; required: {', '.join(_COLUMNS)}")
    for line, row in lines:
        if len(row) != len(names):
            raise SourceMalformed(
                f"{origin}, line {line}: {len(row)} cells; allowed: {len(names)}, as columns are named"
            )
    if not lines:
        raise SourceEmpty(f"{origin} holds no bars: only the line with the names of the columns")
    return pd.DataFrame([row for _, row in lines], [line for line, _ in lines], names)[list(_COLUMNS)]


def _dates(column: pd.Series[str], origin: str) -> pd.Series[pd.Timestamp]:
    dates = pd.to_datetime(column.where(column.str.fullmatch(_DATE)), format="%Y-%m-%d", errors="coerce")
    _refuse(column, dates.isna(), origin, "a date as 2025-12-31")
    return dates


def _numbers(column: pd.Series[str], origin: str) -> pd.Series[float]:
    numbers = column.where(column.str.fullmatch(_NUMBER)).astype(float)
    _refuse(column, ~(numbers.abs() < math.inf) & (column != ""), origin, "a number, or nothing")
    return numbers


def _refuse(column: pd.Series[str], bad: pd.Series[bool], origin: str, allowed: str) -> None:
    """Raise SourceMalformed for the first bad value."""
    if bad.any():
        line = bad.idxmax()
        raise SourceMalformed(f"{origin}, line {line}, {column.name}: {column[line]!r}; allowed: {allowed}")
