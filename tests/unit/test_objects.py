"""Raw objects that are refused whole before their rows are read: size, types, and times."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib import layout
from chalicelib.instrument import IBOV
from chalicelib.layout import RawObject
from chalicelib.refine import parquet, raw
from chalicelib.schema import RAW
from tests.support.bars import COLLECTED, known_bars, raw_rows
from tests.unit.test_raw import KEY, read, table, with_column


def refusal(result: raw.RawRows) -> tuple[str, str]:
    """Return the reason and the note of an object that is refused whole."""
    assert len(result.rows) == len(result.closes) == 0
    [(reason, note, key)] = result.refused[["motivo", "nota", "chave"]].to_numpy().tolist()
    assert key.startswith("raw/")
    return reason, note


def test_an_object_above_64_mb_is_refused_without_its_bytes():
    size = layout.MAX_RAW_BYTES + 1
    note = "the object has 67,108,865 bytes; allowed: 67,108,864"

    assert refusal(raw.read_all([RawObject(KEY, None, size)], IBOV)) == ("objeto_corrompido", note)
    assert refusal(raw.read(bytes(size), KEY, IBOV)) == ("objeto_corrompido", note)


def test_an_object_above_a_million_rows_is_refused_before_they_are_decoded():
    rows = table().take(pa.array(np.zeros(1_000_001, np.int64)))

    assert refusal(read(rows)) == ("objeto_corrompido", "the object has 1,000,001 rows; allowed: 1,000,000")


def test_an_object_that_is_small_only_because_it_is_compressed_is_refused():
    text = pa.chunked_array([pa.array(["x" * 2**20] * 10)] * 30)
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.table({"ticker": text}), buffer, compression="zstd", use_dictionary=False)

    reason, note = refusal(raw.read(buffer.getvalue().to_pybytes(), KEY, IBOV))

    assert reason == "objeto_corrompido"
    assert note.endswith(" bytes uncompressed; allowed: 268,435,456")


def test_a_long_text_is_refused():
    arrow = with_column("fonte", lambda column: pa.array(["x" * 1_025] * 6))

    assert refusal(read(arrow)) == ("objeto_estranho", "fonte has a text of 1,025 bytes; allowed: 1,024")


def test_a_memory_error_refuses_the_object():
    def fail(*_: Any) -> None:
        raise MemoryError("malloc of size 99")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pq, "read_metadata", fail)
        result = read(table())

    assert refusal(result) == ("objeto_corrompido", "cannot be decoded: MemoryError: malloc of size 99")


@pytest.mark.parametrize("column", ["data", "preco_fechamento", "fonte", "coletado_em"])
@pytest.mark.parametrize(
    "values",
    [
        pa.array([["yahoo"]] * 6),
        pa.array([{"x": 1}] * 6),
        pa.array(np.ones(6, np.float16)),
        pa.array(["yahoo"] * 6, pa.string_view()),
        pa.array([b"yahoo"] * 6),
    ],
    ids=lambda values: str(values.type),
)
def test_a_column_of_a_type_that_is_not_allowed_refuses_the_object(column: str, values: pa.Array):
    reason, note = refusal(read(with_column(column, lambda _: values)))

    assert reason == "objeto_estranho"
    assert note.startswith(f"{column} is ")
    assert note.endswith("; allowed: a number, text, a boolean, a date or a timestamp")


def test_a_column_that_occurs_twice_refuses_the_object():
    again = pa.table([*table().columns, table()["data"]], names=[*table().column_names, "data"])
    beside = table().append_column("data.x", table()["data"])

    for arrow in (again, beside):
        assert refusal(read(arrow)) == ("objeto_estranho", "the column data occurs twice; allowed: once")


def test_a_column_that_raw_does_not_have_may_have_any_type():
    result = read(table().append_column("extra", pa.array([[{"x": 1}]] * 6)))

    assert len(result.rows) == 6


@pytest.mark.parametrize(
    ("column", "values", "note"),
    [
        ("data", pa.array([2**31 - 1] * 6, pa.int32()).view(pa.date32()), "data is 2,147,483,647 days after"),
        ("data", pa.array([-(2**62)] * 6).view(pa.timestamp("us")), "data is -53,375,996 days after"),
        ("coletado_em", pa.array([2**62] * 6).view(pa.timestamp("ms", "UTC")), "coletado_em is 53,375,995,583 days"),
        ("coletado_em", pa.array([-(10**16)] * 6).view(pa.timestamp("us")), "coletado_em is -115,741 days after"),
    ],
)
def test_a_date_or_time_out_of_range_refuses_the_object(column: str, values: pa.Array, note: str):
    reason, text = refusal(read(with_column(column, lambda _: values)))

    assert reason == "objeto_corrompido"
    assert text.startswith(note)


class TestTimes:
    """The bars were collected on 2025-10-14 at 01:30 UTC."""

    @staticmethod
    def read_at(key: str, modified: datetime | None = None) -> raw.RawRows:
        body = parquet.encode(raw_rows(known_bars()), RAW)
        return raw.read_all([RawObject(key, body, len(body), modified)], IBOV)

    @pytest.mark.parametrize("second", [-60, 0, 59, 60])
    def test_the_key_may_differ_by_a_minute(self, second: int):
        assert len(self.read_at(layout.raw_key(COLLECTED, second)).rows) == 6

    @pytest.mark.parametrize("second", [-61, 61, 86_400])
    def test_another_time_in_the_key_refuses_the_object(self, second: int):
        reason, note = refusal(self.read_at(layout.raw_key(COLLECTED, second)))

        assert reason == "objeto_estranho"
        assert note.startswith("coletado_em is 2025-10-14 01:30:00 UTC, and the key says 2025-10-1")
        assert note.endswith("; allowed: within 60 s")

    @pytest.mark.parametrize("key", [KEY, layout.raw_key(COLLECTED)])
    def test_a_collection_a_day_later_than_the_object_refuses_it(self, key: str):
        day = timedelta(days=1)

        assert len(self.read_at(key, COLLECTED - day).rows) == 6
        reason, note = refusal(self.read_at(key, COLLECTED - day - timedelta(seconds=1)))
        assert reason == "objeto_estranho"
        assert note == (
            "collected at 2025-10-14 01:30:00 UTC, and last modified at 2025-10-13 01:29:59 UTC; "
            "allowed: at most a day later"
        )

    @pytest.mark.parametrize("key", ["raw/ibov-20259999T000000Z.parquet", "raw/ibov-20200101T000000Z.parquet.parquet"])
    def test_a_key_of_another_form_has_no_time(self, key: str):
        assert len(self.read_at(key).rows) == 6
