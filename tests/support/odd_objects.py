"""Odd parquet objects: every Arrow type in every column with its edge values, and damaged files.

    python -m tests.support.odd_objects

decodes them all and refines the result. A crash of the library ends this process, not that of the tests; the last line
of the output names the object.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from itertools import islice
from random import Random
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from chalicelib import layout
from chalicelib.instrument import IBOV
from chalicelib.layout import RawObject
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import refine
from chalicelib.schema import ACCEPTANCES, OFFICIAL_CLOSES, QUARANTINE, RAW, REFINED, Column
from tests.support.bars import COLLECTED, known_bars, raw_rows

Object = tuple[str, bytes]

_TEXTS = ["", "yahoo", "b3", "IBOV", "\0", "\U0010ffff", "x" * 5_000, None]
_BYTES = [b"", b"yahoo", b"\xff\xfe", b"\0" * 5_000, None]


def _integers(bits: int, signed: bool) -> list[int | None]:
    low, high = (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) if signed else (0, 2**bits - 1)
    return [low, high, 0, 1, None]


def _floats(kind: type[np.floating[Any]]) -> list[Any]:
    info = np.finfo(kind)
    return [kind(value) for value in (0, -0.0, np.inf, -np.inf, np.nan, info.max, info.min, info.tiny, 1.5)] + [None]


def _raw_integers(type_: pa.DataType, bits: int) -> list[pa.Array]:
    """Return the edge values of a type that has the same bytes as an integer."""
    storage = {32: pa.int32(), 64: pa.int64()}[bits]
    edges = [*_integers(bits, signed=True), 10**9, -(10**9), *([10**15, 10**18] if bits == 64 else [])]
    return [pa.array([edge], storage).view(type_) for edge in edges]


def values() -> Iterator[pa.Array]:
    """Yield each edge value of each Arrow type that a parquet file can have, shape (1,)."""
    for bits in (8, 16, 32, 64):
        for signed in (True, False):
            type_ = getattr(pa, f"{'' if signed else 'u'}int{bits}")()
            yield from (pa.array([edge], type_) for edge in _integers(bits, signed))
    for kind, type_ in ((np.float16, pa.float16()), (np.float32, pa.float32()), (np.float64, pa.float64())):
        yield from (pa.array([edge], type_) for edge in _floats(kind))
    for type_ in (pa.date32(), pa.time32("s"), pa.time32("ms")):
        yield from _raw_integers(type_, 32)
    moments = [pa.timestamp(unit, zone) for unit in ("s", "ms", "us", "ns") for zone in (None, "UTC")]
    moments += [pa.timestamp("us", zone) for zone in ("America/Sao_Paulo", "+13:45", "Mars/Phobos")]
    durations = [pa.duration(unit) for unit in ("s", "ms", "us", "ns")]
    for type_ in (pa.date64(), pa.time64("us"), pa.time64("ns"), *moments, *durations):
        yield from _raw_integers(type_, 64)
    for type_ in (pa.string(), pa.large_string(), pa.string_view()):
        yield from (pa.array([text], type_) for text in _TEXTS)
    for type_ in (pa.binary(), pa.large_binary(), pa.binary_view()):
        yield from (pa.array([text], type_) for text in _BYTES)
    yield from (pa.array([text], pa.binary(5)) for text in (b"yahoo", b"\xff" * 5, None))
    for type_ in (pa.decimal32(9, 2), pa.decimal64(18, 2), pa.decimal128(38, 2), pa.decimal256(76, 2)):
        largest = Decimal(10**type_.precision - 1).scaleb(-2, context=None) if type_.precision < 28 else Decimal(1)
        yield from (pa.array([edge], type_) for edge in (Decimal(0), largest, -largest, None))
    yield from (pa.array([edge], pa.bool_()) for edge in (True, False, None))
    yield pa.nulls(1)
    yield from nested()


def nested() -> Iterator[pa.Array]:
    """Yield lists, structs, maps, dictionaries and extension types."""
    for inner in (pa.int64(), pa.string(), pa.null(), pa.timestamp("s"), pa.list_(pa.float64())):
        for type_ in (pa.list_(inner), pa.large_list(inner), pa.list_(inner, 2), pa.list_view(inner)):
            yield from (pa.array([value], type_) for value in (None, [None, None]))
        yield from (pa.array([value], pa.struct([("x", inner)])) for value in (None, {"x": None}))
    yield from (pa.array([value], pa.map_(pa.string(), pa.float64())) for value in (None, [], [("a", 1.0)]))
    for value in ("yahoo", 5, 1.5, b"x"):
        yield pa.array([value]).dictionary_encode()
    yield pa.DictionaryArray.from_arrays(pa.array([None], pa.int8()), pa.array(["yahoo"]))
    yield pa.ExtensionArray.from_storage(pa.uuid(), pa.array([b"0" * 16], pa.binary(16)))
    yield pa.ExtensionArray.from_storage(pa.json_(), pa.array(["{}"]))
    yield pa.ExtensionArray.from_storage(pa.bool8(), pa.array([1], pa.int8()))


def encode(table: pa.Table) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    return bytes(buffer.getvalue())


def good() -> dict[str, tuple[tuple[Column, ...], pa.Table]]:
    """Return a table of one or more rows of each kind of raw object."""
    bars = raw_rows(known_bars())
    origin = {"ticker": IBOV.ticker, "coletado_em": COLLECTED}
    close = {"data": bars["data"][0].date(), "preco_fechamento": 142_349.0, "completo": True, "fonte": "b3", **origin}
    acceptance = {"objeto_aceito": "raw/a.parquet", "fonte": "aceite", **origin}
    return {
        "bars": (RAW, pa.Table.from_pandas(bars, parquet.arrow_schema(RAW), preserve_index=False)),
        "closes": (OFFICIAL_CLOSES, pa.Table.from_pylist([close], parquet.arrow_schema(OFFICIAL_CLOSES))),
        "acceptances": (ACCEPTANCES, pa.Table.from_pylist([acceptance], parquet.arrow_schema(ACCEPTANCES))),
    }


def typed() -> Iterator[Object]:
    """Yield an object of bars for each column and value, and objects of the other kinds for every fifth value."""
    for kind, (columns, table) in good().items():
        for value in islice(values(), 0, None, 1 if kind == "bars" else 5):
            for position, column in enumerate(columns):
                try:
                    odd = pa.chunked_array([value] * len(table))
                    body = encode(table.set_column(position, column.name, odd))
                except (pa.ArrowException, OverflowError):
                    continue  # parquet has no such type, or no such value
                yield f"{kind}: {column.name} is {value.type}", body


def damaged(random: Random, number: int) -> Iterator[Object]:
    """Yield files with some bytes replaced, a part removed, or a part repeated."""
    bodies = [encode(table) for _, table in good().values()]
    for count in range(number):
        body = bytearray(random.choice(bodies))
        for _ in range(random.choice([1, 1, 2, 8, 64])):
            # Most of the structure is in the footer.
            at = random.randrange(len(body)) if random.random() < 0.3 else random.randrange(len(body) // 2, len(body))
            body[at] = random.choice([0, 1, 0x7F, 0x80, 0xFF, random.randrange(256)])
        if random.random() < 0.2:
            start = random.randrange(len(body))
            part = body[start : start + random.randrange(1, 200)]
            body[start : start + len(part)] = random.choice([b"", part + part])
        yield f"damaged {count}", bytes(body)


def named(objects: list[Object]) -> Iterator[RawObject]:
    """Yield a good object, then each odd one after its name is printed."""
    body = encode(good()["bars"][1])
    yield RawObject(layout.raw_key(COLLECTED), body, len(body))
    for number, (name, odd) in enumerate(objects):
        print(name, flush=True)
        yield RawObject(f"raw/{number:05}.parquet", odd, len(odd))


def main() -> None:
    """Decode all objects, refine them together with a good one, and print the number for each outcome."""
    objects = list(typed()) + list(damaged(Random(17), 500))  # noqa: S311
    rows = raw.read_all(named(objects), IBOV)
    print("refine", flush=True)
    refined = refine(rows, sessions, IBOV)
    parquet.encode(refined.quarantine, QUARANTINE)
    parquet.encode(refined.bars, REFINED)
    whole = rows.refused[rows.refused["motivo"].isin(["objeto_corrompido", "objeto_estranho"])]
    assert (whole["nota"] != "").all()
    outcomes = {str(reason): int(count) for reason, count in whole["motivo"].value_counts().items()}
    read = len(objects) - whole["chave"].nunique()
    print(json.dumps({"objects": len(objects), "sessions": len(refined.bars), "read": read, **outcomes}))


if __name__ == "__main__":
    main()
