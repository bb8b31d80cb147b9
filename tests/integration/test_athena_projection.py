"""Partition projection in the local Athena."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.laptop import Laptop
from tests.support.athena import failure, finish, query, start

BUCKET = "b3-dataflow-refined"

Create = Callable[..., None]


@pytest.fixture
def create(laptop: Laptop, athena: Any, s3: Any) -> Create:
    """Function that creates a table `t` of text with keys, properties and objects, each with one row: its name."""

    def run(keys: str, properties: dict[str, str], *folders: str) -> None:
        for folder in folders:
            s3.put_object(Bucket=BUCKET, Key=f"t/{folder}/rows", Body=f"{folder}\n".encode())
        pairs = ", ".join(
            f"'{name}' = '{value}'" for name, value in {"projection.enabled": "true", **properties}.items()
        )
        sql = f"CREATE EXTERNAL TABLE t (a string) PARTITIONED BY ({keys}) LOCATION 's3://{BUCKET}/t/'"
        execution = finish(athena, start(athena, f"{sql} TBLPROPERTIES ({pairs})"))
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]

    return run


def test_enumerations_and_integers(create: Create, athena: Any):
    create(
        "kind string, month int",
        {
            "projection.kind.type": "enum",
            "projection.kind.values": "a,b c",
            "projection.month.type": "INTEGER",
            "projection.month.range": "1,11",
            "projection.month.interval": "2",
            "projection.month.digits": "2",
        },
        "kind=a/month=01",
        "kind=b c/month=11/below",
        # Not projected: another kind, the interval, the range, the digits.
        "kind=c/month=01",
        "kind=a/month=02",
        "kind=a/month=13",
        "kind=a/month=3",
        "kind=a/month=x",
        "month=01/kind=a",
    )

    assert query(athena, "SELECT * FROM t ORDER BY a") == [
        ["kind=a/month=01", "a", "1"],
        ["kind=b c/month=11/below", "b c", "11"],
    ]
    assert query(athena, "SELECT a FROM t WHERE month > 1") == [["kind=b c/month=11/below"]]
    for statement in ("INSERT INTO t VALUES ('x', 'a', 1)", 'SELECT * FROM "t$partitions"'):
        assert failure(athena, statement).startswith("NOT_SUPPORTED: the local Athena does not ")


def test_dates_at_a_location_of_their_own(create: Create, athena: Any):
    today = datetime.now(UTC)
    last, next_ = f"{today:%Y/%m/%d}", f"{today + timedelta(days=2):%Y/%m/%d}"
    create(
        "day string, hour string",
        {
            "projection.day.type": "date",
            "projection.day.format": "yyyy/MM/dd",
            "projection.day.range": "NOW-3YEARS, NOW+1DAY",
            "projection.hour.type": "enum",
            "projection.hour.values": "00,12",
            "storage.location.template": f"s3://{BUCKET}/t/d/${{day}}/h${{hour}}/",
        },
        f"d/{last}/h00",
        f"d/{last}/h13",
        f"d/{next_}/h00",
        f"d/{today.year - 4}/01/01/h00",
        "d/2024/02/30/h00",
    )

    assert query(athena, "SELECT * FROM t") == [[f"d/{last}/h00", last, "00"]]


@pytest.mark.parametrize(
    ("type_", "properties", "folders", "values"),
    [
        ("date", {"range": "2024-01-01,2024-01-09"}, ["2023-12-31", "2024-01-02", "2024-1-03"], ["2024-01-02"]),
        ("date", {"format": "yyyyMMdd", "range": "20240101,20240109"}, ["20240102", "2024-01-02"], ["2024-01-02"]),
        (
            "timestamp",
            {"range": "2024-01-01 00:00:00,2024-01-01 01:00:00"},
            ["2024-01-01 00:00:07", "2024-01-01 01:00:01"],
            ["2024-01-01 00:00:07.000"],
        ),
        (
            "string",
            {
                "format": "yyyy-MM-dd-HH",
                "range": "2024-01-01-01,2024-01-02-00",
                "interval": "3",
                "interval.unit": "hours",
            },
            ["2024-01-01-04", "2024-01-01-05", "2024-01-01-22", "2024-01-02-01"],
            ["2024-01-01-04", "2024-01-01-22"],
        ),
    ],
)
def test_dates_of_all_types(
    create: Create, athena: Any, type_: str, properties: dict[str, str], folders: list[str], values: list[str]
):
    properties = {f"projection.k.{name}": value for name, value in {"type": "date", **properties}.items()}
    create(f"k {type_}", properties, *(f"k={folder}" for folder in folders))

    assert query(athena, "SELECT k FROM t ORDER BY 1") == [[value] for value in values]


def test_a_query_gives_the_value_of_an_injected_key(create: Create, athena: Any):
    properties = {"projection.k.type": "injected", "projection.n.type": "integer", "projection.n.range": "0,9"}
    create("k string, n int", properties, "k=x/n=1", "k=y/n=1", "k=y/n=2")

    assert query(athena, "SELECT a FROM t WHERE k = 'y' AND n < 2") == [["k=y/n=1"]]
    for where in ("", "WHERE n = 1", "WHERE k > 'x'", "WHERE k = 'x' OR n = 1"):
        assert failure(athena, f"SELECT a FROM t {where}").startswith(
            "CONSTRAINT_VIOLATION: For the injected projected partition column k, the WHERE clause must contain"
        )


@pytest.mark.parametrize(
    ("properties", "reason"),
    [
        ({}, "projection.k.type is none of enum, integer, date and injected"),
        ({"projection.k.type": "enum"}, "projection.k.values is absent"),
        ({"projection.k.type": "integer", "projection.k.range": "a,b"}, "a property of projection.k is wrong"),
        ({"projection.k.type": "date", "projection.k.range": "NOW,NOW"}, "projection.k.format is absent"),
        (
            {"projection.k.type": "date", "projection.k.format": "yyyy-MM", "projection.k.range": "2024-01,NOW"},
            "projection.k.interval.unit is absent for the format yyyy-MM",
        ),
        (
            {"projection.k.type": "date", "projection.k.format": "dd MMM yyyy", "projection.k.range": "NOW,NOW"},
            "projection.k.format has MMM",
        ),
        (
            {"projection.k.type": "injected", "storage.location.template": f"s3://{BUCKET}/t/"},
            "storage.location.template must have each partition key once",
        ),
    ],
)
def test_a_projection_without_a_known_meaning_is_refused(
    create: Create, athena: Any, properties: dict[str, str], reason: str
):
    create("k string", properties, "k=x")

    assert reason in failure(athena, "SELECT a FROM t WHERE k = 'x'")
