"""PyAthena and its SQLAlchemy dialect work with the local AWS: set-up in SQL, types, cancelling, and reflection."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pyathena
import pytest
import sqlalchemy
from pyathena.async_cursor import AsyncCursor
from pyathena.cursor import DictCursor
from pyathena.model import AthenaQueryExecution
from pyathena.pandas.cursor import PandasCursor
from pyathena.s3fs.cursor import S3FSCursor

from local.laptop import Laptop
from tests.support.athena import wait_until

BUCKET = "b3-dataflow-refined"
RESULTS = f"s3://{BUCKET}/results/"
DELIMITED = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n' STORED AS TEXTFILE"
SECONDS = 30.0


@pytest.fixture
def connection(laptop: Laptop) -> Iterator[Any]:
    """Connection to the database `default`, which PyAthena uses unless a schema is named."""
    with pyathena.connect(s3_staging_dir=RESULTS, region_name="us-east-1", poll_interval=0.02) as connection:
        yield connection


@pytest.fixture
def every_type(connection: Any, s3: Any) -> None:
    """A table `every_type` of delimited text with a column of each type, and one row."""
    columns = (
        "flag boolean, tiny tinyint, small smallint, whole int, big bigint, single float, twice double, "
        "words string, short varchar(5), at timestamp, day date, raw binary, items array<int>, "
        "pairs map<int,string>, parts struct<x:int,y:string>, price decimal(8,2)"
    )
    fields = ["false", "-128", "-32768", "-2147483648", "-9223372036854775808", "1.5", "-0.125", "olá, 'mundo'"]
    fields += ["abcdefg", "2020-02-29 12:34:56", "1999-12-31", "AAH/", "1\x02\x023", "1\x03a\x022\x03b", "7\x02z"]
    s3.put_object(Bucket=BUCKET, Key="text/1.tsv", Body="\t".join([*fields, "19.90"]).encode() + b"\n")
    cursor = connection.cursor()
    cursor.execute("DROP TABLE IF EXISTS default.every_type")
    cursor.execute(
        f"CREATE EXTERNAL TABLE IF NOT EXISTS default.every_type ({columns}) {DELIMITED} LOCATION 's3://{BUCKET}/text/'"
    )


def test_a_connection_without_a_schema_uses_the_database_default(connection: Any):
    cursor = connection.cursor()

    assert cursor.execute("SELECT 1").fetchall() == [(1,)]
    assert (cursor.database, cursor.catalog) == ("default", "awsdatacatalog")
    place = f"LOCATION 's3://{BUCKET}/partitions/'"
    cursor.execute(f"CREATE EXTERNAL TABLE parts (a string) PARTITIONED BY (b int) {DELIMITED} {place}")
    for number in (1, 2):
        cursor.execute(
            "ALTER TABLE parts ADD PARTITION (b=%(b)d) LOCATION %(place)s",
            {"b": number, "place": f"s3://{BUCKET}/partitions/{number}/"},
        )
    assert cursor.execute("SHOW PARTITIONS parts").fetchall() == [("b=1",), ("b=2",)]
    assert cursor.execute("SHOW TABLES IN default").fetchall() == [("parts",)]


def test_values_of_each_type_arrive_as_those_of_python(connection: Any, every_type: None):
    cursor = connection.cursor(DictCursor)

    row = cursor.execute(
        "SELECT *, CAST(at AS time) clock, CAST(at AS timestamp with time zone) zoned, CAST(pairs AS json) doc "
        "FROM every_type"
    ).fetchone()

    assert row == {
        "flag": False,
        "tiny": -128,
        "small": -(2**15),
        "whole": -(2**31),
        "big": -(2**63),
        "single": 1.5,
        "twice": -0.125,
        "words": "olá, 'mundo'",
        "short": "abcde",
        "at": datetime(2020, 2, 29, 12, 34, 56),
        "day": date(1999, 12, 31),
        "raw": b"\x00\x01\xff",
        "items": [1, None, 3],
        "pairs": {"1": "a", "2": "b"},
        "parts": {"x": "7", "y": "z"},
        "price": Decimal("19.90"),
        "clock": time(12, 34, 56),
        "zoned": datetime(2020, 2, 29, 12, 34, 56, tzinfo=UTC),
        "doc": {"1": "a", "2": "b"},
    }
    described = {name: (type_, precision, scale) for name, type_, _, _, precision, scale, _ in cursor.description}
    assert described["short"] == ("varchar", 5, 0)
    assert described["price"] == ("decimal", 8, 2)
    assert described["raw"] == ("varbinary", 1073741824, 0)
    assert [described[name][0] for name in ("items", "pairs", "parts", "doc")] == ["array", "map", "row", "json"]


@pytest.mark.parametrize(("cursor_class", "unload"), [(PandasCursor, False), (PandasCursor, True), (S3FSCursor, None)])
def test_cursors_of_files_read_the_same_row(connection: Any, every_type: None, cursor_class: Any, unload: Any):
    cursor = connection.cursor(cursor_class, **({} if unload is None else {"unload": unload}))

    row = cursor.execute("SELECT tiny, big, words, day, raw, price FROM every_type").fetchone()

    assert [*row[:3], row[4], row[5]] == [-128, -(2**63), "olá, 'mundo'", b"\x00\x01\xff", Decimal("19.90")]
    assert str(row[3])[:10] == "1999-12-31"
    # A table without rows has no object in the manifest of UNLOAD.
    assert cursor.execute("SELECT * FROM every_type LIMIT 0").fetchall() == []
    assert cursor.execute("SHOW COLUMNS IN every_type").fetchone() == ("flag                ",)


def test_a_join_with_many_rows_is_cancelled(laptop: Laptop, connection: Any):
    cursor = connection.cursor(AsyncCursor)
    digits = ", ".join(map(str, range(1000)))
    query_id, future = cursor.execute(
        f"SELECT a.n * rand(), b.n * rand() FROM UNNEST(ARRAY[{digits}]) a (n) CROSS JOIN UNNEST(ARRAY[{digits}]) b (n)"
        f" CROSS JOIN UNNEST(ARRAY[{digits}]) c (n)"
    )
    execution = laptop.aws.executions.get(query_id)
    wait_until(lambda: execution.state == "RUNNING", "RUNNING")

    cursor.cancel(query_id)
    result = future.result(SECONDS)

    assert result.state == AthenaQueryExecution.STATE_CANCELLED
    assert (result.description, result.fetchone(), result.fetchall()) == (None, None, [])


@pytest.fixture
def engine(laptop: Laptop) -> Iterator[sqlalchemy.Engine]:
    url = sqlalchemy.URL.create(
        "awsathena+rest",
        host="athena.us-east-1.amazonaws.com",
        port=443,
        database="default",
        query={"s3_staging_dir": RESULTS, "poll_interval": "0.02"},
    )
    engine = sqlalchemy.create_engine(url)
    yield engine
    engine.dispose()


HIVE = "org.apache.hadoop.hive"
TEXT = (
    f"INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat' OUTPUTFORMAT '{HIVE}.ql.io.HiveIgnoreKeyTextOutputFormat'"
)


@pytest.mark.parametrize(
    ("options", "row_format", "file_format"),
    [
        ({}, f"SERDE '{HIVE}.serde2.lazy.LazySimpleSerDe'", TEXT),
        ({"bucket_count": 5}, f"SERDE '{HIVE}.serde2.lazy.LazySimpleSerDe'", TEXT),
        (
            {"file_format": "ORC", "tblproperties": {"orc.compress": "ZLIB"}},
            f"SERDE '{HIVE}.ql.io.orc.OrcSerde'",
            f"INPUTFORMAT '{HIVE}.ql.io.orc.OrcInputFormat' OUTPUTFORMAT '{HIVE}.ql.io.orc.OrcOutputFormat'",
        ),
        (
            {
                "row_format": f"SERDE '{HIVE}.serde2.OpenCSVSerde'",
                "serdeproperties": {"separatorChar": ";", "escapeChar": "\\\\"},
            },
            f"SERDE '{HIVE}.serde2.OpenCSVSerde'",
            TEXT,
        ),
        (
            {
                "row_format": "SERDE 'com.amazonaws.glue.serde.GrokSerDe'",
                "serdeproperties": {"input.format": "%%{NUMBER:n}: %%{GREEDYDATA:rest}"},
                "file_format": TEXT,
            },
            "SERDE 'com.amazonaws.glue.serde.GrokSerDe'",
            TEXT,
        ),
    ],
    ids=["text", "buckets", "ORC", "CSV", "Grok"],
)
def test_sqlalchemy_creates_and_reflects_a_table(
    engine: sqlalchemy.Engine, options: dict[str, Any], row_format: str, file_format: str
):
    table = sqlalchemy.Table(
        "made",
        sqlalchemy.MetaData(),
        sqlalchemy.Column("n", sqlalchemy.Integer, comment="it's 100% n", awsathena_cluster="bucket_count" in options),
        sqlalchemy.Column("k", sqlalchemy.String, awsathena_partition=True),
        comment="a\n  table",
        awsathena_location=f"s3://{BUCKET}/made",
        **{f"awsathena_{name}": value for name, value in options.items()},
    )
    with engine.connect() as connection:
        table.create(connection)
        reflected_table = sqlalchemy.Table("made", sqlalchemy.MetaData(), autoload_with=connection)

    reflected = reflected_table.dialect_options["awsathena"]
    assert (reflected["row_format"], reflected["file_format"]) == (row_format, file_format)
    assert (reflected["location"], reflected_table.comment) == (f"s3://{BUCKET}/made", "a table")
    assert [(column.name, str(column.type), column.comment) for column in reflected_table.c] == [
        ("n", "INTEGER", "it's 100% n"),
        ("k", "VARCHAR", None),
    ]
    assert reflected_table.c.k.dialect_options["awsathena"]["partition"]
    stated = {name: value.replace("%%", "%") for name, value in options.get("serdeproperties", {}).items()}
    stated = {name: value.replace("\\\\", "\\") for name, value in stated.items()}
    assert stated.items() <= reflected["serdeproperties"].items()
    assert options.get("tblproperties", {}).items() <= reflected["tblproperties"].items()
