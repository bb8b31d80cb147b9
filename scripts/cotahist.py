"""Write records in the layout of COTAHIST, for tests and benchmarks. Without a loop over records."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

LENGTH = 245

TEXTS = {
    "CODBDI": (11, 12),
    "CODNEG": (13, 24),
    "TPMERC": (25, 27),
    "NOMRES": (28, 39),
    "ESPECI": (40, 49),
    "MODREF": (53, 56),
    "CODISI": (231, 242),
}
"""The first and the last character of each text field, counted from 1."""

NUMBERS = {
    "DATA": (3, 10),
    "PREABE": (57, 69),
    "PREMAX": (70, 82),
    "PREMIN": (83, 95),
    "PREMED": (96, 108),
    "PREULT": (109, 121),
    "PREOFC": (122, 134),
    "PREOFV": (135, 147),
    "TOTNEG": (148, 152),
    "QUATOT": (153, 170),
    "VOLTOT": (171, 188),
    "PREEXE": (189, 201),
    "INDOPC": (202, 202),
    "DATVEN": (203, 210),
    "FATCOT": (211, 217),
    "PTOEXE": (218, 230),
    "DISMES": (243, 245),
}
"""The same of each field of digits. Prices and VOLTOT are in cents, dates are YYYYMMDD."""

_DEFAULTS: Mapping[str, Any] = {
    "CODBDI": b"02",
    "TPMERC": b"010",
    "MODREF": b"R$",
    "ESPECI": b"ON",
    "FATCOT": 1,
    "DATVEN": 99991231,
}

Bytes = npt.NDArray[np.uint8]


def encode(fields: Mapping[str, Any], count: int) -> Bytes:
    """Return records with their line ends, shape (count, 247).

    Args:
        fields: by the name of the field, a value for all records or one for each: byte strings in Latin-1, or whole
            numbers. A field that is missing has its usual value.
    """
    records = np.full((count, LENGTH + 2), ord(" "), np.uint8)
    records[:, :2] = np.frombuffer(b"01", np.uint8)
    records[:, LENGTH:] = np.frombuffer(b"\r\n", np.uint8)
    fields = {**_DEFAULTS, **fields}
    for name, (first, last) in TEXTS.items():
        width = last - first + 1
        values = np.broadcast_to(np.asarray(fields.get(name, b""), f"S{width}"), count)
        text = np.ascontiguousarray(values).view(np.uint8).reshape(count, width)
        records[:, first - 1 : last] = np.where(text == 0, ord(" "), text)
    for name, (first, last) in NUMBERS.items():
        rest = np.broadcast_to(np.asarray(fields.get(name, 0), np.int64), count).copy()
        for position in range(last - 1, first - 2, -1):
            rest, digit = np.divmod(rest, 10)
            records[:, position] = digit + ord("0")
        if rest.any():
            raise ValueError(f"{name} has a number of more than {last - first + 1} digits")
    return records


def write(
    path: Path,
    blocks: Iterable[Bytes],
    generated: date,
    *,
    year: int | None = None,
    counts_all: bool = False,
    origin: str = "BOVESPA",
) -> int:
    """Write a file of COTAHIST and return its number of records: a zip if the name ends with .zip or .ZIP, else text.

    Args:
        generated: the date in the header.
        year: the year in the header; None for that of the date.
        counts_all: whether the trailer counts the header and itself, as some files of B3 do.
        origin: the code of origin in the header, of at most 8 characters.
    """
    total = 0
    name = f"COTAHIST.{year or generated.year}{origin:8}{generated:%Y%m%d}"
    with ExitStack() as stack:
        file: IO[bytes]
        if path.suffix.lower() == ".zip":
            archive = stack.enter_context(zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1))
            file = stack.enter_context(archive.open(f"{path.stem}.TXT", "w", force_zip64=True))
        else:
            file = stack.enter_context(path.open("wb"))
        file.write(_line(f"00{name}"))
        for block in blocks:
            total += len(block)
            file.write(block.tobytes())
        file.write(_line(f"99{name}{total + 2 * counts_all:011d}"))
    return total


def _line(text: str) -> bytes:
    return text.ljust(LENGTH).encode("ascii") + b"\r\n"
