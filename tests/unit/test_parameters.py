from __future__ import annotations

from datetime import date

import pytest

from chalicelib.api.columns import COLUMNS
from chalicelib.api.parameters import (
    AnomaliesParameters,
    CompareParameters,
    ConeParameters,
    FilesParameters,
    LatestParameters,
    NoParameters,
    PeriodsParameters,
    PricesParameters,
    SummaryParameters,
    VolatilityParameters,
)
from chalicelib.api.parsing import parse_texts
from chalicelib.errors import BadParameter
from chalicelib.schema import REFINED

ROWS = [PricesParameters, VolatilityParameters, CompareParameters, AnomaliesParameters]
RANGES = [*ROWS, PeriodsParameters, ConeParameters, SummaryParameters]


@pytest.mark.parametrize("model", ROWS)
def test_the_defaults_are_the_newest_252_sessions(model):
    parameters = parse_texts(model, {})

    assert (parameters.first_day, parameters.last_day, parameters.limit, parameters.sort, parameters.cursor) == (
        None,
        None,
        252,
        "-data",
        None,
    )
    assert parameters.columns[0] == "data"


def test_parameters_are_typed():
    parameters = parse_texts(
        AnomaliesParameters,
        {
            "start": ["2025-01-02"],
            "end": ["2025-12-31"],
            "limit": ["5000"],
            "fields": ["data,escore"],
            "threshold": ["2.5"],
            "method": ["zscore_range"],
            "sort": ["-volume_negociado"],
            "format": ["csv"],
        },
    )

    assert (parameters.first_day, parameters.last_day, parameters.limit) == (date(2025, 1, 2), date(2025, 12, 31), 5000)
    assert (parameters.columns, parameters.threshold, parameters.method) == (("data", "escore"), 2.5, "zscore_range")


def test_a_year_is_its_first_day_to_its_last():
    parameters = parse_texts(SummaryParameters, {"year": ["2024"]})

    assert (parameters.first_day, parameters.last_day) == (date(2024, 1, 1), date(2024, 12, 31))


@pytest.mark.parametrize(
    ("start", "first", "end", "last"),
    [
        ("2025-09", date(2025, 9, 1), "2025-09", date(2025, 9, 30)),
        ("2024-02", date(2024, 2, 1), "2024-02", date(2024, 2, 29)),
        ("2025-02", date(2025, 2, 1), "2025-02", date(2025, 2, 28)),
        ("1900-02", date(1900, 2, 1), "1900-02", date(1900, 2, 28)),
        ("2000-02-29", date(2000, 2, 29), "2000-02", date(2000, 2, 29)),
        ("2024", date(2024, 1, 1), "2024", date(2024, 12, 31)),
        ("1900", date(1900, 1, 1), "2199", date(2199, 12, 31)),
        ("2024-12", date(2024, 12, 1), "2025", date(2025, 12, 31)),
        ("2025-01-02", date(2025, 1, 2), "2025-01-02", date(2025, 1, 2)),
    ],
)
@pytest.mark.parametrize("model", RANGES)
def test_a_month_or_a_year_starts_at_its_first_day_and_ends_at_its_last(model, start, first, end, last):
    parameters = parse_texts(model, {"start": [start], "end": [end]})

    assert (parameters.first_day, parameters.last_day) == (first, last)


@pytest.mark.parametrize("other", ["start", "end", "year"])
@pytest.mark.parametrize("model", RANGES)
def test_last_and_another_range_are_refused_in_either_order_and_both_are_named(model, other):
    texts = {"last": ["63"], other: ["2025"]}
    for ordered in (texts, dict(reversed(texts.items()))):
        with pytest.raises(BadParameter) as raised:
            parse_texts(model, ordered)
        assert (raised.value.parameter, raised.value.allowed) == ("last", f"either last or {other}, not both")


def test_last_is_a_number_of_sessions_without_dates():
    parameters = parse_texts(PricesParameters, {"last": ["10000"]})

    assert (parameters.last, parameters.first_day, parameters.last_day) == (10_000, None, None)


@pytest.mark.parametrize("model", [VolatilityParameters, SummaryParameters, PeriodsParameters])
def test_ewma_has_no_window(model):
    assert parse_texts(model, {"estimator": ["ewma"]}).volatility_column == "vol_ewma"
    for window in ("5", "21"):
        with pytest.raises(BadParameter) as raised:
            parse_texts(model, {"estimator": ["ewma"], "window": [window]})
        assert (raised.value.parameter, raised.value.received) == ("window", window)
        assert "estimator=ewma" in raised.value.allowed


@pytest.mark.parametrize("model", ROWS)
def test_rows_can_be_sorted_by_every_numeric_column_in_both_directions(model):
    numbers = [column.name for column in REFINED if column.type in ("double", "bigint", "int")]
    assert len(numbers) > 60
    for name in ("data", "vol_anualizada", *numbers):
        for sort in (name, f"-{name}"):
            assert parse_texts(model, {"sort": [sort]}).sort == sort


def test_periods_can_be_sorted_by_every_numeric_column_and_the_period():
    for name in ("periodo", "pregoes", "retorno_pct", "vol_realizada", "queda_maxima", "volume_negociado"):
        assert parse_texts(PeriodsParameters, {"sort": [f"-{name}"]}).sort == f"-{name}"


@pytest.mark.parametrize(
    ("model", "sort"),
    [(PricesParameters, "escore"), (PeriodsParameters, "data"), (PeriodsParameters, "drawdown"), (ROWS[0], "--data")],
)
def test_a_sort_that_the_route_does_not_have_is_refused_with_each_allowed_column_once(model, sort):
    with pytest.raises(BadParameter) as raised:
        parse_texts(model, {"sort": [sort]})

    names, _, signs = raised.value.allowed.removeprefix("one of ").partition(", each also with ")
    assert signs == "- in front, descending"
    assert "retorno_log" in names.split(", ")
    assert len(set(names.split(", "))) == len(names.split(", "))


def test_the_volatility_is_that_of_estimator_and_window():
    assert parse_texts(VolatilityParameters, {}).volatility_column == "vol_close_to_close_21d"
    assert (
        parse_texts(VolatilityParameters, {"estimator": ["parkinson"], "window": ["252"]}).volatility_column
        == "vol_parkinson_252d"
    )
    assert parse_texts(CompareParameters, {"window": ["5"]}).columns[-1] == "vol_yang_zhang_5d"
    assert parse_texts(PricesParameters, {"sort": ["vol_anualizada"]}).volatility_column == "vol_close_to_close_21d"


def test_every_column_of_the_table_can_be_requested():
    for column in REFINED:
        assert parse_texts(PricesParameters, {"fields": [column.name], "limit": ["1"]}).columns == (column.name,)


@pytest.mark.parametrize("model", ROWS)
@pytest.mark.parametrize(
    ("texts", "parameter", "received"),
    [
        ({"start": ["2025-02-30"]}, "start", "2025-02-30"),
        ({"start": ["20250102"]}, "start", "20250102"),
        ({"start": ["2025-W01-1"]}, "start", "2025-W01-1"),
        ({"start": [""]}, "start", ""),
        ({"start": ["null"]}, "start", "null"),
        ({"start": ["٢٠٢٥-٠١-٠٢"]}, "start", "٢٠٢٥-٠١-٠٢"),
        ({"end": ["2025-01-02\n"]}, "end", "2025-01-02\n"),
        ({"end": ["0001-01-01"]}, "end", "0001-01-01"),
        ({"end": ["9999-12-31"]}, "end", "9999-12-31"),
        ({"start": ["2025-01-02' OR '1'='1"]}, "start", "2025-01-02' OR '1'='1"),
        ({"start": ["2025-01-03"], "end": ["2025-01-02"]}, "start", "2025-01-03"),
        ({"start": ["2025-01-02", "2025-01-03"]}, "start", "2025-01-02, 2025-01-03"),
        ({"start": ["0000"]}, "start", "0000"),
        ({"start": ["1899"]}, "start", "1899"),
        ({"end": ["2200-01"]}, "end", "2200-01"),
        ({"start": ["2025-00"]}, "start", "2025-00"),
        ({"start": ["2025-13"]}, "start", "2025-13"),
        ({"end": ["2025-9"]}, "end", "2025-9"),
        ({"end": ["2025-W09"]}, "end", "2025-W09"),
        ({"end": ["2025-02-29"]}, "end", "2025-02-29"),
        ({"end": ["2025-"]}, "end", "2025-"),
        ({"start": ["２０２５"]}, "start", "２０２５"),
        ({"start": ["2025-03"], "end": ["2025-02"]}, "start", "2025-03"),
        ({"start": ["2026"], "end": ["2025-12-31"]}, "start", "2026"),
        ({"last": ["063"], "start": ["2025"]}, "last", "063"),
        ({"year": ["02025"], "start": ["2025"]}, "year", "02025"),
        ({"fields": [",".join(COLUMNS)], "limit": ["01137"]}, "limit", "01137"),
        ({"last": ["0"]}, "last", "0"),
        ({"last": ["-63"]}, "last", "-63"),
        ({"last": ["10001"]}, "last", "10001"),
        ({"last": ["99999"]}, "last", "99999"),
        ({"last": ["63.0"]}, "last", "63.0"),
        ({"last": ["63"], "start": ["2025"]}, "last", "63"),
        ({"last": ["63"], "end": ["2025"]}, "last", "63"),
        ({"last": ["63"], "year": ["2025"]}, "last", "63"),
        ({"year": ["2025"], "start": ["2025-01-02"]}, "year", "2025"),
        ({"year": ["2025"], "end": ["2025-01-02"]}, "year", "2025"),
        ({"year": ["1899"]}, "year", "1899"),
        ({"year": ["null"]}, "year", "null"),
        ({"limit": ["0"]}, "limit", "0"),
        ({"limit": ["10001"]}, "limit", "10001"),
        ({"limit": ["-1"]}, "limit", "-1"),
        ({"limit": ["1e3"]}, "limit", "1e3"),
        ({"limit": ["1.0"]}, "limit", "1.0"),
        ({"limit": ["٣"]}, "limit", "٣"),
        ({"limit": ["9" * 5000]}, "limit", "9" * 5000),
        ({"Limit": ["1"]}, "Limit", "1"),
        ({"sort": ["+data"]}, "sort", "+data"),
        ({"sort": ["avisos"]}, "sort", "avisos"),
        ({"format": ["xml"]}, "format", "xml"),
        ({"fields": [""]}, "fields", ""),
        ({"fields": ["data,"]}, "fields", ""),
        ({"fields": ["data,year"]}, "fields", "year"),
        ({"fields": ["data,data"]}, "fields", "data,data"),
        ({"fields": [",".join(COLUMNS)], "limit": ["1137"]}, "limit", "1137"),
        ({"cursor": ["x"]}, "cursor", "x"),
    ],
)
def test_an_error_names_the_parameter_the_received_value_and_the_allowed_ones(model, texts, parameter, received):
    with pytest.raises(BadParameter) as raised:
        parse_texts(model, texts)

    assert (raised.value.parameter, raised.value.received) == (parameter, received)
    assert raised.value.allowed


@pytest.mark.parametrize(
    ("model", "name", "value", "allowed"),
    [
        (VolatilityParameters, "window", "20", "one of 5, 10, 21, 42, 63, 126, 252"),
        (ConeParameters, "estimator", "hodges", "close_to_close"),
        (AnomaliesParameters, "threshold", "nan", "a number from 0 to 100"),
        (AnomaliesParameters, "threshold", "inf", "a number from 0 to 100"),
        (AnomaliesParameters, "threshold", "-1", "a number from 0 to 100"),
        (AnomaliesParameters, "method", "forest", "one of zscore, zscore_range"),
        (PricesParameters, "estimator", "parkinson", "one of start, end, year, last, limit"),
        (PricesParameters, "fields", "escore", "of data, ticker"),
        (ConeParameters, "estimator", "ewma", "one of close_to_close"),
        (PeriodsParameters, "by", "day", "one of month, quarter, week, year"),
        (PeriodsParameters, "fields", "drawdown", "one of periodo"),
        (LatestParameters, "last", "1", "one of window, format"),
        (FilesParameters, "year", "2025", "one of format"),
        (NoParameters, "limit", "1", "no parameter at all"),
    ],
)
def test_each_route_has_its_own_parameters(model, name, value, allowed):
    with pytest.raises(BadParameter) as raised:
        parse_texts(model, {name: [value]})

    assert raised.value.parameter == name
    assert allowed in raised.value.allowed


def test_rows_times_fields_are_bounded():
    assert len(parse_texts(VolatilityParameters, {"limit": ["8333"]}).columns) == 12
    assert parse_texts(PricesParameters, {"fields": [",".join(COLUMNS)], "limit": ["1136"]}).limit == 1136
