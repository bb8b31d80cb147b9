from __future__ import annotations

from datetime import date

import pytest

from chalicelib.api.parameters import COLUMNS, Anomalies, Compare, Cone, Nothing, Prices, Summary, Volatility
from chalicelib.api.parsing import read
from chalicelib.errors import BadParameter
from chalicelib.schema import REFINED

ROWS = [Prices, Volatility, Compare, Anomalies]


@pytest.mark.parametrize("model", ROWS)
def test_nothing_given_is_the_last_year_of_sessions(model):
    asked = read(model, {})

    assert (asked.first, asked.last, asked.limit, asked.sort, asked.cursor) == (None, None, 252, "-data", None)
    assert asked.columns[0] == "data"


def test_parameters_are_typed():
    asked = read(
        Anomalies,
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

    assert (asked.first, asked.last, asked.limit) == (date(2025, 1, 2), date(2025, 12, 31), 5000)
    assert (asked.columns, asked.threshold, asked.method) == (("data", "escore"), 2.5, "zscore_range")


def test_a_year_is_its_first_day_to_its_last():
    asked = read(Summary, {"year": ["2024"]})

    assert (asked.first, asked.last) == (date(2024, 1, 1), date(2024, 12, 31))


def test_the_volatility_is_that_of_estimator_and_window():
    assert read(Volatility, {}).volatility == "vol_close_to_close_21d"
    assert read(Volatility, {"estimator": ["parkinson"], "window": ["252"]}).volatility == "vol_parkinson_252d"
    assert read(Compare, {"window": ["5"]}).columns[-1] == "vol_yang_zhang_5d"
    assert read(Prices, {"sort": ["vol_anualizada"]}).volatility == "vol_close_to_close_21d"


def test_every_column_of_the_table_can_be_asked_for():
    for column in REFINED:
        assert read(Prices, {"fields": [column.name], "limit": ["1"]}).columns == (column.name,)


@pytest.mark.parametrize("model", ROWS)
@pytest.mark.parametrize(
    ("given", "parameter", "received"),
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
        ({"year": ["2025"], "start": ["2025-01-02"]}, "year", "2025"),
        ({"year": ["2025"], "end": ["2025-01-02"]}, "year", "2025"),
        ({"year": ["1899"]}, "year", "1899"),
        ({"year": ["null"]}, "year", "null"),
        ({"limit": ["0"]}, "limit", "0"),
        ({"limit": ["5001"]}, "limit", "5001"),
        ({"limit": ["-1"]}, "limit", "-1"),
        ({"limit": ["1e3"]}, "limit", "1e3"),
        ({"limit": ["1.0"]}, "limit", "1.0"),
        ({"limit": ["٣"]}, "limit", "٣"),
        ({"limit": ["9" * 5000]}, "limit", "9" * 5000),
        ({"Limit": ["1"]}, "Limit", "1"),
        ({"sort": ["+data"]}, "sort", "+data"),
        ({"sort": ["preco_fechamento"]}, "sort", "preco_fechamento"),
        ({"format": ["xml"]}, "format", "xml"),
        ({"fields": [""]}, "fields", ""),
        ({"fields": ["data,"]}, "fields", ""),
        ({"fields": ["data,year"]}, "fields", "year"),
        ({"fields": ["data,data"]}, "fields", "data,data"),
        ({"fields": [",".join(COLUMNS)], "limit": ["896"]}, "limit", "896"),
        ({"cursor": ["x"]}, "cursor", "x"),
    ],
)
def test_what_is_not_acceptable_is_named_with_what_was_received_and_what_is_allowed(model, given, parameter, received):
    with pytest.raises(BadParameter) as raised:
        read(model, given)

    assert (raised.value.parameter, raised.value.received) == (parameter, received)
    assert raised.value.allowed


@pytest.mark.parametrize(
    ("model", "name", "value", "allowed"),
    [
        (Volatility, "window", "20", "one of 5, 10, 21, 42, 63, 126, 252"),
        (Cone, "estimator", "hodges", "close_to_close"),
        (Anomalies, "threshold", "nan", "a number from 0 to 100"),
        (Anomalies, "threshold", "inf", "a number from 0 to 100"),
        (Anomalies, "threshold", "-1", "a number from 0 to 100"),
        (Anomalies, "method", "forest", "one of zscore, zscore_range"),
        (Prices, "estimator", "parkinson", "one of start, end, year, limit"),
        (Prices, "fields", "escore", "of data, ticker"),
        (Nothing, "limit", "1", "no parameter at all"),
    ],
)
def test_each_route_has_its_own(model, name, value, allowed):
    with pytest.raises(BadParameter) as raised:
        read(model, {name: [value]})

    assert raised.value.parameter == name
    assert allowed in raised.value.allowed


def test_rows_times_fields_are_bounded():
    assert len(read(Volatility, {"limit": ["5000"]}).columns) == 12
    assert read(Prices, {"fields": [",".join(COLUMNS)], "limit": ["895"]}).limit == 895
