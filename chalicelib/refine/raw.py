"""Lenient reader of raw objects. Takes bytes, returns DataFrames.

Other writers may order columns differently, add some, omit volume or ticker, and use other types (see `conversion`).
Whatever cannot be read is refused, by the object or by the row, with a note. An object has either bars or official
closes of B3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
from chalicelib.schema import CLOSE, OFFICIAL_CLOSES, PRICES, RAW, Column
from chalicelib.sources import B3, SOURCES

REQUIRED = ("data", *PRICES, "fonte", "coletado_em")
"""Columns that an object of bars must have; the other columns of raw are optional."""

REQUIRED_OF_CLOSES = ("data", CLOSE, "fonte", "coletado_em")
"""Columns that an object of official closes must have."""

COMPLETE = "completo"
"""Column of official closes: whether a row is of a complete answer about its year."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of one or more raw objects.

    Attributes:
        rows: the columns of `schema.RAW`, `chave` (the object's key) and `ultima`; NaN only where a price is null.
        closes: the columns of `schema.OFFICIAL_CLOSES` and `chave`; NaN where a close is null.
        refused: rows that cannot be read, in the columns of `schema.QUARANTINE`.
    """

    rows: pd.DataFrame
    closes: pd.DataFrame
    refused: pd.DataFrame


class _Unreadable(Exception):
    """The object is refused as a whole."""

    def __init__(self, reason: Rule, note: str) -> None:
        super().__init__(note)
        self.reason = reason


def read(body: bytes, key: str, instrument: Instrument) -> RawRows:
    """Return the rows of a raw object. An object that is not raw data of the instrument is refused as one row.

    Args:
        key: the object's key, the value of `chave` in every row.
        instrument: the instrument that the object must be about.
    """
    try:
        table = _open(body)
        closes_only = _closes_only(table)
        table = _checked(table, REQUIRED_OF_CLOSES if closes_only else REQUIRED, instrument)
    except _Unreadable as error:
        whole = as_quarantine(pd.DataFrame({"chave": [key]}), error.reason.name, str(error))
        return RawRows(no_rows(), no_closes(), whole)
    rows, readable, refused = _convert(table, OFFICIAL_CLOSES if closes_only else RAW, key)
    if not closes_only:
        rows[LAST] = rows["data"] == rows["data"].max()
        return RawRows(rows[readable], no_closes(), refused)
    # A row that cannot be read may be the close of a session that the answer otherwise lacks.
    rows[COMPLETE] = rows[COMPLETE].eq(True) & refused.empty
    return RawRows(no_rows(), rows[readable], refused)


def _convert(table: pa.Table, schema: Sequence[Column], key: str) -> tuple[pd.DataFrame, pd.Series[bool], pd.DataFrame]:
    """Return the rows of a table in the columns of a schema, which of them are readable, and the refused ones."""
    columns: dict[str, pa.ChunkedArray] = {}
    wrong = pa.chunked_array([pa.repeat(False, len(table))])
    infinite = wrong
    for column in schema:
        columns[column.name], misfits = convert(table, column.name, column.type)
        wrong = pc.or_(wrong, misfits)
        if column.name in PRICES:
            infinite = pc.or_(infinite, pc.fill_null(pc.invert(pc.is_finite(columns[column.name])), False))
    rows = parquet.to_frame(pa.table(columns)).assign(chave=key)
    infinite = pc.and_not(infinite, wrong)
    refused = [
        as_quarantine(_as_objects(table.filter(mask)).assign(chave=key), reason.name, "")
        for mask, reason in ((wrong, WRONG_TYPE), (infinite, NON_FINITE))
    ]
    readable = pc.invert(pc.or_(wrong, infinite)).to_pandas()
    return rows, readable, pd.concat(refused, ignore_index=True)


def read_all(bodies: Mapping[str, bytes], instrument: Instrument) -> RawRows:
    """Return the rows of all raw objects, in the order of `bodies`; what cannot be read is refused, not raised.

    Args:
        bodies: the bytes of each object, by its key.
        instrument: the instrument that the objects must be about.
    """
    return combine(read(body, key, instrument) for key, body in bodies.items())


def combine(parts: Iterable[RawRows]) -> RawRows:
    """Return the rows of all parts, in their order."""
    parts = list(parts)
    return RawRows(
        # Frames without rows are left out: concat would take the types of their columns into account.
        pd.concat([part.rows for part in parts if len(part.rows)] or [no_rows()], ignore_index=True),
        pd.concat([part.closes for part in parts if len(part.closes)] or [no_closes()], ignore_index=True),
        pd.concat([part.refused for part in parts] or [as_quarantine(no_rows(), "", "")], ignore_index=True),
    )


def no_rows() -> pd.DataFrame:
    """Return a frame of bars with no row."""
    empty = parquet.to_frame(parquet.arrow_schema(RAW).empty_table())
    return empty.assign(chave=pd.Series(dtype=object), **{LAST: pd.Series(dtype=bool)})


def no_closes() -> pd.DataFrame:
    """Return a frame of official closes with no row."""
    empty = parquet.to_frame(parquet.arrow_schema(OFFICIAL_CLOSES).empty_table())
    return empty.assign(chave=pd.Series(dtype=object))


def _open(body: bytes) -> pa.Table:
    try:
        table = pq.read_table(pa.BufferReader(body))
    except (pa.ArrowException, OSError) as error:
        raise _Unreadable(CORRUPT, f"not a parquet file: {error}") from error
    decoded = [
        column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
        for column in table.columns
    ]
    return pa.table(decoded, names=table.column_names)


def _closes_only(table: pa.Table) -> bool:
    """Return whether an object has official closes; raise if it has bars too."""
    sources = set(pc.unique(table["fonte"]).to_pylist()) if "fonte" in table.column_names else set()
    if B3.name in sources and len(sources) > 1:
        other = min(str(source) for source in sources - {B3.name})
        raise _Unreadable(FOREIGN, f"fonte is {B3.name!r} and {other!r}; allowed: {B3.name!r} alone, or bars")
    return B3.name in sources


def _checked(table: pa.Table, required: Sequence[str], instrument: Instrument) -> pa.Table:
    """Return a table with its ticker; raise if a required column is missing or the rows are of another kind."""
    missing = [name for name in required if name not in table.column_names]
    if missing:
        raise _Unreadable(FOREIGN, f"no column {missing[0]}; required: {', '.join(required)}")
    if "ticker" not in table.column_names:
        table = table.append_column("ticker", pa.repeat(instrument.ticker, len(table)))
    _check_origin(table, instrument)
    return table


def _check_origin(table: pa.Table, instrument: Instrument) -> None:
    """Raise if a row has an unknown source, no time of collection or another ticker."""
    unknown = set(pc.unique(table["fonte"]).to_pylist()) - SOURCES.keys()
    if unknown:
        raise _Unreadable(FOREIGN, f"fonte is {unknown.pop()!r}; allowed: {', '.join(SOURCES)}")
    if not pa.types.is_timestamp(table["coletado_em"].type) or table["coletado_em"].null_count:
        raise _Unreadable(FOREIGN, f"coletado_em is {table['coletado_em'].type}, or null; allowed: a timestamp")
    others = set(pc.unique(table["ticker"]).to_pylist()) - {instrument.ticker}
    if others:
        raise _Unreadable(FOREIGN, f"ticker is {others.pop()!r}; allowed: {instrument.ticker!r}")


def _as_objects(table: pa.Table) -> pd.DataFrame:
    """Return the values unchanged, as Python objects."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})
