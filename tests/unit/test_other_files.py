"""Files that are refused: each with an error that says what the file is."""

from __future__ import annotations

import io
import lzma
import os
import re
import threading
import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from chalicelib.errors import SourceEmpty, SourceError, SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources.csv_file import CsvFile, parse
from chalicelib.ingest.sources.files import content
from tests.conftest import SHARED
from tests.support.bars import csv_text, known_bars
from tests.support.dialects import downloaded, frame

CASES = SHARED.parent / "cases" / "csv"

HEADER = "date,open,high,low,close,volume\n"
YAHOO = "Date,Open,High,Low,Close,Adj Close,Volume\n"
INVESTING = '"Date","Price","Open","High","Low","Vol.","Change %"\n'
EXCEL = "Data;Abertura;Máximo;Mínimo;Fechamento;Volume\n"
TABS = EXCEL.replace(";", "\t")
KNOWN = (
    "plain, yahoo, yfinance-history, yfinance-download, investing-en, investing-pt, excel-semicolons, excel-tabs, "
    "b3-dataflow"
)


def message(body: str | bytes, name: str = "bars.csv") -> str:
    with pytest.raises(SourceError) as raised:
        parse(body.encode() if isinstance(body, str) else body, name)
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("", "bars.csv is empty"),
        ("\ufeff \n", "bars.csv is empty"),
        ("No data", "bars.csv is a refusal of the site it was downloaded from, not bars; its first line: 'No data'"),
        ("Exceeded the daily hits limit\n", "bars.csv is a refusal of the site"),
        ("\n<!doctype html><p>Yahoo", "bars.csv is an HTML page, not bars; its first line: '<!doctype html><p>Yahoo'"),
        ("<?xml version='1.0'?><table/>", "bars.csv is XML, not a table of bars"),
        ('{"chart": {}}', "bars.csv is JSON, not a table of bars; its first line: '{\"chart\": {}}'"),
        ('[["2025-01-02", 1]]', "bars.csv is JSON"),
        ("00COTAHIST.2016BOVESPA 20160104", "bars.csv is a COTAHIST file of B3, which has shares and not the index"),
        ("date,close\n2025-01-02,120000.5\n", "bars.csv is a file of closes only, which is for `--source b3:`"),
        ('"Date";"Close"\n', "bars.csv is a file of closes only, which is for `--source b3:`"),
        (b"PK\x03\x04\x14\x00\x06\x00", "bars.csv is an Excel workbook or a zip file without the suffix .zip"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "bars.csv is an Excel workbook of the old format"),
        (b"\x1f\x8b\x08\x00", "bars.csv is a gzip file without the suffix .gz"),
        (b"\x28\xb5\x2f\xfd\x04", "bars.csv is a Zstandard file, which is not read"),
        (b"%PDF-1.7\n", "bars.csv is a PDF document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "bars.csv is not text: line 3 has a NUL byte"),
        (b"\x81\x8d", "bars.csv is not UTF-8 text: byte 0"),
        (b"ab\n\0\0\0\rIHDR", "bars.csv is not text: line 2 has a NUL byte"),
        (HEADER.strip().encode() + b",note\n2025-09-10,1,1,1,1,1,\xe9\n", "bars.csv is not UTF-8 text: byte 58"),
        (b"PAR1 and nothing", "bars.csv is not a valid parquet file: "),
        (HEADER + "2025-09-10,141612,143182,141612,142349,\xe9\n", "bars.csv, line 2, volume: 'é'"),
    ],
)
def test_another_kind_of_file_is_named(body: str | bytes, expected: str):
    assert message(body).startswith(expected)


@pytest.mark.parametrize(
    ("first", "separator"),
    [
        ("Data,Otwarcie,Najwyzszy,Najnizszy,Zamkniecie,Wolumen", "comma"),
        ("when;what", "semicolon"),
        ("when\twhat", "tab"),
        ("date|open|high|low|close|volume", "vertical bar"),
        ("date open high low close volume", "none"),
        ("2025-09-10,141612,143182,141612,142349,8000000", "comma"),
        # Columns of two dialects, and a column twice.
        ("date,open,high,low,close,volume,data", "comma"),
        ("date,open,high,low,close,volume,note,note", "comma"),
        ("data;date;abertura;máximo;mínimo;fechamento;volume", "semicolon"),
        ("date,open,high,low,close,adj close,volume,note", "comma"),
    ],
)
def test_an_unknown_form_is_shown_beside_the_known_ones(first: str, separator: str):
    assert message(f"{first}\n1\n") == (
        f"bars.csv is in no known form; its first line: {first!r}, separator: {separator}; known: {KNOWN}"
    )


def test_a_long_first_line_is_shortened():
    assert f"its first line: '{'x' * 79}…', separator: none" in message("x" * 5000)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        # A point may be between thousands where somebody has renamed the columns.
        (
            HEADER + "2025-10-10,141.708,142.330,140.231,140.680,\n",
            "bars.csv, line 2, open: '141.708' may be a thousand",
        ),
        (HEADER + "2025-10-10,,,,140.680,\n", "bars.csv, line 2, close: '140.680' may be a thousand"),
        (
            EXCEL + "10/10/2025;141,708;142,330;140,231;140,680;1\n",
            "bars.csv, line 2, abertura: '141,708' may be a thou",
        ),
        (
            HEADER + '2025-10-10,"141,708.00",1,1,1,\n',
            "bars.csv, line 2, open: '141,708.00'; allowed: a number as 140680.5",
        ),
        (
            EXCEL + "10/10/2025;141708.0;1;1;1;1\n",
            "bars.csv, line 2, abertura: '141708.0'; allowed: a number as 140680,5",
        ),
        (EXCEL + "10/10/2025;14.1708;1;1;1;1\n", "bars.csv, line 2, abertura: '14.1708'; allowed: a number as"),
        (EXCEL + "10/10/2025;1;1;1;1;8,96E+06\n", "bars.csv, line 2, volume: '8,96E+06'; allowed: a number as"),
        (YAHOO + "2025-10-10,NaN,1,1,1,1,1\n", "bars.csv, line 2, open: 'NaN'; allowed: a number"),
        (INVESTING + '"10/31/2025","1","1","1","1","1.5T","0%"\n', "bars.csv, line 2, vol.: '1.5T'; allowed: a number"),
        (
            INVESTING + '"10/31/2025","1.5K","1","1","1","-","0%"\n',
            "bars.csv, line 2, price: '1.5K'; allowed: a number",
        ),
        (
            INVESTING + '"10/31/2025","1","1","1","1","1.5","0%"\n',
            "bars.csv, line 2, vol.: '1.5'; allowed: a whole number",
        ),
        # Dates.
        (
            HEADER + "10/10/2025,1,1,1,1,1\n",
            "bars.csv, line 2, date: '10/10/2025'; allowed: a date as 2025-12-31 or 2025",
        ),
        (
            EXCEL + "2025-10-10;1;1;1;1;1\n31/10/2025;1;1;1;1;1\n",
            "bars.csv, line 3, data: '31/10/2025'; allowed: a date as",
        ),
        (EXCEL + "10/31/2025;1;1;1;1;1\n", "bars.csv, line 2, data: '10/31/2025'; allowed: a date as 31/12/2025"),
        (
            EXCEL + "10/10/25;1;1;1;1;1\n",
            "bars.csv, line 2, data: '10/10/25'; allowed: a date as 31/12/2025 or 2025-12-31",
        ),
        (
            INVESTING + '"31/10/2025","1","1","1","1","1","0%"\n',
            "bars.csv, line 2, date: '31/10/2025'; allowed: a date as",
        ),
        (
            INVESTING + '"10/09/2025","1","1","1","1","1","0%"\n',
            "bars.csv, line 2, date: '10/09/2025' may be 2025-10-09 or 2025-09-10; allowed: dates of which one has",
        ),
        (
            TABS + "09/10/2025\t1\t1\t1\t1\t1\n09/09/2025\t1\t1\t1\t1\t1\n",
            "bars.csv, line 2, data: '09/10/2025' may be",
        ),
        (
            HEADER + "2025-10-10 00:00:00+00:00,1,1,1,1,1\n",
            "bars.csv, line 2, date: '2025-10-10 00:00:00+00:00'; allowed",
        ),
        # The bars of something else.
        (
            YAHOO + "2025-10-10,1,1,1,1,0.9,1\n",
            "bars.csv, line 2: the adjusted close is not the close, so the file is of",
        ),
        (
            HEADER.strip() + ",Ticker\n2025-10-10,1,1,1,1,1,PETR4\n",
            "bars.csv has bars of PETR4; allowed: one of IBOV, ^BVSP",
        ),
        (
            HEADER.strip() + ",Ticker\n2025-10-10,1,1,1,1,1,IBOV\n2025-10-10,1,1,1,1,1,PETR4\n",
            "bars.csv has bars of 2 tickers, IBOV, PETR4; allowed: one of IBOV, ^BVSP",
        ),
    ],
)
def test_a_value_that_is_not_in_the_form_exactly_is_refused(body: str, expected: str):
    assert message(body).startswith(expected)


@pytest.mark.parametrize(
    "second",
    ["10/08/2025", "10/31/2025"],
    ids=["a date of the same week", "a day after the 12th"],
)
def test_a_second_date_tells_day_and_month_apart(second: str):
    rows = "".join(f'"{day}","1","1","1","1","1","0%"\n' for day in ("10/09/2025", second))

    days = parse((INVESTING + rows).encode(), "bars.csv")["data"]

    assert pd.Timestamp("2025-10-09") in days.tolist()


def test_excels_semicolons_tell_that_the_day_is_first():
    days = parse((EXCEL + "09/10/2025;1;1;1;1;1\n").encode(), "bars.csv")["data"]

    assert days.tolist() == [pd.Timestamp("2025-10-09")]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_separator_that_excel_declares_is_used(separator: str):
    row = "2025-10-10,141708,142330,140231,140680,8960000\n"

    bars = parse(f"sep={separator}\r\n{(HEADER + row).replace(',', separator)}".encode(), "bars.csv")

    assert bars["preco_fechamento"].tolist() == [140680.0]
    assert message(f"sep={separator}\n{(HEADER + row).replace(',', separator).replace('140680', 'x')}").startswith(
        "bars.csv, line 3, close: 'x'"
    )


@pytest.mark.parametrize(
    ("period", "name"),
    [("W-MON", "weekly"), ("W-FRI", "weekly"), ("MS", "monthly"), ("ME", "monthly"), ("QS", "quarterly")],
)
def test_bars_of_longer_periods_are_refused_by_name(period: str, name: str):
    days = pd.date_range("2025-01-01", periods=4, freq=period)
    rows = "".join(f"{day.date()},1,1,1,1,1\n" for day in days)
    # Yahoo adds the bar of the period that is not over.
    current = f"{(days[-1] + pd.Timedelta(days=1)).date()},1,1,1,1,1\n"

    assert message(HEADER + rows).startswith(f"bars.csv has {name} bars: its dates are ")
    assert message(HEADER + rows + current).startswith(f"bars.csv has {name} bars: its dates are ")


def test_single_days_far_apart_are_daily_bars():
    rows = "".join(f"{day},1,1,1,1,1\n" for day in ("2012-01-02", "2012-02-22", "2020-11-20"))

    assert len(parse((HEADER + rows).encode(), "bars.csv")) == 3


def test_the_files_of_shares_are_refused():
    two = pd.concat([downloaded(known_bars()), downloaded(known_bars()).rename(columns={"^BVSP": "PETR4.SA"})], axis=1)
    paid = frame(known_bars(), "America/Sao_Paulo")
    paid["Dividends"], paid["Stock Splits"] = [0.5, 0, 0, 0, 0, 0], 0

    assert message(two.to_csv()) == "bars.csv has bars of 2 tickers, PETR4.SA, ^BVSP; allowed: one of IBOV, ^BVSP"
    assert message(paid.to_csv()) == "bars.csv has dividends: it is of a share or a fund, and the index has none"
    for name in ("PETR4.SA.csv", "BOVA11 Dados Históricos.csv", "s3://bucket/backfill/VALE3.csv"):
        assert re.match(rf"{name} is named as a file of \w+, not of the index", message(csv_text(known_bars()), name))
    for name in ("IBOV 2025.csv", "^BVSP.csv", "Ibovespa Dados Históricos.csv"):
        assert len(parse(csv_text(known_bars()).encode(), name)) == 6


def test_generated_bars_are_refused():
    exported = known_bars().assign(fonte="sample").to_csv(index=False)

    assert message(exported) == "bars.csv has generated bars: fonte is sample; allowed: real bars"


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (
            known_bars().drop(columns="volume_negociado"),
            "bars.csv is a parquet file in no known form; its columns: 'data, p",
        ),
        (known_bars().iloc[:0], "bars.csv holds no bars: it has no rows"),
        (known_bars().astype({"data": str}), "bars.csv, data: the type is string; allowed: a date or a timestamp"),
        (known_bars().astype({"preco_maximo": str}), "bars.csv, preco_maximo: the type is string; allowed: a number"),
        (
            known_bars().assign(preco_maximo=float("inf")),
            "bars.csv, row 0, preco_maximo: inf; allowed: a finite number",
        ),
        (known_bars().assign(volume_negociado=-1), "bars.csv, row 0, volume_negociado: -1.0; allowed: a whole number"),
        (
            known_bars().assign(data=pd.Timestamp("2025-01-02 10:00")),
            "bars.csv, row 0, data: 2025-01-02 10:00:00; allowed: a date, or midnight",
        ),
        (known_bars().assign(data=date(9999, 12, 31)), "bars.csv, row 0, data: 9999-12-31 00:00:00; allowed: a date"),
        (
            known_bars().assign(data=None).astype({"data": "datetime64[ns]"}),
            "bars.csv, row 0, data: NaT; allowed: a date",
        ),
        (known_bars().assign(ticker="PETR4"), "bars.csv has bars of PETR4; allowed: one of IBOV, ^BVSP"),
        (known_bars().assign(fonte="sample"), "bars.csv has generated bars"),
        (known_bars().assign(Data=1), "bars.csv has more than one column 'data'; allowed: each name once"),
        (known_bars().assign(data=pd.Timestamp("2025-01-02")), "bars.csv, row 1: the date 2025-01-02 is there twice"),
    ],
)
def test_a_parquet_file_is_refused_with_column_row_value_and_what_is_allowed(table: pd.DataFrame, expected: str):
    assert message(table.to_parquet()).startswith(expected)


def test_a_broken_archive_is_named(tmp_path: Path):
    for suffix in (".gz", ".bz2", ".xz", ".zip"):
        path = tmp_path / f"bars.csv{suffix}"
        path.write_bytes(b"not compressed")
        with pytest.raises(SourceMalformed, match=rf"bars\.csv{suffix} is not a valid {suffix} file: "):
            CsvFile(str(path)).fetch(None, None)


@pytest.mark.parametrize(
    ("members", "error", "expected"),
    [
        ([], SourceEmpty, "is an empty zip file"),
        (["a.csv", "b.csv"], SourceMalformed, r"has 2 files: a\.csv, b\.csv; allowed: one"),
        (
            ["a.csv", "b.csv", "c.csv", "d.csv"],
            SourceMalformed,
            r"has 4 files: a\.csv, b\.csv, c\.csv, …; allowed: one",
        ),
    ],
)
def test_a_zip_file_has_one_file(tmp_path: Path, members: list[str], error: type[SourceError], expected: str):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for member in members:
            archive.writestr(member, csv_text(known_bars()))
    path = tmp_path / "bars.zip"
    path.write_bytes(buffer.getvalue())

    with pytest.raises(error, match=rf"bars\.zip {expected}$"):
        CsvFile(str(path)).fetch(None, None)


def test_a_decompressed_file_has_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "bars.csv.xz"
    path.write_bytes(lzma.compress(b"\n" * (2**20 + 1)))
    monkeypatch.setattr(content, "LIMIT", 2**20)

    with pytest.raises(SourceMalformed, match=r"bars\.csv\.xz has more than 1 MiB when decompressed, the limit"):
        CsvFile(str(path)).fetch(None, None)


def test_a_missing_file_is_noticed_without_reading_it(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match=r"cannot read .*absent\.csv: No such file or directory$"):
        CsvFile(str(tmp_path / "absent.csv")).check()
    with pytest.raises(SourceUnavailable, match=r": Is a directory$"):
        CsvFile(str(tmp_path)).check()


READ = {
    "01_investing_ptbr.csv": [141708.0, 140680.0],
    "06_excel_semicolon_latin1.csv": [140680.0],
    "07_excel_semicolon_en_header.csv": [140680.0],
    "08_excel_sep_line.csv": [140680.0],
    "09_utf16_excel_unicode.csv": [140680.0],
    "11_yf_multiindex.csv": [141708.0],
    "30_gzip.csv.gz": [141708.0],
    "46_own_api_export.csv": [143608.0, 141356.0, 142145.0, 141708.0, 140680.0],
}
REFUSED = {
    "02_investing_renamed_thousands_dot.csv": "line 2, open: '141.708' may be a thousand times as much",
    "14_stooq_nolimit.csv": "its first line: 'Exceeded the daily hits limit'",
    "15_stooq_nodata.csv": "its first line: 'No data'",
    "26_weekly.csv": "has weekly bars",
    "28_html.csv": "is an HTML page",
    "36_points_1994_scale.csv": "line 2, open: '106.100' may be a thousand times as much",
}


def test_each_shared_case_is_read_or_refused_by_name():
    if not CASES.is_dir():
        pytest.skip("needs the inputs in ../shared/cases")
    assert {path.name for path in CASES.iterdir()} == READ.keys() | REFUSED.keys()
    for name, closes in READ.items():
        assert CsvFile(str(CASES / name)).fetch(None, None)["preco_fechamento"].tolist() == closes, name
    for name, expected in REFUSED.items():
        with pytest.raises(SourceMalformed, match=re.escape(expected)):
            CsvFile(str(CASES / name)).fetch(None, None)


def test_a_pipe_is_read(tmp_path: Path):
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)
    file = CsvFile(str(pipe))
    file.check()
    threading.Thread(target=pipe.write_text, args=[csv_text(known_bars())], daemon=True).start()

    assert file.fetch(None, None).equals(known_bars())
