from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chalicelib.errors import SourceEmpty, SourceError, SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources import csv_file
from chalicelib.ingest.sources.csv_file import CsvFile

HEADER = "date,open,high,low,close,volume\n"
VOLUMES = "a whole number from 0 to 2**53 - 1, or nothing"


def parse(text: str, origin: str) -> pd.DataFrame:
    return csv_file.parse(text.encode(), origin)


def test_the_columns_are_read_in_any_order_and_others_are_ignored():
    bars = parse("close,extra,date,volume,low,high,open\n3,x,2025-01-02,7.0,1,4,2\n", "a.csv")

    assert bars.to_dict("list") | {"data": bars["data"].dt.date.tolist()} == {
        "data": [date(2025, 1, 2)],
        "preco_abertura": [2.0],
        "preco_maximo": [4.0],
        "preco_minimo": [1.0],
        "preco_fechamento": [3.0],
        "volume_negociado": [7],
    }


def test_bars_come_in_order_of_date_with_nulls_kept():
    bars = parse(HEADER + "2025-01-03,1,1,1,1,5\n2025-01-02,,,,,\n", "a.csv")

    assert bars["data"].dt.day.tolist() == [2, 3]
    assert bars["preco_abertura"].isna().tolist() == [True, False]
    assert bars["volume_negociado"].isna().tolist() == [True, False]


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_spaces_capitals_blank_lines_and_any_end_of_line_are_accepted(newline: str):
    lines = [" Date , OPEN,High,Low,Close,Volume", " 2025-01-02 , 1.5,2,1,+2e0, 7", "", "2025-01-03,1,1,1,1,", "  ", ""]

    bars = parse(newline.join(lines) + newline, "a.csv")

    assert bars["data"].dt.day.tolist() == [2, 3]
    assert bars.iloc[0, 1:].tolist() == [1.5, 2.0, 1.0, 2.0, 7]


def test_the_largest_volume_keeps_its_last_digit():
    assert parse(HEADER + f"2025-01-02,1,1,1,1,{2**53 - 1}\n", "a.csv")["volume_negociado"].tolist() == [2**53 - 1]


def test_a_byte_order_mark_is_not_part_of_a_name(tmp_path: Path):
    path = tmp_path / "bars.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER.encode() + b"2025-01-02,1,1,1,1,5\n")

    assert len(CsvFile(str(path)).fetch(None, None)) == 1


def test_a_tilde_is_the_home_folder(tmp_path: Path, monkeypatch: Any):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "bars.csv").write_text(HEADER + "2025-01-02,1,1,1,1,5\n")

    assert len(CsvFile("~/bars.csv").fetch(None, None)) == 1


def test_start_and_end_are_included(tmp_path: Path):
    path = tmp_path / "bars.csv"
    path.write_text(HEADER + "2025-01-02,1,1,1,1,5\n2025-01-03,2,2,2,2,5\n")

    assert CsvFile(str(path)).fetch(date(2025, 1, 3), None)["preco_fechamento"].tolist() == [2.0]
    assert CsvFile(str(path)).fetch(None, date(2025, 1, 2))["preco_fechamento"].tolist() == [1.0]
    assert len(CsvFile(str(path)).fetch(None, None)) == 2
    with pytest.raises(SourceEmpty, match="holds no bars from 2026-01-01 to its last"):
        CsvFile(str(path)).fetch(date(2026, 1, 1), None)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "a.csv is empty"),
        ("\n \n", "a.csv is empty"),
        ("Date,open,high,low,close,volume,date\n", "a.csv is in no known form; its first line: 'Date,open,high"),
        (
            "date,open,high,low,close\n",
            "a.csv is in no known form; its first line: 'date,open,high,low,close', separator: ",
        ),
        (HEADER, "a.csv holds no bars"),
        (HEADER + "2025-01-02,1,1,1,1,5\n03/01/2025,1,1,1,1,5\n", "a.csv, line 3, date: '03/01/2025'; allowed: a date"),
        (HEADER + "2025-02-30,1,1,1,1,5\n", "a.csv, line 2, date: '2025-02-30'"),
        (HEADER + "٢٠٢٥-01-02,1,1,1,1,5\n", "a.csv, line 2, date"),
        (HEADER + ",1,1,1,1,5\n", "a.csv, line 2, date: ''"),
        (HEADER + "2025-01-02,1,abc,1,1,5\n", "a.csv, line 2, high: 'abc'; allowed: a number as 140680.5, or nothing"),
        (HEADER + "2025-01-02,1,1,inf,1,5\n", "a.csv, line 2, low: 'inf'"),
        (HEADER + "2025-01-02,1,1,1,1_0,5\n", "a.csv, line 2, close: '1_0'"),
        (HEADER + "2025-01-02,1,1,nan,1,5\n", "a.csv, line 2, low: 'nan'"),
        (HEADER + "2025-01-02,1,1e999,1,1,5\n", "a.csv, line 2, high: '1e999'"),
        (HEADER + "2025-01-02,1,1,1,1,5.5\n", f"a.csv, line 2, volume: '5.5'; allowed: {VOLUMES}"),
        (HEADER + "2025-01-02,1,1,1,1,-1\n", f"a.csv, line 2, volume: '-1'; allowed: {VOLUMES}"),
        (HEADER + f"2025-01-02,1,1,1,1,{2**53}\n", f"a.csv, line 2, volume: '{2**53}'; allowed: {VOLUMES}"),
        (HEADER + "2025-01-02,1,1,1,1,5\n2025-01-02,1,1,1,1,5\n", "a.csv, line 3: the date 2025-01-02 is there twice"),
        (HEADER + "2025-01-02,1,1,1,1,5\n2025-01-03,1,1,1,1\n", "a.csv, line 3: 5 cells; allowed: 6, as columns"),
        (HEADER + "2025-01-02,1,1,1,1,5,6\n", "a.csv, line 2: 7 cells; allowed: 6, as columns are named"),
        # pandas reads the extra cell as an index and shifts the others.
        (HEADER + "x,2025-01-02,1,1,1,1,5\ny,2025-01-03,1,1,1,1,5\n", "a.csv, line 2: 7 cells; allowed: 6"),
        (HEADER + "\n\n2025-01-02,x,1,1,1,5\n", "a.csv, line 4, open: 'x'"),
        ("note," + HEADER + '"a\nb",2025-01-02,1,1,1,1,5\nc,2025-01-03,x,1,1,1,5\n', "a.csv, line 4, open: 'x'"),
        (HEADER + '2025-01-02,1,1,1,1,"5\n', "a.csv, line 2: unexpected end of data; allowed: a CSV"),
        (
            "note," + HEADER + "a,2025-01-02,1,1,1,1,5\n\0,2025-01-03,1,1,1,1,5\n",
            "a.csv is not text: line 3 has a NUL byte",
        ),
    ],
)
def test_a_malformed_text_is_refused_with_line_column_value_and_what_is_allowed(text, message):
    with pytest.raises(SourceError) as raised:
        parse(text, "a.csv")

    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value).strip()


def test_an_unreadable_file_is_named(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match=r"cannot read .*absent\.csv: No such file"):
        CsvFile(str(tmp_path / "absent.csv")).fetch(None, None)
    with pytest.raises(SourceUnavailable, match="Is a directory"):
        CsvFile(str(tmp_path)).fetch(None, None)
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SourceMalformed, match="is not UTF-16 text: byte 2"):
        CsvFile(str(tmp_path / "binary.csv")).fetch(None, None)


def test_the_real_history_has_every_row(real_csv: Path):
    bars = CsvFile(str(real_csv)).fetch(None, None)

    assert len(bars) == 8041
    assert (bars["data"].min().date(), bars["data"].max().date()) == (date(1993, 4, 27), date(2025, 10, 13))
