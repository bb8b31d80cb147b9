"""Text with quotes (OpenCSVSerde) and text with bzip2 in the local Athena."""

from __future__ import annotations

import bz2
from typing import Any

import pytest

from local.laptop import Laptop
from tests.support.athena import DATABASE, failure, finish, query, start

BUCKET = "b3-dataflow-refined"
SERDE = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"


def create(athena: Any, columns: str, clauses: str) -> None:
    sql = f"CREATE EXTERNAL TABLE t ({columns}) {clauses} LOCATION 's3://{BUCKET}/t/'"
    assert finish(athena, start(athena, sql))["Status"]["State"] == "SUCCEEDED"


# Known answers: Trino's CsvDeserializer, which reads as OpenCSVSerde does.
LINES = {
    'a,"b, c",d': ["a", "b, c", "d"],
    '"",,': ["", "", ""],
    '"say ""hi""","\\"x\\\\","a\\bc"': ['say "hi"', '"x\\', "abc"],
    " a , b ,": [" a ", " b ", ""],
    "é,NULL,n": ["é", "NULL", "n"],
    "one": ["one", None, None],
    "1,2,3,4": ["1", "2", "3"],
    "": [None, None, None],
    "last,line\r": ["last", "line", None],
}


def test_quotes_are_around_fields(laptop: Laptop, athena: Any, s3: Any):
    create(athena, "x string, y string, z string", f"{SERDE} STORED AS TEXTFILE")
    s3.put_object(Bucket=BUCKET, Key="t/rows.csv", Body="\n".join([*LINES, ""]).encode())

    assert query(athena, "SELECT * FROM t") == list(LINES.values())
    assert query(athena, "SELECT count(*) FROM t WHERE z IS NULL") == [["3"]]
    assert "does not write text with quotes" in failure(athena, "INSERT INTO t VALUES ('a', 'b', 'c')")


def test_the_characters_of_a_table_with_quotes(laptop: Laptop, athena: Any, s3: Any):
    properties = "WITH SERDEPROPERTIES ('separatorChar' = '|', 'quoteChar' = '~', 'escapeChar' = '\"')"
    create(athena, "x string, y string", f"{SERDE} {properties}")
    s3.put_object(Bucket=BUCKET, Key="t/rows", Body=b'~a|b~|c,"d"\n~\\~~|\n')

    # A double quote as the escape character means a backslash.
    assert query(athena, "SELECT * FROM t") == [["a|b", 'c,"d"'], ["~", ""]]


@pytest.mark.parametrize(
    ("columns", "properties", "line", "reason"),
    [
        ("x string", "", 'a"b"c', "reads quotes around whole fields only: t/rows"),
        ("x string", "", '"open', "reads quotes around whole fields only: t/rows"),
        ("x string", "", '"a"b', "reads quotes around whole fields only: t/rows"),
        ("x string", "", "a\\b", "reads quotes around whole fields only: t/rows"),
        ("x string, y int", "", "a,1", "has string columns only, not y integer"),
        ("x varchar(2)", "", "a", "has string columns only, not x varchar(2)"),
        ("x string", "WITH SERDEPROPERTIES ('quoteChar' = ',')", "a", "the separator, the quote and the escape must"),
    ],
)
def test_text_whose_answer_is_not_known_is_refused(
    laptop: Laptop, athena: Any, s3: Any, columns: str, properties: str, line: str, reason: str
):
    create(athena, columns, f"{SERDE} {properties}")
    s3.put_object(Bucket=BUCKET, Key="t/rows", Body=line.encode())

    message = failure(athena, "SELECT * FROM t")
    assert message.startswith("NOT_SUPPORTED: ")
    assert reason in message


def test_a_partition_with_another_delimiter_than_its_table_is_refused(laptop: Laptop, athena: Any, s3: Any, glue: Any):
    create(athena, "a int, b string", "PARTITIONED BY (k int) ROW FORMAT DELIMITED FIELDS TERMINATED BY ','")
    storage = glue.get_table(DatabaseName=DATABASE, Name="t")["Table"]["StorageDescriptor"]
    for value, delimiter in (("1", ","), ("2", "|")):
        storage["Location"] = f"s3://{BUCKET}/t/k={value}/"
        storage["SerdeInfo"]["Parameters"] = {"field.delim": delimiter, "note": value}
        s3.put_object(Bucket=BUCKET, Key=f"t/k={value}/rows", Body=f"7{delimiter}x".encode())
        glue.create_partition(
            DatabaseName=DATABASE, TableName="t", PartitionInput={"Values": [value], "StorageDescriptor": storage}
        )
        if value == "1":
            assert query(athena, "SELECT * FROM t") == [["7", "x", "1"]]

    assert "does not read partition 2 of table 'b3_refined_db.t': its format" in failure(athena, "SELECT a FROM t")


def test_text_with_bzip2_is_read(laptop: Laptop, athena: Any, s3: Any):
    create(athena, "a int, b string", "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','")
    s3.put_object(Bucket=BUCKET, Key="t/rows.csv.bz2", Body=bz2.compress(b"1,x\n2,y\n"))

    assert query(athena, "SELECT sum(a), max(b) FROM t") == [["3", "y"]]
