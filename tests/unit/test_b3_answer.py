"""Answers of B3's index statistics: numbers of two languages, dates, and the checksum."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from typing import Any

import pandas as pd
import pytest

from chalicelib.errors import SourceError, SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest.sources.b3.answer import ENGLISH, PORTUGUESE, parse
from chalicelib.ingest.sources.b3.checks import check_calendar, check_level, check_step
from chalicelib.ingest.sources.b3.closes import as_closes
from chalicelib.instrument import IBOV
from chalicelib.refine.calendar import sessions
from tests.support.closes import answer, answer_body, year_closes

TODAY = date(2026, 11, 26)
CALENDAR = sessions(date(2010, 1, 1), date(2034, 12, 31))
WHOLE = year_closes(2022)


def closes_of(frame: pd.DataFrame) -> dict[date, float]:
    return {day.date(): close for day, close in zip(frame["data"], frame["preco_fechamento"], strict=True)}


@pytest.mark.parametrize("language", [PORTUGUESE, ENGLISH])
def test_every_close_is_read_by_the_language_of_the_request_or_of_its_numbers(language: str):
    body = answer_body(WHOLE, language)

    for requested in (language, None):
        frame = parse(body, 2022, "mine", requested)
        assert closes_of(frame) == WHOLE
        assert frame["completo"].all()
        assert frame["data"].is_monotonic_increasing


def test_a_year_that_is_not_over_has_its_first_months():
    begun = year_closes(2026, date(2026, 3, 10))
    body = answer(begun)
    # How B3 writes the extremes of a month without a close is not known.
    for nothing in (None, "0,00", ""):
        body["min"]["rateValue4"] = nothing
        assert closes_of(parse(json.dumps(body).encode(), 2026, "mine", PORTUGUESE)) == begun


def changed(change: Callable[[dict[str, Any]], Any], language: str = PORTUGUESE) -> bytes:
    body = answer(WHOLE, language)
    change(body)
    return json.dumps(body).encode()


def value(row: int, month: int, text: str | None) -> Callable[[dict[str, Any]], Any]:
    return lambda body: body["results"][row].update({f"rateValue{month}": text})


@pytest.mark.parametrize(
    ("body", "error", "message"),
    [
        (b"", SourceMalformed, "mine is empty: that is how B3 answers a malformed request"),
        (b"<html>blocked</html>", SourceUnavailable, "mine is a page, not JSON: the filter"),
        (b'{"min":null,"max":null,"results":null}', SourceRefused, "does not know the index or the year 2022"),
        (b'{"min":null,"max":null,"results":[]}', SourceMalformed, "has no close on any day"),
        (b'{"rows":[]}', SourceMalformed, "is not an answer of B3's index statistics"),
        (b"{", SourceMalformed, "is not an answer of B3's index statistics"),
        (b'{"\xff', SourceMalformed, "is not an answer of B3's index statistics"),
        (changed(lambda body: body["results"][0].update(rateValue13="1,00")), SourceMalformed, "rateValue13"),
        (changed(lambda body: body["results"][0].update(day="1")), SourceMalformed, "day"),
        (changed(value(30, 2, "100.000,00")), SourceMalformed, "a close, 100.000,00, on day 31 of month 2 of 2022"),
        (changed(lambda body: body["results"][3].update(day=0)), SourceMalformed, "on day 0 of month"),
        (changed(lambda body: body["results"].append(body["results"][2])), SourceMalformed, "2022-01-03 twice"),
        (changed(value(2, 1, "101,005.64")), SourceMalformed, "2022-01-03: '101,005.64'; allowed: .*101.005,64"),
        (changed(value(2, 1, "101005,64")), SourceMalformed, "2022-01-03: '101005,64'"),
        (changed(value(2, 1, "101.005")), SourceMalformed, "2022-01-03: '101.005'"),
        (changed(value(2, 1, "0,00")), SourceMalformed, "2022-01-03: '0,00'; allowed: a number above 0"),
        (changed(value(2, 1, "-1,00")), SourceMalformed, "2022-01-03: '-1,00'"),
        (changed(value(2, 1, "٣,00")), SourceMalformed, "2022-01-03: '٣,00'"),
        (changed(value(2, 1, "90.000,00")), SourceMalformed, "checksum: min of month 1 is 100.000,00.* 90000.0"),
        (changed(lambda body: body["max"].update(rateValue7="1,00")), SourceMalformed, "max of month 7 is 1,00"),
        (changed(lambda body: body["max"].update(rateValue7=None)), SourceMalformed, "no max of month 7"),
        (changed(lambda body: body.update(min=None)), SourceMalformed, "no min of month 1"),
    ],
)  # fmt: skip
def test_what_is_not_a_whole_answer_is_an_error(body: bytes, error: type[SourceError], message: str):
    with pytest.raises(error, match=message):
        parse(body, 2022, "mine", PORTUGUESE)


def test_a_missing_or_extra_month_is_an_error():
    without_march = {day: close for day, close in WHOLE.items() if day.month != 3}
    with pytest.raises(SourceMalformed, match="closes in month 12 and none in month 3"):
        parse(answer_body(without_march), 2022, "mine", PORTUGUESE)

    body = answer(year_closes(2026, date(2026, 3, 10)))
    body["min"]["rateValue4"] = "100.000,00"
    with pytest.raises(SourceMalformed, match=r"min 100\.000,00 of month 4, which has no close"):
        parse(json.dumps(body).encode(), 2026, "mine", PORTUGUESE)


def test_the_language_of_a_saved_answer_must_be_one():
    mixed = changed(value(2, 1, "101,005.64"))

    with pytest.raises(SourceMalformed, match="numbers of no single language"):
        parse(mixed, 2022, "mine")


def test_a_change_of_any_extreme_close_is_found():
    extremes = {pick([c for d, c in WHOLE.items() if d.month == 5]) for pick in (min, max)}
    found = 0
    for day in (day for day, close in WHOLE.items() if day.month == 5 and close in extremes):
        body = answer(WHOLE)
        body["results"][day.day - 1][f"rateValue{day.month}"] = "100.250,01"
        with pytest.raises(SourceMalformed, match="does not fit its checksum"):
            parse(json.dumps(body).encode(), 2022, "mine", PORTUGUESE)
        found += 1

    assert found == 2


def test_the_calendar_tells_the_year():
    closes = as_closes(WHOLE, complete=True)
    check_calendar(closes, CALENDAR, date(2022, 12, 31), TODAY, IBOV, origin="mine")

    for year, message in ((2023, "a close of .*, a S(atur|un)day"), (2016, "a S(atur|un)day"), (2033, "after today")):
        moved = as_closes({day.replace(year=year): close for day, close in WHOLE.items()}, complete=True)
        with pytest.raises(SourceMalformed, match=message):
            check_calendar(moved, CALENDAR, date(year, 12, 31), TODAY, IBOV, origin="mine")
    # 2011 begins on the same weekday as 2022, and has another Easter.
    moved = as_closes({day.replace(year=2011): close for day, close in WHOLE.items()}, complete=True)
    with pytest.raises(SourceMalformed, match=r"closes on \d days of 2011 without a session, and none on \d sessions"):
        check_calendar(moved, CALENDAR, date(2011, 12, 31), TODAY, IBOV, origin="mine")


def test_the_calendar_may_be_wrong_about_a_holiday_and_known_gaps_are_no_error():
    holiday = as_closes({**WHOLE, date(2022, 9, 7): 100_000.0}, complete=True)
    check_calendar(holiday, CALENDAR, date(2022, 12, 31), TODAY, IBOV, origin="mine")
    gaps = {day: close for day, close in year_closes(2012).items() if day not in IBOV.known_gaps}
    check_calendar(as_closes(gaps, complete=True), CALENDAR, date(2012, 12, 31), TODAY, IBOV, origin="mine")


def test_a_year_that_is_over_must_be_whole():
    half = as_closes({day: close for day, close in WHOLE.items() if day.month <= 6}, complete=True)

    check_calendar(half, CALENDAR, date(2022, 6, 30), TODAY, IBOV, origin="mine")
    with pytest.raises(SourceMalformed, match=r"none on 12\d sessions"):
        check_calendar(half, CALENDAR, date(2022, 12, 31), TODAY, IBOV, origin="mine")


def test_bars_tell_another_index():
    closes = as_closes(WHOLE, complete=True)
    check_level(closes, closes.assign(preco_fechamento=closes["preco_fechamento"] * 1.016), "mine")
    # One wrong bar, and bars of other sessions.
    one = closes.assign(preco_fechamento=closes["preco_fechamento"].where(closes.index != 9, 50_000.0))
    check_level(closes, one, "mine")
    check_level(closes, closes.iloc[:0], "mine")

    with pytest.raises(SourceMalformed, match="than 5% from the bars on 250 of 250 sessions, first on 2022-01-03"):
        check_level(closes.assign(preco_fechamento=closes["preco_fechamento"] / 2), closes, "mine")


def test_a_year_must_join_the_next():
    year, following = as_closes(WHOLE, complete=True), as_closes(year_closes(2023), complete=True)
    check_step(year, following, "mine")

    with pytest.raises(SourceMalformed, match=r"ends with .*, and the next year begins with"):
        check_step(year, following.assign(preco_fechamento=following["preco_fechamento"] * 1.2), "mine")
