"""Queries of the local Athena over one lake of the real history."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import numpy as np
import pandas as pd
import pytest

from chalicelib.estimators import ESTIMATORS
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.schema import volatility_column
from local import moto_state
from local.laptop import Laptop
from tests.support.athena import TABLE, THE_QUERY, finish, query, start
from tests.unit.test_volatility import by_definition


@pytest.fixture(scope="module")
def real(running: Laptop, real_csv: Path) -> Iterator[Any]:
    running.aws.reset()
    running.create_stack()
    running.ingest(CsvFile(str(real_csv)))
    assert [run.state for run in running.refined()] == ["SUCCEEDED"]
    yield boto3.client("athena")
    running.aws.reset()


def test_the_query_of_the_contract_runs_verbatim(real: Any, real_csv: Path):
    rows = query(real, THE_QUERY)

    history = pd.read_csv(real_csv).set_index("date").loc["2025-10-01":"2025-10-31"].iloc[::-1]
    assert [row[0] for row in rows] == history.index.tolist()
    assert [float(row[2] or 0) for row in rows] == history["close"].tolist()
    change = history["close"] - history["open"]
    assert [float(row[3] or 0) for row in rows] == change.tolist()
    assert [float(row[4] or 0) for row in rows] == np.round(change / history["open"] * 100, 2).tolist()
    assert [int(row[5] or 0) for row in rows] == history["volume"].astype(int).tolist()


def test_round_equals_the_column_on_every_real_row(real: Any):
    wrong = query(
        real,
        f"SELECT count_if(round(amplitude / preco_fechamento * 100, 2) <> volatilidade_pct), count(*) FROM {TABLE}",
    )

    assert wrong == [["0", "8037"]]


def test_the_volatility_columns_equal_the_published_definitions(real: Any, real_csv: Path):
    names = [volatility_column(estimator, 21) for estimator in ESTIMATORS]
    rows = query(real, f"SELECT {', '.join(names)} FROM {TABLE} ORDER BY data")

    history = pd.read_csv(real_csv).query("is_session").reset_index(drop=True)
    for index, estimator in enumerate(ESTIMATORS):
        result = [np.nan if row[index] is None else float(row[index] or 0) for row in rows]
        np.testing.assert_allclose(result, by_definition(history, estimator, 21), rtol=1e-9)


def test_a_long_result_has_pages_with_the_header_on_the_first_only(real: Any, real_csv: Path):
    execution_id = start(real, f"SELECT data, preco_fechamento FROM {TABLE} ORDER BY data")
    finish(real, execution_id)

    pages = [real.get_query_results(QueryExecutionId=execution_id)]
    while "NextToken" in pages[-1]:
        pages.append(real.get_query_results(QueryExecutionId=execution_id, NextToken=pages[-1]["NextToken"]))

    sizes = [len(page["ResultSet"]["Rows"]) for page in pages]
    assert sizes == [1000] * 8 + [38]
    rows = [[cell["VarCharValue"] for cell in row["Data"]] for page in pages for row in page["ResultSet"]["Rows"]]
    assert rows[0] == ["data", "preco_fechamento"]
    history = pd.read_csv(real_csv).query("is_session")
    assert [row[0] for row in rows[1:]] == history["date"].tolist()
    assert [float(row[1]) for row in rows[1:]] == history["close"].tolist()


def test_bytes_scanned_are_those_of_the_partitions_after_pruning(real: Any):
    sizes = {entry.key: entry.size for entry in moto_state.objects("b3-dataflow-refined", "refined/")}

    def scanned(where: str) -> int:
        execution = finish(real, start(real, f"SELECT count(*) FROM {TABLE} WHERE {where}"))
        return int(execution["Statistics"]["DataScannedInBytes"])

    def size(*years: int) -> int:
        return sum(sizes[f"refined/year={year}/ibov.parquet"] for year in years)

    assert scanned("true") == sum(sizes.values())
    assert scanned("year = 2025 AND month = 3") == size(2025)
    assert scanned("year BETWEEN 2023 AND 2024") == size(2023, 2024)
    assert scanned("(year = 2020 OR year = 2025) AND preco_fechamento > 0") == size(2020, 2025)
    assert scanned("year = 2020 OR month = 3") == sum(sizes.values())
    assert scanned("year > 2100") == 0
    assert scanned("data >= DATE '2025-01-01'") == sum(sizes.values())
