"""Queries of tables and partitions without members that are optional in Glue."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest

from local.laptop import Laptop
from tests.support.athena import DATABASE, TABLE, failure, query
from tests.support.bars import raw_object, session_bars
from tests.support.lake import fill

PARQUET = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
OF_2025 = "s3://b3-dataflow-refined/refined/year=2025/"
KEYS = [{"Name": "year", "Type": "int"}]
CLOSE = [{"Name": "preco_fechamento", "Type": "double"}]
UNTYPED = [{"Name": "preco_fechamento"}]


@pytest.fixture(scope="module")
def athena(running: Laptop) -> Iterator[Any]:
    """Athena over a lake of 20 sessions of 2025."""
    running.aws.reset()
    running.create_stack()
    fill(raw_object(session_bars("2025-01-02", 20)))
    yield boto3.client("athena")
    running.aws.reset()


@pytest.fixture
def create(athena: Any) -> Iterator[Callable[..., None]]:
    """Function that creates the table `bare` from a storage descriptor or None, partitions, and other members."""
    glue: Any = boto3.client("glue")

    def create(storage: Any, *partitions: Any, **table: Any) -> None:
        described = {} if storage is None else {"StorageDescriptor": storage}
        glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "bare", **described, **table})
        for partition in partitions:
            glue.create_partition(DatabaseName=DATABASE, TableName="bare", PartitionInput=partition)

    yield create
    glue.delete_table(DatabaseName=DATABASE, Name="bare")


def test_a_table_without_columns_has_its_partition_keys(athena: Any, create: Any):
    create(
        {"InputFormat": PARQUET}, {"Values": ["2025"], "StorageDescriptor": {"Location": OF_2025}}, PartitionKeys=KEYS
    )

    assert query(athena, "SELECT * FROM bare LIMIT 2") == [["2025"], ["2025"]]
    assert query(athena, "SELECT count(*) FROM bare WHERE year = 2025") == [["20"]]
    assert "COLUMN_NOT_FOUND" in failure(athena, "SELECT preco_fechamento FROM bare")


def test_a_partition_without_columns_has_those_of_the_table(athena: Any, create: Any):
    partition = {"Values": ["2025"], "StorageDescriptor": {"Location": OF_2025}}
    create({"InputFormat": PARQUET, "Columns": CLOSE}, partition, PartitionKeys=KEYS)

    assert query(athena, "SELECT count(preco_fechamento) FROM bare") == [["20"]]


@pytest.mark.parametrize(
    ("storage", "keys", "reason"),
    [
        (None, KEYS, "HIVE_UNSUPPORTED_FORMAT: Table StorageDescriptor is null for table 'b3_refined_db.bare'"),
        ({}, KEYS, "NOT_SUPPORTED: Table 'b3_refined_db.bare' is neither parquet nor delimited text"),
        ({"InputFormat": PARQUET}, [], "NOT_SUPPORTED: Table 'b3_refined_db.bare' has no columns"),
        (
            {"InputFormat": PARQUET, "Columns": CLOSE},
            [],
            "HIVE_INVALID_METADATA: Table 'b3_refined_db.bare' has no loc",
        ),
    ],
    ids=["storage", "format", "columns", "location"],
)
def test_an_unusable_table_fails_the_query_that_reads_it(
    athena: Any, create: Any, storage: Any, keys: Any, reason: str
):
    create(storage, **({"PartitionKeys": keys} if keys else {}))

    assert failure(athena, "SELECT count(*) FROM bare").startswith(reason)
    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["20"]]


def test_a_column_of_an_unknown_type_fails_only_the_query_that_reads_it(athena: Any, create: Any):
    columns = [*CLOSE, *({**column, "Name": "other"} for column in UNTYPED), {"Name": "place", "Type": "geometry"}]
    partition = {"Values": ["2025"], "StorageDescriptor": {"Location": OF_2025, "Columns": columns}}
    create({"InputFormat": PARQUET, "Columns": columns}, partition, PartitionKeys=KEYS)

    assert query(athena, "SELECT count(*), count(preco_fechamento) FROM bare") == [["20", "20"]]
    for selected, type_ in (("other", ""), ("place", "geometry"), ("*", "")):
        assert f"NOT_SUPPORTED: column '{'place' if type_ else 'other'}' has the type '{type_}'" in failure(
            athena, f"SELECT {selected} FROM bare"
        )


@pytest.mark.parametrize(
    ("partition", "reason"),
    [
        ({"Values": ["2025"]}, "HIVE_INVALID_METADATA: Partition '2025' of table 'b3_refined_db.bare' has no location"),
        ({"Values": ["2025"], "StorageDescriptor": {}}, "HIVE_INVALID_METADATA: Partition '2025' of table"),
        (
            {"StorageDescriptor": {"Location": OF_2025}},
            "HIVE_INVALID_METADATA: Partition '' of table 'b3_refined_db.bare' has 0 values for 1 keys",
        ),
        (
            {"Values": ["2025"], "StorageDescriptor": {"Location": OF_2025, "Columns": UNTYPED}},
            "HIVE_PARTITION_SCHEMA_MISMATCH: column 'preco_fechamento' is declared as double in the table, and as no",
        ),
    ],
    ids=["storage", "location", "values", "type"],
)
def test_an_unusable_partition_fails_the_query_that_reads_it(athena: Any, create: Any, partition: Any, reason: str):
    create({"InputFormat": PARQUET, "Columns": CLOSE}, partition, PartitionKeys=KEYS)

    assert failure(athena, "SELECT preco_fechamento FROM bare").startswith(reason)
    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["20"]]
