from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from chalicelib.api import queries
from chalicelib.api.cursor import Position
from chalicelib.api.parameters import (
    AnomaliesParameters,
    PeriodsParameters,
    PricesParameters,
    VolatilityParameters,
)
from chalicelib.api.parsing import parse_texts
from chalicelib.api.scores import SCORES
from chalicelib.api.table import Table
from local.athena import syntax

DAY = date(2025, 3, 4)


def test_dates_are_bound_and_the_partition_is_pruned():
    parameters = PricesParameters(start=date(2024, 12, 30), end=date(2025, 1, 3), limit=7, fields=("data", "amplitude"))

    query = queries.page(queries.Source("ibov_refined"), parameters, None)

    assert query.sql == (
        'SELECT * FROM (SELECT "data", "amplitude" FROM "ibov_refined" '
        'WHERE year >= 2024 AND "data" >= ? AND year <= 2025 AND "data" <= ?) ORDER BY "data" DESC LIMIT 8'
    )
    assert query.parameters == ("DATE '2024-12-30'", "DATE '2025-01-03'")


def test_a_page_after_a_date_reads_no_newer_partition():
    query = queries.page(queries.Source("t"), PricesParameters(fields=("data",), limit=1), Position(None, DAY))

    assert query.sql == (
        'SELECT * FROM (SELECT "data" FROM "t" WHERE year <= 2025) WHERE "data" < ? ORDER BY "data" DESC LIMIT 2'
    )
    assert query.parameters == ("DATE '2025-03-04'",)


def test_a_double_is_bound_as_a_double():
    parameters = VolatilityParameters(fields=("data",), sort="vol_anualizada", window=5)

    query = queries.page(queries.Source("t"), parameters, Position(0.1, DAY))

    # 0.1 would be a decimal, which Athena rounds on the way to a double.
    assert query.parameters == ("1.0000000000000001e-01", "1.0000000000000001e-01", "DATE '2025-03-04'")
    assert '"vol_close_to_close_5d" AS "vol_anualizada"' in query.sql
    assert 'ORDER BY "vol_anualizada" ASC NULLS LAST, "data" ASC' in query.sql


def test_the_last_sessions_are_those_from_the_first_of_the_newest_dates_on_and_the_partitions_are_pruned():
    query = queries.page(queries.Source("t"), PricesParameters(fields=("data",), last=63, limit=5), None, since=2025)

    newest = 'SELECT "data" FROM "t" WHERE year >= 2025 ORDER BY "data" DESC LIMIT 63'
    assert query.sql == (
        f'SELECT * FROM (SELECT "data" FROM "t" WHERE year >= 2025 AND "data" >= (SELECT min("data") FROM ({newest}))) '
        'ORDER BY "data" DESC LIMIT 6'
    )
    assert query.parameters == ()


def test_a_month_prunes_the_partitions():
    parameters = parse_texts(PricesParameters, {"start": ["2024-02"], "end": ["2024-02"], "fields": ["data"]})

    query = queries.page(queries.Source("t"), parameters, None)

    assert 'WHERE year >= 2024 AND "data" >= ? AND year <= 2024 AND "data" <= ?' in query.sql
    assert query.parameters == ("DATE '2024-02-01'", "DATE '2024-02-29'")


def test_a_page_of_periods_reads_the_range_and_starts_after_the_period_of_the_cursor():
    parameters = PeriodsParameters(by="week", start=date(2024, 1, 2), sort="-vol_realizada", limit=3, window=5)

    query = queries.page(queries.Source("t"), parameters, Position(0.5, DAY))

    assert 'FROM "t" WHERE year >= 2024 AND "data" >= ?) GROUP BY "periodo")' in query.sql
    assert '"vol_close_to_close_5d" AS "volatility"' in query.sql
    assert query.sql.endswith('ORDER BY "vol_realizada" DESC NULLS LAST, "periodo" ASC LIMIT 4')
    assert query.parameters == (
        "DATE '2024-01-02'",
        "5.0000000000000000e-01",
        "5.0000000000000000e-01",
        "DATE '2025-03-04'",
    )


def test_a_page_after_a_period_reads_the_whole_range():
    query = queries.page(queries.Source("t"), PeriodsParameters(), Position(None, DAY))

    assert "year" not in query.sql.replace("'year'", "")


@pytest.mark.parametrize(("sessions", "year"), [(1, 2025), (3, 2025), (4, 2024), (5, 2024), (6, 2022), (99, 2022)])
def test_the_newest_sessions_begin_in_the_year_that_has_the_first_of_them(sessions, year):
    nothing: Any = None

    table = Table(
        queries.Source("t"), "", {2022: 1, 2024: 2, 2025: 3}, {}, nothing, nothing, nothing, "", "", nothing, "", 0
    )

    assert (table.since(sessions), table.since(None)) == (year, None)


@pytest.mark.parametrize("method", SCORES)
def test_each_page_of_scores_reads_every_session_of_the_range(method):
    parameters = AnomaliesParameters(year=2025, method=method, fields=("data",))

    inner = (
        queries.page(queries.Source("t"), parameters, Position(None, DAY)).sql.partition("WHERE")[2].partition(")")[0]
    )

    assert inner.strip() == 'year >= 2025 AND "data" >= ? AND year <= 2025 AND "data" <= ?'


@pytest.mark.parametrize(
    "parameters",
    [
        PricesParameters(),
        PricesParameters(last=63),
        VolatilityParameters(sort="-vol_anualizada"),
        AnomaliesParameters(method="zscore_range"),
        AnomaliesParameters(method="zscore_range", last=63),
        PeriodsParameters(year=2024),
        PeriodsParameters(sort="vol_media", estimator="ewma"),
    ],
)
@pytest.mark.parametrize("after", [None, Position(None, DAY), Position(0.5, DAY), Position(3, DAY)])
def test_each_placeholder_has_a_parameter(parameters, after):
    query = queries.page(queries.Source("t"), parameters, after)

    assert len(list(syntax.parameters(syntax.parse(query.sql)))) == len(query.parameters)
