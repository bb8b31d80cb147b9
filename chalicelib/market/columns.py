"""Columns of fixed width: from the bytes of many records to numbers, dates and strings, without a loop over records.

The fields are those of B3's layout of COTAHIST (October 2020): https://www.b3.com.br, "Historical quote data".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Bytes = npt.NDArray[np.uint8]
Flags = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

LENGTH = 245
"""The number of characters of a record."""

_ZERO, _NINE, _SPACE, _ASCII = ord("0"), ord("9"), ord(" "), 0x80

_FIELDS = {
    "TIPREG": (1, 2),
    "DATA": (3, 10),
    "CODBDI": (11, 12),
    "CODNEG": (13, 24),
    "TPMERC": (25, 27),
    "NOMRES": (28, 39),
    "ESPECI": (40, 49),
    "MODREF": (53, 56),
    "PREABE": (57, 69),
    "PREMAX": (70, 82),
    "PREMIN": (83, 95),
    "PREULT": (109, 121),
    "TOTNEG": (148, 152),
    "QUATOT": (153, 170),
    "VOLTOT": (171, 188),
    "FATCOT": (211, 217),
    "CODISI": (231, 242),
    "DISMES": (243, 245),
}
"""The first and the last character of each field that is read, counted from 1, as B3 counts them."""


def field(records: Bytes, name: str) -> Bytes:
    """Return the bytes of a field, shape (n, width).

    Args:
        records: shape (n, at least 245).
    """
    first, last = _FIELDS[name]
    return records[:, first - 1 : last]


def codes(chars: Bytes) -> npt.NDArray[np.bytes_]:
    """Return a field as byte strings to compare with constants, shape (n,)."""
    return np.ascontiguousarray(chars).view(f"S{chars.shape[1]}")[:, 0]


@dataclass(frozen=True, slots=True)
class Numbers:
    """Whole numbers of a field.

    Attributes:
        values: shape (n,); 0 where the field is blank or malformed.
        blank: where the field has spaces only.
        malformed: where it is neither blank nor digits.
    """

    values: Integers
    blank: Flags
    malformed: Flags


def integers(chars: Bytes) -> Numbers:
    """Return the whole numbers of a field of at most 18 digits."""
    values = np.zeros(len(chars), np.int64)
    digits, spaces = np.ones(len(chars), np.bool_), np.ones(len(chars), np.bool_)
    for position in range(chars.shape[1]):
        char = chars[:, position]
        digits &= (char >= _ZERO) & (char <= _NINE)
        spaces &= char == _SPACE
        values *= 10
        # A byte below '0' wraps around, and its record is malformed.
        values += char - np.uint8(_ZERO)
    values[~digits] = 0
    return Numbers(values, spaces, ~digits & ~spaces)


def dates(chars: Bytes) -> tuple[npt.NDArray[np.datetime64], Flags]:
    """Return the dates YYYYMMDD of a field, and where they are no dates; those are 1970-01-01.

    A date before the year 1000 is no date: Python has no year 0, and `strftime` does not write every such year in four
    digits.
    """
    number = integers(chars)
    year, month, day = number.values // 10_000, number.values // 100 % 100, number.values % 100
    valid = ~number.blank & ~number.malformed & (year >= 1000) & (month >= 1) & (month <= 12) & (day >= 1)
    months = np.where(valid, (year - 1970) * 12 + month - 1, 0).astype("datetime64[M]")
    result = months.astype("datetime64[D]") + np.where(valid, day - 1, 0)
    valid &= result.astype("datetime64[M]") == months
    return np.where(valid, result, np.datetime64(0, "D")), ~valid


def strings(chars: Bytes) -> pa.StringArray:
    """Return a field of Latin-1 text as strings without the spaces at their ends, and null where it is blank."""
    count, width = chars.shape
    inside = chars != _SPACE
    blank = ~inside.any(axis=1)
    lengths = np.where(blank, 0, width - np.argmax(inside[:, ::-1], axis=1))
    text = chars[np.arange(width) < lengths[:, None]]
    # In UTF-8 a character of Latin-1 above ASCII has two bytes: 110000xx 10xxxxxx.
    wide = text >= _ASCII
    if wide.any():
        wide_before = np.concatenate([[0], np.cumsum(wide)])
        ends = np.cumsum(lengths)
        lengths = lengths + wide_before[ends] - wide_before[ends - lengths]
        at = np.flatnonzero(wide) + np.arange(wide.sum())
        text = np.repeat(text, 1 + wide)
        text[at], text[at + 1] = 0xC0 | text[at] >> 6, 0x80 | text[at] & 0x3F
    offsets = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int32)
    valid = pa.array(~blank).buffers()[1] if blank.any() else None
    buffers = [pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(text))]
    return pa.StringArray.from_buffers(count, *buffers, valid, -1)
