"""Lenient reader of raw objects. Takes bytes, returns DataFrames.

Other writers may order columns differently, add some, omit volume or ticker, and use other types (see `conversion`).
Whatever cannot be read is refused, by the object or by the row, with a note.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from chalicelib.instrument import Instrument
from chalicelib.refine import parquet
from chalicelib.refine.conversion import convert
from chalicelib.refine.live import LAST
from chalicelib.refine.quality import CORRUPT, FOREIGN, NON_FINITE, WRONG_TYPE
from chalicelib.refine.quarantine import as_quarantine
from chalicelib.refine.rule import Rule
from chalicelib.schema import PRICES, RAW
from chalicelib.sources import RANKS

REQUIRED = ("data", *PRICES, "fonte", "coletado_em")
"""Columns that an object must have; the other columns of raw are optional."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of one or more raw objects.

    Attributes:
        rows: the columns of `schema.RAW`, `chave` (the object's key) and `ultima`; NaN only where a price is null.
        refused: rows that cannot be read, in the columns of `schema.QUARANTINE`.
    """

    rows: pd.DataFrame
    refused: pd.DataFrame


class _Unreadable(Exception):
    """All rows of an object are refused."""

    def __init__(self, reason: Rule, note: str) -> None:
        super().__init__(note)
        self.reason = reason


def read(body: bytes, key: str, instrument: Instrument) -> RawRows:
    """Return the rows of a raw object; all rows of an object of another kind are refused.

    Args:
        key: the object's key, a value of every row and every refusal.
        instrument: the instrument whose bars the object must have.
    """
    try:
        table = _open(body, instrument)
    except _Unreadable as error:
        whole = as_quarantine(pd.DataFrame({"chave": [key]}), error.reason.name, str(error))
        return RawRows(no_rows(), whole)
    columns: dict[str, pa.ChunkedArray] = {}
    wrong = pa.chunked_array([pa.repeat(False, len(table))])
    infinite = wrong
    for column in RAW:
        columns[column.name], misfits = convert(table, column.name, column.type)
        wrong = pc.or_(wrong, misfits)
        if column.name in PRICES:
            infinite = pc.or_(infinite, pc.fill_null(pc.invert(pc.is_finite(columns[column.name])), False))
    rows = parquet.to_frame(pa.table(columns)).assign(chave=key)
    rows[LAST] = rows["data"] == rows["data"].max()
    infinite = pc.and_not(infinite, wrong)
    refused = [
        as_quarantine(_as_objects(table.filter(mask)).assign(chave=key), reason.name, "")
        for mask, reason in ((wrong, WRONG_TYPE), (infinite, NON_FINITE))
    ]
    readable = pc.invert(pc.or_(wrong, infinite)).to_pandas()
    return RawRows(rows[readable], pd.concat(refused, ignore_index=True))


def read_all(bodies: Mapping[str, bytes], instrument: Instrument) -> RawRows:
    """Return the rows of all raw objects, in the order of `bodies`; what cannot be read is refused, not raised.

    Args:
        bodies: the bytes of each object, by its key.
        instrument: the instrument whose bars the objects must have.
    """
    parts = [read(body, key, instrument) for key, body in bodies.items()]
    return RawRows(
        # Frames without rows are left out: concat would take the types of their columns into account.
        pd.concat([part.rows for part in parts if len(part.rows)] or [no_rows()], ignore_index=True),
        pd.concat([part.refused for part in parts] or [as_quarantine(no_rows(), "", "")], ignore_index=True),
    )


def no_rows() -> pd.DataFrame:
    """Return a frame of raw rows with no row."""
    empty = parquet.to_frame(parquet.arrow_schema(RAW).empty_table())
    return empty.assign(chave=pd.Series(dtype=object), **{LAST: pd.Series(dtype=bool)})


def _open(body: bytes, instrument: Instrument) -> pa.Table:
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
        table = table.append_column("ticker", pa.repeat(instrument.ticker, len(table)))
    _check_origin(table, instrument)
    return table


def _check_origin(table: pa.Table, instrument: Instrument) -> None:
    """Raise if a row has an unknown source, no time of collection or another ticker."""
    unknown = set(pc.unique(table["fonte"]).to_pylist()) - RANKS.keys()
    if unknown:
        raise _Unreadable(FOREIGN, f"fonte is {unknown.pop()!r}; allowed: {', '.join(RANKS)}")
    if not pa.types.is_timestamp(table["coletado_em"].type) or table["coletado_em"].null_count:
        raise _Unreadable(FOREIGN, f"coletado_em is {table['coletado_em'].type}, or null; allowed: a timestamp")
    others = set(pc.unique(table["ticker"]).to_pylist()) - {instrument.ticker}
    if others:
        raise _Unreadable(FOREIGN, f"ticker is {others.pop()!r}; allowed: {instrument.ticker!r}")


def _as_objects(table: pa.Table) -> pd.DataFrame:
    """Return the values unchanged, as Python objects."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})
