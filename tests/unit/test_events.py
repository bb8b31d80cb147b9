"""Events that start_refine receives: raw objects of S3 notifications, and a line for everything else."""

from __future__ import annotations

import contextlib
import copy
import io
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from chalicelib import layout
from chalicelib.ingest.events import raw_objects

BUCKET = "b3-dataflow-raw"
KEY = "raw/year=2025/month=10/day=14/ibov-20251015T013000Z.parquet"


def record(key: Any = KEY, bucket: Any = BUCKET, **fields: Any) -> dict[str, Any]:
    """Return a record of an S3 notification."""
    return {
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": bucket}, "object": {"key": key, "size": 1, "eTag": "abc", **fields}},
    }


def read(event: Any) -> tuple[dict[str, str | None], list[str]]:
    """Return the raw objects of an event, and the printed lines."""
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        objects = raw_objects(event, BUCKET)
    return objects, output.getvalue().splitlines()


def test_the_raw_objects_of_a_notification():
    assert read({"Records": [record(), record("raw/a+b%C3%A9.parquet", eTag="def")]}) == (
        {KEY: '"abc"', "raw/a bé.parquet": '"def"'},
        [],
    )


@pytest.mark.parametrize("etag", [None, "", 7, ["abc"]])
def test_a_record_without_an_etag_is_of_an_object_whose_content_is_unknown(etag: Any):
    without = record()
    del without["s3"]["object"]["eTag"]

    for each in (without, record(eTag=etag)):
        assert read({"Records": [each]}) == ({KEY: None}, [])


SNS = {"EventSource": "aws:sns", "EventVersion": "1.0", "Sns": {"Type": "Notification", "Message": "{}"}}
SQS = {"eventSource": "aws:sqs", "messageId": "1", "body": "{}"}
ALLOWED = "; allowed: an S3 notification with Records"


@pytest.mark.parametrize(
    ("event", "line"),
    [
        ({"Service": "Amazon S3", "Event": "s3:TestEvent", "Bucket": BUCKET}, "an event with Event 's3:TestEvent'"),
        ({}, "an empty event"),
        (None, "an event of type NoneType"),
        ([record()], "an event of type list"),
        ("s3", "an event of type str"),
        ({"Records": None}, "an event with the fields 'Records'"),
        ({"Records": []}, "an event with the fields 'Records'"),
        ({"Records": {"0": record()}}, "an event with the fields 'Records'"),
        ({"a": 1, "b": 2, "c": 3, "d": 4}, "an event with the fields 'a', 'b', 'c', …"),
        (
            {"detail-type": "Object Created", "source": "aws.s3", "detail": {"object": {"key": KEY}}},
            "an event with detail-type 'Object Created'",
        ),
        ({"Type": "Notification", "Message": "{}"}, "an event with Type 'Notification'"),
        ({"a\nb": 1}, "an event with the fields 'a b'"),
    ],
)
def test_an_event_without_records_is_named(event: Any, line: str):
    assert read(event) == ({}, [f"ignored: {line}{ALLOWED}"])


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (SNS, "a record of an event with EventSource 'aws:sns'; allowed: a record of S3"),
        (SQS, "a record of an event with eventSource 'aws:sqs'; allowed: a record of S3"),
        ("text", "a record of an event of type str; allowed: a record of S3"),
        ({"s3": None}, "a record of an event with the fields 's3'; allowed: a record of S3"),
        (record(bucket="\ud800"), f"s3://\\ud800/{KEY}; allowed: s3://{BUCKET}/raw/….parquet"),
        (record("raw/\ud800.parquet"), f"s3://{BUCKET}/raw/\\ud800.parquet; allowed: s3://{BUCKET}/raw/….parquet"),
        (record(bucket="other"), f"s3://other/{KEY}; allowed: s3://{BUCKET}/raw/….parquet"),
        (record("backfill/mine.csv"), f"s3://{BUCKET}/backfill/mine.csv; allowed: s3://{BUCKET}/raw/….parquet"),
        (record("raw/%E9.parquet"), f"s3://{BUCKET}/raw/%E9.parquet; allowed: s3://{BUCKET}/raw/….parquet"),
        (record("raw/100%.parquet"), f"s3://{BUCKET}/raw/100%.parquet; allowed: s3://{BUCKET}/raw/….parquet"),
    ],
)
def test_a_record_of_anything_else_is_named_and_the_others_count(entry: Any, line: str):
    assert read({"Records": [entry, record()]}) == ({KEY: '"abc"'}, [f"ignored: {line}"])


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.lists(st.integers(), max_size=2),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=2),
    st.sampled_from(["%", "%E9", "raw/%FF.parquet", "s3:TestEvent", "\r\n", "x" * 5000]),
)  # fmt: skip


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each node below an event."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(each for name, child in items for each in paths(child, (*path, name)))]


@st.composite
def mutated(draw: Any) -> Any:
    """Draw a notification with some nodes replaced or removed."""
    holder: Any = {"event": {"Records": [record(), record("raw/a.parquet"), copy.deepcopy(SNS), copy.deepcopy(SQS)]}}
    for _ in range(draw(st.integers(1, 3))):
        *parents, last = draw(st.sampled_from(paths(holder)[1:] or [("event",)]))
        node = holder
        for name in parents:
            node = node[name]
        if draw(st.booleans()) or last == "event":
            node[last] = draw(JUNK)
        else:
            del node[last]
    return holder["event"]


@given(mutated())
@example({"Records": [[]]})
def test_no_event_is_an_error_and_each_ignored_record_has_one_line(event: Any):
    before = copy.deepcopy(event)

    objects, lines = read(event)

    assert all(layout.is_raw(key) for key in objects)
    records = event["Records"] if isinstance(event, dict) and isinstance(event.get("Records"), list) else []
    assert len(lines) <= max(len(records), 1)
    assert all(line.startswith("ignored: ") and len(line) < 600 for line in lines)
    assert objects or lines
    assert repr(event) == repr(before)
