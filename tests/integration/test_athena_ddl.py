"""Statements of the local Athena that change and describe the catalog, compared with AWS's documentation."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from local.laptop import Laptop
from tests.support.athena import DATABASE, TABLE, WORKGROUP, failure, finish, query, refusal, start

DDL_TASK = "FAILED: Execution Error, return code 1 from org.apache.hadoop.hive.ql.exec.DDLTask. "
BUCKET = "b3-dataflow-refined"
PARQUET = f"STORED AS PARQUET LOCATION 's3://{BUCKET}/made/'"


@pytest.fixture
def run(laptop: Laptop, athena: Any) -> Any:
    """Run statements that must succeed, and return the lines of the last one's result."""

    def run(*statements: str) -> list[str]:
        lines: list[str] = []
        for statement in statements:
            execution_id = start(athena, statement)
            execution = finish(athena, execution_id)
            assert execution["Status"]["State"] == "SUCCEEDED", (statement, execution["Status"])
            rows = athena.get_query_results(QueryExecutionId=execution_id)["ResultSet"]["Rows"]
            lines = [row["Data"][0]["VarCharValue"] for row in rows if len(row["Data"]) == 1]
        return lines

    return run


def test_a_database_is_created_and_dropped(run: Any, athena: Any, glue: Any):
    run("CREATE DATABASE IF NOT EXISTS Estudo COMMENT 'it\\'s mine' LOCATION 's3://b3-dataflow-refined/estudo/'")
    run("CREATE SCHEMA IF NOT EXISTS estudo")

    database = glue.get_database(Name="estudo")["Database"]
    assert (database["Description"], database["LocationUri"]) == ("it's mine", "s3://b3-dataflow-refined/estudo/")
    assert failure(athena, "CREATE DATABASE estudo") == f"{DDL_TASK}Database estudo already exists"
    assert run("SHOW DATABASES") == [DATABASE, "default", "estudo"]
    assert run("SHOW SCHEMAS LIKE 'e*'") == ["estudo"]

    run(f"CREATE EXTERNAL TABLE estudo.t (a int) {PARQUET}")
    assert "Database estudo is not empty" in failure(athena, "DROP DATABASE estudo")
    run("DROP DATABASE estudo CASCADE", "DROP DATABASE IF EXISTS estudo")
    assert failure(athena, "DROP SCHEMA estudo") == (
        "FAILED: SemanticException [Error 10072]: Database does not exist: estudo"
    )


def test_an_external_table_is_in_glue_as_athena_puts_it(run: Any, glue: Any):
    run(
        f"""
        CREATE EXTERNAL TABLE IF NOT EXISTS `{DATABASE}`.`Made` (
            `Id` INT COMMENT 'it\\'s', -- the key
            s struct<a: int, b: array<decimal(10, 2)>>
        )
        COMMENT '
            made   by a "test"
        '
        PARTITIONED BY (day date, `hour` string COMMENT 'of the day')
        ROW FORMAT SERDE 'org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe'
        STORED AS INPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat'
        OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat'
        LOCATION 's3://{BUCKET}/made/'
        TBLPROPERTIES ('parquet.compression' = 'SNAPPY', "note"="x");
        """
    )

    table = glue.get_table(DatabaseName=DATABASE, Name="made")["Table"]
    storage = table["StorageDescriptor"]
    assert table["TableType"] == "EXTERNAL_TABLE"
    assert storage["Columns"] == [
        {"Name": "id", "Type": "int", "Comment": "it's"},
        {"Name": "s", "Type": "struct<a:int,b:array<decimal(10,2)>>"},
    ]
    assert table["PartitionKeys"] == [
        {"Name": "day", "Type": "date"},
        {"Name": "hour", "Type": "string", "Comment": "of the day"},
    ]
    assert storage["Location"] == f"s3://{BUCKET}/made"
    assert storage["InputFormat"] == "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
    assert storage["SerdeInfo"]["Parameters"] == {"serialization.format": "1"}
    parameters = table["Parameters"]
    assert parameters.pop("transient_lastDdlTime").isdecimal()
    assert parameters == {
        "EXTERNAL": "TRUE",
        "comment": 'made by a "test"',
        "parquet.compression": "SNAPPY",
        "note": "x",
    }


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        (f"CREATE EXTERNAL TABLE {TABLE} (a int) {PARQUET}", f"AlreadyExistsException(message:Table {TABLE} already"),
        (
            f"CREATE EXTERNAL TABLE nowhere.t (a int) {PARQUET}",
            "SemanticException [Error 10072]: Database does not ex",
        ),
        (f"CREATE EXTERNAL TABLE t (a int, A string) {PARQUET}", "[Error 10036]: Duplicate column name: a"),
        (f"CREATE EXTERNAL TABLE t (a text) {PARQUET}", "TYPE_NOT_FOUND: Unknown type: text"),
        ("DROP TABLE absent", "FAILED: SemanticException [Error 10001]: Table not found absent"),
        ("DROP VIEW absent", f"TABLE_NOT_FOUND: line 1:1: View 'awsdatacatalog.{DATABASE}.absent' does not exist"),
        ("DESCRIBE absent", f"FAILED: SemanticException [Error 10001]: Table not found {DATABASE}.absent"),
        ("SHOW PARTITIONS absent", "SemanticException [Error 10001]: Table not found"),
        ("SHOW TABLES IN nowhere", "SemanticException [Error 10072]: Database does not exist: nowhere"),
        ("SHOW CREATE VIEW absent", "TABLE_NOT_FOUND"),
        (f"ALTER TABLE {TABLE} DROP PARTITION (year = 1900)", "[Error 10006]: Partition not found (year = 1900)"),
        (f"ALTER TABLE {TABLE} ADD PARTITION (month = 1)", "SemanticException Partition spec {'month': '1'} contains"),
        (
            "INSERT INTO absent SELECT 1",
            f"TABLE_NOT_FOUND: line 1:1: Table 'awsdatacatalog.{DATABASE}.absent' does not",
        ),
        (f"CREATE TABLE {TABLE} AS SELECT 1 AS a", "TABLE_ALREADY_EXISTS: line 1:1: Destination table"),
        ("CREATE TABLE nowhere.t AS SELECT 1 AS a", "SCHEMA_NOT_FOUND: line 1:1: Schema 'nowhere' does not exist"),
        ("CREATE TABLE t AS SELECT 1", "MISSING_COLUMN_NAME: line 1:1: Column name not specified at position 1"),
        ("CREATE TABLE t AS SELECT 1 AS a, 2 AS A", "DUPLICATE_COLUMN_NAME: line 1:1: Column name 'A' specified more"),
        ("CREATE TABLE t AS SELECT a FROM absent", "TABLE_NOT_FOUND"),
        (
            "CREATE TABLE t WITH (partitioned_by = ARRAY['a']) AS SELECT 1 AS a, 2 AS b",
            "HIVE_COLUMN_ORDER_MISMATCH: Partition keys must be the last columns",
        ),
        (
            "CREATE TABLE t WITH (partitioned_by = ARRAY['c']) AS SELECT 1 AS a",
            "INVALID_TABLE_PROPERTY: Partition col",
        ),
        ("UNLOAD (SELECT 1) TO 's3://b3-dataflow-refined/u/' WITH (format = 'PARQUET')", "MISSING_COLUMN_NAME"),
        ("UNLOAD (SELECT 1 AS a) TO 's3://absent-bucket/u/' WITH (format = 'PARQUET')", "HIVE_FILESYSTEM_ERROR"),
        ("SELECT * FROM information_schema.nothing", "TABLE_NOT_FOUND"),
        ('SELECT * FROM "absent$partitions"', "TABLE_NOT_FOUND"),
    ],
)
def test_a_statement_fails_with_athenas_error(laptop: Laptop, athena: Any, statement: str, reason: str):
    assert reason in failure(athena, statement)


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("EXPLAIN SELECT 1", "the local Athena does not run EXPLAIN"),
        ("PREPARE q FROM DELETE FROM t", "line 1:1: mismatched input 'DELETE'. The local Athena does not"),
        ("EXECUTE IMMEDIATE 'SELECT 1'", "does not run EXECUTE IMMEDIATE"),
        ("-- as on EMR\nINSERT OVERWRITE t SELECT 1", "does not run INSERT OVERWRITE (docs/local-aws.md lists"),
        ("DELETE FROM t", "does not run DELETE"),
        ("UPDATE t SET a = 1", "does not run UPDATE"),
        ("MERGE INTO t USING u ON t.a = u.a WHEN MATCHED THEN DELETE", "does not run MERGE"),
        ("VACUUM t", "does not run VACUUM"),
        ("OPTIMIZE t REWRITE DATA USING BIN_PACK", "does not run OPTIMIZE"),
        ("CREATE TABLE t (a int) LOCATION 's3://b/t/' TBLPROPERTIES ('table_type'='ICEBERG')", "no Iceberg tables"),
        ("CREATE TABLE t WITH (table_type = 'ICEBERG') AS SELECT 1 AS a", "no property table_type of CREATE TABLE AS"),
        (
            "CREATE TABLE t WITH (format = 'ORC') AS SELECT 1 AS a",
            "with CREATE TABLE AS the local Athena writes PARQUET only, not format",
        ),
        ("CREATE TABLE t WITH (write_compression = 'LZ4') AS SELECT 1 AS a", "GZIP, NONE, SNAPPY, UNCOMPRESSED, ZSTD"),
        ("CREATE TABLE t WITH (bucketed_by = ARRAY['a'], bucket_count = 2) AS SELECT 1 AS a", "no property bucket_cou"),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://b/u/' WITH (format = 'AVRO')",
            "with UNLOAD the local Athena writes PARQUET, ORC, JSON, TEXTFILE only",
        ),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://b/u/' WITH (format = 'ORC', compression = 'GZIP')",
            "ZLIB, LZ4, SNAPPY, ZSTD",
        ),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://b/u/' WITH (format = 'JSON', compression = 'ZSTD')",
            "writes JSON with the co",
        ),
        (
            "UNLOAD (SELECT 1 AS a) TO 's3://b/u/' WITH (format = 'TEXTFILE', field_delimiter = '||')",
            "one character, not",
        ),
        ("UNLOAD (SELECT 1 AS a) TO 's3://b/u/' WITH (compression = 'GZIP')", "'format' of UNLOAD is required"),
        ("UNLOAD (SELECT 1 AS a) TO '/tmp/u' WITH (format = 'PARQUET')", "not a valid S3 path: /tmp/u"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS ION LOCATION 's3://b/t/'", "no STORED AS ion; allowed: textfile, "),
        (
            "CREATE EXTERNAL TABLE t (a int) ROW FORMAT DELIMITED STORED AS ORC LOCATION 's3://b/t/'",
            "ROW FORMAT DELIMITED is a format of text, not of org.apache.hadoop.hive.ql.io.orc.OrcInputFormat",
        ),
        (f"CREATE EXTERNAL TABLE t (a int) CLUSTERED BY (a) INTO x BUCKETS {PARQUET}", "INTO x BUCKETS: the number"),
        ("ALTER TABLE t RENAME TO u", "ALTER TABLE with ADD PARTITION, DROP PARTITION, ADD COLUMNS, SET LOCATION and"),
        ("SHOW FUNCTIONS", "the local Athena has no SHOW FUNCTIONS"),
        ("DESCRIBE FORMATTED t", "the local Athena has no DESCRIBE FORMATTED"),
        # What Athena refuses too.
        ("CREATE DATABASE", "line 1:16: mismatched input '<EOF>'. Expecting: an identifier"),
        ("DROP TABLE a b", "line 1:14: mismatched input 'b'. Expecting: <EOF>"),
        ("CREATE EXTERNAL TABLE t (a int) STORED AS PARQUET", "mismatched input '<EOF>'. Expecting: LOCATION"),
        ("CREATE TABLE t AS SELECT FROM", "mismatched input 'FROM'"),
        ("INSERT INTO t SELECT 1;\nSELECT 2", "Only one sql statement is allowed"),
        ("CREATE VIEW v AS DROP TABLE t", "mismatched input 'DROP'"),
        ("CREATE DATABASE d COMMENT 'it''s'", "mismatched input ''s''. Expecting: <EOF>"),
        ("SHOW TABLES IN a.b", "line 1:17: mismatched input '.'. Expecting: <EOF>"),
        ("DROP TABLE other.d.t", "a name of the catalog awsdatacatalog"),
    ],
)
def test_a_statement_is_refused_by_name(laptop: Laptop, athena: Any, statement: str, message: str):
    assert message in refusal(athena, statement)


def test_external_location_is_refused_where_the_workgroup_sets_it(laptop: Laptop, athena: Any):
    sql = f"CREATE TABLE t WITH (external_location = 's3://{BUCKET}/t/') AS SELECT 1 AS a"

    assert refusal(athena, sql).startswith(
        "The Create Table As Select query failed because it was submitted with an 'external_location' property to an "
        "Athena Workgroup that enforces a centralized output location for all queries."
    )


def test_partitions_are_added_dropped_and_repaired(run: Any, athena: Any, glue: Any, s3: Any):
    run(f"CREATE EXTERNAL TABLE made (a int) PARTITIONED BY (year int, name string) {PARQUET}")
    run(
        f"ALTER TABLE made ADD PARTITION (year = 2024, name = 'b/c') PARTITION (name = 'x', year = 2025) "
        f"LOCATION 's3://{BUCKET}/other/'"
    )

    assert run("SHOW PARTITIONS made") == ["year=2024/name=b%2Fc", "year=2025/name=x"]
    found = {
        tuple(each["Values"]): each["StorageDescriptor"]["Location"]
        for each in glue.get_partitions(DatabaseName=DATABASE, TableName="made")["Partitions"]
    }
    assert found == {
        ("2024", "b/c"): f"s3://{BUCKET}/made/year=2024/name=b%2Fc",
        ("2025", "x"): f"s3://{BUCKET}/other",
    }
    again = "PARTITION (`year` = 2025, name = 'x')"
    expected = f"{DDL_TASK}AlreadyExistsException(message:Partition already exists.)"
    assert failure(athena, f"ALTER TABLE made ADD PARTITION (year = 2026, name = 'y') {again}") == expected
    assert run(f"ALTER TABLE made ADD IF NOT EXISTS {again}", "SHOW PARTITIONS made")[1:] == ["year=2025/name=x"]
    run(f"ALTER TABLE made DROP {again}", f"ALTER TABLE made DROP IF EXISTS {again}")

    for key in ("year=2026/name=a%20b/x", "year=2026/name=a%20b/y", "year=2026/z", "name=a/year=1/x"):
        s3.put_object(Bucket=BUCKET, Key=f"made/{key}", Body=b"")
    assert run("MSCK REPAIR TABLE made") == [
        "Partitions not in metastore:\tmade:year=2026/name=a%20b",
        "Repair: Added partition to metastore made:year=2026/name=a%20b",
    ]
    assert run("MSCK REPAIR TABLE `made`;") == []
    assert query(athena, 'SELECT * FROM "made$partitions" ORDER BY year') == [["2024", "b/c"], ["2026", "a b"]]


def test_columns_and_properties_are_added(run: Any, athena: Any):
    run(f"CREATE EXTERNAL TABLE made (a int) PARTITIONED BY (k string) {PARQUET}")
    run(
        "ALTER TABLE made ADD COLUMNS (b double COMMENT 'new', c string)",
        "ALTER TABLE made SET TBLPROPERTIES ('x' = 'y')",
        f"ALTER TABLE made SET LOCATION 's3://{BUCKET}/moved/'",
    )

    assert run("SHOW COLUMNS IN made") == [f"{name:<20}" for name in "abck"]
    assert run("SHOW TBLPROPERTIES made ('x')") == ["y"]
    assert "x\ty" in run("SHOW TBLPROPERTIES made")
    assert f"  's3://{BUCKET}/moved'" in run("SHOW CREATE TABLE made")
    assert "Duplicate column name: k" in failure(athena, "ALTER TABLE made ADD COLUMNS (k int)")


def test_describe_has_hives_form(run: Any):
    run(f"CREATE EXTERNAL TABLE made (a int COMMENT 'first', b array<string>) PARTITIONED BY (k date) {PARQUET}")

    blank = "\t \t "
    assert run("DESCRIBE made") == [
        "a                   \tint                 \tfirst               ",
        "b                   \tarray<string>       \t                    ",
        "k                   \tdate                \t                    ",
        blank,
        f"# Partition Information{blank}",
        "# col_name          \tdata_type           \tcomment             ",
        blank,
        "k                   \tdate                \t                    ",
    ]


def test_show_create_table_creates_the_same_table(run: Any, glue: Any):
    run(
        f"CREATE EXTERNAL TABLE made (a int COMMENT 'it\\'s', b struct<x:int,y:string>) COMMENT 'c' "
        f"PARTITIONED BY (k date) {PARQUET} TBLPROPERTIES ('x' = 'y')"
    )
    before = glue.get_table(DatabaseName=DATABASE, Name="made")["Table"]
    statement = "\n".join(run("SHOW CREATE TABLE made"))
    assert statement.startswith("CREATE EXTERNAL TABLE `made`(\n  `a` int COMMENT 'it\\'s', \n  `b` struct<")
    run("DROP TABLE made", statement)

    after = glue.get_table(DatabaseName=DATABASE, Name="made")["Table"]
    for volatile in ("CreateTime", "UpdateTime", "VersionId"):
        before.pop(volatile, None)
        after.pop(volatile, None)
    assert after == before


def test_delimiters_are_escaped_in_the_statement_of_a_table(run: Any, glue: Any):
    location = f"LOCATION 's3://{BUCKET}/made/'"
    run(
        "CREATE EXTERNAL TABLE made (a int) ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\t' LINES TERMINATED BY '\\n' "
        f"{location}"
    )
    serde = glue.get_table(DatabaseName=DATABASE, Name="made")["Table"]["StorageDescriptor"]["SerdeInfo"]

    statement = run("SHOW CREATE TABLE made")
    assert "  'field.delim'='\\t', " in statement
    run("DROP TABLE made", "\n".join(statement))

    assert glue.get_table(DatabaseName=DATABASE, Name="made")["Table"]["StorageDescriptor"]["SerdeInfo"] == serde


def test_a_decimal_of_a_table_has_hives_default(run: Any, athena: Any):
    run(f"CREATE EXTERNAL TABLE made (a decimal, b struct<decimal:decimal>, c decimal(5,2)) {PARQUET}")

    types = [line.split("\t")[1].strip() for line in run("DESCRIBE made")]
    assert types == ["decimal(10,0)", "struct<decimal:decimal(10,0)>", "decimal(5,2)"]
    # In a query it has Trino's.
    assert query(athena, "SELECT typeof(CAST(1 AS decimal))") == [["decimal(38,0)"]]


HADOOP = "org.apache.hadoop.hive"
TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
TEXT_OUTPUT = f"{HADOOP}.ql.io.HiveIgnoreKeyTextOutputFormat"
OPENX, HCATALOG = "org.openx.data.jsonserde.JsonSerDe", "org.apache.hive.hcatalog.data.JsonSerDe"


@pytest.mark.parametrize(
    ("clauses", "serde", "inputs", "outputs"),
    [
        ("STORED AS ORC", f"{HADOOP}.ql.io.orc.OrcSerde", f"{HADOOP}.ql.io.orc.OrcInputFormat", None),
        ("STORED AS AVRO", f"{HADOOP}.serde2.avro.AvroSerDe", f"{HADOOP}.ql.io.avro.AvroContainerInputFormat", None),
        (f"ROW FORMAT SERDE '{HCATALOG}'", HCATALOG, TEXT_INPUT, TEXT_OUTPUT),
        (f"ROW FORMAT SERDE '{OPENX}'", OPENX, TEXT_INPUT, f"{HADOOP}.ql.io.IgnoreKeyTextOutputFormat"),
        ("ROW FORMAT SERDE 'a.B' STORED AS INPUTFORMAT 'c.D' OUTPUTFORMAT 'e.F'", "a.B", "c.D", "e.F"),
    ],
)
def test_a_table_of_another_format_is_stored_and_neither_read_nor_written(
    run: Any, athena: Any, clauses: str, serde: str, inputs: str, outputs: str | None
):
    run(f"CREATE EXTERNAL TABLE made (a int) {clauses} LOCATION 's3://b3-dataflow-refined/made/'")

    metadata = athena.get_table_metadata(CatalogName="AwsDataCatalog", DatabaseName=DATABASE, TableName="made")
    parameters = metadata["TableMetadata"]["Parameters"]
    assert (parameters["serde.serialization.lib"], parameters["inputformat"]) == (serde, inputs)
    assert parameters["outputformat"] == outputs or outputs is None
    refusal = f"Table '{DATABASE}.made' is neither parquet nor delimited text: the local Athena reads no other"
    assert failure(athena, "SELECT * FROM made") == f"NOT_SUPPORTED: {refusal}"
    assert "is neither parquet nor delimited text" in failure(athena, "INSERT INTO made VALUES (1)")
    assert run("DROP TABLE made", "SHOW TABLES") == [TABLE]


@pytest.mark.parametrize(
    ("buckets", "properties", "what"),
    [
        ("CLUSTERED BY (a, B) INTO 5 BUCKETS", "", "buckets"),
        ("", "TBLPROPERTIES ('projection.enabled' = 'true')", "projected partitions"),
    ],
)
def test_a_table_with_buckets_or_projection_is_stored_and_not_written(
    run: Any, athena: Any, buckets: str, properties: str, what: str
):
    run(f"CREATE EXTERNAL TABLE made (a int, b int) {buckets} {PARQUET} {properties}")

    reason = failure(athena, "INSERT INTO made VALUES (1, 2)")
    assert (
        reason
        == f"NOT_SUPPORTED: the local Athena does not write {what}, which table 'awsdatacatalog.{DATABASE}.made' has"
    )
    shown = " ".join(" ".join(run("SHOW CREATE TABLE made")).split())
    assert ("CLUSTERED BY (a, b) INTO 5 BUCKETS ROW FORMAT" in shown) is bool(buckets)
    assert ("'projection.enabled'='true'" in shown) is bool(properties)
    unknown = f"CREATE EXTERNAL TABLE t (a int) CLUSTERED BY (b) INTO 2 BUCKETS {PARQUET}"
    assert failure(athena, unknown) == "FAILED: SemanticException [Error 10002]: Invalid column reference"
    run("DROP TABLE made", shown)
    assert " ".join(" ".join(run("SHOW CREATE TABLE made")).split()) == shown


def test_tables_and_views_are_shown(run: Any):
    run(f"CREATE EXTERNAL TABLE made (a int) {PARQUET}", "CREATE VIEW v AS SELECT 1 AS a")

    assert run("SHOW TABLES") == [TABLE, "made", "v"]
    assert run(f"SHOW TABLES IN {DATABASE} 'm*|v'") == ["made", "v"]
    assert run(f"SHOW TABLES FROM `{DATABASE}` LIKE 'ibov.*'") == [TABLE]
    assert run("SHOW VIEWS") == ["v"]
    assert run("DROP VIEW v", "SHOW VIEWS") == []


def test_a_view_is_stored_as_athena_does_and_read_as_its_query(filled: Laptop, run: Any, athena: Any, glue: Any):
    run(f"CREATE OR REPLACE VIEW anos AS SELECT year, count(*) AS sessions FROM {TABLE} GROUP BY year")

    table = glue.get_table(DatabaseName=DATABASE, Name="anos")["Table"]
    assert table["TableType"] == "VIRTUAL_VIEW"
    assert table["Parameters"] == {"presto_view": "true", "comment": "Presto View"}
    assert table["ViewExpandedText"] == "/* Presto View */"
    encoded = table["ViewOriginalText"].removeprefix("/* Presto View: ").removesuffix(" */")
    assert json.loads(base64.b64decode(encoded)) == {
        "originalSql": f"SELECT year, count(*) AS sessions FROM {TABLE} GROUP BY year",
        "catalog": "awsdatacatalog",
        "schema": DATABASE,
        "columns": [{"name": "year", "type": "integer"}, {"name": "sessions", "type": "bigint"}],
    }
    assert table["StorageDescriptor"]["Columns"] == [
        {"Name": "year", "Type": "int"},
        {"Name": "sessions", "Type": "bigint"},
    ]
    rows = [["2024", "38"], ["2025", "82"]]
    assert query(athena, "SELECT * FROM anos ORDER BY year") == rows
    # The tables of a view are those of its own database, wherever it is read.
    elsewhere: dict[str, Any] = {"QueryExecutionContext": {}}
    assert query(athena, f"SELECT a.* FROM {DATABASE}.anos a WHERE sessions > 40", **elsewhere) == rows[1:]

    run("CREATE VIEW mais AS SELECT v.sessions AS n FROM anos v JOIN anos w ON v.year = w.year")
    assert query(athena, "SELECT sum(n) FROM mais") == [["120"]]
    assert run("SHOW CREATE VIEW mais")[0] == f"CREATE VIEW {DATABASE}.mais AS"
    assert run('CREATE VIEW "1 ano" AS SELECT 1 AS a', 'SHOW CREATE VIEW "1 ano"') == [
        f'CREATE VIEW {DATABASE}."1 ano" AS',
        "SELECT 1 AS a",
    ]
    assert "View already exists" in failure(athena, "CREATE VIEW mais AS SELECT 1 AS a")
    for sql in ("SELECT * FROM mais", "SELECT n FROM (SELECT n FROM mais)"):
        assert failure(athena, f"CREATE OR REPLACE VIEW anos AS {sql}").startswith("VIEW_IS_RECURSIVE")


def test_information_schema_describes_the_catalog(run: Any, athena: Any):
    run(f"CREATE EXTERNAL TABLE made (a int COMMENT 'c', b array<string>) PARTITIONED BY (k date) {PARQUET}")
    run("CREATE VIEW v AS SELECT 1 AS a")

    where = f"WHERE table_schema = '{DATABASE}'"
    assert query(athena, f"SELECT table_name, table_type FROM information_schema.tables {where} ORDER BY 1") == [
        [TABLE, "BASE TABLE"],
        ["made", "BASE TABLE"],
        ["v", "VIEW"],
    ]
    assert query(
        athena,
        "SELECT ordinal_position, column_name, data_type, comment, extra_info FROM information_schema.columns "
        f"{where} AND table_name = 'made' ORDER BY 1",
    ) == [
        ["1", "a", "integer", "c", None],
        ["2", "b", "array(varchar)", None, None],
        ["3", "k", "date", None, "partition key"],
    ]
    schemas = query(athena, "SELECT schema_name FROM information_schema.schemata ORDER BY 1")
    assert schemas == [[DATABASE], ["default"], ["information_schema"]]


def test_executions_have_the_types_and_results_of_athena(run: Any, athena: Any, s3: Any):
    run(f"CREATE EXTERNAL TABLE made (a int) {PARQUET}")
    expected = {
        "SELECT 1": ("DML", "SELECT", ".csv"),
        "SHOW TABLES": ("UTILITY", "SHOW_TABLES", ".txt"),
        "DESCRIBE made": ("UTILITY", "DESCRIBE_TABLE", ".txt"),
        "ALTER TABLE made SET TBLPROPERTIES ('a' = 'b')": ("DDL", "ALTER_TABLE_SET_TBLPROPERTIES", ".txt"),
        "INSERT INTO made VALUES (1)": ("DML", "INSERT", ""),
        "CREATE TABLE other AS SELECT 1 AS a": ("DDL", "CREATE_TABLE_AS_SELECT", ""),
        "DROP TABLE other": ("DDL", "DROP_TABLE", ".txt"),
    }
    for statement, (type_, name, suffix) in expected.items():
        execution = finish(athena, start(athena, statement))
        assert (execution["StatementType"], execution["SubstatementType"]) == (type_, name)
        location = execution["ResultConfiguration"]["OutputLocation"]
        assert location.removesuffix(suffix).endswith(execution["QueryExecutionId"])
        manifest = execution["Statistics"].get("DataManifestLocation")
        assert manifest == (None if suffix else f"{location}-manifest.csv")
        if suffix:
            bucket, _, key = location.removeprefix("s3://").partition("/")
            body = s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode()
            assert body.startswith({"SHOW TABLES": "ibov_refined\nmade", "SELECT 1": '"_col0"'}.get(statement, ""))


def test_utility_results_have_pages(run: Any, athena: Any):
    for name in ("one", "two"):
        run(f"CREATE EXTERNAL TABLE {name} (a int) {PARQUET}")
    execution_id = start(athena, "SHOW TABLES", WorkGroup=WORKGROUP)
    finish(athena, execution_id)

    first = athena.get_query_results(QueryExecutionId=execution_id, MaxResults=2)
    second = athena.get_query_results(QueryExecutionId=execution_id, MaxResults=2, NextToken=first["NextToken"])

    pages = [[row["Data"][0]["VarCharValue"] for row in page["ResultSet"]["Rows"]] for page in (first, second)]
    assert pages == [[TABLE, "one"], ["two"]]
    assert "NextToken" not in second
