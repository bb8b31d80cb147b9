"""A raw object as rows, as far as its meaning is plain. Bytes in, frames out.

What other writers may do differently is read: columns in another order, more columns, no volume or ticker, other
widths of integers and floats, dates as midnights. What cannot be read is refused, whole or by the row, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib.refine import parquet
from chalicelib.refine.quality import CORRUPT, FOREIGN, NON_FINITE, WRONG_TYPE
from chalicelib.schema import PRICES, QUARANTINE, RAW, TICKER
from chalicelib.sources import RANKS

REQUIRED = ("data", *PRICES, "fonte", "coletado_em")
"""Columns without which an object tells nothing about a session; the others of raw may be missing."""

LAST = "ultima"
"""Whether a row is the latest date of its object: only the last row of a download can be unfinished and flat."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """What an object holds.

    Attributes:
        rows: the columns of `schema.RAW`, `chave` (the object's key) and `ultima`; NaN only where a price is null.
        refused: what could not be read, in the columns of `schema.QUARANTINE`.
    """

    rows: pd.DataFrame
    refused: pd.DataFrame


class _Unreadable(Exception):
    """Why an object is refused whole: the reason, and a note."""

    def __init__(self, reason: str, note: str) -> None:
        super().__init__(note)
        self.reason = reason


def read(body: bytes, key: str) -> RawRows:
    """The rows of a raw object; one that is no such object is refused whole.

    Args:
        key: the object's key, which every row and every refusal names.
    """
    try:
        table = _open(body)
    except _Unreadable as error:
        whole = quarantine(pd.DataFrame({"chave": [key]}), error.reason, str(error))
        return RawRows(no_rows(), whole)
    columns: dict[str, pa.ChunkedArray] = {}
    wrong = pa.chunked_array([pa.repeat(False, len(table))])
    infinite = wrong
    for column in RAW:
        columns[column.name], misfits = _plain(table, column.name, column.type)
        wrong = pc.or_(wrong, misfits)
        if column.name in PRICES:
            infinite = pc.or_(infinite, pc.fill_null(pc.invert(pc.is_finite(columns[column.name])), False))
    rows = parquet.to_frame(pa.table(columns)).assign(chave=key)
    rows[LAST] = rows["data"] == rows["data"].max()
    infinite = pc.and_not(infinite, wrong)
    refused = [
        quarantine(_texts(table.filter(mask)).assign(chave=key), reason, "")
        for mask, reason in ((wrong, WRONG_TYPE), (infinite, NON_FINITE))
    ]
    readable = pc.invert(pc.or_(wrong, infinite)).to_pandas()
    return RawRows(rows[readable], pd.concat(refused, ignore_index=True))


def read_all(bodies: Mapping[str, bytes]) -> RawRows:
    """The rows of all raw objects, in the order of `bodies`; what cannot be read is refused, not raised.

    Args:
        bodies: the bytes of each object, by its key.
    """
    parts = [read(body, key) for key, body in bodies.items()]
    return RawRows(
        # An object without rows would only spoil the types of the columns.
        pd.concat([part.rows for part in parts if len(part.rows)] or [no_rows()], ignore_index=True),
        pd.concat([part.refused for part in parts], ignore_index=True),
    )


def quarantine(rows: pd.DataFrame, reason: str, note: str | pd.Series[str]) -> pd.DataFrame:
    """Rows as they lie in quarantine: every value as text, with the reason and a note."""
    texts = {name: rows[name].map(_text) if name in rows else None for name in (column.name for column in QUARANTINE)}
    return pd.DataFrame(texts, index=rows.index).assign(motivo=reason, nota=note)


def _text(value: object) -> str | None:
    if pd.isna(value):  # type: ignore[call-overload]
        return None
    if isinstance(value, datetime):
        return value.isoformat().removesuffix("T00:00:00")
    return str(value)


def no_rows() -> pd.DataFrame:
    """Rows of no object at all."""
    empty = parquet.to_frame(parquet.arrow_schema(RAW).empty_table())
    return empty.assign(chave=pd.Series(dtype=object), **{LAST: pd.Series(dtype=bool)})


def _open(body: bytes) -> pa.Table:
    try:
        table = pq.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise _Unreadable(CORRUPT, f"not a parquet file: {error}") from error
    missing = [name for name in REQUIRED if name not in table.column_names]
    if missing:
        raise _Unreadable(FOREIGN, f"no column {missing[0]}; required: {', '.join(REQUIRED)}")
    decoded = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    table = pa.table(decoded, names=table.column_names)
    if "ticker" not in table.column_names:
        table = table.append_column("ticker", pa.repeat(TICKER, len(table)))
    _check_origin(table)
    return table


def _check_origin(table: pa.Table) -> None:
    """Rows without a known source, a time or our ticker are not ours to rank."""
    unknown = set(pc.unique(table["fonte"]).to_pylist()) - RANKS.keys()
    if unknown:
        raise _Unreadable(FOREIGN, f"fonte is {unknown.pop()!r}; allowed: {', '.join(RANKS)}")
    if not pa.types.is_timestamp(table["coletado_em"].type) or table["coletado_em"].null_count:
        raise _Unreadable(FOREIGN, f"coletado_em is {table['coletado_em'].type}, or null; allowed: a timestamp")
    strangers = set(pc.unique(table["ticker"]).to_pylist()) - {TICKER}
    if strangers:
        raise _Unreadable(FOREIGN, f"ticker is {strangers.pop()!r}; allowed: {TICKER!r}")


def _plain(table: pa.Table, name: str, type_: str) -> tuple[pa.ChunkedArray, pa.ChunkedArray]:
    """A column in the type of the schema, null where its value does not fit, and which values those are."""
    nothing = pa.chunked_array([pa.nulls(len(table), parquet.ARROW[type_])])
    if name not in table.column_names:
        return nothing, pa.chunked_array([pa.repeat(False, len(table))])
    column = table[name]
    fits, convert = _READERS[type_]
    converted = convert(column) if fits(column.type) else nothing
    # A session without a date is no session; any other value may be null.
    misfits = pc.is_null(converted) if type_ == "date" else pc.and_(pc.is_null(converted), _is_valid(column))
    return converted, misfits


def _is_valid(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Not null, and not the NaN by which pandas says null in a column of floats."""
    return pc.invert(pc.is_null(column, nan_is_null=pa.types.is_floating(column.type)))


def _dates(column: pa.ChunkedArray) -> pa.ChunkedArray:
    days = column.cast(pa.date32(), safe=False)
    whole = pc.equal(days.cast(column.type), column) if column.type != pa.date32() else pc.is_valid(column)
    return pc.if_else(whole, days, None)


def _whole_numbers(column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_integer(column.type):
        # What is too large for the schema wraps around to a negative; nothing else of an unsigned column does.
        wrapped = column.cast(pa.int64(), safe=False)
        fits = pc.greater_equal(wrapped, 0) if pa.types.is_unsigned_integer(column.type) else pc.is_valid(wrapped)
        return pc.if_else(fits, wrapped, None)
    numbers = column.cast(pa.float64(), safe=False)
    whole = pc.and_(pc.equal(pc.floor(numbers), numbers), pc.less(pc.abs(numbers), 2.0**53))
    return pc.if_else(whole, numbers, None).cast(pa.int64())


def _moments(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """In UTC; a time without a zone is UTC, as the schema has it."""
    return column.cast(pa.timestamp("us", column.type.tz or "UTC"), safe=False).cast(parquet.ARROW["timestamp"])


def _is_number(type_: pa.DataType) -> bool:
    return bool(pa.types.is_floating(type_) or pa.types.is_integer(type_) or pa.types.is_decimal(type_))


def _is_date(type_: pa.DataType) -> bool:
    return bool(pa.types.is_date(type_) or (pa.types.is_timestamp(type_) and type_.tz is None))


def _is_text(type_: pa.DataType) -> bool:
    return bool(pa.types.is_string(type_) or pa.types.is_large_string(type_))


_READERS = {
    "bigint": (_is_number, _whole_numbers),
    "date": (_is_date, _dates),
    "double": (_is_number, lambda column: column.cast(pa.float64(), safe=False)),
    "string": (_is_text, lambda column: column.cast(pa.string())),
    "timestamp": (pa.types.is_timestamp, _moments),
}
"""Which Arrow types are read as each type of the schema, and how."""


def _texts(table: pa.Table) -> pd.DataFrame:
    """The values as they were, for quarantine."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})
