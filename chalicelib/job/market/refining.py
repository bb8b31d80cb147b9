"""The task that refines a slice of the market and writes its objects."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.job.market import objects
from chalicelib.lake.store import Lake
from chalicelib.market.refinery import refine
from chalicelib.refine import parquet
from chalicelib.shares import BARS, REFUSED

SLICE = "slice"
"""The column with the number of the slice, besides those of `BARS`."""

RESULT = pa.schema(
    [
        ("year", pa.int32()),
        ("key", pa.string()),
        ("etag", pa.string()),
        ("sha256", pa.string()),
        ("rows", pa.int64()),
        ("first", pa.date32()),
        ("last", pa.date32()),
        ("refused", pa.binary()),
    ]
)
"""One row a written object; and for each slice one row of nulls with the refused bars as parquet, if there are any."""


def refine_slices(lake: Lake, prefix: str, calendar: pd.DatetimeIndex, bars: pa.Table) -> Iterator[pa.RecordBatch]:
    """Refine slices, write their objects and yield what was written.

    Args:
        prefix: of the table in the refined bucket.
        calendar: the sessions with trading.
        bars: all bars of whole slices, in any order, in the columns of `BARS` and `SLICE`.
    """
    schema = parquet.arrow_schema(BARS)
    for number in sorted(pc.unique(bars[SLICE]).to_pylist()):
        of_slice = bars.filter(pc.equal(bars[SLICE], number)).select(schema.names).cast(schema)
        refined = refine(parquet.to_frame(of_slice), calendar)
        del of_slice
        results = [
            _write(lake, f"{prefix}year={year:04d}/{number:05d}-{part:03d}.parquet", year, rows)
            for year, part, rows in objects.objects(refined.rows)
        ]
        if len(refined.refused):
            results.append({"refused": parquet.encode(refined.refused, REFUSED)})
        yield pa.RecordBatch.from_pylist(results, RESULT)


def _write(lake: Lake, key: str, year: int, rows: pa.Table) -> dict[str, object]:
    body = objects.encode(rows)
    days: dict[str, date] = pc.min_max(rows["data"]).as_py()
    return {
        "year": year,
        "key": key,
        "etag": lake.replace_refined(key, body),
        "sha256": hashlib.sha256(body).hexdigest(),
        "rows": rows.num_rows,
        "first": days["min"],
        "last": days["max"],
    }
