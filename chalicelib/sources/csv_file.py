"""A CSV of daily bars that somebody already has: a file, or an object in S3."""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pandas as pd
from botocore.exceptions import ClientError

from chalicelib.errors import SourceEmpty, SourceMalformed, SourceUnavailable
from chalicelib.sources import between

_COLUMNS = {
    "date": "data",
    "open": "preco_abertura",
    "high": "preco_maximo",
    "low": "preco_minimo",
    "close": "preco_fechamento",
    "volume": "volume_negociado",
}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)


@dataclass(frozen=True, slots=True)
class CsvFile:
    """Bars from `location`: a path, or `s3://bucket/key`.

    The first line names the columns: date (ISO), open, high, low, close and volume (whole numbers); an empty cell
    is null, and other columns are ignored.
    """

    location: str

    @property
    def name(self) -> str:
        return "csv"

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        bars = between(parse(self._read(), self.location), start, end)
        if bars.empty:
            raise SourceEmpty(f"{self.location} holds no bars from {start or 'its first day'} to {end or 'its last'}")
        return bars

    def _read(self) -> str:
        url = urlsplit(self.location)
        try:
            if url.scheme != "s3":
                return Path(self.location).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise SourceUnavailable(f"cannot read {self.location}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise SourceMalformed(f"{self.location} is not UTF-8 text: byte {error.start}") from error
        return _read_s3(url.netloc, url.path.lstrip("/")).decode("utf-8-sig")


def _read_s3(bucket: str, key: str) -> bytes:
    try:
        return boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read()
    except ClientError as error:
        raise SourceUnavailable(f"cannot read s3://{bucket}/{key}: {error.response['Error']['Code']}") from error


def parse(text: str, origin: str) -> pd.DataFrame:
    """The bars in a CSV text, in order of date.

    Args:
        origin: what an error calls the text.

    Raises:
        SourceMalformed: names the line, the column, the value and what is allowed.
    """
    try:
        cells = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, skip_blank_lines=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise SourceMalformed(f"{origin} is not a CSV: {error}") from error
    missing = [name for name in _COLUMNS if name not in cells.columns]
    if missing:
        raise SourceMalformed(f"{origin} has no column {missing[0]!r}; required: {', '.join(_COLUMNS)}")
    if cells.empty:
        raise SourceEmpty(f"{origin} holds no bars: only the line with the names of the columns")
    cells = cells[list(_COLUMNS)].apply(lambda column: column.str.strip())
    bars = pd.DataFrame({"data": _dates(cells["date"], origin)})
    for name in ("open", "high", "low", "close"):
        bars[_COLUMNS[name]] = _numbers(cells[name], origin)
    volume = _numbers(cells["volume"], origin)
    _refuse(cells["volume"], (volume % 1 != 0) & volume.notna(), origin, "a whole number, or nothing")
    bars["volume_negociado"] = volume.astype("Int64")
    _refuse(cells["date"], bars["data"].duplicated(), origin, "each date once")
    return bars.sort_values("data", ignore_index=True)


def _dates(column: pd.Series[str], origin: str) -> pd.Series[pd.Timestamp]:
    dates = pd.to_datetime(column.where(column.str.fullmatch(_DATE)), format="%Y-%m-%d", errors="coerce")
    _refuse(column, dates.isna(), origin, "a date as 2025-12-31")
    return dates


def _numbers(column: pd.Series[str], origin: str) -> pd.Series[float]:
    numbers = pd.to_numeric(column.where(column != ""), errors="coerce").astype(float)
    _refuse(
        column,
        (numbers.isna() | numbers.isin([float("inf"), float("-inf")])) & (column != ""),
        origin,
        "a number, or nothing",
    )
    return numbers


def _refuse(column: pd.Series[str], bad: pd.Series[bool], origin: str, allowed: str) -> None:
    if bad.any():
        row = int(bad.to_numpy().argmax())
        raise SourceMalformed(f"{origin}, line {row + 2}, {column.name}: {column.iloc[row]!r}; allowed: {allowed}")
