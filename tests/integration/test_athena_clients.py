"""Athena clients that analysts use (awswrangler, PyAthena) work with the local AWS."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import numpy as np
import pandas as pd
import pyathena
import pytest
import sqlalchemy
from pyarrow import fs
from pyathena.arrow.cursor import ArrowCursor
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import Cursor, DictCursor
from pyathena.pandas.cursor import PandasCursor
from sqlalchemy.exc import NoSuchTableError

from chalicelib.ingest.sources.csv_file import CsvFile
from local.laptop import Laptop
from tests.support.athena import THE_QUERY, query

RESULTS = "s3://b3-dataflow-athena/results/"
SECONDS = 30.0
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


@pytest.fixture
def study(real: Laptop) -> Iterator[str]:
    """A database `study`, and the bucket `study` for its tables and for results."""
    boto3.client("s3").create_bucket(Bucket="study")
    wr.catalog.create_database("study")
    yield "s3://study/"
    wr.catalog.delete_database("study")
    wr.s3.delete_objects("s3://study/")


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "id": [1, 2, 3],
            "name": ["a", None, "it's"],
            "ratio": [0.5, np.nan, 2.0],
            "at": pd.to_datetime(pd.Series(["2024-01-02 03:04:05.678", None, "2024-01-03"]), format="ISO8601"),
            "part": ["x", "x", "y"],
        }
    )


@pytest.mark.filterwarnings("ignore:No `s3_output` was provided:UserWarning")
def test_awswrangler_reads_with_its_defaults(real: Laptop, expected: Any):
    before = wr.catalog.tables(database="b3_refined_db", limit=1000)["Table"].tolist()

    assert as_text(wr.athena.read_sql_query(THE_QUERY, "b3_refined_db")) == expected
    assert as_text(wr.athena.read_sql_query(THE_QUERY, "b3_refined_db", workgroup="b3-dataflow")) == expected

    table = wr.athena.read_sql_table("ibov_refined", "b3_refined_db", workgroup="b3-dataflow")
    assert len(table) == 8037
    assert wr.catalog.tables(database="b3_refined_db", limit=1000)["Table"].tolist() == before


def test_awswrangler_unloads_a_query(real: Laptop, study: str, expected: Any):
    frame = wr.athena.read_sql_query(
        THE_QUERY.replace(";", ""), "b3_refined_db", ctas_approach=False, unload_approach=True, s3_output=f"{study}u/"
    )

    assert as_text(frame) == expected
    assert wr.s3.list_objects(f"{study}u/") != []
    files = wr.athena.unload("SELECT data FROM ibov_refined WHERE year = 2025", f"{study}f/", "b3_refined_db")
    assert files.manifest_location is not None


def test_awswrangler_writes_a_table_and_reads_it_in_all_ways(study: str, frame: pd.DataFrame):
    wr.s3.to_parquet(frame, f"{study}t/", dataset=True, database="study", table="t", partition_cols=["part"])

    ways: list[dict[str, Any]] = [{}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True}]
    for options in ways:
        read = wr.athena.read_sql_query(
            "SELECT * FROM t ORDER BY id", "study", s3_output=f"{study}{len(options)}", **options
        )
        assert read["id"].tolist() == [1, 2, 3]
        assert read["name"].fillna("-").tolist() == ["a", "-", "it's"]
        assert read["ratio"].fillna(-1.0).tolist() == [0.5, -1.0, 2.0]
        assert read["at"].tolist()[::2] == frame["at"].tolist()[::2]
        assert read["part"].tolist() == ["x", "x", "y"]
    empty = wr.athena.read_sql_query("SELECT * FROM t WHERE id > 3", "study", s3_output=f"{study}e/")
    assert (len(empty), empty.columns.tolist()) == (0, frame.columns.tolist())


@pytest.mark.parametrize("options", [{}, {"ctas_approach": False}, {"ctas_approach": False, "unload_approach": True}])
def test_awswrangler_sends_text_parameters_without_quotes(study: str, frame: pd.DataFrame, options: Any):
    wr.s3.to_parquet(frame, f"{study}t/", dataset=True, database="study", table="t")

    read = wr.athena.read_sql_query(
        "SELECT id FROM t WHERE name = ?", "study", params=["a"], paramstyle="qmark", s3_output=f"{study}q/", **options
    )
    assert read["id"].tolist() == [1]


def test_awswrangler_writes_unsigned_integers(study: str):
    largest = {8: 255, 16: 65_535, 32: 4_294_967_295}
    frame = pd.DataFrame({f"u{bits}": pd.Series([0, value], dtype=f"uint{bits}") for bits, value in largest.items()})
    wr.s3.to_parquet(frame, f"{study}t/", dataset=True, database="study", table="t")

    read = wr.athena.read_sql_table("t", "study", s3_output=f"{study}q/")
    assert read.astype(int).to_numpy().tolist() == [[0, 0, 0], list(largest.values())]


def test_awswrangler_reads_a_table_with_partition_projection(study: str, frame: pd.DataFrame):
    wr.s3.to_parquet(
        frame,
        f"{study}t/",
        dataset=True,
        database="study",
        table="t",
        partition_cols=["part"],
        glue_table_settings={"regular_partitions": False},
        athena_partition_projection_settings={
            "projection_types": {"part": "enum"},
            "projection_values": {"part": "x,z"},
        },
    )

    assert wr.catalog.get_partitions("study", "t") == {}
    read = wr.athena.read_sql_query("SELECT id, part FROM t ORDER BY id", "study", s3_output=f"{study}q/")
    assert read.to_dict("list") == {"id": [1, 2], "part": ["x", "x"]}


def test_awswrangler_describes_and_repairs_a_table(study: str, frame: pd.DataFrame):
    wr.s3.to_parquet(frame, f"{study}t/", dataset=True, database="study", table="t", partition_cols=["part"])
    output: dict[str, Any] = {"database": "study", "s3_output": f"{study}r/"}

    described = wr.athena.describe_table("t", **output)
    assert described.to_dict() == wr.catalog.table("study", "t").to_dict()
    assert described["Partition"].tolist() == [False, False, False, False, True]
    shown = wr.athena.show_create_table("t", **output)
    assert shown.startswith(
        "CREATE EXTERNAL TABLE `t`( `id` bigint, `name` string, `ratio` double, `at` timestamp) PART"
    )
    wr.catalog.delete_all_partitions("t", "study")
    assert wr.athena.repair_table("t", **output) == "SUCCEEDED"
    assert list(wr.catalog.get_partitions("study", "t").values()) == [["x"], ["y"]]
    wr.athena.create_ctas_table("SELECT id FROM t", "study", ctas_table="copy", s3_output=f"{study}c/", wait=True)
    assert wr.catalog.get_table_types("study", "copy") == {"id": "bigint"}


@pytest.fixture
def connection(study: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """PyAthena's connection to a table `t` of the database `study`."""
    # PyAthena gives pyarrow no endpoint, and pyarrow reads none from the environment.
    endpoint = boto3.client("s3").meta.endpoint_url
    filesystem = fs.S3FileSystem
    monkeypatch.setattr(fs, "S3FileSystem", lambda **options: filesystem(endpoint_override=endpoint, **options))
    options: dict[str, Any] = {"region_name": "us-east-1", "schema_name": "study", "poll_interval": 0.02}
    with pyathena.connect(s3_staging_dir=f"{study}r/", **options) as connection:
        location = f"external_location = '{study}t/'"
        rows = "SELECT 1 AS n, CAST('a' AS varchar) AS s UNION ALL SELECT 2, CAST(NULL AS varchar)"
        sql = f"CREATE TABLE t WITH ({location}) AS {rows}"
        cursor = connection.cursor().execute(sql)
        assert cursor.description == [("rows", "bigint", None, None, 19, 0, "UNKNOWN")]
        assert (cursor.rowcount, cursor.fetchone()) == (2, None)
        yield connection


SELECT = "SELECT n, s FROM t ORDER BY n"


def test_pyathena_runs_ddl(connection: Any):
    cursor = connection.cursor()

    assert cursor.execute("INSERT INTO t VALUES (3, 'c')").rowcount == 1
    assert cursor.description is None
    cursor.executemany("INSERT INTO t (n, s) VALUES (%(n)d, %(s)s)", [{"n": 4, "s": "d'"}, {"n": 5, "s": "e"}])
    assert cursor.execute("SELECT max(n) FROM t").fetchall() == [(5,)]
    assert cursor.execute("SHOW TABLES").fetchall() == [("t",)]
    cursor.execute("CREATE VIEW v AS SELECT s FROM t WHERE n = 4")
    assert cursor.execute("SELECT * FROM v").fetchall() == [("d'",)]
    assert [each.name for each in cursor.list_table_metadata(schema_name="study")] == ["t", "v"]
    assert cursor.get_table_metadata("t").location == "s3://study/t"
    assert {"study", "b3_refined_db"} <= {each.name for each in cursor.list_databases("AwsDataCatalog")}
    cursor.execute("DROP VIEW v")
    with pytest.raises(pyathena.OperationalError, match="Table not found absent"):
        cursor.execute("DROP TABLE absent")


def test_pyathena_reads_the_precision_of_times(connection: Any):
    cursor = connection.cursor().execute(
        "SELECT CAST(a AS time), a, a AT TIME ZONE 'UTC' FROM (SELECT localtimestamp) t(a)"
    )

    assert [(each[1], each[4]) for each in cursor.description] == [
        ("time", 3),
        ("timestamp", 3),
        ("timestamp with time zone", 3),
    ]


def test_pyathena_repeats_a_result(connection: Any):
    cursor = connection.cursor()

    first = cursor.execute(SELECT).query_id
    assert cursor.execute(SELECT, cache_size=10).query_id == first
    assert cursor.execute(SELECT).query_id != first


@pytest.mark.parametrize("unload", [False, True])
def test_pyathenas_cursors_read_a_table(connection: Any, unload: bool):
    assert connection.cursor(Cursor).execute(SELECT).fetchall() == [(1, "a"), (2, None)]
    assert connection.cursor(DictCursor).execute(SELECT).fetchone() == {"n": 1, "s": "a"}
    _, future = connection.cursor(AsyncCursor).execute(SELECT)
    assert future.result(SECONDS).fetchall() == [(1, "a"), (2, None)]
    frame = connection.cursor(PandasCursor, unload=unload).execute(SELECT).as_pandas()
    assert frame.fillna("-").to_numpy().tolist() == [[1, "a"], [2, "-"]]
    arrow = connection.cursor(ArrowCursor, unload=unload).execute(SELECT).as_arrow()
    assert arrow.to_pylist() == [{"n": 1, "s": "a"}, {"n": 2, "s": None if unload else arrow["s"][1].as_py()}]


@pytest.fixture
def engine(connection: Any, study: str) -> Iterator[sqlalchemy.Engine]:
    url = sqlalchemy.URL.create(
        "awsathena+rest",
        host="athena.us-east-1.amazonaws.com",
        port=443,
        database="study",
        query={"s3_staging_dir": f"{study}r/", "location": f"{study}sql/", "poll_interval": "0.02"},
    )
    engine = sqlalchemy.create_engine(url)
    yield engine
    engine.dispose()


def test_sqlalchemy_reflects_the_catalog(engine: sqlalchemy.Engine):
    with engine.connect() as connection:
        connection.execute(sqlalchemy.text("CREATE VIEW v AS SELECT n FROM t"))
        location = "LOCATION 's3://study/k/'"
        connection.execute(
            sqlalchemy.text(
                f"CREATE EXTERNAL TABLE k (a int COMMENT 'c') PARTITIONED BY (d date) STORED AS PARQUET {location}"
            )
        )
    inspector = sqlalchemy.inspect(engine)

    assert inspector.get_schema_names() == ["b3_refined_db", "default", "study"]
    assert inspector.get_table_names() == ["k", "t"]
    assert inspector.get_view_names() == ["v"]
    assert inspector.get_view_definition("v") == "CREATE VIEW study.v AS\nSELECT n FROM t"
    columns = [(each["name"], str(each["type"]), each["comment"]) for each in inspector.get_columns("k")]
    assert columns == [("a", "INTEGER", "c"), ("d", "DATE", None)]
    assert inspector.get_table_options("k")["awsathena_location"] == "s3://study/k"
    assert (inspector.has_table("T"), inspector.has_table("absent")) == (True, False)
    with pytest.raises(NoSuchTableError):
        inspector.get_columns("absent")
    table = sqlalchemy.Table("t", sqlalchemy.MetaData(), autoload_with=engine)
    with engine.connect() as connection:
        rows = connection.execute(sqlalchemy.select(table.c.n).where(table.c.s.is_(None))).all()
    assert rows == [(2,)]


def test_pandas_reads_and_writes_tables_through_sqlalchemy(engine: sqlalchemy.Engine):
    read = pd.read_sql_table("t", engine)
    assert read.fillna("-").to_numpy().tolist() == [[1, "a"], [2, "-"]]

    frame = pd.DataFrame({"i": [1, 2], "s": ["a", "it's"], "b": [True, False]})
    for expected in (2, 4):
        frame.to_sql("made", engine, index=False, if_exists="append")
        assert len(pd.read_sql_query("SELECT * FROM made", engine)) == expected
    # As on AWS, DROP TABLE leaves the objects of the table.
    frame.to_sql("made", engine, index=False, if_exists="replace")
    assert len(pd.read_sql_table("made", engine)) == 6
    with pytest.raises(ValueError, match="Table 'made' already exists"):
        frame.to_sql("made", engine)
    assert pd.read_sql_table("made", engine).drop_duplicates().sort_values("i").to_numpy().tolist() == [
        [1, "a", True],
        [2, "it's", False],
    ]
