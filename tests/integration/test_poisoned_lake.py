"""What a client of the API sees of a lake that was given wrong data."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib import layout
from chalicelib.schema import PRICES
from local.laptop import Laptop
from tests.support.bars import COLLECTED, raw_object, raw_rows, scaled, session_bars
from tests.support.history import ask
from tests.support.lake import fill

BARS = session_bars("2025-01-02", 120)


def with_prices(row: int, *values: float) -> pd.DataFrame:
    """Return the bars with other prices in one row."""
    bars = BARS.copy()
    for name, value in zip(PRICES, values, strict=True):
        bars[name] = bars[name].where(bars.index != row, value)
    return bars


def with_volumes(*volumes: Any) -> tuple[str, bytes]:
    """Return a raw object of another writer, whose last volumes have another type."""
    rows = raw_rows(BARS)
    table = pa.Table.from_pandas(rows, preserve_index=False)
    column = [*rows["volume_negociado"].tolist()[: -len(volumes)], *volumes]
    table = table.set_column(table.column_names.index("volume_negociado"), "volume_negociado", pa.array(column))
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer)
    return layout.raw_key(COLLECTED), buffer.getvalue().to_pybytes()


WRONG = {
    "a high of 1e308": with_prices(60, 130_000.0, 1e308, 120_000.0, 125_000.0),
    "a low of 1e-308": with_prices(60, 130_000.0, 135_000.0, 1e-308, 125_000.0),
    "all of 1e308": with_prices(60, *[1e308] * 4),
    "a thousandth": scaled(BARS, 0.001, [60]),
    "prices of 1e-300": with_prices(60, *[1e-300] * 4),
    "two bars of a day": pd.concat([BARS, scaled(BARS, 1.01, [60]).iloc[[60]]], ignore_index=True),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_bar_is_in_no_answer(laptop: Laptop, http: Any, name: str):
    contents = fill(raw_object(WRONG[name]))

    assert contents.rows == len(BARS) - 1
    for path in ("/ibov/summary", "/ibov/volatility/cone", "/ibov/anomalies?threshold=0"):
        ask(http, path)
    summary = ask(http, "/ibov/summary")
    assert abs(summary["best_day"]["retorno_log"]) < 0.3
    assert all(row["max"] is None or row["max"] < 1e6 for row in summary["rows"])


def test_a_volume_that_is_no_number_of_shares_is_null(laptop: Laptop, http: Any):
    fill(with_volumes(-5.0, 1.5, 1e20, float("inf"), 1000.0))

    rows = ask(http, "/ibov/prices?limit=5&sort=-data&fields=data,volume_negociado,avisos")["rows"]

    assert [row["volume_negociado"] for row in rows] == [1000, None, None, None, None]
    assert [row["avisos"] for row in rows] == ["", *["volume_invalido"] * 4]


def test_bars_from_before_yahoos_first_session_are_not_the_first_session(laptop: Laptop, http: Any):
    days = [pd.Timestamp("1969-12-31"), pd.Timestamp("1970-01-02"), *BARS["data"][2:]]

    fill(raw_object(BARS.assign(data=days)))

    status = http.get("/status")
    assert status.json_body["first_session"] == f"{BARS['data'][2]:%Y-%m-%d}"
    assert status.json_body["quality"]["gaps_count"] == 0
    assert status.json_body["quality"]["refused"]["antes_da_fonte"] == 2


def test_the_status_lists_a_hundred_gaps_and_counts_all(laptop: Laptop, http: Any):
    fill(raw_object(pd.concat([session_bars("2000-01-03", 5), BARS], ignore_index=True), "csv"))

    response = http.get("/status")
    quality = response.json_body["quality"]

    assert quality["gaps_count"] > 6000
    assert len(quality["gaps"]) == 100
    assert quality["gaps"][-1]["session"] == "2024-12-30"
    assert len(response.body) < 20_000


def test_a_download_that_is_held_back_is_told_without_its_key(laptop: Laptop, http: Any):
    key, body = raw_object(scaled(BARS, 1.02, range(120)), collected_at=COLLECTED + timedelta(days=1))
    contents = fill(raw_object(BARS), (key, body))

    status = http.get("/status")

    assert contents.held_back[0].key == key
    (reason,) = status.json_body["quality"]["degraded_because"]
    assert reason.startswith("the download from yahoo of 2025-10-15 01:30 UTC is held back: ")
    assert "raw/" not in status.body.decode()
    assert status.json_body["quality"]["refused"]["resposta_contraditoria"] == 1
