"""Numbers as text: the decimal separator, the thousands separator and the suffixes that a dialect writes."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import pandas as pd

from chalicelib.errors import SourceMalformed
from chalicelib.ingest.sources.files.cells import refuse
from chalicelib.schema import PRICES

# From here on a double cannot represent every whole number.
VOLUME_LIMIT = 2**53

_SUFFIXES = {"K": 10**3, "M": 10**6, "B": 10**9}


@dataclass(frozen=True, slots=True)
class Numbers:
    """One way to write numbers.

    Attributes:
        pattern: the whole cell.
        example: a number in this form, for messages.
        decimal: the decimal separator.
        thousands: the thousands separator, or nothing.
        nulls: the cells that mean null.
        suffixes: whether the volume may end with K, M or B.
    """

    pattern: re.Pattern[str]
    example: str
    decimal: str = "."
    thousands: str = ""
    nulls: frozenset[str] = field(default=frozenset({""}))
    suffixes: bool = False


PLAIN = Numbers(re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII), "140680.5")
"""As programs write them."""

YAHOO = Numbers(PLAIN.pattern, PLAIN.example, nulls=frozenset({"", "null"}))
"""As Yahoo's site writes them."""

COMMA = Numbers(re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?", re.ASCII), "140680,5 or 140.680,5", ",", ".")
"""As Excel writes them in Brazil: the thousands separator is optional."""

# Investing.com always groups, and writes at most two decimals of an index: so 140.680 fits only one of its languages.
INVESTING_EN = Numbers(
    re.compile(r"-?\d{1,3}(,\d{3})*(\.\d{1,2})?", re.ASCII),
    "140,680.50",
    thousands=",",
    nulls=frozenset({"", "-"}),
    suffixes=True,
)
INVESTING_PT = Numbers(
    re.compile(r"-?\d{1,3}(\.\d{3})*(,\d{1,2})?", re.ASCII),
    "140.680,50",
    ",",
    ".",
    nulls=frozenset({"", "-"}),
    suffixes=True,
)


def prices(cells: Mapping[str, pd.Series[str]], form: Numbers, origin: str) -> pd.DataFrame:
    """Return the four prices as float64, NaN where null.

    Args:
        cells: the columns by their names in the lake.

    Raises:
        SourceMalformed: a price is not in the form, or all prices of a line can be read in two ways.
    """
    read = pd.DataFrame({name: _read(cells[name], form, origin) for name in PRICES})
    # Somebody may have renamed the columns of a file in which 140.680 means 140680.
    grouped = re.compile(rf"[+-]?\d{{1,3}}{re.escape(form.decimal)}\d{{3}}", re.ASCII)
    twofold = pd.DataFrame({name: cells[name].str.fullmatch(grouped) for name in PRICES})
    doubtful = twofold.any(axis=1) & (twofold | read.isna()).all(axis=1)
    if doubtful.any():
        line = doubtful.idxmax()
        column = next(cells[name] for name in PRICES if twofold[name][line])
        raise SourceMalformed(
            f"{origin}, line {line}, {column.name}: {column[line]!r} may be a thousand times as much, because every "
            "price of the line has three decimals; allowed: whole numbers, or another number of decimals"
        )
    return read


def volumes(column: pd.Series[str], form: Numbers, origin: str) -> pd.Series[int]:
    """Return the volume as Int64, NA where null.

    Raises:
        SourceMalformed: a value is not in the form, or is no whole number from 0 to 2**53 - 1.
    """
    suffix = column.str[-1:].map(_SUFFIXES) if form.suffixes else pd.Series(float("nan"), column.index)
    bare = column.where(suffix.isna(), column.str[:-1])
    volume = _read(bare, form, origin, column) * suffix.fillna(1)
    # 8.96 * 10**9 is not a whole number in binary.
    volume = volume.where(suffix.isna(), volume.round())
    whole = (volume % 1 == 0) & (volume >= 0) & (volume < VOLUME_LIMIT)
    refuse(column, ~whole & volume.notna(), origin, "a whole number from 0 to 2**53 - 1, or nothing")
    return volume.astype("Int64")


def _read(
    column: pd.Series[str], form: Numbers, origin: str, original: pd.Series[str] | None = None
) -> pd.Series[float]:
    null = column.isin(form.nulls)
    text = column.where(column.str.fullmatch(form.pattern) & ~null)
    if form.thousands:
        text = text.str.replace(form.thousands, "", regex=False)
    if form.decimal != ".":
        text = text.str.replace(form.decimal, ".", regex=False)
    read = text.astype(float)
    shown = column if original is None else original
    refuse(shown, ~(read.abs() < math.inf) & ~null, origin, f"a number as {form.example}, or nothing")
    return read
