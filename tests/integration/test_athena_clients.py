"""Athena clients that analysts use (awswrangler, PyAthena) work with the local AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyathena
import pytest
from pyathena.pandas.cursor import PandasCursor

from chalicelib.ingest.sources.csv_file import CsvFile
from local.laptop import Laptop
from tests.support.athena import THE_QUERY, query

RESULTS = "s3://b3-dataflow-athena/results/"
COLUMNS = ["data", "preco_abertura", "preco_fechamento", "variacao_diaria", "variacao_pct", "volume_negociado"]


@pytest.fixture(scope="module")
def real(running: Laptop, real_csv: Path) -> Iterator[Laptop]:
    running.aws.reset()
    running.create_stack()
    running.ingest(CsvFile(str(real_csv)))
    assert [run.state for run in running.refined()] == ["SUCCEEDED"]
    yield running
    running.aws.reset()


@pytest.fixture(scope="module")
def expected(real: Laptop) -> list[list[Any]]:
    """Result of the contract's query through boto3."""
    rows = query(boto3.client("athena"), THE_QUERY)
    assert len(rows) == 9
    return rows


def as_text(frame: pd.DataFrame) -> list[list[str]]:
    dates = pd.to_datetime(frame["data"]).dt.strftime("%Y-%m-%d")
    columns = [dates, *(frame[name].astype(float).map(repr) for name in COLUMNS[1:-1])]
    return [list(row) for row in zip(*columns, frame["volume_negociado"].astype(str), strict=True)]


def test_awswrangler(real: Laptop, expected: Any):
    frame = wr.athena.read_sql_query(THE_QUERY, "b3_refined_db", ctas_approach=False, workgroup="b3-dataflow")

    assert frame.columns.tolist() == COLUMNS
    assert str(frame["volume_negociado"].dtype) == "Int64"
    assert as_text(frame) == expected


def test_awswrangler_reads_nulls_and_parameters(real: Laptop):
    frame = wr.athena.read_sql_query(
        "SELECT data, volume_negociado FROM ibov_refined WHERE year = 1995 AND month = ? AND data < ?",
        "b3_refined_db",
        ctas_approach=False,
        workgroup="b3-dataflow",
        params=["3", "DATE '1995-03-04'"],
        paramstyle="qmark",
    )

    assert len(frame) == 2
    assert frame["volume_negociado"].isna().all()


def test_awswrangler_lists_the_schema_and_the_partitions(real: Laptop):
    types = wr.catalog.get_table_types("b3_refined_db", "ibov_refined")

    assert types is not None
    assert types["data"] == "date"
    assert types["year"] == "int"
    partitions = wr.catalog.get_partitions("b3_refined_db", "ibov_refined")
    assert partitions["s3://b3-dataflow-refined/refined/year=2025/"] == ["2025"]
    assert len(partitions) == 33


def test_awswrangler_reads_the_objects_themselves(real: Laptop):
    frame = wr.s3.read_parquet("s3://b3-dataflow-refined/refined/", dataset=True)

    assert len(frame) == 8037


def test_pyathena(real: Laptop, expected: Any):
    with pyathena.connect(work_group="b3-dataflow", s3_staging_dir=RESULTS, region_name="us-east-1") as connection:
        rows = connection.cursor().execute(THE_QUERY).fetchall()

    result = [[row[0].isoformat(), *(repr(value) for value in row[1:5]), str(row[5])] for row in rows]
    assert result == expected


def test_pyathena_with_pandas(real: Laptop, expected: Any):
    connection = pyathena.connect(
        work_group="b3-dataflow", s3_staging_dir=RESULTS, region_name="us-east-1", cursor_class=PandasCursor
    )
    with connection:
        frame: Any = connection.cursor().execute(THE_QUERY).as_pandas()

    assert as_text(frame) == expected


def test_pyathena_binds_parameters(real: Laptop):
    with pyathena.connect(work_group="b3-dataflow", s3_staging_dir=RESULTS, region_name="us-east-1") as connection:
        cursor = connection.cursor()
        rows = cursor.execute(
            "SELECT count(*) FROM b3_refined_db.ibov_refined WHERE year = ? AND ticker = ?",
            ["2024", "'IBOV'"],
            paramstyle="qmark",
        ).fetchall()

    assert rows == [(251,)]
