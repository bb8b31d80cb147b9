"""The local Athena reads the row groups that may have the texts of a query, and the columns that it uses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import boto3
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local import moto_state
from local.athena import row_groups
from local.athena.formats import PARQUET
from local.laptop import Laptop
from tests.support.athena import DATABASE, failure, finish, query, start
from tests.support.lake import create_stack

BUCKET = "b3-dataflow-refined"
TICKERS = ["AÇÃO3", "CEUA11", "PETR3", "PETR4", "VALE3"]
ROWS = 100
"""Number of rows of each ticker, which is that of a row group."""


def parquet(table: pa.Table, rows: int = ROWS, **options: Any) -> bytes:
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, row_group_size=rows, **options)
    return bytes(buffer.getvalue())


def put(name: str, body: bytes, columns: Mapping[str, str]) -> None:
    """Create a table without partitions of one object."""
    moto_state.write(BUCKET, f"{name}/00000.parquet", body)
    storage = {
        "InputFormat": PARQUET["InputFormat"],
        "Columns": [{"Name": column, "Type": type_} for column, type_ in columns.items()],
        "Location": f"s3://{BUCKET}/{name}/",
    }
    glue: Any = boto3.client("glue")
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": name, "StorageDescriptor": storage})


def market() -> pa.Table:
    """Return five tickers, sorted; the last tenth of each has no ticker."""
    tickers = np.repeat(TICKERS, ROWS)
    number = np.arange(len(tickers))
    missing = number % ROWS >= ROWS - ROWS // 10
    return pa.table(
        {
            "ticker": pa.array(tickers, mask=missing),
            "classe": np.where(tickers == "CEUA11", "fii", "acao"),
            "n": number,
            "preco": np.random.default_rng(1).normal(size=len(tickers)),
        }
    )


COLUMNS = {"ticker": "string", "classe": "string", "n": "bigint", "preco": "double"}


@pytest.fixture(scope="module")
def athena(running: Laptop) -> Iterator[Any]:
    """Client of Athena over the table `market`, and `others` without statistics."""
    create_stack(running)
    put("market", parquet(market()), COLUMNS)
    put("others", parquet(market(), write_statistics=False), COLUMNS)
    yield boto3.client("athena")
    running.aws.reset()


def scanned(athena: Any, sql: str, **arguments: Any) -> int:
    return int(finish(athena, start(athena, sql, **arguments))["Statistics"]["DataScannedInBytes"])


def chunks(name: str, columns: set[str], *groups: int) -> int:
    """Return the size of columns in row groups, read from the object itself."""
    footer = pq.read_metadata(pa.BufferReader(moto_state.read(BUCKET, f"{name}/00000.parquet")))
    each = [footer.row_group(group).column(column) for group in groups for column in range(footer.num_columns)]
    return sum(chunk.total_compressed_size for chunk in each if chunk.path_in_schema in columns)


def test_a_query_of_a_ticker_reads_its_row_groups_and_columns(athena: Any):
    sql = "SELECT n, preco FROM market WHERE ticker = "
    used = {"ticker", "n", "preco"}

    assert scanned(athena, f"{sql}'PETR4'") == chunks("market", used, 3) > 0
    assert scanned(athena, f"{sql}'AÇÃO3' AND n > 5") == chunks("market", used, 0)
    assert scanned(athena, f"{sql}?", ExecutionParameters=["'VALE3'"]) == chunks("market", used, 4)
    assert scanned(athena, f"{sql}'NOPE'") == 0
    assert scanned(athena, "SELECT n FROM market") == chunks("market", {"n"}, *range(5))
    assert scanned(athena, "SELECT n, preco FROM others WHERE ticker = 'PETR4'") == chunks("others", used, *range(5))
    for ticker in TICKERS:
        assert len(query(athena, f"{sql}'{ticker}'")) == ROWS - ROWS // 10


@pytest.mark.parametrize(
    ("where", "numbers"),
    [
        ("ticker = 'PETR4'", range(300, 390)),
        ('"b3_refined_db"."market"."TICKER" = \'PETR4\'', range(300, 390)),
        ("ticker = 'PETR4' OR ticker = 'PETR3'", [*range(200, 290), *range(300, 390)]),
        ("NOT ticker = 'VALE3'", [n for n in range(400) if n % 100 < 90]),
        ("ticker <> 'VALE3'", [n for n in range(400) if n % 100 < 90]),
        ("ticker > 'PETR3'", [*range(300, 390), *range(400, 490)]),
        ("ticker = 'PETR4' AND ticker = 'PETR3'", []),
        ("(ticker = 'PETR4') IS NULL", [n for n in range(500) if n % 100 >= 90]),
        ("(ticker = 'PETR4') = false AND classe = 'fii'", range(100, 190)),
        ("lower(ticker) = 'petr4'", range(300, 390)),
        ("'PETR4' = ticker", range(300, 390)),
        ("ticker = 'PETR4   '", []),
        ("ticker = 'PETR' || '4'", range(300, 390)),
        ("classe = 'fii'", range(100, 200)),
        ("ticker IN ('PETR4')", range(300, 390)),
        ("n = (SELECT min(n) FROM market WHERE ticker = 'PETR4')", [300]),
        ("EXISTS (SELECT 1 FROM market o WHERE o.n = market.n + 1 AND market.ticker = 'PETR4')", range(300, 390)),
        ("n < 400 AND NOT EXISTS (SELECT 1 FROM others o WHERE o.n = 1 AND market.ticker = 'PETR4')",
         [*range(300), *range(390, 400)]),
        ("n NOT IN (SELECT n FROM market WHERE ticker = 'VALE3')", [*range(400), *range(490, 500)]),
    ],
)  # fmt: skip
def test_row_groups_never_change_a_result(athena: Any, where: str, numbers: Any):
    for name in ("market", "others"):
        rows = query(athena, f"SELECT n FROM {name} WHERE {where.replace('market', name)} ORDER BY n")
        assert [int(n or 0) for (n,) in rows] == list(numbers)


@pytest.mark.parametrize(
    ("sql", "result"),
    [
        ("market a LEFT JOIN market b ON a.n = b.n AND b.ticker = 'PETR4' WHERE b.n IS NULL", 410),
        ("market a LEFT JOIN market b ON a.n = b.n WHERE b.ticker = 'PETR4'", 90),
        ("market a FULL JOIN market b ON a.n = b.n + 100 WHERE a.ticker = 'AÇÃO3' AND b.n IS NULL", 90),
        ("market a JOIN market b ON a.n = b.n + 100 WHERE a.ticker = 'PETR4' AND b.ticker = 'PETR3'", 90),
        ("market a JOIN market b USING (ticker) WHERE ticker = 'PETR4'", 8100),
        ("market a, market b WHERE a.ticker = 'PETR4' AND b.ticker = 'PETR3'", 8100),
        ("(SELECT * FROM market WHERE ticker = 'PETR4') a RIGHT JOIN market b ON a.n = b.n", 500),
        ("(SELECT classe AS ticker, n FROM market) WHERE ticker = 'fii'", 100),
        ("(SELECT upper(ticker) AS classe FROM market) WHERE classe = 'PETR4'", 90),
        ("market AS m(classe, ticker, a, b) WHERE ticker = 'fii'", 100),
        ("(SELECT count(*) AS n, 'PETR4' AS ticker FROM market) WHERE ticker = 'PETR4'", 1),
        ("market a CROSS JOIN LATERAL (SELECT 1 WHERE a.ticker = 'PETR4')", 90),
    ],
)
def test_conditions_of_other_relations_do_not_leave_out_rows(athena: Any, sql: str, result: int):
    assert query(athena, f"SELECT count(*) FROM {sql}") == [[str(result)]]


def test_a_query_of_with_is_read_for_each_of_its_uses(athena: Any):
    sql = "WITH t AS (SELECT * FROM market) SELECT (SELECT count(*) FROM t WHERE ticker = 'PETR4'), count(*) FROM t"

    assert query(athena, sql) == [["90", "500"]]


def test_a_text_that_is_cut_when_it_is_read_is_compared_after_that(athena: Any):
    put("cut", parquet(market()), COLUMNS | {"ticker": "varchar(3)"})

    assert query(athena, "SELECT count(*) FROM cut WHERE ticker = 'PET'") == [["180"]]


def test_a_field_of_a_row_is_not_the_column_of_its_name(athena: Any):
    table = market()
    inner = pa.StructArray.from_arrays([pa.array(["x"] * len(table))], names=["ticker"])
    table = pa.table({"s": inner, "ticker": table["ticker"], "n": table["n"]})
    put("nested", parquet(table), {"s": "struct<ticker:string>", "ticker": "string", "n": "bigint"})

    assert query(athena, "SELECT count(*) FROM nested WHERE ticker = 'PETR4'") == [["90"]]
    assert query(athena, "SELECT count(*) FROM nested WHERE s.ticker = 'x'") == [["500"]]
    assert query(athena, "SELECT count(*) FROM nested WHERE s.ticker = 'x' AND ticker = 'PETR4'") == [["90"]]
    sql = "SELECT n FROM nested WHERE ticker = 'PETR4'"
    assert scanned(athena, sql) == chunks("nested", {"ticker", "n"}, 3)


def test_a_column_that_an_object_lacks_or_has_with_another_type(athena: Any):
    put("lacking", parquet(market().drop_columns("ticker")), COLUMNS)
    put("wrong", parquet(market().set_column(0, "ticker", market()["n"])), COLUMNS)

    assert query(athena, "SELECT count(*) FROM lacking WHERE ticker = 'PETR4'") == [["0"]]
    assert query(athena, "SELECT count(*) FROM lacking WHERE classe = 'fii'") == [["100"]]
    assert "HIVE_BAD_DATA" in failure(athena, "SELECT count(*) FROM wrong WHERE ticker = 'PETR4'")


def test_a_large_object_is_read_in_parts(athena: Any):
    count = 400_000
    tickers = np.sort(np.random.default_rng(2).choice(TICKERS, count))
    prices = np.random.default_rng(3).normal(size=(4, count))
    table = pa.table({"ticker": tickers, **{f"p{index}": each for index, each in enumerate(prices)}})
    body = parquet(table, 20_000)
    put("large", body, {"ticker": "string"} | {f"p{index}": "double" for index in range(4)})
    assert len(body) >= row_groups.LARGE

    for ticker in TICKERS:
        sql = f"SELECT count(*), sum(p2) FROM large WHERE ticker = '{ticker}'"
        ((rows, total),) = query(athena, sql)
        assert int(rows or 0) == (tickers == ticker).sum()
        assert float(total or 0) == pytest.approx(prices[2][tickers == ticker].sum())
        assert 0 < scanned(athena, sql) < len(body) / 10
    assert query(athena, "SELECT count(*) FROM large") == [[str(count)]]

    moto_state.delete(BUCKET, "large/00000.parquet")
    assert query(athena, "SELECT count(*) FROM large WHERE ticker = 'PETR4'") == [["0"]]
    # The same object again, with the same ETag.
    moto_state.write(BUCKET, "large/00000.parquet", body)
    assert query(athena, "SELECT count(*) FROM large WHERE ticker = 'PETR4'") == [[str((tickers == "PETR4").sum())]]
