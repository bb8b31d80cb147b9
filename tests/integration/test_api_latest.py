"""`/ibov/latest` and `/ibov/files` over the real history, and the units of every answer."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest
import requests

from chalicelib.schema import REFINED
from local.laptop import Laptop
from tests.support.history import ESTIMATORS, WINDOWS, ask, assert_rows, assert_values


class TestLatest:
    @pytest.mark.parametrize("window", WINDOWS)
    def test_the_newest_session_with_each_estimator(self, api: Any, table: pd.DataFrame, window: int):
        body = ask(api, f"/ibov/latest?window={window}")

        assert_rows([body["session"]], table.tail(1))
        forecast = ask(api, "/ibov/volatility/forecast")
        assert body["regime"] == forecast["regime"]
        for row in forecast["rows"]:
            assert body["session"][f"prev_{row['model']}_{row['horizon']}d"] == row["volatility"]
        assert [row["estimator"] for row in body["rows"]] == [*ESTIMATORS, "ewma"]
        newest = table.tail(1260)
        for row in body["rows"]:
            column = "vol_ewma" if row["estimator"] == "ewma" else f"vol_{row['estimator']}_{window}d"
            values = newest[column]
            assert (row["column"], row["count"]) == (column, 1260)
            assert row["window"] == (None if row["estimator"] == "ewma" else window)
            assert row["rank"] == (values > values.iloc[-1]).sum() + 1
            expected = [values.iloc[-1], (values <= values.iloc[-1]).mean()]
            assert_values(column, [row["vol_anualizada"], row["percentile"]], expected)
        assert (body["meta"]["window"], body["meta"]["sessions"]) == (window, 1260)

    def test_it_is_small_and_the_volatility_is_that_of_the_route(self, api: Any):
        response = api.get("/ibov/latest")

        assert len(response.body) < 5000
        newest = ask(api, "/ibov/volatility?limit=1")["rows"][0]
        assert response.json_body["rows"][0]["vol_anualizada"] == newest["vol_anualizada"]

    def test_csv_has_the_rows(self, api: Any):
        rows = ask(api, "/ibov/latest")["rows"]

        lines = list(csv.DictReader(io.StringIO(api.get("/ibov/latest?format=csv").body.decode())))

        assert [line["estimator"] for line in lines] == [row["estimator"] for row in rows]
        assert [float(line["vol_anualizada"]) for line in lines] == [row["vol_anualizada"] for row in rows]
        assert lines[-1]["window"] == ""


class TestFiles:
    def test_the_files_are_the_table(self, api: Any, running: Laptop):
        before = datetime.now(UTC)
        response = api.get("/ibov/files")
        body = response.json_body

        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers
        assert [row["year"] for row in body["rows"]] == list(range(1993, 2026))
        assert body["meta"]["count"] == 33
        assert body["meta"]["settled"] is True
        expires = datetime.fromisoformat(body["meta"]["expires_at"])
        assert before + timedelta(minutes=15) <= expires <= datetime.now(UTC) + timedelta(minutes=15)
        for row in body["rows"]:
            query = parse_qs(urlsplit(row["url"]).query)
            # S3 refuses signatures of version 2 for buckets created since 2020.
            assert (query["X-Amz-Algorithm"], query["X-Amz-Expires"]) == (["AWS4-HMAC-SHA256"], ["900"])

    def test_pandas_reads_them_as_the_columns_and_sessions_of_the_table(self, api: Any, table: pd.DataFrame):
        rows = ask(api, "/ibov/files")["rows"]

        frames = [pd.read_parquet(row["url"]) for row in rows]

        assert [len(frame) for frame in frames] == [row["rows"] for row in rows]
        history = pd.concat(frames)
        assert [*history] == [column.name for column in REFINED]
        assert history["data"].astype(str).tolist() == table.index.tolist()
        assert_values("vol_ewma", history["vol_ewma"].tolist(), table["vol_ewma"].tolist())

    def test_the_etag_is_that_of_the_download(self, api: Any):
        row = ask(api, "/ibov/files")["rows"][-1]

        assert requests.get(row["url"], timeout=10).headers["ETag"] == row["etag"]

    def test_no_answer_is_not_modified(self, api: Any):
        assert api.get("/ibov/files", headers={"If-None-Match": "*"}).status_code == 200

    def test_csv_has_the_rows(self, api: Any):
        response = api.get("/ibov/files?format=csv")

        lines = list(csv.DictReader(io.StringIO(response.body.decode())))

        assert response.headers["Cache-Control"] == "no-store"
        assert [(int(line["year"]), line["etag"]) for line in lines] == [
            (row["year"], row["etag"]) for row in ask(api, "/ibov/files")["rows"]
        ]


ANSWERS = [
    "/ibov/prices?limit=2",
    "/ibov/volatility?limit=2",
    "/ibov/volatility/compare?limit=2",
    "/ibov/volatility/cone",
    "/ibov/summary?year=2020",
    "/ibov/anomalies?limit=2",
    "/ibov/periods?limit=2",
    "/ibov/latest",
    "/ibov/files",
]

# The statistics of /ibov/summary have the unit of the column that their row names.
PER_ROW = {"mean", "sd", "min", "max"}


def numbers(value: Any) -> set[str]:
    """Return the names of all numeric fields in an answer."""
    if isinstance(value, list):
        return set().union(*map(numbers, value))
    if not isinstance(value, dict):
        return set()
    mine = {name for name, each in value.items() if isinstance(each, int | float) and not isinstance(each, bool)}
    return mine | set().union(*map(numbers, value.values()))


@pytest.mark.parametrize("path", ANSWERS)
def test_every_numeric_column_has_a_unit(api: Any, path: str):
    body = ask(api, path)
    unit = body["meta"]["unit"]
    body.pop("meta")

    named = numbers(body) - (PER_ROW if path.startswith("/ibov/summary") else set())
    assert named - set(unit) == set()
    assert all(unit.values())


def test_every_numeric_column_of_the_table_has_a_unit(api: Any):
    names = ask(api, "/openapi.json")["components"]["schemas"]["AnomalyColumn"]["enum"]

    unit = ask(api, f"/ibov/anomalies?limit=1&fields={','.join(names)}")["meta"]["unit"]

    texts = {column.name for column in REFINED if column.type in ("string", "date", "timestamp")}
    assert set(unit) == set(names) - texts
    assert unit["retorno_log"] == "natural logarithm"
    assert unit["drawdown"] == "fraction"
    assert json.dumps(unit).isascii()
