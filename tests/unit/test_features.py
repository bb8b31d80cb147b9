from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.features import add_daily_features, trailing
from tests.bars import KNOWN, known_bars, session_bars

DERIVED = [
    "variacao_diaria",
    "variacao_pct",
    "amplitude",
    "volatilidade_pct",
    "media_movel_3d",
    "vol_mean_3d",
    "vol_std_3d",
]


def test_the_known_numbers_of_six_sessions_alone():
    found = add_daily_features(known_bars())

    assert found["amplitude"].tolist() == KNOWN["amplitude"].tolist()
    assert found["volatilidade_pct"].tolist() == KNOWN["volatilidade_pct"].tolist()
    for name in ("vol_mean_3d", "vol_std_3d"):
        assert found[name].isna().tolist() == [True, True, False, False, False, False]
        np.testing.assert_allclose(found[name][2:], KNOWN[name][2:], atol=5e-7)
    assert found["month"].tolist() == [9] * 6
    assert found["year"].tolist() == [2025] * 6


def test_daily_change_and_moving_mean_by_hand():
    found = add_daily_features(known_bars())

    assert found["variacao_diaria"].iloc[0] == 142349 - 141612
    assert found["variacao_pct"].iloc[0] == round(737 / 141612 * 100, 2) == 0.52
    assert found["media_movel_3d"].isna().tolist()[:3] == [True, True, False]
    assert found["media_movel_3d"].iloc[2] == (142349 + 143151 + 142272) / 3


def test_a_tie_is_rounded_as_numpy_rounds_the_double():
    # 0.125 is exact in binary and half way: to even, as numpy does; half up would give 0.13.
    bars = (
        known_bars()
        .head(1)
        .assign(preco_abertura=80_000.0, preco_maximo=80_100.0, preco_minimo=80_000.0, preco_fechamento=80_000.0)
    )

    assert add_daily_features(bars)["volatilidade_pct"].iloc[0] == 0.12


def test_no_volume_is_null_not_zero():
    bars = known_bars()
    bars.loc[1, "volume_negociado"] = 0
    bars.loc[2, "volume_negociado"] = pd.NA

    assert add_daily_features(bars)["volume_negociado"].isna().tolist() == [False, True, True, False, False, False]


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 60), st.integers(1, 20))
def test_appending_bars_never_changes_an_earlier_feature(before: int, after: int):
    bars = session_bars("2020-01-01", 80).head(before + after)

    whole = add_daily_features(bars)[DERIVED].head(before)
    earlier = add_daily_features(bars.head(before))[DERIVED]

    pd.testing.assert_frame_equal(whole, earlier, check_exact=True)


@given(st.lists(st.floats(-1e6, 1e6), max_size=12), st.integers(1, 5))
def test_trailing_windows_hold_the_last_values(values: list[float], window: int):
    found = trailing(np.array(values), window)

    assert found.shape == (len(values), window)
    for t, row in enumerate(found):
        if t + 1 < window:
            assert np.isnan(row).any()
        else:
            assert row.tolist() == values[t + 1 - window : t + 1]
