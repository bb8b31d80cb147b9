"""Files of official closes: saved answers, index reports, and CSVs of two columns."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from chalicelib.errors import SourceEmpty, SourceError, SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest.sources.b3 import report
from chalicelib.ingest.sources.b3.files import File
from tests.support.closes import answer_body, report_xml, year_closes, zipped

TODAY = date(2026, 11, 26)
WHOLE = year_closes(2022)


def fetch(path: Path, start: date | None = None, end: date | None = None) -> pd.DataFrame:
    return File(str(path), TODAY).fetch(start, end)


def saved(folder: Path, name: str, body: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(body if isinstance(body, bytes) else body.encode())
    return path


@pytest.mark.parametrize("name", ["ibov_2022_en-us.json", "2022", "b3-ibov-2022.txt"])
@pytest.mark.parametrize("language", ["pt-br", "en-us"])
def test_a_saved_answer_has_its_year_in_its_name(tmp_path: Path, name: str, language: str):
    closes = fetch(saved(tmp_path, name, answer_body(WHOLE, language)))

    assert closes["preco_fechamento"].tolist() == [*WHOLE.values()]
    assert closes["completo"].all()


@pytest.mark.parametrize(
    ("name", "note"),
    [("ibov.json", "none"), ("ibov_2021-2022.json", "more than one"), ("ibov_20220103.json", "none")],
)
def test_a_saved_answer_without_a_single_year_in_its_name_is_an_error(tmp_path: Path, name: str, note: str):
    # The folder does not count.
    folder = tmp_path / "2022"
    folder.mkdir()

    with pytest.raises(SourceMalformed, match=f"its name has {note}; allowed: a name with the year, as ibov_2022.json"):
        fetch(saved(folder, name, answer_body(WHOLE)))


def test_a_saved_answer_with_the_name_of_another_year_is_an_error(tmp_path: Path):
    with pytest.raises(SourceMalformed, match="another year than 2021"):
        fetch(saved(tmp_path, "ibov_2021.json", answer_body(WHOLE)))


def test_a_saved_answer_of_a_year_that_was_not_over_is_read(tmp_path: Path):
    begun = year_closes(2024, date(2024, 5, 8))

    assert len(fetch(saved(tmp_path, "ibov_2024.json", answer_body(begun)))) == len(begun)


def test_only_the_days_of_the_request_are_returned(tmp_path: Path):
    path = saved(tmp_path, "ibov_2022.json", answer_body(WHOLE))

    assert fetch(path, date(2022, 2, 1), date(2022, 2, 28))["data"].dt.month.unique().tolist() == [2]
    with pytest.raises(SourceEmpty, match="has no closes from 2023-01-01 to 2023-12-31"):
        fetch(path, date(2023, 1, 1), date(2023, 12, 31))


def test_closes_before_1998_are_not_read(tmp_path: Path):
    rows = "date,close\n1997-12-30,10196.50\n1998-01-02,10302.00\n"

    closes = fetch(saved(tmp_path, "mine.csv", rows))

    assert closes["data"].dt.strftime("%Y-%m-%d").tolist() == ["1998-01-02"]
    with pytest.raises(SourceEmpty, match="from 1998-01-01 to its last; closes before 1998-01-01 are not read"):
        fetch(saved(tmp_path, "old.csv", "date,close\n1997-12-30,10196.50\n"))


def test_an_index_report_has_one_close(tmp_path: Path):
    name = "BVBG.087.01_BV000335202104230001000000000000004.xml"

    closes = fetch(saved(tmp_path, "IR210423.zip", zipped({name: report_xml("2021-04-23", "120530.06")})))

    assert closes.to_dict("records") == [
        {"data": pd.Timestamp("2021-04-23"), "preco_fechamento": 120530.06, "completo": False}
    ]


@pytest.mark.parametrize("reverse", [False, True])
def test_the_last_of_several_reports_counts(tmp_path: Path, reverse: bool):
    reports = {
        "b_1.xml": report_xml("2021-04-23", "120000.00", "T17:27:00"),
        "a_2.xml": report_xml("2021-04-23", "120530.06", "T19:05:00"),
        "a_0.xml": report_xml("2021-04-23", None, "T09:00:00"),
    }
    files = dict(sorted(reports.items(), reverse=reverse))

    assert fetch(saved(tmp_path, "IR210423.zip", zipped(files)))["preco_fechamento"].tolist() == [120530.06]


def test_reports_in_an_outer_zip_are_read(tmp_path: Path):
    days = {f"IR2104{day}.zip": zipped({"r.xml": report_xml(f"2021-04-{day}", f"1205{day}.06")}) for day in (22, 23)}

    closes = fetch(saved(tmp_path, "pesquisa-pregao.zip", zipped(days)))

    assert closes["preco_fechamento"].tolist() == [120522.06, 120523.06]


def test_an_empty_report_is_a_day_without_a_session(tmp_path: Path):
    with pytest.raises(SourceEmpty, match="is an empty zip file: that day has no session"):
        fetch(saved(tmp_path, "IR210425.zip", zipped({})))


BOMB = """<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]><Document>&b;</Document>"""
FILE = """<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/hosts">]><Document>&a;</Document>"""


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        ({"r.xml": BOMB}, SourceMalformed, "it has a document type, d; allowed: none"),
        ({"r.xml": FILE}, SourceMalformed, "it has a document type, d; allowed: none"),
        ({"r.xml": BOMB.encode("utf-16")}, SourceMalformed, "document type"),
        ({"r.xml": "<Document>"}, SourceMalformed, "r.xml is not an XML file of B3"),
        ({"r.xml": "<Document/>"}, SourceMalformed, "has no IndxRpt with a TradDt"),
        ({"r.xml": report_xml("2021-04-23", "1", ticker="IBXX")}, SourceEmpty, "has no close of IBOV"),
        ({"r.xml": report_xml("2021-04-23", None)}, SourceEmpty, "has no close of IBOV"),
        ({"r.xml": report_xml("2021-04-23", "-1")}, SourceMalformed, "ClsgPric is '-1'"),
        ({"r.xml": report_xml("2021-04-23", "nan")}, SourceMalformed, "ClsgPric is 'nan'"),
        ({"r.xml": report_xml("23/04/2021", "1")}, SourceMalformed, "TradDt is '23/04/2021'"),
        ({"r.xml": report_xml("2021-04-23", "1", ticker="IFNC").replace("IFNC", "IBOV")}, SourceMalformed, "2 times"),
        ({"notes.txt": "hello"}, SourceMalformed, "holds notes.txt; allowed: the XML files of an index report"),
        ({"a.zip": zipped({"b.zip": zipped({})})}, SourceMalformed, "holds b.zip"),
        ({f"{number}.xml": "" for number in range(501)}, SourceMalformed, "holds 501 files; allowed: 500"),
        ({"r.xml": b" " * (report.MEMBER_BYTES + 1)}, SourceMalformed, "r.xml has more than 16,777,216 bytes"),
    ],
)
def test_what_is_no_index_report_is_an_error(
    tmp_path: Path, files: dict[str, str | bytes], error: type[SourceError], message: str
):
    with pytest.raises(error, match=message):
        fetch(saved(tmp_path, "IR210423.zip", zipped(files)))


def test_a_damaged_zip_file_is_an_error(tmp_path: Path):
    body = bytearray(zipped({"r.xml": report_xml("2021-04-23", "120530.06")}))
    with pytest.raises(SourceMalformed, match="is a damaged zip file"):
        fetch(saved(tmp_path, "half.zip", bytes(body[:200])))

    body[60] ^= 0xFF
    with pytest.raises(SourceMalformed, match="is a damaged zip file"):
        fetch(saved(tmp_path, "flipped.zip", bytes(body)))

    with zipfile.ZipFile(tmp_path / "secret.zip", "w") as archive:
        archive.writestr("r.xml", "x")
        archive.filelist[0].flag_bits |= 0x1
    with pytest.raises(SourceMalformed, match="encrypted"):
        fetch(tmp_path / "secret.zip")


def test_a_csv_of_two_columns_is_read(tmp_path: Path):
    text = "\ufeffDate,Close\r\n2022-01-04,103513.64\r\n\r\n2022-01-03,103921.59\r\n"

    closes = fetch(saved(tmp_path, "mine.csv", text))

    assert closes["preco_fechamento"].tolist() == [103921.59, 103513.64]
    assert not closes["completo"].any()


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("", SourceMalformed, "its first line is ''; allowed: a saved answer"),
        ("date,open,high,low,close,volume\n", SourceMalformed, "exactly the columns date,close, whose closes are B3's"),
        ("date,close,close\n", SourceMalformed, "its first line is 'date,close,close'"),
        ("close,date\n", SourceMalformed, "its first line is 'close,date'"),
        ("date;close\n", SourceMalformed, "its first line is 'date;close'"),
        ("date,close\n", SourceEmpty, "holds no closes"),
        ("date,close\n2022-01-03,1,2\n", SourceMalformed, "line 2: 3 cells"),
        ("date,close\n03/01/2022,1\n", SourceMalformed, "line 2, date: '03/01/2022'"),
        ("date,close\n2022-02-30,1\n", SourceMalformed, "line 2, date: '2022-02-30'"),
        ("date,close\n2022-01-03,\n", SourceMalformed, "line 2, close: ''"),
        ("date,close\n2022-01-03,0\n", SourceMalformed, "line 2, close: '0'; allowed: a number above 0"),
        ('date,close\n2022-01-03,"103,921.59"\n', SourceMalformed, "line 2, close: '103,921.59'"),
        ("date,close\n2022-01-03,1e5\n", SourceMalformed, "line 2, close: '1e5'"),
        ("date,close\n2022-01-03,1\n2022-01-03,1\n", SourceMalformed, "line 3: 2022-01-03 is there twice"),
        ('date,close\n"2022-01-03,1\n', SourceMalformed, "allowed: a CSV"),
        (b"date,close\n\xff", SourceMalformed, "is not UTF-8 text: byte 11"),
    ],
)
def test_what_is_no_csv_of_closes_is_an_error(
    tmp_path: Path, text: str | bytes, error: type[SourceError], message: str
):
    with pytest.raises(error, match=message):
        fetch(saved(tmp_path, "mine.csv", text))


def test_a_file_that_cannot_be_read_is_an_error_with_its_name(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match=r"cannot read .*absent.json: No such file"):
        fetch(tmp_path / "absent.json")
    with pytest.raises(SourceUnavailable, match="Is a directory"):
        fetch(tmp_path)


def test_the_page_of_the_filter_and_an_unknown_year_are_errors(tmp_path: Path):
    with pytest.raises(SourceUnavailable, match="is a page, not JSON"):
        fetch(saved(tmp_path, "ibov_2022.json", "\n<!DOCTYPE html><html></html>"))
    with pytest.raises(SourceUnavailable, match=r"web.csv is a page, not JSON"):
        fetch(saved(tmp_path, "web.csv", "<!DOCTYPE html><html></html>"))
    with pytest.raises(SourceRefused, match="does not know the index or the year 2022"):
        fetch(saved(tmp_path, "ibov_2022.json", '{"min":null,"max":null,"results":null}'))


def test_the_real_answer_is_read(shared_data: Path, real_csv: Path):
    closes = fetch(shared_data / "b3_index" / "ibov_2022_en-us.json")

    history = pd.read_csv(real_csv, parse_dates=["date"]).set_index("date")
    assert len(closes) == 250
    assert (closes.set_index("data")["preco_fechamento"] == history["official_close"].loc["2022"]).all()


def test_the_real_report_is_read(shared_data: Path):
    closes = fetch(shared_data / "b3_index" / "IR210423.zip")

    assert closes[["data", "preco_fechamento"]].to_numpy().tolist() == [[pd.Timestamp("2021-04-23"), 120530.06]]
