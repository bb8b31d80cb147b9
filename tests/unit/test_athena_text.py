from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from local.athena.text import as_text, java_double, to_csv
from local.athena.types import DOUBLE, parse

# Results of Java's `Double.toString` (JDK 19 and later).
JAVA = [
    (0.0, "0.0"),
    (-0.0, "-0.0"),
    (1.0, "1.0"),
    (142349.0, "142349.0"),
    (0.1, "0.1"),
    (0.001, "0.001"),
    (0.00099, "9.9E-4"),
    (9999999.0, "9999999.0"),
    (10000000.0, "1.0E7"),
    (12345678.9, "1.23456789E7"),
    (-123456789.125, "-1.23456789125E8"),
    (1e21, "1.0E21"),
    (1.7976931348623157e308, "1.7976931348623157E308"),
    (float("inf"), "Infinity"),
    (float("-inf"), "-Infinity"),
]


@pytest.mark.parametrize(("value", "text"), JAVA)
def test_a_double_has_the_format_of_java(value, text):
    assert java_double(value) == text


def test_a_column_of_doubles_has_the_format_of_its_values():
    values = [value for value, _ in JAVA] + [None, float("nan")]

    assert as_text(pa.chunked_array([pa.array(values)]), DOUBLE).to_pylist() == [text for _, text in JAVA] + [
        None,
        "NaN",
    ]
    assert as_text(pa.chunked_array([pa.array([1.0, None, 0.25])]), DOUBLE).to_pylist() == ["1.0", None, "0.25"]


@pytest.mark.parametrize(
    ("values", "arrow", "type_", "texts"),
    [
        ([True, None], pa.bool_(), "boolean", ["true", None]),
        ([1], pa.int32(), "integer", ["1"]),
        ([2**40], pa.int64(), "bigint", [str(2**40)]),
        ([0.1, None, 1e7], pa.float32(), "real", ["0.1", None, "1.0E7"]),
        ([Decimal("0.10"), Decimal("0.0000001")], pa.decimal128(9, 7), "decimal(9,7)", ["0.1000000", "0.0000001"]),
        ([date(2025, 1, 2)], pa.date32(), "date", ["2025-01-02"]),
        ([datetime(2025, 1, 2, 3, 4, 5, 678901)], pa.timestamp("us"), "timestamp", ["2025-01-02 03:04:05.678"]),
        (["a", "", None], pa.string(), "varchar", ["a", "", None]),
        (["a"], pa.string(), "char(3)", ["a  "]),
        ([b"he"], pa.binary(), "varbinary", ["68 65"]),
        ([[1, None], None], pa.list_(pa.int32()), "array(integer)", ["[1, null]", None]),
        ([[("a", 1.5)]], pa.map_(pa.string(), pa.float64()), "map(varchar, double)", ["{a=1.5}"]),
        ([{"f0": 1, "f1": "x"}], None, "row(a integer, varchar)", ["{a=1, field1=x}"]),
    ],
)
def test_each_type_has_athenas_text(values, arrow, type_, texts):
    assert as_text(pa.chunked_array([pa.array(values, arrow)]), parse(type_)).to_pylist() == texts


def test_in_the_csv_every_value_is_quoted_and_null_is_an_empty_field():
    columns = [
        pa.chunked_array([pa.array(['a"b', "", None, "c,\nd"])]),
        pa.chunked_array([pa.array(["1", None, "2", "3"])]),
    ]

    assert to_csv(["x", 'y"z'], columns) == b'"x","y""z"\n"a""b","1"\n"",\n,"2"\n"c,\nd","3"\n'
    assert to_csv(["x"], [pa.chunked_array([pa.array([], pa.string())])]) == b'"x"\n'
