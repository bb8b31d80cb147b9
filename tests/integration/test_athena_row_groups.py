"""The local Athena reads the row groups that may have the texts of a query, and the columns that it uses."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import boto3
import pyarrow.parquet as pq
import pytest

from local import moto_state
from local.laptop import Laptop
from scripts import sample_market
from tests.support import shares
from tests.support.athena import finish, query, start
from tests.support.lake import create_stack

TABLE = '"b3_refined_db"."acoes_refined"'


@pytest.fixture(scope="module")
def market(running: Laptop) -> Iterator[Any]:
    """Client of Athena over five tickers of two years."""
    with shares.served(running):
        yield boto3.client("athena")


def scanned(athena: Any, sql: str) -> int:
    return int(finish(athena, start(athena, sql))["Statistics"]["DataScannedInBytes"])


def chunks(columns: set[str], ticker: str | None = None) -> int:
    """Return the size of columns in the row groups that may have a ticker, read from the objects themselves."""
    total = 0
    for stored in moto_state.objects("b3-dataflow-refined", "acoes/"):
        footer = pq.read_metadata(BytesIO(moto_state.read("b3-dataflow-refined", stored.key) or b""))
        for number in range(footer.num_row_groups):
            group = footer.row_group(number)
            each = [group.column(position) for position in range(group.num_columns)]
            (tickers,) = (column.statistics for column in each if column.path_in_schema == "ticker")
            if ticker is None or tickers.min <= ticker <= tickers.max:
                total += sum(column.total_compressed_size for column in each if column.path_in_schema in columns)
    return total


def test_a_question_of_a_ticker_reads_its_row_groups_and_columns(running: Laptop):
    rows = sample_market.generated(30_000)
    create_stack(running)
    sample_market.put(rows)
    athena: Any = boto3.client("athena")
    columns = {"ticker", "data", "preco_fechamento"}
    for ticker in ("AAAA3", rows["ticker"].iloc[-1]):
        sql = f"SELECT data, preco_fechamento FROM {TABLE} WHERE ticker = '{ticker}'"
        assert 0 < scanned(athena, sql) == chunks(columns, ticker) < chunks(columns) / 2
        assert len(query(athena, sql)) == (rows["ticker"] == ticker).sum()
    assert scanned(athena, f"SELECT count(*) FROM {TABLE} WHERE ticker = 'NOPE'") == 0
    running.aws.reset()


@pytest.mark.parametrize(
    ("where", "tickers"),
    [
        ("ticker = 'PETR4' OR ticker = 'PETR3'", ["PETR3", "PETR4"]),
        ("NOT ticker = 'PETR4'", ["CEUA11", "PETR3", "VALE3", "VVAR3"]),
        ("ticker = 'PETR4' AND ticker = 'PETR3'", []),
        ("ticker = 'NOPE'", []),
        ("classe = 'fii'", ["CEUA11"]),
        ("lower(ticker) = 'petr4'", ["PETR4"]),
        ("'PETR4' = ticker", ["PETR4"]),
    ],
)
def test_row_groups_never_change_a_result(market: Any, where: str, tickers: list[str]):
    rows = query(market, f"SELECT DISTINCT ticker FROM {TABLE} WHERE {where} ORDER BY ticker")

    assert [ticker for (ticker,) in rows] == tickers


def test_an_outer_join_keeps_the_rows_of_other_tickers(market: Any):
    sql = (
        f"SELECT count(*) FROM (SELECT DISTINCT ticker FROM {TABLE}) a LEFT JOIN {TABLE} b "
        "ON a.ticker = b.ticker AND b.ticker = 'PETR4' AND b.data = DATE '2024-12-30' WHERE b.ticker IS NULL"
    )

    assert query(market, sql) == [["4"]]
