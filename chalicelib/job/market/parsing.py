"""The task that parses a file of COTAHIST, and keeps its bars by year, so that no run parses the file again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from io import BytesIO

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib import layout
from chalicelib.errors import SourceError, SourceMalformed
from chalicelib.job.market.inputs import parsed_prefix
from chalicelib.lake.store import Lake
from chalicelib.market.parse import parse, refused_file
from chalicelib.refine.parquet import arrow_schema
from chalicelib.shares import BARS

INDEX = "index.json"
"""The last object of a file that is written: with it the file is complete."""


_CLOCKS = timedelta(days=1)
"""B3's day is not that of UTC."""


class Index(msgspec.Struct, frozen=True):
    """The content of a parsed file.

    Attributes:
        years: the key of the bars of each year.
        refused: the key of the refused records, None if there are none.
        tickers: the number of bars of each ticker.
        sessions: the dates of the bars, in order.
        records: the number of records of the file; 0 if the whole file is refused.
        left_out: the number of records left out, by reason.
        synthetic: whether the prices of the file are generated.
    """

    years: dict[str, str]
    refused: str | None
    tickers: dict[str, int]
    sessions: list[date]
    records: int
    left_out: Mapping[str, int]
    synthetic: bool


def parse_file(lake: Lake, key: str, etag: str, collected_at: datetime) -> str:
    """Parse a file and write its bars, its refused records and its index. Return the key of the index.

    Raises:
        LakeChanged: the file was deleted or replaced since it was listed.
    """
    prefix = parsed_prefix(key, etag)
    records, left_out, synthetic = 0, {}, False
    with tempfile.TemporaryFile() as body:
        shutil.copyfileobj(lake.open_raw(key, etag), body)
        body.seek(0)
        try:
            parsed = parse(body, key, collected_at)
            if parsed.generated > collected_at.date() + _CLOCKS:
                raise SourceMalformed(
                    f"the header of {key} is of {parsed.generated}, after the file was stored; allowed: earlier dates"
                )
            bars, refused, records, left_out = parsed.bars, parsed.refused, parsed.records, dict(parsed.left_out)
            synthetic = parsed.synthetic
        except SourceError as error:
            bars, refused = arrow_schema(BARS).empty_table(), refused_file(key, error)
    years: dict[str, str] = {}
    year = pc.year(bars["data"])
    for value in sorted(pc.unique(year).to_pylist()):
        years[str(value)] = f"{prefix}year={value:04d}.parquet"
        lake.replace_refined(years[str(value)], _encode(bars.filter(pc.equal(year, value))))
    refused_key = None
    if refused.num_rows:
        refused_key = f"{prefix}refused.parquet"
        lake.replace_refined(refused_key, _encode(refused))
    tickers = {entry["values"]: entry["counts"] for entry in pc.value_counts(bars["ticker"]).to_pylist()}
    sessions = sorted(pc.unique(bars["data"]).to_pylist())
    index = Index(years, refused_key, tickers, sessions, records, left_out, synthetic)
    lake.replace_refined(prefix + INDEX, msgspec.json.encode(index, order="deterministic"))
    return prefix + INDEX


def _encode(table: pa.Table) -> bytes:
    buffer = BytesIO()
    pq.write_table(table, buffer, compression=layout.COMPRESSION)
    return buffer.getvalue()
