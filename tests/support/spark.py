"""Support for runs of the market's job: files of COTAHIST in raw, and the table that the job leaves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from io import BytesIO
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from moto.s3.exceptions import AccessDeniedByLock

from chalicelib import layout
from chalicelib.errors import SourceError
from chalicelib.job.market.update import update_shares
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from chalicelib.market.parse import parse
from chalicelib.market.refinery import refine
from chalicelib.market.summary import summarise
from chalicelib.refine import parquet
from chalicelib.shares import SHARES, SHARES_TABLE
from local import moto_state
from tests.support.lake import RAW, REFINED, SESSION
from tests.support.market import market_sessions

STORED = datetime(2026, 1, 2, 12, 0, tzinfo=UTC)
NOW = datetime(2026, 1, 3, 6, 0, tzinfo=UTC)

_ids = itertools.count()


def lake(s3: Any = None) -> Lake:
    return Lake(s3 or SESSION.client("s3"), RAW, REFINED, layout.SHARES_MANIFEST_KEY)


def catalog(session: boto3.Session = SESSION) -> Catalog:
    return Catalog.of_shares(session, "b3_refined_db", SHARES_TABLE, f"s3://{REFINED}/{layout.SHARES_PREFIX}")


def put(body: bytes, collected_at: datetime = STORED) -> str:
    """Put a file of COTAHIST in raw and return its key. A file that cannot be read has the days of the real day."""
    suffix = "zip" if body.startswith(b"PK") else "txt"
    try:
        summary = summarise(BytesIO(body), "file")
        days = (summary.first, summary.last)
    except SourceError:
        days = (date(2025, 1, 2), date(2025, 1, 2))
    return lake().put_cotahist(BytesIO(body), layout.CotahistFile(*days, collected_at), suffix, {})


def run(spark: Any, now: datetime = NOW, **options: Any) -> Contents:
    """Run the job with a new run id over files that exist."""
    contents = update_shares(spark, lake(), catalog(), f"jr_{next(_ids)}", lambda: now, **options)
    assert contents is not None
    return contents


def stored(prefix: str = layout.SHARES_PREFIX) -> dict[str, bytes]:
    """Return the objects of the refined bucket below a prefix, by key."""
    return {entry.key: moto_state.read(REFINED, entry.key) or b"" for entry in moto_state.objects(REFINED, prefix)}


def table(contents: Contents) -> pd.DataFrame:
    """Return the rows of the table in order of ticker and date, from the objects of the manifest's prefixes."""
    parts = []
    for year, of_year in contents.years.items():
        objects = stored(f"{of_year.prefix}year={int(year):04d}/")
        rows = pa.concat_tables([pq.read_table(pa.BufferReader(body)) for _, body in sorted(objects.items())])
        assert rows.num_rows == of_year.rows
        parts.append(rows)
    return parquet.to_frame(pa.concat_tables(parts)).sort_values(["ticker", "data"], ignore_index=True)


def expected(files: dict[str, bytes]) -> pd.DataFrame:
    """Return the table by the functions of `market` alone, of all bars at once, by the keys of the files."""
    bars = [
        parse(BytesIO(body), key, file.collected_at).bars
        for key, body in files.items()
        if (file := layout.cotahist_file(key))
    ]
    rows = refine(parquet.to_frame(pa.concat_tables(bars)), market_sessions()).rows
    return parquet.decode(parquet.encode(rows, SHARES), SHARES)


def own_lake() -> Lake:
    """Return the lake of a driver of its own, whose client no other run shares."""
    return lake(boto3.Session().client("s3"))


def own_catalog() -> Catalog:
    return catalog(boto3.Session())


def run_with(spark: Any, own: Lake, tables: Catalog) -> Contents | None:
    return update_shares(spark, own, tables, f"jr_{next(_ids)}", lambda: NOW)


def now() -> datetime:
    """Return the time that the local S3 gives to an object that is written now."""
    return datetime.now(UTC)


@contextmanager
def refused_writes(prefix: str, count: int) -> Iterator[None]:
    """Let the local S3 answer 403 to the first writes below a prefix of the refined bucket."""
    left = [count]
    put_object = moto_state._s3().put_object

    def refuse(bucket_name: str, key_name: str, *args: Any, **options: Any) -> Any:
        if key_name.startswith(prefix) and left[0] > 0:
            left[0] -= 1
            raise AccessDeniedByLock
        return put_object(bucket_name, key_name, *args, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(moto_state._s3(), "put_object", refuse)
        yield
    assert left == [0]


def bytes_read(body: bytes, ticker: str) -> int:
    """Return the bytes that a reader of all columns of a ticker reads of an object: the footer, and row groups whose
    statistics include the ticker."""
    file = pq.ParquetFile(pa.BufferReader(body))
    metadata = file.metadata
    column = file.schema_arrow.get_field_index("ticker")
    read = int.from_bytes(body[-8:-4], "little") + 8
    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        statistics = group.column(column).statistics
        if statistics.min <= ticker <= statistics.max:
            read += sum(group.column(each).total_compressed_size for each in range(group.num_columns))
    return read
