"""The parquet objects of the table of shares: sorted by ticker and date, with row groups that hold whole tickers."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib import layout
from chalicelib.refine.parquet import arrow_schema
from chalicelib.shares import SHARES

GROUP_ROWS = 1024
"""The number of rows of a row group, unless a ticker has more: those of four tickers in a year. A reader of one ticker
reads one row group of a year; smaller ones would make the footers, which every reader reads, as large as the rows."""

OBJECT_ROWS = 200_000
"""The number of rows of an object: at most 256 MB, as a row has about 800 bytes without compression."""

STATISTICS = ["ticker", "data"]
"""The columns whose least and greatest value a row group has. Rows are sorted by no other."""


def objects(rows: pd.DataFrame) -> Iterator[tuple[int, int, pa.Table]]:
    """Yield the rows of each object of a slice: its year, its number in the year, and its rows.

    Args:
        rows: in order of ticker and date, with `year`.
    """
    table = pa.Table.from_pandas(rows, schema=arrow_schema(SHARES), preserve_index=False).replace_schema_metadata(None)
    years = rows["year"].to_numpy(np.int64)
    for year in np.unique(years):
        of_year = table.filter(pa.array(years == year)).combine_chunks()
        edges = _edges(of_year, OBJECT_ROWS)
        for number, (first, last) in enumerate(zip(edges[:-1], edges[1:], strict=True)):
            yield int(year), number, of_year.slice(first, last - first)


def encode(rows: pa.Table) -> bytes:
    """Return the bytes of an object. They depend only on the rows and the version of pyarrow."""
    buffer = BytesIO()
    edges = _edges(rows, GROUP_ROWS)
    with pq.ParquetWriter(
        buffer, rows.schema, compression=layout.COMPRESSION, write_statistics=STATISTICS, store_schema=False
    ) as writer:
        for first, last in zip(edges[:-1], edges[1:], strict=True):
            writer.write_table(rows.slice(first, last - first), row_group_size=last - first)
    return buffer.getvalue()


def _edges(rows: pa.Table, size: int) -> list[int]:
    """Return where to divide rows into parts of whole tickers, of at most `size` rows if a ticker has no more."""
    codes = pc.dictionary_encode(rows["ticker"]).combine_chunks().indices.to_numpy()
    ends = [*(np.flatnonzero(np.diff(codes)) + 1).tolist(), len(codes)]
    edges, before = [0], 0
    for end in ends:
        if end - edges[-1] > size and before > edges[-1]:
            edges.append(before)
        before = end
    return [*edges, len(codes)]
