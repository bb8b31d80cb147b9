from __future__ import annotations

from datetime import UTC, datetime

import pytest

from chalicelib import layout


def test_a_raw_key_has_the_date_in_sao_paulo_and_the_second_in_utc():
    # 01:30 UTC is the evening before in São Paulo.
    at = datetime(2025, 10, 1, 1, 30, 5, tzinfo=UTC)

    assert layout.raw_key(at) == "raw/year=2025/month=09/day=30/ibov-20251001T013005Z.parquet"
    assert layout.raw_key(at, 2) == "raw/year=2025/month=09/day=30/ibov-20251001T013007Z.parquet"
    assert layout.raw_month(at) == "raw/year=2025/month=09/"


@pytest.mark.parametrize(
    ("key", "raw"),
    [
        ("raw/year=2025/month=09/day=30/ibov-20251001T013005Z.parquet", True),
        ("raw/x.parquet", True),
        ("raw/readme.txt", False),
        ("raw/x.parquet.tmp", False),
        ("refined/year=2025/ibov.parquet", False),
        ("draw/x.parquet", False),
    ],
)
def test_is_raw_depends_on_the_key(key, raw):
    assert layout.is_raw(key) is raw


def test_a_refined_key_has_a_year_and_other_keys_have_none():
    assert layout.refined_year(layout.refined_key(1993)) == 1993
    assert layout.refined_year("refined/year=1993/other.parquet") is None
    assert layout.refined_year("refined/year=1993/ibov.parquet.bak") is None
