"""The source `csv:`: daily bars in a file, or in an object of S3."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from datetime import date

import pandas as pd

from chalicelib.errors import SourceEmpty, SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources import between
from chalicelib.ingest.sources.files import cells, checks, content, kinds, parquet_file
from chalicelib.ingest.sources.files.dates import dates
from chalicelib.ingest.sources.files.dialects import COLUMNS, DATE, VOLUME
from chalicelib.ingest.sources.files.numbers import prices, volumes
from chalicelib.ingest.sources.files.recognise import recognise
from chalicelib.sources import CSV


@dataclass(frozen=True, slots=True)
class CsvFile:
    """Bars from `location`: a path, or `s3://bucket/key`.

    The file is text in one of the dialects of `files.dialects`, or parquet with the columns of one. It may be
    compressed.
    """

    location: str

    @property
    def name(self) -> str:
        return CSV.name

    def check(self) -> None:
        """Raise SourceUnavailable if the location is a path of no file. Objects of S3 are not checked."""
        path = content.local_path(self.location)
        # The file is not opened: it may be a pipe.
        if path is not None and (path.is_dir() or not path.exists()):
            reason = errno.EISDIR if path.is_dir() else errno.ENOENT
            raise SourceUnavailable(f"cannot read {self.location}: {os.strerror(reason)}")

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        """See `Source`."""
        bars = between(parse(content.read(self.location), self.location), start, end)
        if bars.empty:
            raise SourceEmpty(f"{self.location} holds no bars from {start or 'its first day'} to {end or 'its last'}")
        return bars


def parse(body: bytes, origin: str) -> pd.DataFrame:
    """Return the bars in the bytes of a file, in order of date. Rows without prices are kept, as nulls.

    Args:
        origin: name of the file in error messages.

    Raises:
        SourceMalformed: names the line, the column, the value and what is allowed; or what the file is instead.
        SourceEmpty: the file has no bars.
    """
    kinds.check_name(origin)
    typed = body.startswith(parquet_file.SIGNATURE)
    bars = parquet_file.parse(body, origin) if typed else _parse_text(body, origin)
    repeated = bars[DATE].duplicated()
    if repeated.any():
        place = f"{'row' if typed else 'line'} {repeated.idxmax()}"
        day = bars[DATE][repeated].iloc[0].date()
        raise SourceMalformed(f"{origin}, {place}: the date {day} is there twice; allowed: each date once")
    checks.check_daily(bars[DATE], origin)
    return bars.sort_values(DATE, ignore_index=True)


def _parse_text(body: bytes, origin: str) -> pd.DataFrame:
    kinds.check_bytes(body, origin)
    decoded, not_utf8 = content.decode(body, origin)
    text = cells.text(decoded, origin)
    kinds.check_text(text)
    dialect, header = recognise(text)
    if not_utf8 is not None and not dialect.windows:
        raise SourceMalformed(f"{origin} is not UTF-8 text: byte {not_utf8}")
    table = cells.read_cells(text, text.declared or dialect.separator, header)
    columns = {dialect.names[name]: table[name] for name in header.names if name in dialect.names}
    others = table.drop(columns=[str(column.name) for column in columns.values()])
    checks.check_tickers(checks.tickers_in(others), origin)
    bars = pd.DataFrame({DATE: dates(columns[DATE], dialect.dates, origin)})
    bars = bars.join(prices(columns, dialect.numbers, origin))
    bars[VOLUME] = volumes(columns[VOLUME], dialect.numbers, origin)
    checks.check_index(others, bars, origin)
    return bars[list(COLUMNS)]
