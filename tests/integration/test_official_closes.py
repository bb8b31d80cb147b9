"""Official closes of B3, from raw through the job to the API."""

from __future__ import annotations

import csv
import io
import itertools
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.lake.store import Lake
from local.laptop import Laptop
from tests.support.bars import COLLECTED, closes_object, known_bars, raw_object
from tests.support.job import put, stored
from tests.support.lake import fill

BARS = raw_object(known_bars())
CLOSES = closes_object({"2025-09-12": 142999.5, "2025-09-15": 143547.43}, collected_at=COLLECTED + timedelta(hours=12))
LATER = closes_object({"2025-09-12": 142998.5}, collected_at=COLLECTED + timedelta(hours=24))


def test_both_columns_are_in_prices(laptop: Laptop, http: Any):
    fill(BARS, CLOSES)

    rows = http.get("/ibov/prices?sort=data&start=2025-09-11&end=2025-09-15").json_body["rows"]
    text = http.get("/ibov/prices?sort=data&start=2025-09-11&end=2025-09-15&format=csv").body.decode()

    names = ("preco_fechamento", "fechamento_oficial", "fonte_fechamento", "avisos", "fonte")
    assert [[row[name] for name in names] for row in rows] == [
        [143151.0, None, "yahoo", "", "yahoo"],
        [142999.5, 142999.5, "b3", "fechamento_corrigido", "yahoo"],
        [143547.0, 143547.43, "yahoo", "", "yahoo"],
    ]
    cells = [row["fechamento_oficial"] for row in csv.DictReader(io.StringIO(text))]
    assert cells == ["", "142999.5", "143547.43"]


def test_status_counts_the_sessions_and_says_that_b3_does_not_answer(laptop: Laptop, http: Any):
    fill(BARS, CLOSES)

    body = http.get("/status").json_body

    assert body["quality"]["official_closes"] == {
        "confirmed": 1,
        "corrected": 1,
        "unconfirmed": 4,
        "last_session": "2025-09-15",
        "collected_at": "2025-10-14T13:30:00Z",
    }
    assert body["quality"]["revisions"] == 1
    # The clock is that of the machine, long after the last answer.
    assert body["official_closes_overdue"].startswith("No official close has been collected from B3 since 2025-10-14:")


def test_without_official_closes_all_sessions_are_unconfirmed(laptop: Laptop, http: Any):
    fill(BARS)

    body = http.get("/status").json_body

    assert body["quality"]["official_closes"] == {
        "confirmed": 0,
        "corrected": 0,
        "unconfirmed": 6,
        "last_session": None,
        "collected_at": None,
    }
    assert body["official_closes_overdue"] is None


@pytest.mark.parametrize("order", list(itertools.permutations((BARS, CLOSES, LATER)))[1:])
def test_any_order_of_objects_and_runs_results_in_the_same_lake(lake: Lake, run: Any, order: Any):
    put(lake, BARS, CLOSES, LATER)
    version, objects = run().version, stored()
    for key, _ in order:
        lake.s3.delete_object(Bucket=lake.raw_bucket, Key=key)

    for raw in order:
        put(lake, raw)
        contents = run()

    assert contents.version == version
    assert stored() == objects


def test_closes_of_a_lake_of_generated_bars_are_refused(laptop: Laptop, http: Any):
    contents = fill(raw_object(known_bars(), "sample"), CLOSES)

    assert contents.synthetic
    assert contents.quality.refused["objeto_estranho"] == 1
    assert {row["fonte_fechamento"] for row in http.get("/ibov/prices").json_body["rows"]} == {"sample"}
