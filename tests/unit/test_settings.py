from __future__ import annotations

import pytest

from chalicelib.errors import SettingsError
from chalicelib.settings import Settings


def test_defaults_are_for_the_local_aws():
    assert Settings.from_environ({"PATH": "/bin"}) == Settings(
        raw_bucket="b3-dataflow-raw",
        refined_bucket="b3-dataflow-refined",
        athena_bucket="b3-dataflow-athena",
        database="b3_refined_db",
        table="ibov_refined",
        job="b3-etl-job",
        workgroup="b3-dataflow",
    )


def test_each_setting_is_read_from_its_variable():
    assert Settings.from_environ({"B3_DATABASE": "b3_refined_db_dev"}).database == "b3_refined_db_dev"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("B3_RAW_BUCKET", "Bucket"),
        ("B3_RAW_BUCKET", "ab"),
        ("B3_RAW_BUCKET", "bucket/key"),
        ("B3_DATABASE", 'db"; DROP TABLE x'),
        ("B3_DATABASE", "٣"),
        ("B3_TABLE", ""),
        ("B3_JOB", "a job"),
        ("B3_MARKET_JOB", "a job"),
    ],
)
def test_an_invalid_value_is_named_with_the_allowed_values(name, value):
    with pytest.raises(SettingsError) as raised:
        Settings.from_environ({name: value})

    assert name in str(raised.value)
    assert repr(value) in str(raised.value)
    assert "allowed" in str(raised.value)


def test_a_misspelt_variable_is_refused():
    with pytest.raises(
        SettingsError, match="B3_BUCKET_RAW is not a setting; allowed: B3_RAW_BUCKET, B3_REFINED_BUCKET"
    ):
        Settings.from_environ({"B3_BUCKET_RAW": "bucket"})
