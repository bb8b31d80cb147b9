"""Tables of the local Athena: partitions, columns, objects and their types."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from local import moto_catalog, moto_state
from local.laptop import Laptop
from tests.support.athena import DATABASE, TABLE, failure, finish, query, start
from tests.support.bars import COLLECTED, raw_object, session_bars
from tests.support.lake import fill


def scanned(athena: Any, sql: str) -> int:
    return int(finish(athena, start(athena, sql))["Statistics"]["DataScannedInBytes"])


def size(*years: int) -> int:
    sizes = {entry.key: entry.size for entry in moto_state.objects("b3-dataflow-refined", "refined/")}
    return sum(sizes[f"refined/year={year}/ibov.parquet"] for year in years)


YEARS = f"(SELECT DISTINCT year FROM {TABLE})"

# 38 sessions of 2024 and 82 of 2025.
JOINED = {
    f"SELECT DISTINCT a.year FROM {YEARS} a LEFT JOIN {TABLE} b ON a.year = b.year + 1 WHERE b.year IS NULL": [
        ["2024"]
    ],
    f"SELECT b.year FROM {TABLE} a RIGHT JOIN {YEARS} b ON b.year = a.year + 1 WHERE a.year IS NULL": [["2024"]],
    f"SELECT count(*) FROM {TABLE} a LEFT JOIN {TABLE} b ON a.data = b.data AND b.year = 2025 WHERE b.year IS NULL": [
        ["38"]
    ],
    f"SELECT count(*) FROM {TABLE} a RIGHT JOIN {TABLE} b ON a.data = b.data AND a.year = 2025 WHERE a.year IS NULL": [
        ["38"]
    ],
    f"SELECT count(*), count(a.year) FROM {TABLE} a FULL JOIN {TABLE} b ON a.data = b.data AND a.year = 2025 "
    "WHERE coalesce(a.year, 2024) = 2024": [["76", "38"]],
    f"SELECT count(*) FROM {TABLE} a FULL JOIN {TABLE} b ON a.data = b.data AND b.year = 2024 WHERE a.year IS NULL": [
        ["82"]
    ],
    # The inner join of a contains an outer join.
    f"SELECT count(*) FROM {TABLE} a JOIN ({YEARS} y LEFT JOIN {TABLE} b ON y.year = b.year + 1) ON a.year = y.year "
    "WHERE b.year IS NULL": [["38"]],
    f"SELECT count(*) FROM ({YEARS} y LEFT JOIN {TABLE} b ON y.year = b.year + 1) JOIN {TABLE} a ON a.year = y.year "
    "WHERE coalesce(b.year, 0) = 0": [["38"]],
    # A row of the outer side is in the result even if ON is false for it.
    f"SELECT count(*), count(b.year) FROM {TABLE} a LEFT JOIN {TABLE} b ON a.data = b.data AND a.year = 2024": [
        ["120", "38"]
    ],
    f"SELECT count(*) FROM {TABLE} a JOIN {TABLE} b ON a.data = b.data WHERE b.year = 2024": [["38"]],
    f"SELECT count(*) FROM {TABLE} a, {TABLE} b WHERE a.data = b.data AND a.year = 2024 AND b.year = 2024": [["38"]],
    f"WITH t AS (SELECT * FROM {TABLE} WHERE year = 2025) SELECT min(data) FROM t": [["2025-01-02"]],
    f"SELECT count(*) FROM {TABLE} WHERE NOT year = 2024 OR month = 11": [["101"]],
    f"SELECT count(*) FROM {TABLE} a WHERE EXISTS (SELECT 1 FROM {TABLE} b WHERE b.year = a.year AND b.year = 2024)": [
        ["38"]
    ],
}


@pytest.mark.parametrize("sql", JOINED)
def test_pruning_never_changes_a_result(filled: Laptop, athena: Any, sql: str):
    assert query(athena, sql) == JOINED[sql]


def test_inner_joins_prune_and_outer_joins_do_not(filled: Laptop, athena: Any):
    where = "a.data = b.data WHERE a.year = 2024 AND b.year = 2024"

    assert scanned(athena, f"SELECT count(*) FROM {TABLE} a JOIN {TABLE} b ON {where}") == 2 * size(2024)
    assert scanned(athena, f"SELECT count(*) FROM {TABLE} a LEFT JOIN {TABLE} b ON {where}") == 2 * size(2024, 2025)


def test_a_condition_that_fails_on_the_partition_keys_fails_the_query_itself(filled: Laptop, athena: Any):
    sql = f"SELECT count(*) FROM {TABLE} WHERE 10 / (year - 2024) > 0"

    # The first query divides by zero for rows of 2024. The second does not.
    assert "DIVISION_BY_ZERO" in failure(athena, sql)
    assert query(athena, f"{sql.replace('10 / (year - 2024)', 'year / (year - 2023)')} AND year > 2000") == [["120"]]


def test_the_cutoff_of_the_workgroup_applies_after_pruning(filled: Laptop, athena: Any):
    athena.create_work_group(
        Name="small",
        Configuration={
            "ResultConfiguration": {"OutputLocation": "s3://b3-dataflow-athena/results/"},
            "BytesScannedCutoffPerQuery": 10_000_000,
        },
    )
    # The API does not accept less than ten million bytes.
    moto_catalog.workgroup("small")["Configuration"]["BytesScannedCutoffPerQuery"] = size(2024)  # type: ignore[index]

    execution = finish(athena, start(athena, f"SELECT * FROM {TABLE}", WorkGroup="small"))
    below = finish(athena, start(athena, f"SELECT * FROM {TABLE} WHERE year = 2024", WorkGroup="small"))

    assert execution["Status"]["State"] == "CANCELLED"
    assert "Bytes scanned limit was exceeded" in execution["Status"]["StateChangeReason"]
    assert below["Status"]["State"] == "SUCCEEDED"
    assert below["Statistics"]["DataScannedInBytes"] == size(2024)


def test_rows_are_counted_without_any_column(filled: Laptop, athena: Any):
    assert query(athena, f"SELECT count(*) FROM {TABLE}") == [["120"]]
    assert query(athena, f"SELECT 1 FROM {TABLE} WHERE year = 2024 LIMIT 2") == [["1"], ["1"]]
    assert query(athena, f"SELECT count(*) FROM {TABLE} a CROSS JOIN {TABLE} b") == [["14400"]]


def test_rows_of_a_table_without_partitions_are_counted_too(filled: Laptop, athena: Any, glue: Any, s3: Any):
    storage = glue.get_table(DatabaseName=DATABASE, Name=TABLE)["Table"]["StorageDescriptor"]
    storage["Location"] = "s3://b3-dataflow-refined/refined/year=2024/"
    storage["Columns"].insert(0, {"Name": "absent", "Type": "string"})
    glue.create_table(DatabaseName=DATABASE, TableInput={"Name": "flat", "StorageDescriptor": storage})

    assert query(athena, "SELECT count(*), count(absent), count(data) FROM flat") == [["38", "0", "38"]]
    assert query(athena, "SELECT count(*) FROM flat") == [["38"]]


def test_each_query_sees_the_columns_that_it_names(filled: Laptop, athena: Any):
    first = query(athena, f"SELECT preco_abertura FROM {TABLE} ORDER BY data LIMIT 1")
    second = query(athena, f"SELECT preco_fechamento, year FROM {TABLE} ORDER BY data LIMIT 1")
    whole = query(athena, f"SELECT * FROM {TABLE} ORDER BY data LIMIT 1")[0]

    names = [column["Name"] for column in columns(athena, f"SELECT * FROM {TABLE} LIMIT 1")]
    assert first == [[whole[names.index("preco_abertura")]]]
    assert second == [[whole[names.index("preco_fechamento")], whole[names.index("year")]]]
    assert query(athena, f"SELECT a.data FROM {TABLE} a JOIN {TABLE} b ON a.data = b.data WHERE b.amplitude < 0") == []


def columns(athena: Any, sql: str) -> list[Any]:
    execution_id = start(athena, sql)
    finish(athena, execution_id)
    results = athena.get_query_results(QueryExecutionId=execution_id)
    return list(results["ResultSet"]["ResultSetMetadata"]["ColumnInfo"])


def test_an_unregistered_partition_is_invisible(filled: Laptop, athena: Any, glue: Any):
    glue.batch_delete_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionsToDelete=[{"Values": ["2024"]}])

    assert query(athena, f"SELECT DISTINCT year FROM {TABLE}") == [["2025"]]


def update_partition(glue: Any, columns: Any) -> None:
    """Register 2025 with other columns."""
    partition = glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025"])["Partition"]
    storage = partition["StorageDescriptor"]
    storage["Columns"] = columns(storage["Columns"])
    glue.update_partition(
        DatabaseName=DATABASE,
        TableName=TABLE,
        PartitionValueList=["2025"],
        PartitionInput={"Values": ["2025"], "StorageDescriptor": storage},
    )


def test_a_column_that_a_partition_does_not_declare_is_null_there(filled: Laptop, athena: Any, glue: Any):
    update_partition(glue, lambda columns: [column for column in columns if column["Name"] != "amplitude"])

    assert query(athena, f"SELECT year, count(amplitude) FROM {TABLE} GROUP BY year ORDER BY year") == [
        ["2024", "38"],
        ["2025", "0"],
    ]


def test_a_partition_that_declares_another_type_fails_the_query(filled: Laptop, athena: Any, glue: Any):
    update_partition(
        glue,
        lambda columns: [column | ({"Type": "bigint"} if column["Name"] == "amplitude" else {}) for column in columns],
    )

    assert "HIVE_PARTITION_SCHEMA_MISMATCH" in failure(athena, f"SELECT amplitude FROM {TABLE}")


def test_a_file_whose_type_does_not_match_the_table_fails_the_query(filled: Laptop, athena: Any, s3: Any):
    key = "refined/year=2025/ibov.parquet"
    table = pq.read_table(pa.BufferReader(moto_state.read("b3-dataflow-refined", key) or b""))
    index = table.schema.get_field_index("month")
    wide = table.set_column(index, "month", table["month"].cast(pa.int64()))
    buffer = pa.BufferOutputStream()
    pq.write_table(wide, buffer)
    s3.put_object(Bucket="b3-dataflow-refined", Key=key, Body=buffer.getvalue().to_pybytes())

    reason = failure(athena, f"SELECT month FROM {TABLE}")
    assert "HIVE_BAD_DATA: Field month's type int64 in parquet file" in reason
    assert "incompatible with type int" in reason
    # A column that the query does not use is not read.
    assert query(athena, f"SELECT count(data) FROM {TABLE} WHERE year = 2025") == [["82"]]

    s3.put_object(Bucket="b3-dataflow-refined", Key=key, Body=b"not parquet")
    assert "HIVE_BAD_DATA: Not valid Parquet file" in failure(athena, f"SELECT month FROM {TABLE}")


def test_a_replaced_object_is_read_again(filled: Laptop, athena: Any):
    assert query(athena, f"SELECT max(data) FROM {TABLE}") == [["2025-05-02"]]

    fill(raw_object(session_bars("2024-11-01", 121), collected_at=COLLECTED + timedelta(days=1)))

    assert query(athena, f"SELECT max(data) FROM {TABLE}") == [["2025-05-05"]]


def copy_object(s3: Any, source: str, target: str) -> None:
    bucket = "b3-dataflow-refined"
    s3.copy_object(Bucket=bucket, Key=target, CopySource={"Bucket": bucket, "Key": source})


def test_hidden_and_empty_objects_are_not_data(filled: Laptop, athena: Any, s3: Any):
    for name in ("_SUCCESS", "_copy.parquet", ".copy.parquet"):
        copy_object(s3, "refined/year=2025/ibov.parquet", f"refined/year=2025/{name}")
    s3.put_object(Bucket="b3-dataflow-refined", Key="refined/year=2025/empty.parquet", Body=b"")

    assert query(athena, f"SELECT count(*) FROM {TABLE} WHERE year = 2025") == [["82"]]

    copy_object(s3, "refined/year=2025/ibov.parquet", "refined/year=2025/copy.parquet")
    assert query(athena, f"SELECT count(*) FROM {TABLE} WHERE year = 2025") == [["164"]]


def test_a_location_does_not_include_keys_that_only_start_with_its_name(
    filled: Laptop, athena: Any, glue: Any, s3: Any
):
    partition = glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025"])["Partition"]
    storage = partition["StorageDescriptor"]
    storage["Location"] = storage["Location"].rstrip("/")
    glue.update_partition(
        DatabaseName=DATABASE,
        TableName=TABLE,
        PartitionValueList=["2025"],
        PartitionInput={"Values": ["2025"], "StorageDescriptor": storage},
    )
    copy_object(s3, "refined/year=2025/ibov.parquet", "refined/year=2025-old/ibov.parquet")

    assert query(athena, f"SELECT count(*) FROM {TABLE} WHERE year = 2025") == [["82"]]


def test_a_partition_value_of_the_wrong_type_fails_the_query(filled: Laptop, athena: Any, glue: Any):
    partition = glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025"])["Partition"]
    storage = partition["StorageDescriptor"]
    wrong = {"Values": ["MMXXV"], "StorageDescriptor": storage}
    glue.create_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionInput=wrong)

    reason = failure(athena, f"SELECT year FROM {TABLE} WHERE year = 2025")
    assert reason == "HIVE_INVALID_PARTITION_VALUE: Invalid partition value 'MMXXV' for int partition key: year"


def test_hives_default_partition_is_null(filled: Laptop, athena: Any, glue: Any):
    partition = glue.get_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionValues=["2025"])["Partition"]
    unknown = {"Values": ["__HIVE_DEFAULT_PARTITION__"], "StorageDescriptor": partition["StorageDescriptor"]}
    glue.create_partition(DatabaseName=DATABASE, TableName=TABLE, PartitionInput=unknown)

    assert query(athena, f"SELECT year, count(*) FROM {TABLE} GROUP BY year ORDER BY year") == [
        ["2024", "38"],
        ["2025", "82"],
        [None, "82"],
    ]


def test_date_functions_accept_the_columns_of_the_table(filled: Laptop, athena: Any):
    # Athena's timestamps have milliseconds, as this column does.
    sql = (
        "SELECT date_trunc('day', coletado_em), hour(coletado_em), date_add('day', 1, coletado_em), "
        "coletado_em + INTERVAL '1' HOUR, date_diff('day', data, DATE '2024-11-02'), data + INTERVAL '1' MONTH, "
        "date_format(coletado_em, '%H:%i'), CAST(coletado_em AS date) "
        f"FROM {TABLE} ORDER BY data LIMIT 1"
    )
    at = COLLECTED

    assert query(athena, sql) == [
        [
            f"{at:%Y-%m-%d} 00:00:00.000",
            f"{at.hour}",
            f"{at + timedelta(days=1):%Y-%m-%d %H:%M:%S}.000",
            f"{at + timedelta(hours=1):%Y-%m-%d %H:%M:%S}.000",
            "1",
            "2024-12-01",
            f"{at:%H:%M}",
            f"{at:%Y-%m-%d}",
        ]
    ]
