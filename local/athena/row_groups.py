"""Row groups of parquet objects: which of them may have the texts of a query, and how many bytes a query reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from functools import lru_cache

import pyarrow as pa
import pyarrow.parquet as pq

from local import moto_state
from local.athena.errors import QueryFailure

Equalities = Sequence[tuple[str, str]]
"""Columns, each with the text that it must equal."""

LARGE = 8 * 2**20
"""Size in bytes from which only the parts of an object that a query needs are read."""


def is_large(stored: moto_state.StoredObject) -> bool:
    """Return whether an object is read in parts."""
    return stored.size >= LARGE


def body(bucket: str, stored: moto_state.StoredObject) -> bytes:
    """Return the bytes of an object.

    Raises:
        QueryFailure: the object is gone.
    """
    content = moto_state.read(bucket, stored.key)
    if content is None:
        raise _gone(bucket, stored)
    return content


@contextmanager
def opened(bucket: str, stored: moto_state.StoredObject) -> Iterator[pq.ParquetFile]:
    """Open an object as a parquet file.

    Raises:
        QueryFailure: the object is gone, also while the file is open, or it is not parquet.
    """
    try:
        # A small object is read at once, so that a job that replaces it does not fail the query.
        large = moto_state.open_object(bucket, stored.key) if is_large(stored) else None
        with pq.ParquetFile(large or pa.BufferReader(body(bucket, stored))) as file:
            yield file
    except FileNotFoundError:
        raise _gone(bucket, stored) from None
    except pa.ArrowInvalid as error:
        raise QueryFailure("HIVE_BAD_DATA", f"Not valid Parquet file: s3://{bucket}/{stored.key}") from error


def matching(footer: pq.FileMetaData, equal: Equalities) -> list[int]:
    """Return the numbers of the row groups that may have a row with all texts, by their statistics."""
    paths = [footer.schema.column(index).path for index in range(footer.num_columns)]
    # In a path, a dot is before a field of a row. A file with two columns of a name has no column of that name.
    texts = [(paths.index(name), text.encode(errors="surrogatepass")) for name, text in equal if paths.count(name) == 1]
    return [
        group
        for group in range(footer.num_row_groups)
        if all(_may_have(footer.row_group(group).column(column).statistics, text) for column, text in texts)
    ]


def scanned(bucket: str, stored: moto_state.StoredObject, used: Set[str], equal: Equalities) -> int:
    """Return the number of bytes of an object that a query reads.

    Of an object with several row groups they are those of the columns, in the row groups that may have the texts.

    Raises:
        QueryFailure: the object is gone or is not parquet.
    """
    footer = _footer(bucket, stored)
    if footer.num_row_groups <= 1:
        return stored.size
    groups = [footer.row_group(group) for group in matching(footer, equal)]
    chunks = [group.column(column) for group in groups for column in range(group.num_columns)]
    return sum(chunk.total_compressed_size for chunk in chunks if chunk.path_in_schema.partition(".")[0] in used)


@lru_cache(maxsize=4096)
def _footer(bucket: str, stored: moto_state.StoredObject) -> pq.FileMetaData:
    """Return the footer of an object. The cache key includes the ETag."""
    with opened(bucket, stored) as file:
        return file.metadata


def _may_have(statistics: pq.Statistics | None, text: bytes) -> bool:
    """Return whether a column chunk may have a text. Parquet orders texts by their bytes in UTF-8."""
    if statistics is None or not statistics.has_min_max or statistics.logical_type.type != "STRING":
        return True
    return bool(statistics.min_raw <= text <= statistics.max_raw)


def _gone(bucket: str, stored: moto_state.StoredObject) -> QueryFailure:
    return QueryFailure(
        "HIVE_CANNOT_OPEN_SPLIT", f"Error opening Hive split s3://{bucket}/{stored.key}: the object is gone"
    )
