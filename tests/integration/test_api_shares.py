"""The routes of the market: their values, pages, errors and caching, over generated tickers with events."""

from __future__ import annotations

import csv
import io
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest

from chalicelib import wiring
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.tickers import tickers_query
from chalicelib.schema import PRICES
from local.laptop import Laptop
from tests.support import shares

SHARE_PATHS = [path for path in MARKET_ROUTES if "{ticker}" in path]
TICKERS = ["CEUA11", "PETR3", "PETR4", "VALE3", "VVAR3"]


@pytest.fixture(scope="module")
def api(running: Laptop) -> Iterator[Any]:
    """Chalice's test client for the API over the index and five tickers."""
    with shares.served(running) as http:
        yield http


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """Expected rows of all tickers."""
    return shares.refined()


def get(api: Any, path: str) -> Any:
    response = api.get(path)
    assert response.status_code == 200, response.body
    return response.json_body


def every(api: Any, path: str) -> list[Any]:
    """Return the rows of all pages."""
    rows = []
    link: str | None = path
    while link:
        body = get(api, link)
        rows += body["rows"]
        link = body["links"]["next"]
    return rows


def of(table: pd.DataFrame, ticker: str) -> pd.DataFrame:
    return table[table["ticker"] == ticker].set_index("data")


def assert_equal(rows: list[Any], expected: pd.DataFrame, names: list[str]) -> None:
    """Assert that rows in order of date have the values of a frame, bit for bit."""
    assert [row["data"] for row in rows] == pd.DatetimeIndex(expected.index).strftime("%Y-%m-%d").tolist()
    for name in names:
        values = [None if pd.isna(value) else value for value in expected[name].tolist()]
        assert [row[name] for row in rows] == values, name


class TestOneTicker:
    @pytest.mark.parametrize("ticker", TICKERS)
    def test_the_rows_are_those_of_the_table(self, api: Any, table: pd.DataFrame, ticker: str):
        names = [*PRICES, "retorno_log", "evento", "drawdown", "classe", "nome", "isin", "negocios", "noites_21"]
        rows = every(api, f"/acoes/{ticker}/prices?sort=data&limit=200&fields=data,{','.join(names)}")

        assert_equal(rows, of(table, ticker), names)

    def test_the_volatilities_are_those_of_the_table(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/acoes/PETR4/volatility?sort=data&limit=1000&estimator=yang_zhang&window=63")
        compared = every(api, "/acoes/PETR4/volatility/compare?sort=data&limit=1000&window=63")

        expected = of(table, "PETR4")
        assert_equal(
            [{**row, "vol_yang_zhang_63d": row["vol_anualizada"]} for row in rows], expected, ["vol_yang_zhang_63d"]
        )
        assert_equal(compared, expected, ["vol_close_to_close_63d", "vol_yang_zhang_63d", "vol_parkinson_63d"])

    @pytest.mark.parametrize("last", [1, 100, 251, 252, 300, 10_000])
    def test_the_last_sessions_are_those_of_the_ticker(self, api: Any, table: pd.DataFrame, last: int):
        for ticker in ("PETR4", "VVAR3"):
            rows = every(api, f"/acoes/{ticker}/prices?last={last}&sort=data&limit=1000")

            assert_equal(rows, of(table, ticker).tail(last), ["preco_fechamento"])

    def test_the_newest_session_and_its_rank(self, api: Any, table: pd.DataFrame):
        body = get(api, "/acoes/VVAR3/latest?window=21")

        expected = of(table, "VVAR3")
        volatility = expected["vol_close_to_close_21d"].dropna()
        assert body["session"]["data"] == "2023-06-26"
        assert not {name for name in body["session"] if name.startswith("prev_")}
        (first, *_) = body["rows"]
        assert (first["vol_anualizada"], first["count"]) == (volatility.iloc[-1], len(volatility))
        assert first["rank"] == int((volatility > volatility.iloc[-1]).sum()) + 1
        assert body["meta"]["sessions"] == len(expected) == 120

    def test_the_cone(self, api: Any, table: pd.DataFrame):
        rows = get(api, "/acoes/PETR4/volatility/cone?year=2024")["rows"]

        expected = of(table, "PETR4").loc["2024"]
        for row in rows:
            values = expected[f"vol_close_to_close_{row['window']}d"].dropna()
            assert row["median"] == pytest.approx(values.median(), rel=1e-12)
            assert (row["count"], row["current"]) == (len(values), values.iloc[-1])

    def test_anomalies(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/acoes/PETR4/anomalies?threshold=2&sort=data")

        expected = of(table, "PETR4")
        unusual = expected[expected["vol_zscore"] > 2]
        assert len(unusual) > 3
        assert_equal([{**row, "vol_zscore": row["escore"]} for row in rows], unusual, ["vol_zscore", "retorno_log"])

    def test_the_metadata_is_in_reais_and_names_the_ticker(self, api: Any):
        meta = get(api, "/acoes/PETR4/prices?limit=1")["meta"]

        assert meta["ticker"] == "PETR4"
        assert meta["as_of"] == "2024-12-30"
        assert meta["unit"]["preco_fechamento"] == "BRL"
        assert meta["unit"]["volume_negociado"] == "shares"
        assert "caveats" not in meta

    def test_csv(self, api: Any, table: pd.DataFrame):
        response = api.get("/acoes/PETR4/prices?format=csv&sort=data&limit=3&fields=data,preco_fechamento,evento")

        rows = list(csv.DictReader(io.StringIO(response.body.decode())))
        assert [float(row["preco_fechamento"]) for row in rows] == of(table, "PETR4")["preco_fechamento"][:3].tolist()
        assert response.headers["Link"].startswith("</acoes/PETR4/prices?")


def chained(table: pd.DataFrame) -> pd.Series[float]:
    """Return the closes of a ticker chained over events by the definition: I_t = I_{t-1}·e^{r_t}, or ·C/O."""
    index = [1.0]
    rows = table[["preco_fechamento", "preco_abertura", "evento", "retorno_log"]].iloc[1:].to_numpy()
    for close, opened, event, log_return in rows:
        growth = close / opened if event else np.exp(log_return)
        index.append(index[-1] * growth)
    return pd.Series(index, table.index)


class TestEvents:
    @pytest.mark.parametrize("ticker", ["PETR4", "CEUA11"])
    def test_the_return_of_a_period_leaves_out_the_nights_before_events(
        self, api: Any, table: pd.DataFrame, ticker: str
    ):
        rows = every(api, f"/acoes/{ticker}/periods?by=month&sort=periodo")

        expected = of(table, ticker)
        level = chained(expected)
        months = pd.DatetimeIndex(expected.index).to_period("M")
        last = level.groupby(months).last()
        returns = (last / last.shift() - 1).tolist()
        assert rows[0]["retorno_pct"] is None
        np.testing.assert_allclose([row["retorno_pct"] / 100 for row in rows[1:]], returns[1:], rtol=1e-9, atol=1e-12)
        realised = expected["retorno_log"].pow(2).groupby(months).mean().mul(252).pow(0.5)
        np.testing.assert_allclose([row["vol_realizada"] for row in rows], realised, rtol=1e-12)
        falls = level / level.groupby(months).cummax() - 1
        np.testing.assert_allclose([row["queda_maxima"] for row in rows], falls.groupby(months).min(), atol=1e-12)

    def test_the_prices_of_a_period_are_on_the_level_of_its_last_session(self, api: Any, table: pd.DataFrame):
        (row,) = get(api, "/acoes/PETR4/periods?by=year&start=2024-02-01&end=2024-04-30")["rows"]

        expected = of(table, "PETR4").loc["2024-02-01":"2024-04-30"]
        level = chained(expected)
        factor = level / level.iloc[-1] * expected["preco_fechamento"].iloc[-1] / expected["preco_fechamento"]
        assert expected["evento"].sum() == 1
        assert factor.iloc[0] == pytest.approx(0.1, rel=0.05)
        assert row["preco_fechamento"] == expected["preco_fechamento"].iloc[-1]
        assert row["preco_abertura"] == pytest.approx(expected["preco_abertura"].iloc[0] * factor.iloc[0], rel=1e-12)
        assert row["preco_maximo"] == pytest.approx((expected["preco_maximo"] * factor).max(), rel=1e-12)
        assert row["preco_minimo"] == pytest.approx((expected["preco_minimo"] * factor).min(), rel=1e-12)

    def test_a_period_without_events_has_the_prices_of_the_day_bit_for_bit(self, api: Any, table: pd.DataFrame):
        rows = every(api, "/acoes/VALE3/periods?by=month&sort=periodo")

        months = of(table, "VALE3").resample("MS")
        assert [row["preco_abertura"] for row in rows] == months["preco_abertura"].first().tolist()
        assert [row["preco_maximo"] for row in rows] == months["preco_maximo"].max().tolist()
        assert [row["preco_minimo"] for row in rows] == months["preco_minimo"].min().tolist()

    @pytest.mark.parametrize("ticker", ["PETR4", "CEUA11", "VALE3"])
    def test_the_deepest_fall_is_of_the_chained_closes(self, api: Any, table: pd.DataFrame, ticker: str):
        fall = get(api, f"/acoes/{ticker}/summary")["deepest_fall"]

        level = chained(of(table, ticker))
        falls = level / level.cummax() - 1
        assert fall["drawdown"] == pytest.approx(falls.min(), rel=1e-9)
        # Closes in whole cents can be equal, and then rounding decides which is the lowest.
        assert falls[fall["trough"]] == pytest.approx(falls.min(), rel=1e-9)

    def test_a_split_is_no_worst_day(self, api: Any, table: pd.DataFrame):
        worst = get(api, "/acoes/PETR4/summary?year=2024")["worst_day"]

        returns = of(table, "PETR4").loc["2024"]["retorno_log"]
        assert worst["retorno_log"] == returns.min() > -0.2


class TestTickers:
    def test_each_has_its_name_class_and_sessions(self, api: Any, table: pd.DataFrame):
        body = get(api, "/acoes")

        groups = table.groupby("ticker")
        year = table[table["data"] > pd.Timestamp("2024-12-30") - pd.Timedelta(days=365)].groupby("ticker")
        medians = year["volume_financeiro"].median()
        assert [row["ticker"] for row in body["rows"]] == TICKERS
        for row in body["rows"]:
            rows = groups.get_group(row["ticker"])
            assert row["nome"] == rows["nome"].iloc[-1]
            assert row["classe"] == rows["classe"].iloc[-1]
            assert row["pregoes"] == len(rows)
            assert (row["primeiro_pregao"], row["ultimo_pregao"]) == (
                f"{rows['data'].min():%Y-%m-%d}",
                f"{rows['data'].max():%Y-%m-%d}",
            )
            assert row["volume_mediano"] == medians.get(row["ticker"])
        assert body["rows"][-1]["volume_mediano"] is None

    @pytest.mark.parametrize(("as_of", "sessions"), [(date(2024, 12, 31), 251), (date(2025, 1, 1), 250)])
    def test_the_median_of_an_even_number_of_sessions_is_the_mean_of_two(
        self, api: Any, table: pd.DataFrame, as_of: date, sessions: int
    ):
        execution = tickers_query("acoes_refined", [2023, 2024], as_of)
        rows = wiring.api_dependencies().athena.rows(execution, f"{as_of}", time.monotonic() + 30)

        values = of(table, "VALE3").loc[as_of - timedelta(days=364) :, "volume_financeiro"]
        assert len(values) == sessions
        (result,) = (row["volume_mediano"] for row in rows if row["ticker"] == "VALE3")
        assert result == pytest.approx(values.median(), rel=1e-15)

    @pytest.mark.parametrize(
        ("query", "tickers"),
        [
            ("q=petr", ["PETR3", "PETR4"]),
            ("q=petrobras%20pn", ["PETR4"]),
            ("q=pn+PETR", ["PETR4"]),
            ("q=ceu", ["CEUA11"]),
            ("q=C%C3%A9u", ["CEUA11"]),
            ("q=nothing", []),
            ("q=%25", []),
            ("class=fii", ["CEUA11"]),
            ("class=bdr", []),
            ("class=acao&q=v", ["VALE3", "VVAR3"]),
            ("sort=-ticker", TICKERS[::-1]),
            ("sort=-volume_mediano", ["PETR4", "VALE3", "PETR3", "CEUA11", "VVAR3"]),
            ("sort=volume_mediano", ["CEUA11", "PETR3", "VALE3", "PETR4", "VVAR3"]),
            ("sort=pregoes", ["VVAR3", "CEUA11", "PETR3", "PETR4", "VALE3"]),
            ("sort=ultimo_pregao", ["VVAR3", "CEUA11", "PETR3", "PETR4", "VALE3"]),
            ("sort=-ultimo_pregao", TICKERS),
        ],
    )
    @pytest.mark.parametrize("limit", [1, 2, 252])
    def test_search_and_order_on_all_pages(self, api: Any, query: str, tickers: list[str], limit: int):
        assert [row["ticker"] for row in every(api, f"/acoes?{query}&limit={limit}")] == tickers
        assert get(api, f"/acoes?{query}&limit={limit}")["meta"]["total"] == len(tickers)


class TestRanking:
    def test_the_newest_session(self, api: Any, table: pd.DataFrame):
        body = get(api, "/acoes/ranking")

        day = table[table["data"] == "2024-12-30"].sort_values("volume_financeiro", ascending=False)
        assert [row["ticker"] for row in body["rows"]] == day["ticker"].tolist()
        assert body["meta"]["data"] == "2024-12-30"

    @pytest.mark.parametrize("order", ["asc", "desc"])
    @pytest.mark.parametrize("by", ["vol_close_to_close_21d", "variacao_pct", "vol_yang_zhang_126d"])
    @pytest.mark.parametrize("limit", [1, 2, 252])
    def test_a_day_in_pages(self, api: Any, table: pd.DataFrame, by: str, order: str, limit: int):
        rows = every(api, f"/acoes/ranking?date=2023-06-26&by={by}&order={order}&limit={limit}")

        day = table[table["data"] == "2023-06-26"]
        day = day.sort_values([by, "ticker"], ascending=[order == "asc", True], na_position="last")
        assert [row["ticker"] for row in rows] == day["ticker"].tolist()
        assert [row[by] for row in rows] == [None if pd.isna(value) else value for value in day[by]]

    def test_a_class_and_fields(self, api: Any):
        rows = get(api, "/acoes/ranking?class=fii&fields=ticker,isin,evento")["rows"]

        assert rows == [{"ticker": "CEUA11", "isin": "BRCEUACTF003", "evento": False}]

    def test_a_day_without_a_session_has_no_rows(self, api: Any):
        body = get(api, "/acoes/ranking?date=2024-12-25")

        assert (body["rows"], body["links"]["next"], body["meta"]["data"]) == ([], None, "2024-12-25")

    @pytest.mark.parametrize(
        ("query", "parameter"),
        [
            ("date=2024-12", "date"),
            ("date=2024-02-30", "date"),
            ("by=nome", "by"),
            ("by=-volume_financeiro", "by"),
            ("order=up", "order"),
            ("class=share", "class"),
            ("class_=acao", "class_"),
            ("fields=vol_anualizada", "fields"),
            ("fields=ticker,ticker", "fields"),
            ("limit=10000&fields=" + ",".join(shares.refined().columns[:11]), "limit"),
        ],
    )
    def test_what_is_not_allowed_is_refused(self, api: Any, query: str, parameter: str):
        response = api.get(f"/acoes/ranking?{query}")

        assert response.status_code == 400
        assert response.json_body["errors"][0]["parameter"] == parameter


class TestErrors:
    @pytest.mark.parametrize("path", SHARE_PATHS)
    @pytest.mark.parametrize(
        ("ticker", "near"),
        [
            ("PETR5", "PETR"),
            ("petr4", "PETR4"),
            ("PETR44", "PETR4"),
            ("WWWW99", None),
            ("%27%20OR%201%3D1", None),
            ("X" * 5000, None),
        ],
    )
    def test_an_unknown_ticker_is_404_with_near_names(self, api: Any, path: str, ticker: str, near: str | None):
        response = api.get(path.replace("{ticker}", ticker))
        body = response.json_body

        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"
        assert response.headers["Cache-Control"] == "no-store"
        assert body["near"][:1] == [] if near is None else body["near"][0].startswith(near)
        assert body["status"] == 404
        assert body["detail"].startswith("There is no ticker")

    def test_if_none_match_does_not_hide_it(self, api: Any):
        assert api.get("/acoes/PETR9/prices", headers={"If-None-Match": "*"}).status_code == 404

    def test_a_cursor_is_of_its_ticker_only(self, api: Any):
        link = get(api, "/acoes/PETR4/prices?limit=2")["links"]["next"]

        assert api.get(link).status_code == 200
        assert api.get(link.replace("PETR4", "PETR3")).status_code == 400
        assert api.get(link.replace("/acoes/PETR4", "/ibov")).status_code == 400

    def test_there_is_no_forecast_of_a_share(self, api: Any):
        assert "/acoes/{ticker}/volatility/forecast" not in MARKET_ROUTES
        assert api.get("/acoes/PETR4/prices?fields=prev_har_1d").status_code == 400


@pytest.mark.parametrize("path", MARKET_ROUTES)
class TestCaching:
    def test_equal_requests_share_one_execution_and_have_one_etag(self, api: Any, path: str):
        path = path.replace("{ticker}", "PETR4")
        first = api.get(path)
        athena: Any = boto3.client("athena")
        before = len(athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"])
        wiring.clear_caches()
        again = api.get(path)
        executions = athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"]

        assert (again.body, again.headers["ETag"]) == (first.body, first.headers["ETag"])
        assert len(executions) == before
        same = api.get(path, headers={"If-None-Match": first.headers["ETag"]})
        assert (same.status_code, same.body) == (304, b"")
        assert first.headers["X-Data-As-Of"] == "2024-12-30"


def test_each_question_of_a_ticker_binds_it_and_prunes_the_years(api: Any):
    athena: Any = boto3.client("athena")
    wiring.clear_caches()
    for path in SHARE_PATHS:
        query = "" if path.endswith("latest") else "?start=2024-05-02&end=2024-05-31"
        before = set(athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"])
        assert api.get(path.replace("{ticker}", "PETR3") + query).status_code == 200
        (new,) = set(athena.list_query_executions(WorkGroup="b3-dataflow")["QueryExecutionIds"]) - before
        execution = athena.get_query_execution(QueryExecutionId=new)["QueryExecution"]
        assert '"ticker" = ?' in execution["Query"], path
        assert "'PETR3'" in execution["ExecutionParameters"], path
        assert "PETR3" not in execution["Query"], path
        assert "year >= 202" in execution["Query"], path


def test_the_index_of_routes_names_those_of_the_market(api: Any):
    body = get(api, "/")

    assert set(MARKET_ROUTES) < set(body["routes"])
    assert body["links"]["/acoes/{ticker}/prices"] == "/acoes/{ticker}/prices"


def test_the_routes_of_the_index_have_no_ticker(api: Any):
    body = get(api, "/ibov/prices?limit=1")

    assert body["meta"]["ticker"] == "IBOV"
    assert body["meta"]["unit"]["preco_fechamento"] == "index points"


@pytest.mark.parametrize(
    ("path", "header"),
    [
        ("/acoes?q=nothing", "ticker,nome,classe,primeiro_pregao,ultimo_pregao,pregoes,volume_mediano"),
        ("/acoes/ranking?date=2024-12-25", "ticker,nome,classe,preco_fechamento,variacao_pct,retorno_log,"),
    ],
)
def test_the_csv_of_no_rows_has_its_header(api: Any, path: str, header: str):
    response = api.get(f"{path}&format=csv")

    assert response.status_code == 200
    assert response.body.decode().startswith(header)
    assert response.body.decode().count("\n") == 1


def test_csv_of_tickers_in_pages(api: Any):
    response = api.get("/acoes?limit=2&format=csv&sort=pregoes")

    rows = list(csv.DictReader(io.StringIO(response.body.decode())))
    assert [(row["ticker"], row["pregoes"], row["volume_mediano"]) for row in rows] == [
        ("VVAR3", "120", ""),
        ("CEUA11", "499", "500000.0"),
    ]
    assert response.headers["Link"].startswith("</acoes?limit=2&sort=pregoes&")
