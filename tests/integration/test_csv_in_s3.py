"""The source `csv:` with an object in S3."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.errors import SourceMalformed, SourceUnavailable
from chalicelib.ingest.sources.csv_file import CsvFile
from tests.support.bars import csv_text, known_bars

BUCKET = "b3-dataflow-athena"
HEADER = b"date,open,high,low,close,volume,"


def test_an_object_is_read_like_a_file(s3: Any):
    # In a URL, # and ? end the path; in an S3 key they do not.
    key = "backfills/mine #1?.csv"
    s3.put_object(Bucket=BUCKET, Key=key, Body=b"\xef\xbb\xbf" + csv_text(known_bars()).encode())

    assert CsvFile(f"s3://{BUCKET}/{key}").fetch(None, None).equals(known_bars())


def test_an_object_that_is_not_text_is_an_error_with_its_name(s3: Any):
    s3.put_object(Bucket=BUCKET, Key="mine.csv", Body=HEADER + b"note\n2025-01-02,1,1,1,1,1,\xff\n")

    with pytest.raises(SourceMalformed, match=f"^s3://{BUCKET}/mine.csv is not UTF-8 text: byte 58$"):
        CsvFile(f"s3://{BUCKET}/mine.csv").fetch(None, None)


@pytest.mark.parametrize(
    ("location", "reason"),
    [
        (f"s3://{BUCKET}/absent.csv", ".*NoSuchKey"),
        ("s3://absent-bucket/mine.csv", ".*NoSuchBucket"),
        (f"s3://{BUCKET}", "Parameter validation failed: Invalid length for parameter Key"),
        ("s3:///mine.csv", "Parameter validation failed: Invalid bucket name"),
    ],
)
def test_an_unreadable_object_is_an_error_with_its_name_and_the_reason(s3: Any, location: str, reason: str):
    with pytest.raises(SourceUnavailable, match=f"^cannot read {location}: {reason}"):
        CsvFile(location).fetch(None, None)
