"""`/ibov/periods` over the real history compared with pandas, and over a few bars compared with sums by hand."""

from __future__ import annotations

from collections.abc import Iterator
from math import log, sqrt
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chalicelib.schema import PRICES
from local.laptop import Laptop
from tests.support.bars import raw_object
from tests.support.history import RELATIVE, Row, ask, assert_values, every, pages
from tests.support.lake import served

FREQUENCIES = {"week": "W-SUN", "month": "M", "quarter": "Q", "year": "Y"}


def expected(table: pd.DataFrame, by: str, volatility: str = "vol_close_to_close_21d") -> pd.DataFrame:
    """Return the periods of a part of the refined table, oldest first."""
    sessions = table.assign(data=table.index, squared=table["retorno_log"] ** 2)
    groups = sessions.groupby(pd.PeriodIndex(pd.to_datetime(table.index), freq=FREQUENCIES[by]))
    falls = groups["preco_fechamento"].transform(lambda closes: closes / closes.cummax() - 1)
    returns = groups["retorno_log"].apply(lambda values: values.sum(skipna=False))
    periods = pd.DataFrame(
        {
            "primeiro_pregao": groups["data"].first(),
            "ultimo_pregao": groups["data"].last(),
            "pregoes": groups.size(),
            "preco_abertura": groups["preco_abertura"].first(),
            "preco_maximo": groups["preco_maximo"].max(),
            "preco_minimo": groups["preco_minimo"].min(),
            "preco_fechamento": groups["preco_fechamento"].last(),
            "retorno_log": returns,
            "retorno_pct": 100 * np.expm1(returns),
            "vol_realizada": np.sqrt(252 * groups["squared"].mean()),
            "vol_media": groups[volatility].mean(),
            "queda_maxima": falls.groupby(groups.ngroup()).min().to_numpy(),
            "volume_negociado": groups["volume_negociado"].sum(min_count=1),
        }
    )
    starts = pd.PeriodIndex(periods.index).start_time
    return periods.set_index(starts.strftime("%Y-%m-%d"))


def assert_periods(rows: list[Row], periods: pd.DataFrame) -> None:
    assert [row["periodo"] for row in rows] == periods.index.tolist()
    for name in map(str, periods):
        if name in ("primeiro_pregao", "ultimo_pregao", "pregoes"):
            assert [row[name] for row in rows] == periods[name].tolist(), name
        elif name in ("retorno_log", "retorno_pct", "queda_maxima"):
            # Sums and differences of numbers near one: those near zero have fewer correct digits.
            numbers = np.array([np.nan if row[name] is None else row[name] for row in rows])
            np.testing.assert_allclose(numbers, periods[name], rtol=RELATIVE, atol=1e-11, err_msg=name)
        else:
            assert_values(name, [row[name] for row in rows], periods[name].tolist())


@pytest.mark.parametrize("by", FREQUENCIES)
class TestHistory:
    def test_every_period(self, api: Any, table: pd.DataFrame, by: str):
        rows = every(api, f"/ibov/periods?by={by}&sort=periodo&limit=3000")

        assert_periods(rows, expected(table, by))
        assert list(rows[0]) == ["periodo", *expected(table[:9], by).columns]
        assert rows[0]["retorno_log"] is rows[0]["retorno_pct"] is None
        assert all(row["retorno_log"] is not None for row in rows[1:])

    @pytest.mark.parametrize(
        ("query", "first", "last"),
        [
            ("start=2020-02-12&end=2020-05-06", "2020-02-12", "2020-05-06"),
            ("start=2024-02&end=2024-02", "2024-02-01", "2024-02-29"),
            ("year=2025", "2025-01-01", "2025-12-31"),
            ("start=2019&end=2020", "2019-01-01", "2020-12-31"),
        ],
    )
    def test_a_period_has_the_sessions_of_the_range(
        self, api: Any, table: pd.DataFrame, by: str, query: str, first: str, last: str
    ):
        rows = every(api, f"/ibov/periods?by={by}&sort=periodo&{query}")

        assert_periods(rows, expected(table[first:last], by))

    def test_the_last_sessions(self, api: Any, table: pd.DataFrame, by: str):
        rows = every(api, f"/ibov/periods?by={by}&sort=periodo&last=63")

        assert_periods(rows, expected(table.tail(63), by))
        assert sum(row["pregoes"] for row in rows) == 63

    @pytest.mark.parametrize("sort", ["vol_realizada", "retorno_pct", "queda_maxima", "volume_negociado", "pregoes"])
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_pages_have_each_period_once_in_the_order_of_the_sort(
        self, api: Any, table: pd.DataFrame, by: str, sort: str, sign: str
    ):
        rows = every(api, f"/ibov/periods?by={by}&end=2009&limit=3000&sort=periodo")
        order = pd.DataFrame(rows).sort_values(
            [sort, "periodo"], ascending=[not sign, True], na_position="last", kind="stable"
        )
        size = len(rows) // 3 + 1

        paged = pages(api, f"/ibov/periods?by={by}&end=2009&sort={sign}{sort}&limit={size}&fields=periodo")

        assert [len(page) for page in paged] == [size, size, len(rows) - 2 * size]
        assert [row["periodo"] for page in paged for row in page] == order["periodo"].tolist()


@pytest.mark.parametrize(
    ("query", "column"),
    [
        ("estimator=yang_zhang&window=5", "vol_yang_zhang_5d"),
        ("window=252", "vol_close_to_close_252d"),
        ("estimator=ewma", "vol_ewma"),
    ],
)
def test_the_mean_is_of_the_requested_volatility(api: Any, table: pd.DataFrame, query: str, column: str):
    body = ask(api, f"/ibov/periods?by=quarter&sort=periodo&limit=500&{query}")

    assert_periods(body["rows"], expected(table, "quarter", column))
    assert body["meta"]["volatility_column"] == column
    assert body["meta"]["by"] == "quarter"


def test_the_ten_most_volatile_months_in_one_call(api: Any, table: pd.DataFrame):
    rows = ask(api, "/ibov/periods?by=month&sort=-vol_realizada&limit=10")["rows"]

    months = expected(table, "month").sort_values("vol_realizada", ascending=False).head(10)
    assert_periods(rows, months)
    assert [row["periodo"] for row in rows[:3]] == ["1999-01-01", "2020-03-01", "1995-03-01"]


def test_a_year_is_that_of_the_summary(api: Any):
    years = {row["periodo"][:4]: row for row in ask(api, "/ibov/periods?by=year")["rows"]}

    for year in ("2008", "2020", "2024"):
        summary = ask(api, f"/ibov/summary?year={year}")
        closes, *_, volatility = summary["rows"]
        assert years[year]["queda_maxima"] == pytest.approx(summary["deepest_fall"]["drawdown"], rel=1e-12)
        assert years[year]["pregoes"] == closes["count"]
        assert years[year]["vol_media"] == pytest.approx(volatility["mean"], rel=1e-12)


def test_the_years_multiply_to_the_whole_history(api: Any, table: pd.DataFrame):
    rows = every(api, "/ibov/periods?by=year&start=1994&sort=periodo")

    before, after = table.loc[:"1993-12-31", "preco_fechamento"].iloc[-1], table["preco_fechamento"].iloc[-1]
    assert np.prod([1 + row["retorno_pct"] / 100 for row in rows]) == pytest.approx(after / before, rel=1e-9)


POINTS = 1200


@pytest.fixture(scope="module")
def few(running: Laptop) -> Iterator[Any]:
    """Chalice's test client over six bars on both sides of a year."""
    bars = pd.DataFrame(
        [
            ("2024-12-26", 100.0, 101.0, 99.0, 100.0, 10.0),
            ("2024-12-27", 100.0, 112.0, 99.0, 110.0, 0.0),
            ("2024-12-30", 110.0, 111.0, 98.0, 99.0, 5.0),
            ("2025-01-02", 99.0, 100.0, 88.0, 90.0, 0.0),
            ("2025-01-03", 90.0, 121.0, 90.0, 120.0, 0.0),
            ("2025-01-06", 120.0, 121.0, 107.0, 108.0, 7.0),
        ],
        columns=["data", *PRICES, "volume_negociado"],
    )
    bars["data"] = pd.to_datetime(bars["data"])
    # In points of the index, near its level at the end of 2024.
    bars[list(PRICES)] *= POINTS
    with served(running, raw_object(bars.astype({"volume_negociado": "Int64"}), "csv")) as http:
        yield http


class TestFewBars:
    def test_weeks_begin_on_monday_and_go_over_the_end_of_a_year(self, few: Any):
        rows = ask(few, "/ibov/periods?by=week&sort=periodo")["rows"]

        first, second, third = rows
        assert [row["periodo"] for row in rows] == ["2024-12-23", "2024-12-30", "2025-01-06"]
        assert [row["pregoes"] for row in rows] == [2, 3, 1]
        assert first["retorno_log"] is first["retorno_pct"] is None
        assert first["vol_realizada"] == pytest.approx(sqrt(252) * log(1.1), rel=1e-12)
        assert first["queda_maxima"] == 0
        assert [second[name] / POINTS for name in PRICES] == [110, 121, 88, 120]
        # From the last close of the week before, 110, to 120.
        assert second["retorno_pct"] == pytest.approx(100 * (120 / 110 - 1), rel=1e-12)
        squares = log(99 / 110) ** 2 + log(90 / 99) ** 2 + log(120 / 90) ** 2
        assert second["vol_realizada"] == pytest.approx(sqrt(252 * squares / 3), rel=1e-12)
        # From 99 to 90: the close of 110 is of the week before.
        assert second["queda_maxima"] == pytest.approx(90 / 99 - 1, rel=1e-12)
        assert [row["volume_negociado"] for row in rows] == [10, 5, 7]
        assert third["vol_media"] is None

    def test_a_range_shortens_its_first_and_last_period_and_keeps_the_return(self, few: Any):
        (row,) = ask(few, "/ibov/periods?by=year&start=2025-01-03")["rows"]

        assert (row["periodo"], row["primeiro_pregao"], row["pregoes"]) == ("2025-01-01", "2025-01-03", 2)
        # From the close of 2025-01-02, before the range.
        assert row["retorno_pct"] == pytest.approx(100 * (108 / 90 - 1), rel=1e-12)

    def test_a_period_without_volume_has_none(self, few: Any):
        (row,) = ask(few, "/ibov/periods?by=month&start=2025-01-02&end=2025-01-03")["rows"]

        assert row["volume_negociado"] is None

    @pytest.mark.parametrize("query", ["year=1950", "start=2025-02&end=2025-02", "start=2025-01-04&end=2025-01-05"])
    def test_a_range_without_sessions_has_no_periods(self, few: Any, query: str):
        body = ask(few, f"/ibov/periods?{query}")

        assert (body["rows"], body["links"]["next"]) == ([], None)
        assert few.get(f"/ibov/periods?{query}&format=csv").body.decode().startswith("periodo,primeiro_pregao,")
