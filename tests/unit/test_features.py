from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.refine.features import add_features, trailing
from chalicelib.schema import REFINED
from tests.support.bars import KNOWN, known_bars, raw_object, refined, session_bars

# The official close is an input.
_DOUBLES = [column.name for column in REFINED if column.type == "double" and column.name != "fechamento_oficial"]
DERIVED = [*_DOUBLES, "volatilidade_pico", "month"]


def with_features(bars: pd.DataFrame, ticker: str = "IBOV") -> pd.DataFrame:
    return add_features(bars.assign(ticker=ticker))


def test_the_known_numbers_of_the_six_sessions():
    result = with_features(known_bars())

    assert result["amplitude"].tolist() == KNOWN["amplitude"].tolist()
    assert result["volatilidade_pct"].tolist() == KNOWN["volatilidade_pct"].tolist()
    for name in ("vol_mean_3d", "vol_std_3d"):
        assert result[name].isna().tolist() == [True, True, False, False, False, False]
        np.testing.assert_allclose(result[name][2:], KNOWN[name][2:], atol=5e-7)
    assert result["month"].tolist() == [9] * 6
    assert result["year"].tolist() == [2025] * 6


def test_daily_change_and_moving_mean_by_hand():
    result = with_features(known_bars())

    assert result["variacao_diaria"].iloc[0] == 142349 - 141612
    assert result["variacao_pct"].iloc[0] == round(737 / 141612 * 100, 2) == 0.52
    assert result["media_movel_3d"].isna().tolist()[:3] == [True, True, False]
    assert result["media_movel_3d"].iloc[2] == (142349 + 143151 + 142272) / 3


def test_a_tie_is_rounded_as_numpy_rounds_the_double():
    # 0.125 is exact in binary and a tie: numpy rounds it to even, 0.12; rounding half up returns 0.13.
    bars = (
        known_bars()
        .head(1)
        .assign(preco_abertura=80_000.0, preco_maximo=80_100.0, preco_minimo=80_000.0, preco_fechamento=80_000.0)
    )

    assert with_features(bars)["volatilidade_pct"].iloc[0] == 0.12


def test_no_volume_is_null_not_zero():
    bars = known_bars()
    bars.loc[1, "volume_negociado"] = 0
    bars.loc[2, "volume_negociado"] = pd.NA

    assert with_features(bars)["volume_negociado"].isna().tolist() == [False, True, True, False, False, False]


def test_a_peak_is_one_and_unknown_is_null():
    bars = session_bars("2024-01-02", 120)
    wild = int(bars.index[60])
    bars.loc[wild, "preco_maximo"] = bars["preco_fechamento"].iloc[60] * 1.3

    result = with_features(bars)

    assert result["volatilidade_pico"].dtype == pd.Int32Dtype()
    assert result["volatilidade_pico"].isna().tolist() == [True] * 21 + [False] * 99
    assert result["volatilidade_pico"].iloc[60] == 1
    assert set(result["volatilidade_pico"].dropna()) == {0, 1}
    assert ((result["vol_zscore"] > 1.5) == (result["volatilidade_pico"] == 1))[21:].all()


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20))
def test_appending_bars_never_changes_an_earlier_feature(before: int, after: int):
    bars = session_bars("2020-01-02", 80).head(before + after)

    whole = with_features(bars)[DERIVED].head(before)
    earlier = with_features(bars.head(before))[DERIVED]

    pd.testing.assert_frame_equal(whole, earlier, check_exact=True)


def test_several_tickers_in_one_frame_equal_each_alone():
    parts = {"IBOV": session_bars("2020-01-02", 300), "SMLL": session_bars("2021-01-04", 30), "IBXX": known_bars()}

    together = add_features(pd.concat([bars.assign(ticker=ticker) for ticker, bars in parts.items()]))

    apart = pd.concat([with_features(bars, ticker) for ticker, bars in parts.items()], ignore_index=True)
    pd.testing.assert_frame_equal(together, apart, check_exact=True)


def test_a_bad_bar_never_affects_the_features():
    bars = session_bars("2024-01-02", 300)
    clean = refined(raw_object(bars.drop(150).reset_index(drop=True)))
    for bad in (float("inf"), float("-inf"), float("nan"), 0.0, -1.0, 1e308):
        spoilt = bars.copy()
        spoilt.loc[150, "preco_minimo"] = bad

        result = refined(raw_object(spoilt)).bars

        assert len(result) == 299
        pd.testing.assert_frame_equal(result[DERIVED], clean.bars[DERIVED], check_exact=True)
        full = [name for name in DERIVED if not name.startswith("prev_")]
        assert np.isfinite(result[full].tail(40).astype(float)).all(axis=None)


@given(st.lists(st.floats(-1e6, 1e6), max_size=12), st.integers(1, 5))
def test_trailing_windows_hold_the_last_values(values: list[float], window: int):
    result = trailing(np.array(values), window, np.arange(len(values)))

    assert result.shape == (len(values), window)
    for t, row in enumerate(result):
        if t + 1 < window:
            assert np.isnan(row).all()
        else:
            assert row.tolist() == values[t + 1 - window : t + 1]
