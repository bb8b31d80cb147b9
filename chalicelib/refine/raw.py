"""Lenient reader of raw objects. Takes bytes, returns DataFrames.

Other writers may order columns differently, add some, omit volume or ticker, and use other types (see `conversion`).
Whatever cannot be read is refused, by the object or by the row, with a note. An object has bars, official closes of B3,
or acceptances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from chalicelib.instrument import Instrument
from chalicelib.layout import RawObject
from chalicelib.refine import objects, parquet
from chalicelib.refine.conversion import convert
from chalicelib.refine.live import LAST
from chalicelib.refine.objects import Unreadable
from chalicelib.refine.quality import CORRUPT, FOREIGN, NON_FINITE, WRONG_TYPE
from chalicelib.refine.quarantine import as_quarantine
from chalicelib.refine.rule import Rule
from chalicelib.schema import ACCEPTANCES, ACCEPTED, CLOSE, OFFICIAL_CLOSES, PRICES, RAW, VOLUME, Column
from chalicelib.sources import ACCEPTANCE, B3, SOURCES, SYNTHETIC

REQUIRED = ("data", *PRICES, "fonte", "coletado_em")
"""Columns that an object of bars must have; the other columns of raw are optional."""

REQUIRED_OF_CLOSES = ("data", CLOSE, "fonte", "coletado_em")
"""Columns that an object of official closes must have."""

COMPLETE = "completo"
"""Column of official closes: whether a row is of a complete answer about its year."""


REQUIRED_OF_ACCEPTANCES = (ACCEPTED, "fonte", "coletado_em")
"""Columns that an object of acceptances must have."""

INVALID_VOLUME = "volume_invalido"
"""Column of bars: whether the volume was not a number of shares, and is null now."""

_KINDS: Mapping[str, tuple[Sequence[Column], Sequence[str]]] = {
    B3.name: (OFFICIAL_CLOSES, REQUIRED_OF_CLOSES),
    ACCEPTANCE.name: (ACCEPTANCES, REQUIRED_OF_ACCEPTANCES),
}
"""The schema and the required columns of the objects of a source without bars."""


@dataclass(frozen=True, slots=True)
class RawRows:
    """The rows of one or more raw objects.

    Attributes:
        rows: the columns of `schema.RAW`, `chave` (the object's key), `ultima` and `volume_invalido`; NaN only where a
            price is null.
        closes: the columns of `schema.OFFICIAL_CLOSES` and `chave`; NaN where a close is null.
        refused: rows that cannot be read, in the columns of `schema.QUARANTINE`.
        accepted: the keys of the objects that a person accepted.
    """

    rows: pd.DataFrame
    closes: pd.DataFrame
    refused: pd.DataFrame
    accepted: frozenset[str] = frozenset()


def read(body: bytes, key: str, instrument: Instrument) -> RawRows:
    """Return the rows of a raw object. An object that is not raw data of the instrument is refused as one row.

    Args:
        key: the object's key, the value of `chave` in every row.
        instrument: the instrument that the object must be about.
    """
    return read_all([RawObject(key, body, len(body))], instrument)


def read_all(raw: Iterable[RawObject], instrument: Instrument) -> RawRows:
    """Return the rows of all raw objects, in their order; what cannot be read is refused, not raised.

    Args:
        raw: the objects. What this iterable raises is raised: an object that S3 does not return is not refused.
        instrument: the instrument that the objects must be about.
    """
    # Thousands of small tables are joined before they become a frame: a frame of each would take minutes.
    tables: dict[Sequence[Column], list[pa.Table]] = {RAW: [], OFFICIAL_CLOSES: [], ACCEPTANCES: []}
    refused = [as_quarantine(pd.DataFrame({"chave": []}), "", "")]
    for each in raw:
        try:
            schema, readable, others = _decode(each, instrument)
        except Unreadable as error:
            refused.append(_refusal(each, error.reason, str(error)))
        except Exception as error:  # noqa: BLE001 - every run reads every raw object: one must not stop them all
            # Also a MemoryError.
            refused.append(_refusal(each, CORRUPT, f"cannot be decoded: {type(error).__name__}: {_line(error)}"))
        else:
            tables[schema].append(readable)
            refused += others
    return RawRows(
        _frame(tables[RAW]) if tables[RAW] else no_rows(),
        _frame(tables[OFFICIAL_CLOSES]) if tables[OFFICIAL_CLOSES] else no_closes(),
        pd.concat(refused, ignore_index=True),
        frozenset(key for table in tables[ACCEPTANCES] for key in table[ACCEPTED].to_pylist() if key),
    )


def _refusal(raw: RawObject, reason: Rule, note: str) -> pd.DataFrame:
    return as_quarantine(pd.DataFrame({"chave": [raw.key]}), reason.name, note)


def _line(error: Exception) -> str:
    """Return the message of an error on one short line."""
    return " ".join(str(error).split())[:200]


def combine(parts: Iterable[RawRows]) -> RawRows:
    """Return the rows of all parts, in their order."""
    parts = list(parts)
    return RawRows(
        # Frames without rows are left out: concat would take the types of their columns into account.
        pd.concat([part.rows for part in parts if len(part.rows)] or [no_rows()], ignore_index=True),
        pd.concat([part.closes for part in parts if len(part.closes)] or [no_closes()], ignore_index=True),
        pd.concat([part.refused for part in parts], ignore_index=True),
        frozenset().union(*(part.accepted for part in parts)),
    )


def _frame(tables: Sequence[pa.Table]) -> pd.DataFrame:
    return parquet.to_frame(pa.concat_tables(tables))


def _decode(raw: RawObject, instrument: Instrument) -> tuple[Sequence[Column], pa.Table, list[pd.DataFrame]]:
    """Return the schema of an object, its readable rows as `_convert` does, and the refused ones."""
    if raw.body is None:
        raise objects.too_large(raw.size)
    table = objects.open_table(raw.body)
    schema, required = _kind(table)
    table = _checked(table, required, instrument)
    objects.check_range(table)
    objects.check_collected(convert(table, "coletado_em", "timestamp")[0], raw)
    return schema, *_convert(table, schema, raw.key)


def _convert(table: pa.Table, schema: Sequence[Column], key: str) -> tuple[pa.Table, list[pd.DataFrame]]:
    """Return the readable rows of a table in the columns of a schema and those of `RawRows`, and the refused ones."""
    columns: dict[str, Any] = {}
    nothing = pa.chunked_array([pa.repeat(False, len(table))])
    wrong, infinite, invalid = nothing, nothing, nothing
    for column in schema:
        values, misfits = convert(table, column.name, column.type)
        if column.name == VOLUME:
            # A bar is true without its volume.
            invalid = pc.or_(misfits, pc.fill_null(pc.less(values, 0), False))
            values = pc.if_else(invalid, None, values)
        else:
            wrong = pc.or_(wrong, misfits)
        if column.name in PRICES:
            infinite = pc.or_(infinite, pc.fill_null(pc.invert(pc.is_finite(values)), False))
        columns[column.name] = values
    refused = [
        as_quarantine(_as_objects(table.filter(mask)).assign(chave=key), reason.name, "")
        for mask, reason in ((wrong, WRONG_TYPE), (pc.and_not(infinite, wrong), NON_FINITE))
        if pc.any(mask).as_py()
    ]
    columns["chave"] = pa.repeat(key, len(table)) if schema != ACCEPTANCES else columns[ACCEPTED]
    if schema == RAW:
        columns[LAST] = pc.fill_null(pc.equal(columns["data"], pc.max(columns["data"])), False)
        columns[INVALID_VOLUME] = invalid
    if schema == OFFICIAL_CLOSES:
        # A row that cannot be read may be the close of a session that the answer otherwise lacks.
        columns[COMPLETE] = nothing if refused else pc.fill_null(columns[COMPLETE], False)
    return pa.table(columns).filter(pc.invert(pc.or_(wrong, infinite))), refused


def no_rows() -> pd.DataFrame:
    """Return a frame of bars with no row."""
    empty = parquet.to_frame(parquet.arrow_schema(RAW).empty_table())
    flags = {name: pd.Series(dtype=bool) for name in (LAST, INVALID_VOLUME)}
    return empty.assign(chave=pd.Series(dtype=object), **flags)


def no_closes() -> pd.DataFrame:
    """Return a frame of official closes with no row."""
    empty = parquet.to_frame(parquet.arrow_schema(OFFICIAL_CLOSES).empty_table())
    return empty.assign(chave=pd.Series(dtype=object))


def _kind(table: pa.Table) -> tuple[Sequence[Column], Sequence[str]]:
    """Return the schema of an object and its required columns; raise if it has rows of two kinds."""
    sources = set(pc.unique(table["fonte"]).to_pylist()) if "fonte" in table.column_names else set()
    for source, kind in _KINDS.items():
        if source in sources and len(sources) > 1:
            other = min(str(name) for name in sources - {source})
            raise Unreadable(FOREIGN, f"fonte is {source!r} and {other!r}; allowed: {source!r} alone, or bars")
        if source in sources:
            return kind
    return RAW, REQUIRED


def _checked(table: pa.Table, required: Sequence[str], instrument: Instrument) -> pa.Table:
    """Return a table with its ticker; raise if a required column is missing or the rows are of another kind."""
    missing = [name for name in required if name not in table.column_names]
    if missing:
        raise Unreadable(FOREIGN, f"no column {missing[0]}; required: {', '.join(required)}")
    if "ticker" not in table.column_names:
        table = table.append_column("ticker", pa.repeat(instrument.ticker, len(table)))
    _check_origin(table, instrument)
    return table


def _check_origin(table: pa.Table, instrument: Instrument) -> None:
    """Raise if a row has an unknown source, no time of collection or another ticker."""
    sources = set(pc.unique(table["fonte"]).to_pylist())
    unknown = sources - SOURCES.keys()
    if unknown:
        raise Unreadable(FOREIGN, f"fonte is {min(map(repr, unknown))}; allowed: {', '.join(SOURCES)}")
    if len(sources & set(SYNTHETIC)) not in (0, len(sources)):
        raise Unreadable(FOREIGN, f"fonte is {', '.join(sorted(sources))}; allowed: real bars or synthetic ones")
    if not pa.types.is_timestamp(table["coletado_em"].type) or table["coletado_em"].null_count:
        raise Unreadable(FOREIGN, f"coletado_em is {table['coletado_em'].type}, or null; allowed: a timestamp")
    others = set(pc.unique(table["ticker"]).to_pylist()) - {instrument.ticker}
    if others:
        raise Unreadable(FOREIGN, f"ticker is {min(map(repr, others))}; allowed: {instrument.ticker!r}")


def _as_objects(table: pa.Table) -> pd.DataFrame:
    """Return the values unchanged, as Python objects."""
    return pd.DataFrame({name: pd.Series(table[name].to_pylist(), dtype=object) for name in table.column_names})
