from __future__ import annotations

from datetime import date

from chalicelib import queries
from chalicelib.schema import REFINED


def test_dates_are_bound_and_the_partition_is_pruned():
    query = queries.daily("ibov_refined", ("data", "amplitude"), date(2024, 12, 30), date(2025, 1, 3), 7)

    assert query.sql == (
        'SELECT "data", "amplitude" FROM "ibov_refined" '
        'WHERE year >= 2024 AND data >= ? AND year <= 2025 AND data <= ? ORDER BY "data" DESC LIMIT 7'
    )
    assert query.parameters == ("DATE '2024-12-30'", "DATE '2025-01-03'")


def test_without_dates_there_is_nothing_to_bind():
    query = queries.daily("t", ("data",), None, None, 1)

    assert query.sql == 'SELECT "data" FROM "t" ORDER BY "data" DESC LIMIT 1'
    assert query.parameters == ()


def test_only_columns_of_the_table_are_asked_for():
    names = {column.name for column in REFINED}

    assert set(queries.PRICES) <= names
    assert set(queries.VOLATILITY) <= names
