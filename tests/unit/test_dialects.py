"""Files as sites and programs write them. Those in tests/files have the same six sessions."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import zipfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import date
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import SourceError, SourceMalformed
from chalicelib.ingest.sources.csv_file import CsvFile, parse
from chalicelib.ingest.sources.files import cells, content
from chalicelib.ingest.sources.files.dialects import DIALECTS
from chalicelib.ingest.sources.files.header import Header
from chalicelib.ingest.sources.files.recognise import recognise
from chalicelib.schema import PRICES
from common.paths import ROOT
from tests.support.bars import known_bars
from tests.support.dialects import WRITERS, frame

FILES = ROOT / "tests" / "files"
VOLUMES = [8_000_000, 8_010_000, 8_020_000, 8_030_000, 8_040_000, 8_050_000]


def bars_of_files() -> pd.DataFrame:
    return known_bars().assign(volume_negociado=pd.array(VOLUMES, dtype="Int64"))


def test_every_dialect_has_a_file_and_every_file_a_dialect():
    assert {path.name for path in FILES.iterdir()} == WRITERS.keys()
    assert {name for name, _ in WRITERS.values()} == {dialect.name for dialect in DIALECTS}


def test_the_document_lists_every_dialect_and_every_name():
    spans = re.findall(r"`([^`]+)`", (ROOT / "docs" / "files.md").read_text(encoding="utf-8"))
    names = {word for span in spans for word in re.split('[",]+', span.lower())}

    for dialect in DIALECTS:
        assert {dialect.name, *dialect.names, *dialect.required} <= names


@pytest.mark.parametrize("name", WRITERS)
def test_the_file_of_each_dialect_is_read(name: str):
    pd.testing.assert_frame_equal(CsvFile(str(FILES / name)).fetch(None, None), bars_of_files())


def recognised(body: bytes) -> str:
    decoded, _ = content.decode(body, "bars")
    return recognise(cells.text(decoded, "bars"))[0].name


@st.composite
def tables(draw: st.DrawFn) -> pd.DataFrame:
    """Bars that every dialect can write: consecutive working days, two decimals, volumes in 10,000, nulls."""
    first = draw(st.dates(date(1994, 7, 4), date(2030, 12, 31)))
    days = pd.bdate_range(first, periods=draw(st.integers(2, 8)), name="data")
    cents = st.none() | st.integers(1, 99_999_999)
    columns = {
        name: pd.Series(draw(st.lists(cents, min_size=len(days), max_size=len(days))), dtype="Float64").div(100)
        for name in PRICES
    }
    volume = draw(st.lists(st.none() | st.integers(0, 9_999), min_size=len(days), max_size=len(days)))
    volumes = pd.Series(volume, dtype="Int64") * 10_000
    return pd.DataFrame({"data": days, **columns}).astype(dict.fromkeys(PRICES, float)).assign(volume_negociado=volumes)


@pytest.mark.parametrize("name", WRITERS)
@settings(max_examples=20, deadline=None)
@given(bars=tables())
def test_what_a_dialect_writes_is_read_as_the_same_bars(name: str, bars: pd.DataFrame):
    dialect, write = WRITERS[name]
    body = write(bars)

    assert recognised(body) == dialect
    pd.testing.assert_frame_equal(parse(body, name), bars, check_freq=False)


@settings(max_examples=300, deadline=None)
@given(
    name=st.sampled_from(sorted(WRITERS)),
    start=st.integers(0, 400),
    length=st.integers(0, 12),
    replacement=st.binary(max_size=6) | st.text('",;\t\r\n.-0159aeM^', max_size=6).map(str.encode),
)
def test_a_damaged_file_is_read_or_refused(name: str, start: int, length: int, replacement: bytes):
    body = (FILES / name).read_bytes()

    with suppress(SourceError):
        parse(body[:start] + replacement + body[start + length :], "bars.csv")


NAMES = sorted({name for dialect in DIALECTS for name in dialect.known} | {"note"})


@given(
    dialect=st.sampled_from(DIALECTS),
    others=st.lists(st.sampled_from(NAMES), max_size=4),
    rows=st.sampled_from([1, 2, 3]),
    data=st.data(),
)
def test_no_two_dialects_fit_the_same_header(dialect, others, rows, data):
    names = data.draw(st.permutations([*dialect.names, *dialect.required, *others]))

    fitting = [other.name for other in DIALECTS if other.has(Header(tuple(names), rows=rows))]

    by_separator = [other.separator for other in DIALECTS if other.name in fitting]
    assert len(set(by_separator)) == len(by_separator), fitting


def compressed(body: bytes, suffix: str) -> bytes:
    compress: Mapping[str, Callable[[bytes], bytes]] = {
        ".gz": gzip.compress,
        ".bz2": bz2.compress,
        ".xz": lzma.compress,
    }
    if suffix in compress:
        return compress[suffix](body)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("bars.csv", body)
        archive.writestr("__MACOSX/._bars.csv", b"attributes")
    return buffer.getvalue()


@pytest.mark.parametrize("suffix", [".gz", ".bz2", ".xz", ".zip"])
def test_a_compressed_file_is_read_as_its_suffix_says(tmp_path: Path, suffix: str):
    path = tmp_path / f"bars.csv{suffix}"
    path.write_bytes(compressed((FILES / "yahoo.csv").read_bytes(), suffix))

    assert CsvFile(str(path)).fetch(None, None).equals(bars_of_files())


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_excels_text_is_read_in_each_encoding(encoding: str):
    text = (FILES / "excel-semicolons.csv").read_bytes().decode("cp1252")

    assert parse(text.encode(encoding), "bars.csv").equals(bars_of_files())


@pytest.mark.parametrize("time_zone", [None, "America/Sao_Paulo", "UTC"])
def test_parquet_with_the_columns_of_a_dialect_is_read(time_zone: str | None):
    if time_zone == "UTC":
        table = frame(bars_of_files(), "America/Sao_Paulo").tz_convert("UTC")
    else:
        table = frame(bars_of_files(), time_zone)

    assert parse(table.to_parquet(), "bars.parquet").equals(bars_of_files())
    assert parse(bars_of_files().assign(ticker="IBOV").to_parquet(), "bars.parquet").equals(bars_of_files())


def test_a_row_without_prices_is_kept_as_raw_keeps_it():
    text = "Date,Open,High,Low,Close,Adj Close,Volume\n2025-09-10,null,null,null,null,null,null\n"

    (row,) = parse(text.encode(), "bars.csv").to_dict("records")

    assert row.pop("data") == pd.Timestamp("2025-09-10")
    assert all(pd.isna(value) for value in row.values())


def investing(language: str, price: str) -> bytes:
    """Return a row of Investing.com with this text as each price."""
    prices = ",".join([f'"{price}"'] * 4)
    if language == "en":
        return f'"Date","Price","Open","High","Low","Vol.","Change %"\n"10/31/2025",{prices},"1.5K","0%"\n'.encode()
    return f'"Data","Último","Abertura","Máxima","Mínima","Vol.","Var%"\n"31.10.2025",{prices},"1,5K","0%"\n'.encode()


@pytest.mark.parametrize(
    ("language", "price", "value"),
    [
        ("en", "140,680", 140680.0),
        ("en", "140,680.5", 140680.5),
        ("en", "999.25", 999.25),
        ("pt", "140.680", 140680.0),
        ("pt", "140.680,50", 140680.5),
        ("pt", "999,25", 999.25),
    ],
)
def test_a_number_is_read_as_its_dialect_writes_it(language: str, price: str, value: float):
    bars = parse(investing(language, price), "bars.csv")

    assert bars["preco_fechamento"].tolist() == [value]
    assert bars["volume_negociado"].tolist() == [1500]


@pytest.mark.parametrize(
    ("language", "price"),
    [("en", "140.680"), ("en", "140680"), ("en", "140.680,5"), ("pt", "140,680"), ("pt", "140.68"), ("pt", "140680")],
)
def test_a_number_of_another_dialect_is_refused(language: str, price: str):
    with pytest.raises(SourceMalformed, match=rf"^bars.csv, line 2, \w+: '{price}'; allowed: a number as 140"):
        parse(investing(language, price), "bars.csv")
