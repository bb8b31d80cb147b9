"""Statements of the local Athena that write the result of a query: CREATE TABLE AS, INSERT INTO and UNLOAD."""

from __future__ import annotations

import gzip
import io
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import orc

from local import moto_catalog
from local.athena import delimited, objects
from local.laptop import Laptop
from tests.support.athena import DATABASE, DEADLINE, TABLE, WORKGROUP, failure, finish, query, start, wait_until

BUCKET = "b3-dataflow-refined"
FREE: dict[str, Any] = {
    "WorkGroup": "primary",
    "ResultConfiguration": {"OutputLocation": "s3://b3-dataflow-athena/free/"},
}
"""Arguments of the workgroup that sets no location."""


def run(athena: Any, sql: str, **arguments: Any) -> dict[str, Any]:
    """Return the execution of a statement that must succeed."""
    execution = finish(athena, start(athena, sql, **arguments))
    assert execution["Status"]["State"] == "SUCCEEDED", (sql, execution["Status"])
    return execution


def count(athena: Any, execution: dict[str, Any]) -> int:
    return int(athena.get_query_results(QueryExecutionId=execution["QueryExecutionId"])["UpdateCount"])


def body(s3: Any, location: str) -> bytes:
    bucket, _, key = location.removeprefix("s3://").partition("/")
    return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def keys(s3: Any, prefix: str, bucket: str = BUCKET) -> list[str]:
    return [each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix).get("Contents", [])]


def test_a_table_is_written_and_registered(filled: Laptop, athena: Any, s3: Any, glue: Any):
    execution = run(
        athena,
        f"CREATE TABLE best AS SELECT data AS Dia, preco_fechamento, ticker, year > 2024 AS recente FROM {TABLE}",
    )

    assert count(athena, execution) == 120
    assert execution["Statistics"]["DataScannedInBytes"] > 0
    location = f"s3://b3-dataflow-athena/results/tables/{execution['QueryExecutionId']}"
    assert execution["ResultConfiguration"]["OutputLocation"] == location
    assert execution["Statistics"]["DataManifestLocation"] == f"{location}-manifest.csv"
    (written,) = body(s3, f"{location}-manifest.csv").decode().splitlines()
    assert written.startswith(f"{location}/")

    file = pq.ParquetFile(io.BytesIO(body(s3, written)))
    assert file.schema_arrow.names == ["dia", "preco_fechamento", "ticker", "recente"]
    assert file.metadata.num_rows == 120
    # AWS documents GZIP as the default of parquet.
    assert file.metadata.row_group(0).column(0).compression == "GZIP"
    table = glue.get_table(DatabaseName=DATABASE, Name="best")["Table"]
    assert [(each["Name"], each["Type"]) for each in table["StorageDescriptor"]["Columns"]] == [
        ("dia", "date"),
        ("preco_fechamento", "double"),
        ("ticker", "string"),
        ("recente", "boolean"),
    ]
    assert table["StorageDescriptor"]["Location"] == location
    assert (table["TableType"], table["Parameters"]["classification"]) == ("EXTERNAL_TABLE", "parquet")
    original = query(athena, f"SELECT data, preco_fechamento, ticker, year > 2024 FROM {TABLE} ORDER BY data")
    assert query(athena, "SELECT * FROM best ORDER BY dia") == original


def test_a_table_has_the_location_compression_and_partitions_of_its_properties(
    filled: Laptop, athena: Any, s3: Any, glue: Any
):
    execution = run(
        athena,
        f"""
        CREATE TABLE parts WITH (
            external_location = 's3://{BUCKET}/parts', format = 'parquet', write_compression = 'zstd',
            partitioned_by = ARRAY['month', 'nome']
        ) AS SELECT data, month, CASE month WHEN 1 THEN 'a/b c' WHEN 2 THEN CAST(NULL AS varchar) ELSE 'x' END AS nome
        FROM {TABLE} WHERE year = 2025
        """,
        **FREE,
    )

    folders = {key.removeprefix("parts/").rpartition("/")[0] for key in keys(s3, "parts/")}
    assert folders == {
        "month=1/nome=a%2Fb c",
        "month=2/nome=__HIVE_DEFAULT_PARTITION__",
        "month=3/nome=x",
        "month=4/nome=x",
        "month=5/nome=x",
    }
    manifest = body(s3, execution["Statistics"]["DataManifestLocation"]).decode().splitlines()
    assert sorted(manifest) == [f"s3://{BUCKET}/{key}" for key in keys(s3, "parts/")]
    file = pq.ParquetFile(io.BytesIO(body(s3, manifest[0])))
    assert file.schema_arrow.names == ["data"]
    assert file.metadata.row_group(0).column(0).compression == "ZSTD"
    table = glue.get_table(DatabaseName=DATABASE, Name="parts")["Table"]
    assert table["PartitionKeys"] == [{"Name": "month", "Type": "int"}, {"Name": "nome", "Type": "string"}]
    registered = glue.get_partitions(DatabaseName=DATABASE, TableName="parts")["Partitions"]
    assert {each["StorageDescriptor"]["Location"] for each in registered} == {
        f"s3://{BUCKET}/parts/{folder}" for folder in folders
    }
    expected = query(athena, f"SELECT month, count(*) FROM {TABLE} WHERE year = 2025 GROUP BY month ORDER BY month")
    assert query(athena, "SELECT month, count(*) FROM parts GROUP BY month ORDER BY month") == expected
    assert query(athena, "SELECT DISTINCT nome FROM parts ORDER BY nome") == [["a/b c"], ["x"], [None]]
    paths = query(athena, 'SELECT DISTINCT "$path" FROM parts WHERE month = 1')
    assert paths == [[path] for path in manifest if "month=1/" in path]


def test_a_table_without_data_or_that_exists(filled: Laptop, athena: Any, s3: Any):
    location = f"WITH (external_location = 's3://{BUCKET}/empty/')"
    execution = run(athena, f"CREATE TABLE empty {location} AS SELECT data, year FROM {TABLE} WITH NO DATA;", **FREE)

    assert (count(athena, execution), keys(s3, "empty/")) == (0, [])
    assert body(s3, execution["Statistics"]["DataManifestLocation"]) == b""
    assert query(athena, "SELECT * FROM empty") == []
    run(athena, "CREATE TABLE IF NOT EXISTS empty AS SELECT 1 AS a WITH DATA")
    assert query(athena, "SELECT data FROM empty") == []


def test_nothing_is_overwritten(filled: Laptop, athena: Any, s3: Any):
    s3.put_object(Bucket=BUCKET, Key="full/x", Body=b"mine")
    full = f"'s3://{BUCKET}/full'"

    for sql in (
        f"CREATE TABLE t WITH (external_location = {full}) AS SELECT 1 AS a",
        f"UNLOAD (SELECT 1 AS a) TO {full} WITH (format = 'PARQUET')",
    ):
        reason = failure(athena, sql, **FREE)
        assert reason.startswith("HIVE_PATH_ALREADY_EXISTS: Target directory for ")
        assert f"s3://{BUCKET}/full" in reason
    assert keys(s3, "full/") == ["full/x"]
    assert moto_catalog.table(DATABASE, "t") is None


@pytest.mark.parametrize(
    ("properties", "sql"),
    [
        ("", f"SELECT 1 / (year - 2025) AS a FROM {TABLE}"),
        (", partitioned_by = ARRAY['d']", f"SELECT year, preco_fechamento AS d FROM {TABLE}"),
        (", partitioned_by = ARRAY['data']", f"SELECT year, data FROM {TABLE}"),
    ],
)
def test_a_statement_that_fails_writes_nothing(filled: Laptop, athena: Any, s3: Any, properties: str, sql: str):
    location = f"'s3://{BUCKET}/t/'"
    created = f"CREATE TABLE t WITH (external_location = {location}{properties}) AS {sql}"
    unloaded = f"UNLOAD ({sql}) TO {location} WITH (format = 'PARQUET'{properties})"

    codes = {failure(athena, statement, **FREE).partition(":")[0] for statement in (created, unloaded)}

    assert len(codes) == 1
    assert codes < {"DIVISION_BY_ZERO", "NOT_SUPPORTED", "HIVE_TOO_MANY_OPEN_PARTITIONS"}
    assert keys(s3, "t/") == []
    assert moto_catalog.table(DATABASE, "t") is None


def test_a_failure_between_the_writes_leaves_nothing(filled: Laptop, athena: Any, s3: Any, monkeypatch: Any):
    run(athena, "CREATE TABLE t WITH (partitioned_by = ARRAY['k']) AS SELECT 1 AS a, 'x' AS k")
    before = keys(s3, "", "b3-dataflow-athena")

    def fails(*_: Any) -> None:
        raise MemoryError

    monkeypatch.setattr(objects, "register", fails)
    created = f"CREATE TABLE u WITH (external_location = 's3://{BUCKET}/u/') AS SELECT 1 AS a"
    assert "INTERNAL_ERROR" in failure(athena, "INSERT INTO t VALUES (2, 'y')")
    assert "INTERNAL_ERROR" in failure(athena, created, **FREE)
    monkeypatch.undo()

    assert keys(s3, "", "b3-dataflow-athena") == before
    assert keys(s3, "u/") == []
    assert moto_catalog.table(DATABASE, "u") is None
    assert query(athena, "SELECT a, k FROM t") == [["1", "x"]]


def test_rows_are_inserted_by_position_or_by_name(filled: Laptop, athena: Any, s3: Any, glue: Any):
    run(
        athena,
        f"CREATE EXTERNAL TABLE t (a bigint, b string, c date) PARTITIONED BY (k int) STORED AS PARQUET "
        f"LOCATION 's3://{BUCKET}/t/'",
    )

    first = run(athena, "INSERT INTO t VALUES (1, 'it''s', DATE '2024-01-02', 7), (2, NULL, NULL, 8)")
    run(athena, f'INSERT INTO {DATABASE}.t (k, "a") SELECT 7, 3 UNION ALL SELECT 9, 4')

    assert count(athena, first) == 2
    assert query(athena, "SELECT * FROM t ORDER BY a") == [
        ["1", "it's", "2024-01-02", "7"],
        ["2", None, None, "8"],
        ["3", None, None, "7"],
        ["4", None, None, "9"],
    ]
    registered = glue.get_partitions(DatabaseName=DATABASE, TableName="t")["Partitions"]
    assert sorted(each["Values"] for each in registered) == [["7"], ["8"], ["9"]]
    assert len(keys(s3, "t/k=7/")) == 2
    manifest = body(s3, first["Statistics"]["DataManifestLocation"]).decode().splitlines()
    assert all(location.startswith(f"s3://{BUCKET}/t/k=") for location in manifest)


def test_numbers_are_inserted_as_the_nearest_of_the_column(laptop: Laptop, athena: Any):
    location = f"s3://{BUCKET}/numbers/"
    run(
        athena,
        "CREATE EXTERNAL TABLE numbers (r float, d double, a array<double>, m map<string,double>) STORED AS PARQUET "
        f"LOCATION '{location}'",
    )

    run(athena, "INSERT INTO numbers VALUES (1.2345, 1.2345, ARRAY[0.1, 1.2345], MAP(ARRAY['k'], ARRAY[1.2345]))")
    run(athena, "INSERT INTO numbers (r, d) SELECT x, x FROM (VALUES 0.100000, CAST(NULL AS decimal(7,6))) t(x)")
    # Neither type has this integer: 2^24 + 1 and 2^53 + 1 are rounded to even.
    run(athena, "INSERT INTO numbers (r, d, a) VALUES (16777217, 9007199254740993, ARRAY[9007199254740993])")

    assert query(athena, "SELECT * FROM numbers ORDER BY d") == [
        ["0.1", "0.1", None, None],
        ["1.2345", "1.2345", "[0.1, 1.2345]", "{k=1.2345}"],
        ["1.6777216E7", "9.007199254740992E15", "[9.007199254740992E15]", None],
        [None, None, None, None],
    ]


def test_a_text_that_is_too_long_is_refused_and_spaces_are_cut(laptop: Laptop, athena: Any, s3: Any):
    run(athena, f"CREATE EXTERNAL TABLE t (a varchar(2)) LOCATION 's3://{BUCKET}/t/'")
    run(athena, "INSERT INTO t VALUES ('a'), ('ab '), (NULL)")

    reason = failure(athena, "INSERT INTO t VALUES ('a'), ('abc')")

    assert reason.startswith("INVALID_CAST_ARGUMENT: Cannot truncate non-space characters when casting from varchar")
    (key,) = keys(s3, "t/")
    assert gzip.decompress(body(s3, f"s3://{BUCKET}/{key}")) == b"a\nab\n\\N\n"


def test_rows_of_a_partition_go_to_its_location(filled: Laptop, athena: Any, s3: Any):
    location = f"LOCATION 's3://{BUCKET}/t/'"
    run(athena, f"CREATE EXTERNAL TABLE t (a int) PARTITIONED BY (k int) STORED AS PARQUET {location}")
    run(athena, f"ALTER TABLE t ADD PARTITION (k = 1) LOCATION 's3://{BUCKET}/elsewhere/'")

    run(athena, "INSERT INTO t VALUES (5, 1)")

    assert (len(keys(s3, "elsewhere/")), keys(s3, "t/")) == (1, [])
    assert query(athena, "SELECT a FROM t WHERE k = 1") == [["5"]]


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        (
            "INSERT INTO t VALUES (1)",
            "TYPE_MISMATCH: line 1:1: Insert query has mismatched column types: Table: [bigint, ",
        ),
        ("INSERT INTO t VALUES ('1', 'b')", "Table: [bigint, varchar], Query: [varchar(1), varchar(1)]"),
        ("INSERT INTO t VALUES (1.5e0, 'b')", "Table: [bigint, varchar], Query: [double, varchar(1)]"),
        (
            "INSERT INTO t (a, x) VALUES (1, 'b')",
            "COLUMN_NOT_FOUND: line 1:1: Insert column name does not exist in tar",
        ),
        ("INSERT INTO t (a, a) VALUES (1, 2)", "DUPLICATE_COLUMN_NAME"),
        ("INSERT INTO v SELECT 1, 'a'", "NOT_SUPPORTED: Inserting into views is not supported"),
    ],
)
def test_rows_of_other_types_are_refused(filled: Laptop, athena: Any, s3: Any, sql: str, reason: str):
    location = f"LOCATION 's3://{BUCKET}/t/'"
    run(athena, f"CREATE EXTERNAL TABLE t (a bigint, b string) STORED AS PARQUET {location}")
    run(athena, "CREATE VIEW v AS SELECT 1 AS a, 'b' AS b")

    assert reason in failure(athena, sql)
    assert keys(s3, "t/") == []


def test_a_query_is_unloaded(filled: Laptop, athena: Any, s3: Any):
    execution = run(
        athena,
        f"""
        UNLOAD (SELECT '(' AS paren, data, year FROM {TABLE} WHERE ticker LIKE 'IB%' ESCAPE '\\')
        TO 's3://{BUCKET}/out/' WITH (format = 'PARQUET', compression = 'SNAPPY', partitioned_by = ARRAY['year'])
        """,
    )

    assert (execution["StatementType"], execution["SubstatementType"]) == ("DML", "UNLOAD")
    written = body(s3, execution["Statistics"]["DataManifestLocation"]).decode().splitlines()
    assert sorted(written) == [f"s3://{BUCKET}/{key}" for key in keys(s3, "out/")]
    tables = [pq.read_table(io.BytesIO(body(s3, location))) for location in written]
    assert sum(len(table) for table in tables) == 120
    assert {name for table in tables for name in table.column_names} == {"paren", "data"}
    assert query(athena, "SELECT count(*) FROM information_schema.tables WHERE table_name = 'out'") == [["0"]]


def test_a_query_is_unloaded_as_orc_json_and_text(laptop: Laptop, athena: Any, s3: Any):
    sql = """SELECT * FROM (VALUES
        (1, 'é"', 0.1e0, 1.90, DATE '2024-01-02', ARRAY[1, NULL], MAP(ARRAY[7], ARRAY['x']),
            CAST(ROW(1e8) AS row(f real))),
        (NULL, NULL, nan(), NULL, NULL, NULL, NULL, NULL)) AS t (i, s, d, c, day, list, entries, pair)"""

    def unloaded(query: str, properties: str) -> bytes:
        run(athena, f"UNLOAD ({query}) TO 's3://{BUCKET}/out/' WITH ({properties})")
        (key,) = keys(s3, "out/")
        content = body(s3, f"s3://{BUCKET}/{key}")
        s3.delete_object(Bucket=BUCKET, Key=key)
        return content

    table = orc.read_table(io.BytesIO(unloaded(sql, "format = 'ORC', compression = 'SNAPPY'")))
    assert table.column_names == ["i", "s", "d", "c", "day", "list", "entries", "pair"]
    assert table.to_pylist()[0] == {
        "i": 1, "s": 'é"', "d": 0.1, "c": Decimal("1.90"), "day": date(2024, 1, 2), "list": [1, None],
        "entries": [(7, "x")], "pair": {"f": 1e8},
    }  # fmt: skip
    # Hive's JSON has Java's numbers, and the fields that are null.
    assert gzip.decompress(unloaded(sql, "format = 'JSON'")).decode().splitlines() == [
        '{"i":1,"s":"é\\"","d":0.1,"c":1.90,"day":"2024-01-02","list":[1,null],"entries":{"7":"x"},"pair":{"f":1.0E8}}',
        '{"i":null,"s":null,"d":"NaN","c":null,"day":null,"list":null,"entries":null,"pair":null}',
    ]
    rows = "SELECT * FROM (VALUES (1, 'a'), (NULL, '')) AS t (i, s)"
    assert gzip.decompress(unloaded(rows, "format = 'TEXTFILE'")) == b"1\x01a\n\\N\x01\n"
    assert gzip.decompress(unloaded(rows, "format = 'TEXTFILE', field_delimiter = '|'")) == b"1|a\n\\N|\n"
    char = f"UNLOAD (SELECT ARRAY[CAST('a' AS char(3))] AS c) TO 's3://{BUCKET}/out/' WITH (format = 'JSON')"
    assert "does not unload array(char(3)) as JSON" in failure(athena, char)
    moment = f"UNLOAD (SELECT TIMESTAMP '2024-01-02 03:04:05' AS ts) TO 's3://{BUCKET}/out/' WITH (format = 'JSON')"
    assert "does not write a value of timestamp" in failure(athena, moment)
    assert keys(s3, "out/") == []


def test_a_scan_beyond_the_limit_of_the_workgroup_writes_nothing(filled: Laptop, athena: Any, s3: Any):
    moto_catalog.workgroup(WORKGROUP)["Configuration"]["BytesScannedCutoffPerQuery"] = 10  # type: ignore[index]

    execution = finish(athena, start(athena, f"CREATE TABLE t AS SELECT data FROM {TABLE}"))

    assert execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in execution["Status"]["StateChangeReason"]
    assert moto_catalog.table(DATABASE, "t") is None


def test_a_stopped_statement_writes_nothing(filled: Laptop, athena: Any, s3: Any):
    aliases = " CROSS JOIN ".join(f"{TABLE} AS {alias}" for alias in "abcdef")
    execution_id = start(athena, f"CREATE TABLE t AS SELECT sum(a.amplitude * f.amplitude) AS s FROM {aliases}")
    execution = filled.aws.executions.get(execution_id)
    wait_until(lambda: execution.state == "RUNNING", "running")

    athena.stop_query_execution(QueryExecutionId=execution_id)

    assert finish(athena, execution_id)["Status"]["State"] == "CANCELLED"
    assert moto_catalog.table(DATABASE, "t") is None
    assert keys(s3, "results/tables/", "b3-dataflow-athena") == []


def test_a_statement_stopped_before_its_transaction_writes_nothing(laptop: Laptop, athena: Any, monkeypatch: Any):
    reached, go_on, files = threading.Event(), threading.Event(), objects.files

    def slow(*arguments: Any) -> Any:
        reached.set()
        assert go_on.wait(DEADLINE)
        return files(*arguments)

    monkeypatch.setattr(objects, "files", slow)
    execution_id = start(athena, "CREATE TABLE t AS SELECT 1 AS a")
    execution = laptop.aws.executions.get(execution_id)
    assert reached.wait(DEADLINE)
    athena.stop_query_execution(QueryExecutionId=execution_id)
    go_on.set()

    assert execution.ended.wait(DEADLINE)
    assert execution.state == "CANCELLED"
    assert moto_catalog.table(DATABASE, "t") is None


def test_only_one_of_concurrent_statements_creates_a_table(laptop: Laptop, athena: Any, s3: Any):
    barrier = threading.Barrier(8)

    def create(number: int) -> str:
        barrier.wait()
        execution = finish(athena, start(athena, f"CREATE TABLE race AS SELECT {number} AS n"))
        return str(execution["Status"].get("StateChangeReason", "SUCCEEDED")).partition(":")[0]

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(create, range(8)))

    assert sorted(set(results)) == ["SUCCEEDED", "TABLE_ALREADY_EXISTS"]
    assert results.count("SUCCEEDED") == 1
    assert query(athena, "SELECT n FROM race") == [[str(results.index("SUCCEEDED"))]]


def test_concurrent_inserts_are_all_there(laptop: Laptop, athena: Any):
    run(athena, "CREATE TABLE t WITH (partitioned_by = ARRAY['k']) AS SELECT 0 AS a, 0 AS k")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: run(athena, f"INSERT INTO t VALUES ({number}, {number % 3})"), range(1, 17)))

    assert query(athena, "SELECT a FROM t ORDER BY a") == [[str(number)] for number in range(17)]
    assert query(athena, 'SELECT k FROM "t$partitions" ORDER BY k') == [["0"], ["1"], ["2"]]


def test_delimited_text_is_read_and_written(laptop: Laptop, athena: Any, s3: Any):
    run(
        athena,
        f"""
        CREATE EXTERNAL TABLE t (i int, f double, s string, d date, b boolean, ts timestamp)
        ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n' STORED AS TEXTFILE
        LOCATION 's3://{BUCKET}/text/' TBLPROPERTIES ('skip.header.line.count' = '1')
        """,
    )
    lines = (
        "head\n1\t0.5\ta b\t2024-01-02\ttrue\t2024-01-02 03:04:05.678\nx\t\t\\N\tnever\tyes\n"
        "1_0\t1_0\ta\t20240102\tTRUE\t2024-01-02\n2147483648\tInfinity\t\t2024-02-30\tfalse\t\n"
    )
    s3.put_object(Bucket=BUCKET, Key="text/rows.gz", Body=gzip.compress(lines.encode()))

    rows = query(athena, "SELECT * FROM t")

    assert rows == [
        ["1", "0.5", "a b", "2024-01-02", "true", "2024-01-02 03:04:05.678"],
        [None, None, None, None, None, None],
        [None, None, "a", None, "true", None],
        [None, "Infinity", "", None, "false", None],
    ]
    run(athena, f"CREATE EXTERNAL TABLE u (n int, s string, d double, t timestamp) LOCATION 's3://{BUCKET}/u/'")
    moment = "TIMESTAMP '2024-01-02 03:04:05.678'"
    run(athena, f"INSERT INTO u VALUES (1, 'a', 1.0e0, {moment}), (NULL, '', 1e8, NULL), (3, 'b', 0.1e0, NULL)")
    (key,) = keys(s3, "u/")
    assert gzip.decompress(body(s3, f"s3://{BUCKET}/{key}")) == (
        b"1\x01a\x011.0\x012024-01-02 03:04:05.678\n\\N\x01\x011.0E8\x01\\N\n3\x01b\x010.1\x01\\N\n"
    )
    assert query(athena, "SELECT s, d FROM u WHERE n IS NULL") == [["", "1.0E8"]]
    assert "a text that contains a delimiter" in failure(athena, "INSERT INTO u (n, s) VALUES (1, 'a\nb')")


def test_a_timestamp_is_written_as_athena_writes_it(laptop: Laptop, athena: Any, s3: Any):
    execution = run(athena, "CREATE TABLE t AS SELECT TIMESTAMP '2024-01-02 03:04:05.678' AS ts")

    (written,) = body(s3, execution["Statistics"]["DataManifestLocation"]).decode().splitlines()
    file = pq.ParquetFile(io.BytesIO(body(s3, written)))
    assert file.schema.column(0).physical_type == "INT96"
    assert file.read()["ts"].type == pa.timestamp("ns")
    assert query(athena, "SELECT ts FROM t") == [["2024-01-02 03:04:05.678"]]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("x.gz", b"1\n", "HIVE_CURSOR_ERROR: Failed to read t/x.gz: not gzip"),
        ("x.bz2", b"1\n", "HIVE_CURSOR_ERROR: Failed to read t/x.bz2: not bzip2"),
        (
            "x.zst",
            b"1\n",
            "NOT_SUPPORTED: the local Athena reads text without compression, with gzip or with bzip2 only",
        ),
        ("x.gz", gzip.compress(bytes(1000)), "NOT_SUPPORTED: the local Athena reads at most 999 bytes of text"),
    ],
    ids=["not gzip", "not bzip2", "zstd", "large"],
)
def test_text_that_cannot_be_read_fails_the_query(
    laptop: Laptop, athena: Any, s3: Any, monkeypatch: Any, name: str, content: bytes, reason: str
):
    monkeypatch.setattr(delimited, "MOST_BYTES", 999)
    s3.put_object(Bucket=BUCKET, Key=f"t/{name}", Body=content)
    run(athena, f"CREATE EXTERNAL TABLE t (a int) LOCATION 's3://{BUCKET}/t/'")

    assert failure(athena, "SELECT * FROM t").startswith(reason)
