from __future__ import annotations

from datetime import date

import pytest

from chalicelib.api import queries
from chalicelib.api.cursor import Position
from chalicelib.api.parameters import AnomaliesParameters, PricesParameters, VolatilityParameters
from chalicelib.api.scores import SCORES
from local.athena import syntax

DAY = date(2025, 3, 4)


def test_dates_are_bound_and_the_partition_is_pruned():
    parameters = PricesParameters(start=date(2024, 12, 30), end=date(2025, 1, 3), limit=7, fields=("data", "amplitude"))

    query = queries.page("ibov_refined", parameters, None)

    assert query.sql == (
        'SELECT * FROM (SELECT "data", "amplitude" FROM "ibov_refined" '
        'WHERE year >= 2024 AND "data" >= ? AND year <= 2025 AND "data" <= ?) ORDER BY "data" DESC LIMIT 8'
    )
    assert query.parameters == ("DATE '2024-12-30'", "DATE '2025-01-03'")


def test_a_page_after_a_date_reads_no_newer_partition():
    query = queries.page("t", PricesParameters(fields=("data",), limit=1), Position(None, DAY))

    assert query.sql == (
        'SELECT * FROM (SELECT "data" FROM "t" WHERE year <= 2025) WHERE "data" < ? ORDER BY "data" DESC LIMIT 2'
    )
    assert query.parameters == ("DATE '2025-03-04'",)


def test_a_double_is_bound_as_a_double():
    parameters = VolatilityParameters(fields=("data",), sort="vol_anualizada", window=5)

    query = queries.page("t", parameters, Position(0.1, DAY))

    # 0.1 would be a decimal, which Athena rounds on the way to a double.
    assert query.parameters == ("1.0000000000000001e-01", "1.0000000000000001e-01", "DATE '2025-03-04'")
    assert '"vol_close_to_close_5d" AS "vol_anualizada"' in query.sql
    assert 'ORDER BY "vol_anualizada" ASC NULLS LAST, "data" ASC' in query.sql


@pytest.mark.parametrize("method", SCORES)
def test_each_page_of_scores_reads_every_session_of_the_range(method):
    parameters = AnomaliesParameters(year=2025, method=method, fields=("data",))

    inner = queries.page("t", parameters, Position(None, DAY)).sql.partition("WHERE")[2].partition(")")[0]

    assert inner.strip() == 'year >= 2025 AND "data" >= ? AND year <= 2025 AND "data" <= ?'


@pytest.mark.parametrize(
    "parameters",
    [PricesParameters(), VolatilityParameters(sort="-vol_anualizada"), AnomaliesParameters(method="zscore_range")],
)
@pytest.mark.parametrize("after", [None, Position(None, DAY), Position(0.5, DAY), Position(3, DAY)])
def test_each_placeholder_has_a_parameter(parameters, after):
    query = queries.page("t", parameters, after)

    assert len(list(syntax.parameters(syntax.parse(query.sql)))) == len(query.parameters)
