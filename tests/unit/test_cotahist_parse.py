"""Records of COTAHIST as bars: the real day against a plain reader, and each rule."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from chalicelib.errors import SourceMalformed
from chalicelib.market.parse import Parsed, parse, refused_file
from chalicelib.market.rules import LEFT_OUT, REASONS
from chalicelib.shares import BARS, CLASSES, REFUSED
from tests.support.market import KEY, STORED, file, parsed, plain_records, record

REAL = "cotahist/COTAHIST_D04012016.TXT"

TYPES = {"ACN": "acao", "CDA": "unit", "UNT": "unit", "BDR": "bdr"}
FUNDS = {"05": "fii", "12": "fii", "14": "etf"}
BOARDS = {"02", "05", "06", "07", "08", "09", "11", "12", "14"}


def read_day(shared: Path, **options: bool) -> Parsed:
    with (shared / REAL).open("rb") as day:
        return parse(day, KEY, STORED, **options)


def test_the_real_day_is_refused_because_it_was_cut(shared_data: Path):
    message = "cotahist/file.zip has 504 records, its trailer says 1,745; allowed: the same number, or 2 more"

    with pytest.raises(SourceMalformed, match=re.escape(message)):
        read_day(shared_data)


def test_the_real_day_record_by_record(shared_data: Path):
    result = read_day(shared_data, check_total=False)
    rows = result.bars.to_pylist()
    plain = plain_records(shared_data / REAL)
    cash = [row for row in plain if row["TPMERC"] == "010"]
    wanted = [row for row in cash if row["CODBDI"] in BOARDS]

    assert (result.records, len(cash), len(rows)) == (504, 86, 83)
    assert result.refused.num_rows == 0
    assert dict(result.left_out) == {"market": 418, "currency": 0, "board": 3, "before 1994-07-04": 0}
    assert result.generated == date(2016, 1, 4)
    for row, expected in zip(rows, wanted, strict=True):
        type_ = expected["CODISI"][6:9]
        assert row == {
            "data": date(2016, 1, 4),
            "ticker": expected["CODNEG"],
            "preco_abertura": reais(expected["PREABE"], expected["FATCOT"]),
            "preco_maximo": reais(expected["PREMAX"], expected["FATCOT"]),
            "preco_minimo": reais(expected["PREMIN"], expected["FATCOT"]),
            "preco_fechamento": reais(expected["PREULT"], expected["FATCOT"]),
            "volume_negociado": int(expected["QUATOT"]),
            "classe": TYPES.get(type_) or FUNDS[expected["CODBDI"]],
            "nome": f"{expected['NOMRES']} {expected['ESPECI'][:3].strip()}",
            "isin": expected["CODISI"],
            "negocios": int(expected["TOTNEG"]),
            "volume_financeiro": reais(expected["VOLTOT"]),
            "fator_cotacao": int(expected["FATCOT"]),
            "distribuicao": int(expected["DISMES"]),
            "gerado_em": date(2016, 1, 4),
            "chave": KEY,
            "linha": plain.index(expected) + 2,
            "coletado_em": STORED,
        }
    assert {row["fator_cotacao"] for row in rows} == {1, 1000}
    assert {row["classe"] for row in rows} == set(CLASSES)


def reais(cents: str, quoted: str = "1") -> float:
    return float(Decimal(cents) / 100 / Decimal(quoted))


def test_the_columns_are_those_of_the_schema():
    result = parsed(record(), record(FATCOT=0))

    assert result.bars.schema.names == [column.name for column in BARS]
    assert result.refused.schema.names == [column.name for column in REFUSED]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"TPMERC": b"020"}, "market"),
        ({"MODREF": b"CR$"}, "currency"),
        ({"MODREF": b"US$"}, "currency"),
        ({"CODBDI": b"10"}, "board"),
        ({"CODBDI": b"18"}, "board"),
        ({"CODBDI": b"22"}, "board"),
        ({"CODBDI": b"22", "CODISI": b"BRAAPLBDR004"}, "board"),
        ({"CODBDI": b"96"}, "board"),
        ({"DATA": 19940701}, "before 1994-07-04"),
    ],
)
def test_what_is_left_out_is_counted(changes: dict[str, Any], reason: str):
    result = parsed(record(), record(**changes))

    assert (result.bars.num_rows, result.refused.num_rows) == (1, 0)
    assert dict(result.left_out) == {**dict.fromkeys(LEFT_OUT, 0), reason: 1}


@pytest.mark.parametrize(
    ("isin", "board", "kind", "expected"),
    [
        (b"BRPETRACNPR6", board, b"PN", "acao")
        for board in (b"02", b"05", b"06", b"07", b"08", b"09", b"11", b"12", b"14")
    ]
    + [
        (b"BRALUPCDAM15", b"02", b"UNT", "unit"),
        (b"BRBBTGUNT007", b"08", b"UNT", "unit"),
        (b"BRABCPCTF000", b"12", b"CI", "fii"),
        (b"BRABCPCTF000", b"05", b"CI", "fii"),
        (b"BRBOVACTF003", b"14", b"CI", "etf"),
        (b"BRAAPLBDR004", b"02", b"DRN", "bdr"),
        (b"BRAAPLBDR004", b"34", b"DRN", "bdr"),
        # Codes of B3 before 1995-05-15 have no type.
        (b"TELEBRAS 123", b"02", b"PN", "acao"),
        (b"", b"02", b"ON", "acao"),
        (b"ABCD", b"12", b"CI", "fii"),
    ],
)
def test_the_class_is_that_of_the_isin(isin: bytes, board: bytes, kind: bytes, expected: str):
    result = parsed(record(CODISI=isin, CODBDI=board, ESPECI=kind))

    assert result.bars["classe"].to_pylist() == [expected]
    assert result.bars["isin"].to_pylist() == [isin.decode() or None]


REFUSALS: list[tuple[str, dict[str, Any]]] = [
    ("registro_ilegivel", {"DATA": 20250230}),
    ("registro_ilegivel", {"CODNEG": b""}),
    ("data_futura", {"DATA": 20260101}),
    ("sem_classe", {"CODISI": b"BRPETRD13PR8"}),
    ("sem_classe", {"CODISI": b"BRABCPCTF000", "CODBDI": b"02"}),
    ("sem_classe", {"CODISI": b"", "ESPECI": b"DIR"}),
    ("sem_fator", {"FATCOT": 0}),
    *(("preco_nulo", {name: 0}) for name in ("PREABE", "PREMAX", "PREMIN", "PREULT")),
    ("maxima_minima", {"PREMAX": 3679}),
    ("maxima_minima", {"PREMIN": 3601}),
    ("amplitude_impossivel", {"PREMAX": 3_550_001}),
]


@pytest.mark.parametrize(("reason", "changes"), REFUSALS)
def test_a_refused_record_is_kept_with_the_reason(reason: str, changes: dict[str, Any]):
    bad = record(**changes)

    result = parsed(record(TPMERC=b"070"), bad, record())

    assert result.bars["linha"].to_pylist() == [4]
    assert result.refused.to_pylist() == [
        {"motivo": reason, "chave": KEY, "linha": 3, "registro": bad[:245].decode("latin-1")}
    ]


def test_each_reason_of_a_record_has_a_test():
    assert {reason for reason, _ in REFUSALS} == REASONS.keys() - {"arquivo_invalido", "registro_contraditorio"}


def test_a_refused_file_is_a_row_with_the_error():
    with pytest.raises(SourceMalformed) as raised:
        parse(BytesIO(file(record())[:-300]), KEY, STORED)

    message = "cotahist/file.zip, line 2: not 245 characters and CR LF, or the file was cut there"
    assert refused_file(KEY, raised.value).to_pylist() == [
        {"motivo": "arquivo_invalido", "chave": KEY, "linha": None, "registro": message}
    ]


@pytest.mark.parametrize("first", [57, 148, 153, 171, 211, 243])
def test_a_number_that_is_no_digits_is_refused_and_a_blank_one_is_null(first: int):
    good = record()
    bad = good[: first - 1] + b"x" + good[first:]

    assert parsed(bad).refused["motivo"].to_pylist() == ["registro_ilegivel"]


@pytest.mark.parametrize(("first", "last", "reason"), [(211, 217, "sem_fator"), (57, 69, "preco_nulo")])
def test_a_blank_factor_or_price_is_null(first: int, last: int, reason: str):
    good = record()
    blank = good[: first - 1] + b" " * (last - first + 1) + good[last:]

    assert parsed(blank).refused["motivo"].to_pylist() == [reason]


@pytest.mark.parametrize("quoted", [1, 1000, 1_000_000])
def test_the_price_of_a_share_has_the_same_bits_whatever_its_quotation(quoted: int):
    cents = {"PREABE": 3601, "PREMAX": 3703, "PREMIN": 3557, "PREULT": 3689}

    result = parsed(record(FATCOT=quoted, **{name: value * quoted for name, value in cents.items()}))

    (row,) = result.bars.to_pylist()
    prices = [row[name] for name in ("preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento")]
    assert prices == [36.01, 37.03, 35.57, 36.89]


def test_the_text_is_latin_1():
    result = parsed(record(NOMRES="SÃO JOSÉ".encode("latin-1")))

    assert result.bars["nome"].to_pylist() == ["SÃO JOSÉ PN"]
