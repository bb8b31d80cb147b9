"""The slices of the market and the objects of its table, without Spark."""

from __future__ import annotations

from datetime import date
from itertools import pairwise

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.job.market import objects, slices
from chalicelib.job.market.inputs import Inputs, parsed_prefix
from chalicelib.refine.parquet import arrow_schema
from chalicelib.shares import SHARES

COUNTS = st.dictionaries(st.text("ABC34", min_size=1, max_size=4), st.integers(1, 30), min_size=1)


@given(COUNTS, st.integers(1, 60))
def test_slices_are_ranges_of_tickers_of_at_most_the_size(counts: dict[str, int], size: int):
    firsts = slices.firsts([counts], size)
    tickers = sorted(counts)
    number = dict(zip(tickers, slices.numbers(pa.chunked_array([tickers]), firsts).to_pylist(), strict=True))

    assert [number[ticker] for ticker in tickers] == sorted(number.values())
    assert set(number.values()) == set(range(len(firsts)))
    for each in range(len(firsts)):
        of_slice = [counts[ticker] for ticker in tickers if number[ticker] == each]
        assert sum(of_slice) <= size or len(of_slice) == 1


@given(COUNTS, COUNTS)
def test_slices_are_of_the_sum_of_the_files_in_any_order(one: dict[str, int], other: dict[str, int]):
    both = {ticker: one.get(ticker, 0) + other.get(ticker, 0) for ticker in one | other}

    assert slices.firsts([one, other], 20) == slices.firsts([other, one], 20) == slices.firsts([both], 20)


def rows(tickers: dict[str, int], year: int = 2024) -> pd.DataFrame:
    """Return a frame with this number of rows of each ticker."""
    frame = pd.DataFrame({"ticker": np.repeat([*tickers], [*tickers.values()])})
    frame["data"] = pd.Timestamp(date(year, 1, 1)) + pd.to_timedelta(frame.groupby("ticker").cumcount(), unit="D")
    frame["coletado_em"] = pd.Timestamp("2026-01-02", tz="UTC")
    frame["year"] = pd.array(frame["data"].dt.year, "Int32")
    return frame.reindex(columns=[*(column.name for column in SHARES), "year"])


def test_a_row_group_has_whole_tickers_and_the_statistics_of_ticker_and_date():
    tickers = {f"A{number:03d}": 250 for number in range(11)}
    ((year, number, table),) = objects.objects(rows(tickers))

    file = pq.ParquetFile(pa.BufferReader(objects.encode(table)))

    assert (year, number) == (2024, 0)
    groups = [file.metadata.row_group(at) for at in range(file.metadata.num_row_groups)]
    assert [group.num_rows for group in groups] == [1000, 1000, 750]
    bounds = [(group.column(1).statistics.min, group.column(1).statistics.max) for group in groups]
    assert bounds == [("A000", "A003"), ("A004", "A007"), ("A008", "A010")]
    with_statistics = {
        file.schema_arrow.names[at] for at in range(groups[0].num_columns) if groups[0].column(at).is_stats_set
    }
    assert with_statistics == {"ticker", "data"}
    assert file.read().cast(arrow_schema(SHARES)).equals(table)


def test_an_object_has_at_most_its_number_of_rows_and_whole_tickers(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(objects, "OBJECT_ROWS", 600)
    tickers = {"A": 250, "B": 250, "C": 250, "D": 250, "E": 250}

    written = [*objects.objects(pd.concat([rows(tickers), rows({"F": 3}, 2025)], ignore_index=True))]

    assert [(year, number, table.num_rows) for year, number, table in written] == [
        (2024, 0, 500), (2024, 1, 500), (2024, 2, 250), (2025, 0, 3),
    ]  # fmt: skip
    for (_, _, before), (_, _, after) in pairwise(written[:3]):
        assert before["ticker"][-1].as_py() < after["ticker"][0].as_py()


def test_a_prefix_depends_on_keys_and_etags_and_not_on_their_order():
    files = {"a": '"1"', "b": '"2"'}

    assert Inputs(files).prefix == Inputs(dict(reversed(files.items()))).prefix
    assert len({Inputs(files).prefix, Inputs({"a": '"1"'}).prefix, Inputs(files | {"b": '"3"'}).prefix}) == 3
    assert parsed_prefix("a", '"1"') != parsed_prefix("a", '"2"') != parsed_prefix("b", '"2"')
