"""Conversion between frames and parquet bytes, by the schema. Equal frames give equal bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib.layout import COMPRESSION
from chalicelib.schema import Column

ARROW = {
    "bigint": pa.int64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "double": pa.float64(),
    "int": pa.int32(),
    "string": pa.string(),
    "timestamp": pa.timestamp("us", "UTC"),
}
"""The Arrow type of each Glue type that the schema uses."""


def arrow_schema(columns: Sequence[Column]) -> pa.Schema:
    """Return the Arrow schema of a list of columns, in their order; all are nullable."""
    return pa.schema([(column.name, ARROW[column.type]) for column in columns])


def encode(frame: pd.DataFrame, columns: Sequence[Column]) -> bytes:
    """Return the frame as the bytes of a parquet file.

    Args:
        frame: has at least these columns, with compatible dtypes; NaN and NA become null.
        columns: the columns of the file, in order.

    Returns:
        The bytes of the file. They depend only on the arguments and the version of pyarrow.
    """
    table = pa.Table.from_pandas(frame, schema=arrow_schema(columns), preserve_index=False)
    buffer = BytesIO()
    # pandas' metadata contains its version, which would change the bytes.
    pq.write_table(table.replace_schema_metadata(None), buffer, compression=COMPRESSION)
    return buffer.getvalue()


def decode(body: bytes, columns: Sequence[Column]) -> pd.DataFrame:
    """Return the frame in a parquet file: these columns in this order, as `to_frame` returns them.

    Raises:
        pyarrow.ArrowInvalid: the bytes are not a parquet file, or a column does not fit its type.
        KeyError: a column is missing.
    """
    table = pq.read_table(pa.BufferReader(body))
    return to_frame(table.select([column.name for column in columns]).cast(arrow_schema(columns)))


def to_frame(table: pa.Table) -> pd.DataFrame:
    """Return an Arrow table as a frame, with nullable integers and dates as datetime64 at midnight without a zone."""
    integers = {pa.int64(): pd.Int64Dtype(), pa.int32(): pd.Int32Dtype()}
    frame: pd.DataFrame = table.to_pandas(types_mapper=integers.get, date_as_object=False)
    return frame
