from __future__ import annotations

from datetime import date, timedelta

import pandas as pd

from chalicelib.schema import PRICES
from tests.support.bars import COLLECTED, raw_object, refined, session_bars

LONG_AGO = session_bars("2025-03-03", 120)


def without(*positions: int) -> tuple[str, bytes]:
    """Return a raw object without some sessions, by their position from the end."""
    others = [row for row in range(len(LONG_AGO)) if row - len(LONG_AGO) not in positions]
    return raw_object(LONG_AGO.iloc[others].reset_index(drop=True))


def day(position: int) -> date:
    return LONG_AGO["data"].iloc[position].date()


def test_a_complete_lake_has_no_gaps():
    result = refined(without()).coverage

    assert result.missing == {}
    assert result.degraded() == []


def test_a_gap_is_listed_between_the_first_bar_and_the_last_row():
    result = refined(without(-120, -50, -30, -1)).coverage

    assert list(result.missing) == [day(-50), day(-30)]


def test_a_recent_unknown_gap_degrades_and_an_old_one_does_not():
    assert refined(without(-70)).coverage.degraded() == []
    assert refined(without(-60)).coverage.degraded() == [f"no bar of {day(-60)}, for no known reason"]
    assert refined(without(-61)).coverage.degraded() == []


def test_a_gap_in_the_last_two_sessions_does_not_degrade():
    nulls = LONG_AGO.copy()
    nulls.loc[nulls.index[-2:], list(PRICES)] = float("nan")
    result = refined(raw_object(nulls)).coverage
    assert list(result.missing) == [day(-2), day(-1)]
    assert result.degraded() == []

    nulls.loc[nulls.index[-3], list(PRICES)] = float("nan")
    assert refined(raw_object(nulls)).coverage.degraded() == [f"no bar of {day(-3)}, for no known reason"]


def test_a_known_gap_never_degrades():
    bars = session_bars("2020-09-01", 70)
    others = bars[bars["data"] != "2020-11-20"].reset_index(drop=True)

    result = refined(raw_object(others)).coverage

    assert date(2020, 11, 20) in result.missing
    assert result.degraded() == []


def live(bars: pd.DataFrame, *positions: int) -> pd.DataFrame:
    changed = bars.copy()
    for position in positions:
        changed.loc[changed.index[position], "preco_fechamento"] = changed["preco_minimo"].iloc[position] + 0.5
    return changed


def test_three_sessions_in_a_row_refused_as_live_degrade():
    assert refined(raw_object(live(LONG_AGO, -1, -2))).coverage.degraded() == []

    three = refined(raw_object(live(LONG_AGO, -1, -2, -3)))
    assert f"3 sessions in a row refused as live, from {day(-3)}" in three.coverage.degraded()
    apart = refined(raw_object(live(LONG_AGO, -1, -2, -4)))
    assert not any("live" in reason for reason in apart.coverage.degraded())


def test_a_live_bar_followed_by_its_final_bar_is_no_gap():
    result = refined(
        raw_object(live(LONG_AGO, -1, -2, -3)), raw_object(LONG_AGO, collected_at=COLLECTED + timedelta(hours=10))
    )

    assert result.coverage.missing == {}
    assert result.coverage.degraded() == []


def test_a_row_in_the_future_makes_no_gap():
    bars = session_bars("2025-10-01", 30)

    result = refined(raw_object(bars, collected_at=COLLECTED)).coverage

    assert result.missing == {}
