"""Which records of COTAHIST are bars of the table: those that are left out on purpose, and reasons to refuse others."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import numpy.typing as npt

from chalicelib.market.columns import Bytes, Flags, codes, dates, field

FIRST_SESSION = date(1994, 7, 4)
"""The first session in reais."""

OTHER_MARKET, OTHER_CURRENCY, OTHER_BOARD, BEFORE_REAL = "market", "currency", "board", "before 1994-07-04"
LEFT_OUT = (OTHER_MARKET, OTHER_CURRENCY, OTHER_BOARD, BEFORE_REAL)
"""Why a record is no bar of the table, and nothing is wrong with it. Such records are counted."""

INVALID_FILE = "arquivo_invalido"
UNREADABLE = "registro_ilegivel"
FUTURE = "data_futura"
NO_CLASS = "sem_classe"
NO_FACTOR = "sem_fator"
NULL_PRICE = "preco_nulo"
HIGH_LOW = "maxima_minima"
WIDE = "amplitude_impossivel"
CONFLICT = "registro_contraditorio"

REASONS: Mapping[str, str] = {
    INVALID_FILE: "the file cannot be read, was cut, or does not have as many records as its trailer says",
    UNREADABLE: "a number or the date is not digits, or the ticker is blank",
    FUTURE: "the date is after the date in the header of the file",
    NO_CLASS: "the type in the ISIN, or with an internal code the kind of security, is of no class of the table",
    NO_FACTOR: "the number of quoted shares (FATCOT) is null or 0",
    NULL_PRICE: "a price is null or 0",
    HIGH_LOW: "the high is not the highest price, or the low not the lowest",
    WIDE: "the high is more than 1,000 times the low",
    CONFLICT: "another record of the ticker and session, of a file with the same date in its header, differs",
}
"""The values of the column `motivo` of the quarantine, in the order of their tests, with their meaning."""

WIDEST = 1000
"""How many times the low a high may be."""

_CASH, _REAL = b"010", b"R$  "
_BDR = b"BDR"
_BOARDS = [b"02", b"05", b"06", b"07", b"08", b"09", b"11", b"12", b"14"]
"""The values of CODBDI of the table. A company in recovery moves from 02 to 06, 07, 08, 09 or 11."""

_NEVER = [b"10", b"18", b"22"]
"""Rights, bonds and subscription bonuses: left out also where the type is BDR."""

_INTERNAL_KINDS: Mapping[bytes, bytes] = {b"ON": b"ACN", b"PN": b"ACN", b"UN": b"UNT", b"CI": b"CTF", b"DR": b"BDR"}
"""The type of a security by the first two letters of ESPECI, where CODISI is an internal code and has no type."""


def is_isin(chars: Bytes) -> Flags:
    """Return whether CODISI is an ISIN: two letters, nine letters or digits, and a digit; else an internal code.

    B3 wrote its own codes of securities until 1995-05-12, and ISINs from 1995-05-15 on.
    """
    letter = (chars >= ord("A")) & (chars <= ord("Z"))
    digit = (chars >= ord("0")) & (chars <= ord("9"))
    flags: Flags = letter[:, :2].all(axis=1) & (letter | digit).all(axis=1) & digit[:, -1]
    return flags


def types(records: Bytes) -> npt.NDArray[np.bytes_]:
    """Return the type of each security: characters 7 to 9 of its ISIN, b"" where it is unknown."""
    isin = field(records, "CODISI")
    kind = codes(field(records, "ESPECI")[:, :2])
    internal = np.full(len(records), b"", "S3")
    for start, type_ in _INTERNAL_KINDS.items():
        internal[kind == start] = type_
    return np.where(is_isin(isin), codes(isin[:, 6:9]), internal)


def classes(type_: npt.NDArray[np.bytes_], board: npt.NDArray[np.bytes_]) -> npt.NDArray[np.str_]:
    """Return the class of each record, "" where it has none.

    Args:
        type_: as `types` returns them.
        board: CODBDI.
    """
    fund = type_ == b"CTF"
    cases = {
        "acao": type_ == b"ACN",
        "unit": (type_ == b"CDA") | (type_ == b"UNT"),
        "fii": fund & np.isin(board, [b"05", b"12"]),
        "etf": fund & (board == b"14"),
        "bdr": type_ == _BDR,
    }
    return np.select(list(cases.values()), list(cases), "")


def in_cash_market(records: Bytes) -> Flags:
    """Return which records are of the cash market."""
    flags: Flags = codes(field(records, "TPMERC")) == _CASH
    return flags


def left_out(records: Bytes) -> npt.NDArray[np.str_]:
    """Return why each record of the cash market is left out, "" where it is not."""
    board = codes(field(records, "CODBDI"))
    kept = np.isin(board, _BOARDS) | ((types(records) == _BDR) & ~np.isin(board, _NEVER))
    day, no_date = dates(field(records, "DATA"))
    cases = {
        OTHER_CURRENCY: codes(field(records, "MODREF")) != _REAL,
        OTHER_BOARD: ~kept,
        BEFORE_REAL: ~no_date & (day < np.datetime64(FIRST_SESSION)),
    }
    return np.select(list(cases.values()), list(cases), "")
