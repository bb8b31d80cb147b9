"""Tables of text, tables with buckets and results that awswrangler writes and reads with the local Athena."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest

from local.laptop import Laptop


@pytest.fixture
def study(laptop: Laptop) -> Iterator[str]:
    """A database and a bucket `study`."""
    boto3.client("s3").create_bucket(Bucket="study")
    wr.catalog.create_database("study")
    yield "s3://study/"
    wr.s3.delete_objects("s3://study/")


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": pd.Series([1, 2, 3], dtype="Int64"),
            "name": pd.Series(["a", None, "é"], dtype="string"),
            "ratio": [0.5, None, 2.0],
            "day": [pd.Timestamp("2024-01-02").date(), None, pd.Timestamp("2024-01-03").date()],
            "open": pd.Series([True, None, False], dtype="boolean"),
            "part": pd.Series(["x", "x", "y"], dtype="string"),
        }
    )


def read(sql: str, **options: Any) -> pd.DataFrame:
    options = {"workgroup": "b3-dataflow", "ctas_approach": False, **options}
    result: pd.DataFrame = wr.athena.read_sql_query(sql, "study", **options)
    return result


@pytest.mark.parametrize("options", [{}, {"sep": "|"}, {"compression": "gzip"}, {"compression": "bz2"}])
def test_tables_of_text(study: str, frame: pd.DataFrame, options: Any):
    place = {"path": f"{study}t/", "dataset": True, "database": "study", "table": "t", "index": False, **options}
    wr.s3.to_csv(frame, partition_cols=["part"], mode="overwrite", **place)

    pd.testing.assert_frame_equal(read("SELECT * FROM t ORDER BY id"), frame)
    # awswrangler writes null as an empty field, which is a text and no number, date or boolean.
    nulls = read("SELECT count(name) AS name, count(ratio) AS ratio, count(day) AS day, count(open) AS open FROM t")
    assert nulls.iloc[0].tolist() == [3, 2, 2, 2]

    wr.s3.to_csv(frame.tail(1).assign(id=7), partition_cols=["part"], mode="overwrite_partitions", **place)
    assert read("SELECT id, part FROM t ORDER BY id")["id"].tolist() == [1, 2, 7]
    wr.s3.to_csv(frame, partition_cols=["part"], mode="append", **place)
    assert read("SELECT id FROM t ORDER BY id")["id"].tolist() == [1, 1, 2, 2, 3, 7]


def test_a_table_of_text_with_quotes_and_its_header(study: str):
    texts = pd.DataFrame({"id": ["1", "2"], "name": ["a, b", 'say "hi"']})
    wr.s3.to_csv(texts, f"{study}t/rows.csv", index=False)
    serde: dict[str, Any] = {
        "serde_library": "org.apache.hadoop.hive.serde2.OpenCSVSerde",
        "serde_parameters": {"separatorChar": ",", "quoteChar": '"', "escapeChar": "\\"},
    }
    types = {"id": "string", "name": "string"}
    wr.catalog.create_csv_table("study", "t", f"{study}t/", types, skip_header_line_count=1, **serde)

    assert read("SELECT * FROM t").to_dict("list") == texts.to_dict("list")


@pytest.mark.parametrize("write", [wr.s3.to_parquet, wr.s3.to_csv])
def test_a_table_with_buckets(study: str, frame: pd.DataFrame, write: Any):
    result = write(
        frame,
        f"{study}t/",
        index=False,
        dataset=True,
        database="study",
        table="t",
        bucketing_info=(["id"], 2),
        partition_cols=["part"],
    )

    assert len(result["paths"]) == 3
    assert wr.catalog.table("study", "t")["Column Name"].tolist() == list(frame)
    assert read("SELECT id FROM t WHERE id > 1 ORDER BY id")["id"].tolist() == [2, 3]


@pytest.mark.parametrize("keys", [None, ["part"]])
def test_an_unloaded_query_is_read_back(study: str, keys: list[str] | None):
    sql = "SELECT * FROM (VALUES (1, 'x'), (2, 'y')) t(id, part)"
    options = {"workgroup": "primary", "unload_approach": True, "unload_parameters": {"partitioned_by": keys}}

    table = read(sql, s3_output=f"{study}u/", **options)

    # awswrangler reads the objects of the manifest, which have no partition keys.
    assert table["id"].tolist() == [1, 2]
    assert list(table) == (["id"] if keys else ["id", "part"])
