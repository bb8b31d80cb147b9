"""The official closes of the real history, as B3's answers from 1998 on, on Yahoo's bars."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chalicelib.refine.refinery import Refined
from chalicelib.schema import PRICES, REFINED, volatility_column
from scripts import real_data

SINCE_2008 = pd.Timestamp(2008, 1, 1)

NEW = {"fechamento_oficial", "fonte_fechamento"}
"""The columns that exist only because of official closes."""


@pytest.fixture(scope="module")
def given(shared_data: Path) -> Refined:
    """Yahoo's bars only."""
    return real_data.history()


@pytest.fixture(scope="module")
def corrected(shared_data: Path) -> Refined:
    """The same bars with official closes."""
    return real_data.history(with_closes=True)


@pytest.fixture(scope="module")
def recent(corrected: Refined) -> pd.Series:
    return corrected.bars["data"] >= SINCE_2008


@pytest.fixture(scope="module")
def wrong(corrected: Refined) -> pd.Series:
    """Which closes are corrected."""
    return corrected.bars["fonte_fechamento"] == "b3"


def changed(given: Refined, corrected: Refined, column: str) -> pd.Series:
    """Return which sessions have another value, bit for bit."""
    before, after = given.bars[column], corrected.bars[column]
    return (before != after) & ~(before.isna() & after.isna())


def test_187_closes_are_corrected_and_all_others_confirmed(corrected: Refined, wrong: pd.Series, recent: pd.Series):
    reference = pd.read_csv(real_data.HISTORY)
    reference = reference[reference["is_session"] & (reference["date"] >= "1998")]

    assert (int(wrong.sum()), int((wrong & recent).sum())) == (187, 168)
    assert corrected.bars.loc[wrong, "data"].dt.strftime("%Y-%m-%d").tolist() == (
        reference.loc[reference["close_ok"] == 0, "date"].tolist()
    )
    assert corrected.official.confirmed == len(reference) - 187
    assert corrected.official.unconfirmed == len(corrected.bars) - len(reference)
    assert corrected.warnings["fechamento_suspeito"] == 0


def test_no_bar_is_contradicted(given: Refined, corrected: Refined):
    assert corrected.refused() == given.refused()
    assert corrected.coverage.missing == given.coverage.missing
    assert len(corrected.revisions) == 0


def test_high_and_low_are_widened_on_22_sessions(given: Refined, corrected: Refined, recent: pd.Series):
    widened = changed(given, corrected, "preco_maximo") | changed(given, corrected, "preco_minimo")

    assert (int(widened.sum()), int((widened & recent).sum())) == (22, 16)
    assert not changed(given, corrected, "preco_abertura").any()
    bars = corrected.bars[list(PRICES)]
    assert (bars["preco_maximo"] == bars.max(axis=1)).all()
    assert (bars["preco_minimo"] == bars.min(axis=1)).all()


def test_two_bars_are_doubtful(corrected: Refined):
    doubtful = corrected.bars["avisos"].str.contains("barra_duvidosa")

    assert corrected.bars.loc[doubtful, "data"].dt.strftime("%Y-%m-%d").tolist() == ["2013-12-19", "2023-01-11"]


@pytest.mark.parametrize(("window", "number"), [(5, 367), (21, 768)])
def test_close_to_close_changes_where_its_window_has_a_corrected_close(
    given: Refined, corrected: Refined, wrong: pd.Series, recent: pd.Series, window: int, number: int
):
    column = volatility_column("close_to_close", window)
    # A window is of returns: it has one close more.
    expected = wrong.rolling(window + 1, min_periods=1).max() == 1

    actual = changed(given, corrected, column)

    assert int((actual & recent).sum()) == number
    assert (actual == expected).all()


def test_before_the_first_corrected_close_no_value_changes(given: Refined, corrected: Refined, wrong: pd.Series):
    first = int(np.flatnonzero(wrong)[0])
    columns = [column.name for column in REFINED if column.name not in NEW | {"avisos"}]

    pd.testing.assert_frame_equal(
        given.bars.loc[: first - 1, columns], corrected.bars.loc[: first - 1, columns], check_exact=True
    )


def test_the_next_open_is_nearer_to_the_corrected_close(
    given: Refined, corrected: Refined, wrong: pd.Series, recent: pd.Series
):
    before, after = (
        np.abs(np.log(each.bars["preco_abertura"].shift(-1) / each.bars["preco_fechamento"])[wrong & recent])
        for each in (given, corrected)
    )

    assert int((after < before).sum()) >= 166
