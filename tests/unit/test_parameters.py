from __future__ import annotations

from datetime import date

import pytest

from chalicelib.api.parameters import (
    COLUMNS,
    AnomaliesParameters,
    CompareParameters,
    ConeParameters,
    NoParameters,
    PricesParameters,
    SummaryParameters,
    VolatilityParameters,
)
from chalicelib.api.parsing import parse_texts
from chalicelib.errors import BadParameter
from chalicelib.schema import REFINED

ROWS = [PricesParameters, VolatilityParameters, CompareParameters, AnomaliesParameters]


@pytest.mark.parametrize("model", ROWS)
def test_the_defaults_are_the_newest_252_sessions(model):
    parameters = parse_texts(model, {})

    assert (parameters.first, parameters.last, parameters.limit, parameters.sort, parameters.cursor) == (
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

    assert (parameters.first, parameters.last, parameters.limit) == (date(2025, 1, 2), date(2025, 12, 31), 5000)
    assert (parameters.columns, parameters.threshold, parameters.method) == (("data", "escore"), 2.5, "zscore_range")


def test_a_year_is_its_first_day_to_its_last():
    parameters = parse_texts(SummaryParameters, {"year": ["2024"]})

    assert (parameters.first, parameters.last) == (date(2024, 1, 1), date(2024, 12, 31))


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
        ({"fields": [",".join(COLUMNS)], "limit": ["682"]}, "limit", "682"),
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
        (PricesParameters, "estimator", "parkinson", "one of start, end, year, limit"),
        (PricesParameters, "fields", "escore", "of data, ticker"),
        (NoParameters, "limit", "1", "no parameter at all"),
    ],
)
def test_each_route_has_its_own_parameters(model, name, value, allowed):
    with pytest.raises(BadParameter) as raised:
        parse_texts(model, {name: [value]})

    assert raised.value.parameter == name
    assert allowed in raised.value.allowed


def test_rows_times_fields_are_bounded():
    assert len(parse_texts(VolatilityParameters, {"limit": ["5000"]}).columns) == 12
    assert parse_texts(PricesParameters, {"fields": [",".join(COLUMNS)], "limit": ["681"]}).limit == 681
