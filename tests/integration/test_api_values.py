"""The routes with one row a session, over the real history, compared with the formulas in plain pandas."""

from __future__ import annotations

from typing import Any

import boto3
import pandas as pd
import pytest

from tests.support.history import (
    ESTIMATORS,
    WINDOWS,
    ask,
    assert_rows,
    days,
    every,
    ordered,
    pages,
)


def test_the_history_has_the_properties_that_the_tests_need(table: pd.DataFrame):
    assert len(table) == 8037
    assert not set(table.index) & {"1997-02-11", "2017-12-29"}
    assert table["volume_negociado"].isna().sum() > 2000
    assert table["volatilidade_pct"].duplicated().any()


class TestPrices:
    def test_values_of_every_session(self, api: Any, table: pd.DataFrame):
        first, second = pages(api, "/ibov/prices?limit=5000")

        assert len(first) == 5000
        assert_rows(first + second, ordered(table, "-data"))
        assert list(first[0]) == [
            "data",
            "preco_abertura",
            "preco_maximo",
            "preco_minimo",
            "preco_fechamento",
            "volume_negociado",
            "retorno_log",
            "drawdown",
            "fechamento_oficial",
            "fonte_fechamento",
            "avisos",
            "fonte",
        ]
        assert second[-1]["retorno_log"] is None

    def test_warnings_that_depend_on_the_bars_only(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/ibov/prices?limit=5000&sort=data&fields=data,avisos")
        prices = table.loc[:, "preco_abertura":"preco_fechamento"]
        expected = {
            "copia_do_dia_anterior": (prices == prices.shift()).all(axis=1),
            "volume_zero": table["volume_negociado"].isna() & (table.index >= "2007"),
        }

        for warning, flagged in expected.items():
            assert flagged.sum() > 1
            assert [row["data"] for row in rows if warning in row["avisos"].split(",")] == table.index[flagged].tolist()

    def test_every_column_of_the_contract(self, api: Any, table: pd.DataFrame):
        contract = ask(api, "/openapi.json")
        names = contract["components"]["schemas"]["Column"]["enum"]
        expected = table.assign(vol_anualizada=table["vol_close_to_close_21d"])

        rows = ask(api, f"/ibov/prices?year=1994&sort=data&fields={','.join(names)}")["rows"]

        assert set(names) - set(expected) == {"data", "avisos"}
        assert list(rows[0]) == names
        assert_rows(rows, expected[expected.index.str.startswith("1994")])

    def test_fields_have_the_order_of_the_request(self, api: Any):
        rows = ask(api, "/ibov/prices?limit=2&fields=amplitude,data,preco_maximo")["rows"]

        assert [list(row) for row in rows] == [["amplitude", "data", "preco_maximo"]] * 2


class TestVolatility:
    def test_features_of_every_session(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/ibov/volatility?limit=5000&sort=data")

        assert_rows(rows, table.assign(vol_anualizada=table["vol_close_to_close_21d"]))
        assert set(rows[0]) - {"vol_anualizada", "data"} <= set(table)

    @pytest.mark.parametrize(
        ("estimator", "window"),
        [(estimator, 21) for estimator in ESTIMATORS] + [("yang_zhang", window) for window in WINDOWS if window != 21],
    )
    def test_the_requested_estimator_and_window(self, api: Any, table: pd.DataFrame, estimator: str, window: int):
        path = f"/ibov/volatility?estimator={estimator}&window={window}&fields=data,vol_anualizada"
        column = f"vol_{estimator}_{window}d"

        rows = every(api, f"{path}&limit=5000&sort=data")

        assert_rows(rows, table[[column]].rename(columns={column: "vol_anualizada"}))
        assert ask(api, f"{path}&limit=1")["meta"]["volatility_column"] == column

    def test_ewma_is_an_estimator_without_a_window(self, api: Any, table: pd.DataFrame):
        body = ask(api, "/ibov/volatility?estimator=ewma&limit=5000&fields=data,vol_anualizada&sort=-vol_anualizada")

        assert_rows(body["rows"], ordered(table.assign(vol_anualizada=table["vol_ewma"]), "-vol_anualizada").head(5000))
        assert (body["meta"]["estimator"], body["meta"]["volatility_column"]) == ("ewma", "vol_ewma")
        assert "window" not in body["meta"]

    def test_averages_and_the_true_range(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/ibov/volatility?fields=data,vol_ewma,atr_14&limit=5000&sort=data")

        assert_rows(rows, table)
        assert days([row for row in rows if row["atr_14"] is None]) == table.index[:14].tolist()
        assert days([row for row in rows if row["vol_ewma"] is None]) == table.index[:21].tolist()

    def test_the_ten_most_volatile_days_of_2025_in_one_call(self, api: Any, table: pd.DataFrame):
        year = table[table.index.str.startswith("2025")]

        rows = ask(api, "/ibov/volatility?year=2025&sort=-volatilidade_pct&limit=10")["rows"]

        assert_rows(rows, ordered(year, "-volatilidade_pct").head(10))
        assert rows[0]["data"] == "2025-04-09"
        assert rows[0]["volatilidade_pct"] == 4.51

    def test_rows_are_sorted_by_the_requested_estimator(self, api: Any, table: pd.DataFrame):
        expected = table.assign(vol_anualizada=table["vol_parkinson_5d"])
        path = "/ibov/volatility?estimator=parkinson&window=5&limit=30&sort="

        for sort in ("vol_anualizada", "-vol_anualizada"):
            assert_rows(ask(api, path + sort)["rows"], ordered(expected, sort).head(30))


@pytest.mark.parametrize("path", ["/ibov/prices", "/ibov/volatility", "/ibov/volatility/compare"])
@pytest.mark.parametrize(
    ("query", "first", "last"),
    [
        ("year=2024", "2024-01-01", "2024-12-31"),
        ("start=2008-09-15&end=2008-09-15", "2008-09-15", "2008-09-15"),
        ("start=2012-12-28&end=2013-01-02", "2012-12-28", "2013-01-02"),
        ("start=2025-09-30", "2025-09-30", "2025-12-31"),
        ("end=1993-05-10", "1993-01-01", "1993-05-10"),
        ("year=1900", "1900-01-01", "1900-12-31"),
        ("start=2017-12-29&end=2017-12-31", "2017-12-29", "2017-12-31"),
        ("start=2024-02&end=2024-02", "2024-02-01", "2024-02-29"),
        ("start=2025-09", "2025-09-01", "2025-12-31"),
        ("start=2024-12&end=2025", "2024-12-01", "2025-12-31"),
        ("start=2019&end=2019", "2019-01-01", "2019-12-31"),
        ("end=1993-05", "1993-01-01", "1993-05-31"),
    ],
)
def test_a_range_is_the_sessions_from_its_first_to_its_last_day(
    api: Any, table: pd.DataFrame, path: str, query: str, first: str, last: str
):
    body = ask(api, f"{path}?{query}&limit=300")

    assert days(body["rows"]) == [day for day in reversed(table.index) if first <= day <= last]
    assert body["meta"]["count"] == len(body["rows"])


@pytest.mark.parametrize("path", ["/ibov/prices", "/ibov/volatility", "/ibov/volatility/compare"])
@pytest.mark.parametrize("sessions", [1, 63, 197, 198, 252])
def test_the_last_sessions_are_the_newest_ones(api: Any, table: pd.DataFrame, path: str, sessions: int):
    # 2025 has 197 sessions.
    body = ask(api, f"{path}?last={sessions}&limit=300")

    assert days(body["rows"]) == table.index[: -sessions - 1 : -1].tolist()
    assert body["links"] == {"self": f"{path}?last={sessions}&limit=300", "next": None}


def executions() -> set[str]:
    """Return the ids of all query executions of the workgroup."""
    athena: Any = boto3.client("athena")
    pages = athena.get_paginator("list_query_executions").paginate(WorkGroup="b3-dataflow")
    return {execution_id for page in pages for execution_id in page["QueryExecutionIds"]}


@pytest.mark.parametrize(
    "path", ["/ibov/prices?fields=data&limit=7&", "/ibov/periods?fields=pregoes&limit=7&", "/ibov/volatility/cone?"]
)
def test_each_range_reads_its_years_only(api: Any, path: str):
    athena: Any = boto3.client("athena")
    read = {}
    for query in ("end=2199-01-01", "last=64", "start=2025-09-01", "start=2025-03", "start=2025", "year=2025"):
        before = executions()
        ask(api, f"{path}{query}")
        (execution_id,) = executions() - before
        execution = athena.get_query_execution(QueryExecutionId=execution_id)["QueryExecution"]
        read[query] = execution["Statistics"]["DataScannedInBytes"]

    # A query for the last sessions reads their years twice.
    assert max(read.values()) == read.pop("end=2199-01-01") > 10 * max(read.values())


def test_pages_and_sorts_of_the_last_sessions(api: Any, table: pd.DataFrame):
    newest = table.tail(300)
    for sort in ("data", "-data", "retorno_log", "-drawdown"):
        rows = every(api, f"/ibov/prices?last=300&limit=70&sort={sort}&fields=data,retorno_log,drawdown")
        assert_rows(rows, ordered(newest, sort))
    assert len(every(api, "/ibov/prices?last=10000&limit=10000&fields=data")) == len(table)


def test_anomalies_of_the_last_sessions_compare_with_them_only(api: Any, table: pd.DataFrame):
    newest = table.tail(252)
    ranges = newest["volatilidade_pct"]
    score = (ranges - ranges.mean()) / ranges.std()

    rows = every(api, "/ibov/anomalies?last=252&method=zscore_range&threshold=1&limit=7&sort=-escore")

    expected = ordered(newest.assign(escore=score)[score > 1], "-escore")
    assert len(expected) > 14
    assert_rows(rows, expected)


class TestSorts:
    @pytest.mark.parametrize("sign", ["", "-"])
    def test_rows_are_sorted_by_each_numeric_column(self, api: Any, table: pd.DataFrame, sign: str):
        allowed = ask(api, "/openapi.json")["components"]["schemas"]["Sort"]["enum"]
        columns = [name for name in allowed if not name.startswith("-") and name != "data"]
        numbers = table.assign(vol_anualizada=table["vol_close_to_close_21d"]).select_dtypes("number").columns

        assert {*columns} - {"fechamento_oficial"} == {*numbers}
        assert {*allowed} == {*columns, "data", *(f"-{name}" for name in (*columns, "data"))}
        part = table["1993-06":"1994-06"]
        for name in {*columns} - {"fechamento_oficial", "vol_anualizada"}:
            path = f"/ibov/prices?start=1993-06&end=1994-05&sort={sign}{name}&limit=9&fields=data,{name}"
            assert_rows(ask(api, path)["rows"], ordered(part[[name]], sign + name).head(9))

    def test_the_worst_days_of_2020(self, api: Any, table: pd.DataFrame):
        rows = ask(api, "/ibov/prices?year=2020&sort=retorno_log&limit=3")["rows"]

        assert days(rows) == ["2020-03-12", "2020-03-16", "2020-03-09"]
        assert_rows(rows, ordered(table[table.index.str.startswith("2020")], "retorno_log").head(3))


SORTS = [
    f"{sign}{column}"
    for column in (
        "data",
        "volatilidade_pct",
        "vol_anualizada",
        "volume_negociado",
        "retorno_log",
        "drawdown",
        "volatilidade_pico",
        "month",
        "fechamento_oficial",
    )
    for sign in ("", "-")
]


class TestPages:
    @pytest.mark.parametrize("sort", SORTS)
    def test_pages_have_each_row_once(self, api: Any, table: pd.DataFrame, sort: str):
        path = f"/ibov/volatility?start=1993-01-01&end=2010-12-31&sort={sort}"
        expected = ordered(table.assign(vol_anualizada=table["vol_close_to_close_21d"])[:"2010-12-31"], sort)

        paged = pages(api, f"{path}&limit=900")

        assert [len(page) for page in paged] == [900] * (len(expected) // 900) + [len(expected) % 900]
        assert [row for page in paged for row in page] == ask(api, f"{path}&limit=5000")["rows"]
        assert days([row for page in paged for row in page]) == expected.index.tolist()

    @pytest.mark.parametrize("sort", SORTS)
    def test_pages_can_end_within_ties_and_nulls(self, api: Any, table: pd.DataFrame, sort: str):
        # The cursor needs the sort column although it is not among the requested fields.
        expected = ordered(table.assign(vol_anualizada=table["vol_close_to_close_21d"])[:"1994-06-30"], sort)

        paged = pages(api, f"/ibov/prices?end=1994-06-30&sort={sort}&fields=data&limit=41")

        assert [row for page in paged for row in page] == [{"data": day} for day in expected.index]

    def test_a_last_page_that_is_full_has_no_next(self, api: Any, table: pd.DataFrame):
        sessions = int(table.index.str.startswith("2020").sum())

        assert [len(page) for page in pages(api, f"/ibov/prices?year=2020&limit={sessions}")] == [sessions]
        assert [len(page) for page in pages(api, f"/ibov/prices?year=2020&limit={sessions // 2}")] == [
            sessions // 2
        ] * 2

    def test_pages_of_anomalies(self, api: Any):
        for method, sort in (("zscore", "-volatilidade_pct"), ("zscore_range", "volume_negociado"), ("zscore", "data")):
            path = f"/ibov/anomalies?method={method}&threshold=2&sort={sort}"
            paged = pages(api, f"{path}&limit=90")
            assert len(paged) > 3
            assert [row for page in paged for row in page] == ask(api, f"{path}&limit=5000")["rows"]


@pytest.mark.parametrize("window", WINDOWS)
def test_compare_has_every_estimator(api: Any, table: pd.DataFrame, window: int):
    rows = every(api, f"/ibov/volatility/compare?window={window}&limit=5000&sort=data")

    assert list(rows[0]) == ["data", *(f"vol_{estimator}_{window}d" for estimator in ESTIMATORS)]
    assert_rows(rows, table)
