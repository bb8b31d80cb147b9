"""Raw objects from other writers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib.instrument import IBOV
from chalicelib.refine import parquet, raw
from chalicelib.refine.live import LAST
from chalicelib.schema import RAW
from tests.support.bars import known_bars, raw_rows

KEY = "raw/a.parquet"


def table() -> pa.Table:
    return pa.Table.from_pandas(raw_rows(known_bars()), schema=parquet.arrow_schema(RAW), preserve_index=False)


def read(arrow: pa.Table) -> raw.RawRows:
    buffer = pa.BufferOutputStream()
    pq.write_table(arrow, buffer)
    return raw.read(buffer.getvalue().to_pybytes(), KEY, IBOV)


def with_column(name: str, change: Callable[[pa.ChunkedArray], Any]) -> pa.Table:
    arrow = table()
    return arrow.set_column(arrow.schema.get_field_index(name), name, change(arrow[name]))


EXPECTED = read(table()).rows


def test_our_own_objects_are_read_unchanged():
    result = read(table())

    assert len(result.refused) == 0
    pd.testing.assert_frame_equal(
        result.rows[[column.name for column in RAW]],
        raw_rows(known_bars())[[column.name for column in RAW]],
        check_dtype=False,
    )
    assert result.rows["chave"].tolist() == [KEY] * 6
    assert result.rows[LAST].tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    "arrow",
    [
        table().select(table().column_names[::-1]),
        table().append_column("extra", pa.array(["x"] * 6)),
        table().drop_columns(["ticker"]),
        with_column("volume_negociado", lambda column: column.cast(pa.int32())),
        with_column("volume_negociado", lambda column: column.cast(pa.uint64())),
        with_column("volume_negociado", lambda column: column.cast(pa.float64())),
        with_column("preco_abertura", lambda column: column.cast(pa.int64())),
        with_column("preco_abertura", lambda column: column.cast(pa.float32())),
        with_column("preco_abertura", lambda column: column.cast(pa.decimal128(12, 2))),
        with_column("data", lambda column: column.cast(pa.timestamp("ns"))),
        with_column("data", lambda column: column.cast(pa.date64())),
        with_column("coletado_em", lambda column: column.cast(pa.timestamp("ms", "UTC"))),
        with_column("coletado_em", lambda column: column.cast(pa.timestamp("us"))),
        with_column("coletado_em", lambda column: column.cast(pa.timestamp("us", "America/Sao_Paulo"))),
        with_column("fonte", lambda column: column.dictionary_encode()),
        with_column("ticker", lambda column: column.cast(pa.large_string())),
    ],
    ids=lambda arrow: (
        ",".join(f"{field.name}:{field.type}" for field in arrow.schema if field not in table().schema) or "other"
    ),
)
def test_another_order_or_type_with_the_same_values_is_accepted(arrow: pa.Table):
    result = read(arrow)

    assert len(result.refused) == 0
    pd.testing.assert_frame_equal(result.rows, EXPECTED)


def test_a_missing_volume_is_null():
    result = read(table().drop_columns(["volume_negociado"]))

    assert result.rows["volume_negociado"].isna().all()
    pd.testing.assert_frame_equal(
        result.rows.drop(columns="volume_negociado"), EXPECTED.drop(columns="volume_negociado")
    )


def test_nulls_stay_nulls():
    prices = with_column("preco_abertura", lambda column: pa.array([None, *column.to_pylist()[1:]]))
    volumes = with_column(
        "volume_negociado", lambda column: pa.array([float("nan"), *map(float, column.to_pylist()[1:])])
    )

    assert read(prices).rows["preco_abertura"].isna().tolist() == [True] + [False] * 5
    assert read(volumes).rows["volume_negociado"].isna().tolist() == [True] + [False] * 5
    assert len(read(prices).refused) == len(read(volumes).refused) == 0


def first_row(change: Any) -> Callable[[pa.ChunkedArray], Any]:
    return lambda column: pa.array([change, *column.to_pylist()[1:]])


@pytest.mark.parametrize(
    "values",
    [
        lambda rest: pa.array([-1, *rest]),
        lambda rest: pa.array([-(2**63), *rest]),
        lambda rest: pa.array([1.5, *map(float, rest)]),
        lambda rest: pa.array([1e20, *map(float, rest)]),
        lambda rest: pa.array([float("inf"), *map(float, rest)]),
        lambda rest: pa.array([2**64 - 1, *rest], pa.uint64()),
        lambda rest: pa.array([Decimal("0.5"), *map(Decimal, rest)]),
    ],
)
def test_a_volume_that_is_no_number_of_shares_is_null_and_the_bar_stays(values: Any):
    arrow = with_column("volume_negociado", lambda column: values(column.to_pylist()[1:]))

    result = read(arrow)

    assert len(result.refused) == 0
    assert result.rows["volume_negociado"].isna().tolist() == [True] + [False] * 5
    assert result.rows["volume_invalido"].tolist() == [True] + [False] * 5


def test_a_volume_of_another_type_is_null_in_every_row():
    result = read(with_column("volume_negociado", lambda column: column.cast(pa.string())))

    assert (len(result.rows), len(result.refused)) == (6, 0)
    assert result.rows["volume_negociado"].isna().all()


@pytest.mark.parametrize(
    ("arrow", "column", "value"),
    [
        (
            with_column(
                "data",
                lambda column: pa.array([datetime(2025, 9, 10, 10), *column.cast(pa.timestamp("us")).to_pylist()[1:]]),
            ),
            "data",
            "2025-09-10T10:00:00",
        ),
        (with_column("data", first_row(None)), "data", None),
    ],
)
def test_a_row_with_a_value_that_does_not_fit_its_column_is_refused(arrow: pa.Table, column: str, value: str | None):
    result = read(arrow)

    assert len(result.rows) == 5
    assert result.refused["motivo"].tolist() == ["tipo_errado"]
    assert result.refused[column].tolist() == [value]
    assert result.refused["chave"].tolist() == [KEY]


def test_a_column_of_another_type_refuses_every_row_with_its_text():
    result = read(with_column("preco_fechamento", lambda column: column.cast(pa.string())))

    assert len(result.rows) == 0
    assert result.refused["motivo"].tolist() == ["tipo_errado"] * 6
    assert result.refused["preco_fechamento"].tolist()[:2] == ["142349", "143151"]
    assert result.refused["data"].tolist()[:2] == ["2025-09-10", "2025-09-11"]


@pytest.mark.parametrize("value", [float("inf"), float("-inf"), float("nan")])
def test_a_price_that_is_not_finite_is_refused_and_not_taken_as_null(value: float):
    result = read(with_column("preco_minimo", first_row(value)))

    assert len(result.rows) == 5
    assert result.refused["motivo"].tolist() == ["nao_finito"]
    assert result.refused["preco_minimo"].tolist() == [None if np.isnan(value) else str(value)]


def test_wrong_type_comes_before_not_finite():
    arrow = with_column("preco_minimo", first_row(float("inf")))
    arrow = arrow.set_column(0, "data", pa.array([None, *arrow["data"].to_pylist()[1:]]))

    assert read(arrow).refused["motivo"].tolist() == ["tipo_errado"]


@pytest.mark.parametrize("body", [b"", b"date,open\n", b"PAR1" + b"\0" * 100 + b"PAR1"])
def test_an_object_that_is_not_parquet_is_refused_whole(body: bytes):
    result = raw.read(body, KEY, IBOV)

    assert len(result.rows) == 0
    assert result.refused[["motivo", "chave"]].to_numpy().tolist() == [["objeto_corrompido", KEY]]
    assert result.refused["nota"].iloc[0].startswith("cannot be decoded: ")


def test_a_truncated_object_is_refused_whole():
    body = parquet.encode(raw_rows(known_bars()), RAW)

    for length in range(0, len(body), 97):
        assert raw.read(body[:length], KEY, IBOV).refused["motivo"].tolist() == ["objeto_corrompido"]


@pytest.mark.parametrize(
    ("arrow", "note"),
    [
        (pa.table({"a": [1, 2]}), "no column data; required: data, preco_abertura"),
        (table().drop_columns(["preco_minimo"]), "no column preco_minimo"),
        (table().drop_columns(["fonte"]), "no column fonte"),
        (with_column("fonte", first_row("bloomberg")), "fonte is 'bloomberg'; allowed: sample, csv, yahoo, correcao"),
        (with_column("fonte", first_row(None)), "fonte is None"),
        (with_column("ticker", first_row("PETR4")), "ticker is 'PETR4'; allowed: 'IBOV'"),
        (with_column("coletado_em", first_row(None)), "coletado_em is"),
        (with_column("coletado_em", lambda column: column.cast(pa.string())), "coletado_em is string"),
    ],
)
def test_an_object_of_another_kind_is_refused_whole_with_the_reason(arrow: pa.Table, note: str):
    result = read(arrow)

    assert len(result.rows) == 0
    assert result.refused["motivo"].tolist() == ["objeto_estranho"]
    assert result.refused["chave"].tolist() == [KEY]
    assert result.refused["nota"].iloc[0].startswith(note)


def test_an_object_without_rows_gives_no_rows():
    result = read(table().slice(0, 0))

    assert len(result.rows) == len(result.refused) == 0


def test_a_time_without_a_zone_is_utc():
    result = read(with_column("coletado_em", lambda column: column.cast(pa.timestamp("us"))))

    assert result.rows["coletado_em"].iloc[0] == datetime(2025, 10, 14, 1, 30, tzinfo=UTC)


def test_no_object_is_no_row():
    nothing = raw.read_all([], IBOV)

    assert nothing.rows.empty
    assert nothing.refused.empty
