"""Checks of a raw object before its rows are read: its size, its footer, the types of its columns and its times.

Parquet files of other writers may have any type, any value and any damage. Only columns of the raw schemas are decoded,
and only if the footer says that they are few enough and of a type in `_is_allowed`: with other types, pyarrow's
functions raise, or end the process.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib import layout
from chalicelib.layout import RawObject
from chalicelib.refine.quality import CORRUPT, FOREIGN
from chalicelib.refine.rule import Rule
from chalicelib.schema import ACCEPTANCES, OFFICIAL_CLOSES, RAW

MAX_ROWS = 1_000_000

MAX_DECODED_BYTES = 256 * 2**20
"""A million rows of the raw schema take a third of this. Compressed pages of a small file may take far more."""

MAX_TEXT = 1_024
"""The maximum length of a text in bytes: that of a key of S3."""

RANGES = {"data": (date.min, date.max), "coletado_em": (date(1678, 1, 1), date(2261, 12, 31))}
"""The first and the last day of a date, which must be one of Python, and of a time, which pandas has in nanoseconds."""

KEY_TOLERANCE = timedelta(seconds=60)
"""The largest difference between `coletado_em` and the time in the key: `Lake.put_raw` adds up to 59 seconds."""

CLOCK_TOLERANCE = timedelta(days=1)
"""How much later than its last modification an object may have been collected, by the clock of its writer."""

_NAMES = {column.name for columns in (RAW, OFFICIAL_CLOSES, ACCEPTANCES) for column in columns}

_DAY = 86_400
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


class Unreadable(Exception):
    """All rows of an object are refused."""

    def __init__(self, reason: Rule, note: str) -> None:
        super().__init__(note)
        self.reason = reason


def open_table(body: bytes) -> pa.Table:
    """Return the columns of a parquet file that a raw schema has; dictionaries are decoded.

    Raises:
        Unreadable: the file is too large, or a column occurs twice or has a type that is not allowed.
        Exception: pyarrow cannot read the file; of any class, also MemoryError.
    """
    if len(body) > layout.MAX_RAW_BYTES:
        raise too_large(len(body))
    source = pa.BufferReader(body)
    metadata = pq.read_metadata(source)
    _check_size(metadata)
    names = _columns(metadata.schema.to_arrow_schema())
    # A long text that occurs in every row is decoded once.
    leaves = [metadata.schema.column(leaf) for leaf in range(metadata.num_columns)]
    texts = [leaf.path for leaf in leaves if leaf.path in names and leaf.physical_type == "BYTE_ARRAY"]
    with pq.ParquetFile(source, metadata=metadata, read_dictionary=texts) as file:
        table = file.read(columns=names, use_threads=False)
    for position, name in enumerate(table.column_names):
        if pa.types.is_dictionary(table[name].type):
            table = table.set_column(position, name, _decoded(table[name], name))
    table.validate(full=True)
    return table


def too_large(size: int) -> Unreadable:
    """Return the refusal of an object that is too large to be read."""
    return Unreadable(CORRUPT, f"the object has {size:,} bytes; allowed: {layout.MAX_RAW_BYTES:,}")


def _check_size(metadata: pq.FileMetaData) -> None:
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    if rows > MAX_ROWS:
        raise Unreadable(CORRUPT, f"the object has {rows:,} rows; allowed: {MAX_ROWS:,}")
    decoded = sum(group.total_byte_size for group in groups)
    if decoded > MAX_DECODED_BYTES:
        raise Unreadable(CORRUPT, f"the object has {decoded:,} bytes uncompressed; allowed: {MAX_DECODED_BYTES:,}")


def _columns(schema: pa.Schema) -> list[str]:
    """Return the columns to read; raise if one occurs twice, or has a type that is not allowed."""
    names = []
    for field in schema:
        # pyarrow takes the name of a column as a prefix: with `data` it also reads `data.x`.
        name = field.name.partition(".")[0]
        if name not in _NAMES:
            continue
        if name in names or name != field.name:
            raise Unreadable(FOREIGN, f"the column {name} occurs twice; allowed: once")
        if not _is_allowed(field.type):
            raise Unreadable(
                FOREIGN, f"{name} is {str(field.type)[:80]}; allowed: a number, text, a boolean, a date or a timestamp"
            )
        names.append(name)
    return names


def _is_allowed(type_: pa.DataType) -> bool:
    """Return whether the type of a column is one that `conversion` and pyarrow's functions can handle."""
    kinds = pa.types
    if kinds.is_dictionary(type_):
        return _is_text(type_.value_type)
    return (
        kinds.is_integer(type_)
        or kinds.is_float32(type_)
        or kinds.is_float64(type_)
        or kinds.is_decimal(type_)
        or kinds.is_boolean(type_)
        or kinds.is_date(type_)
        or kinds.is_timestamp(type_)
        or kinds.is_null(type_)
        or _is_text(type_)
    )


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


def _decoded(column: pa.ChunkedArray, name: str) -> pa.ChunkedArray:
    lengths = [pc.max(pc.binary_length(chunk.dictionary)).as_py() or 0 for chunk in column.chunks]
    if max(lengths, default=0) > MAX_TEXT:
        raise Unreadable(FOREIGN, f"{name} has a text of {max(lengths):,} bytes; allowed: {MAX_TEXT:,}")
    return column.cast(pa.string())


def check_range(table: pa.Table) -> None:
    """Raise if a date or a time of collection is one that Python or pandas cannot represent."""
    for name, (first, last) in RANGES.items():
        if name not in table.column_names or not pa.types.is_temporal(table[name].type):
            continue
        bounds = pc.min_max(table[name])
        # The raw values: Python has no object for a value out of its range.
        for value in (bounds["min"].value, bounds["max"].value):
            day = None if value is None else _day_of(value, table[name].type)
            if day is not None and not _days(first) <= day <= _days(last):
                raise Unreadable(CORRUPT, f"{name} is {day:,} days after 1970-01-01; allowed: {first} to {last}")


def _days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def _day_of(value: int, type_: pa.DataType) -> int:
    """Return the day of the raw value of a date or a timestamp, in days since 1970."""
    if pa.types.is_date32(type_):
        return value
    return value // (_DAY * _PER_SECOND["ms" if pa.types.is_date64(type_) else type_.unit])


def check_collected(collected_at: pa.ChunkedArray, raw: RawObject) -> None:
    """Raise if the times of collection contradict the key, or are later than the object.

    Args:
        collected_at: UTC, in microseconds, without nulls.
        raw: without a time in its key only its last modification counts, if that is known.
    """
    bounds = pc.min_max(collected_at).as_py()
    if bounds["min"] is None:
        return
    named = layout.raw_time(raw.key)
    if named is not None:
        for moment in bounds.values():
            if abs(moment - named) > KEY_TOLERANCE:
                raise Unreadable(
                    FOREIGN, f"coletado_em is {_text(moment)}, and the key says {_text(named)}; allowed: within 60 s"
                )
    latest = max(bounds["max"], named or bounds["max"])
    if raw.modified is not None and latest > raw.modified + CLOCK_TOLERANCE:
        raise Unreadable(
            FOREIGN,
            f"collected at {_text(latest)}, and last modified at {_text(raw.modified)}; allowed: at most a day later",
        )


def _text(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
