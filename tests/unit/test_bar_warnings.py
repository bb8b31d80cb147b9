from __future__ import annotations

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.instrument import IBOV
from chalicelib.refine.calendar import sessions
from chalicelib.refine.closes import suspect_closes
from chalicelib.refine.refinery import Refined
from chalicelib.refine.warnings import jumps
from chalicelib.schema import PRICES
from tests.support.bars import COLLECTED, known_bars, raw_object, refined, session_bars


def days_with(result: Refined, name: str) -> list[str]:
    """Return the days of the bars that have a warning."""
    bars = result.bars
    return [
        day.date().isoformat() for day in bars["data"][bars["avisos"].str.split(",").map(lambda all_: name in all_)]
    ]


def test_a_bar_can_have_several_warnings_and_each_counts_its_bars():
    bars = known_bars()
    for name in PRICES:
        bars.loc[3, name] = bars[name].iloc[2]
    bars.loc[3, "volume_negociado"] = 0

    outcome = refined(raw_object(bars))

    # A copy opens at the previous open, not at the previous close, so the previous close looks wrong.
    avisos = outcome.bars["avisos"].tolist()
    assert avisos == [
        "",
        "",
        "fechamento_suspeito",
        "volume_zero,copia_do_dia_anterior",
        "",
        "",
    ]
    assert {name: count for name, count in outcome.warnings.items() if count} == {
        "volume_zero": 1,
        "copia_do_dia_anterior": 1,
        "fechamento_suspeito": 1,
    }


def test_no_volume_gets_a_warning_from_2007_on():
    bars = session_bars("2006-12-26", 6).assign(volume_negociado=pd.array([0, None, 0, 0, None, 7], dtype="Int64"))

    days = bars["data"].dt.strftime("%Y-%m-%d").tolist()
    assert days_with(refined(raw_object(bars)), "volume_zero") == [day for day in days[:5] if day >= "2007"]


def test_ash_wednesday_is_a_short_session():
    result = refined(raw_object(session_bars("2025-02-24", 12)), raw_object(session_bars("2024-02-01", 20)))

    assert days_with(result, "sessao_curta") == ["2024-02-14", "2025-03-05"]


def test_an_open_at_the_previous_close_is_counted_without_a_warning():
    bars = known_bars()  # the 2nd, 3rd and 5th open at the previous close; the 4th and 6th do not

    result = refined(raw_object(bars))

    assert result.opens_at_previous_close == 3
    assert set(result.bars["avisos"]) == {""}


class TestJumps:
    def test_the_formula_by_hand(self):
        # 63 returns of one percent, up and down, then one that is just below the bound, or just above.
        steps = np.where(np.arange(64) % 2, 0.01, -0.01)
        bound = 6 * 1.4826 * 0.01
        for last, expected in ((bound * 0.999, False), (bound * 1.001, True), (-bound * 1.001, True)):
            close = 100 * np.exp(np.cumsum(np.append(steps, last)))
            assert jumps(close)[-1] == expected

    def test_with_fewer_than_63_returns_there_is_no_jump(self):
        close = np.append(100 + 0.01 * (np.arange(63) % 2), [1000.0])

        assert not jumps(close).any()
        assert jumps(np.append(100 + 0.01 * (np.arange(64) % 2), [1000.0]))[-1]

    def test_a_jump_does_not_hide_the_next_ones(self):
        rng = np.random.default_rng(1)
        steps = rng.normal(0, 0.01, 300)
        steps[[250, 251, 252]] = 0.2

        assert np.flatnonzero(jumps(100 * np.exp(np.cumsum(steps)))).tolist() == [250, 251, 252]

    @settings(max_examples=20, deadline=None)
    @given(st.integers(70, 300), st.integers(1, 50))
    def test_later_bars_change_no_earlier_flag(self, before: int, after: int):
        close = session_bars("2010-01-04", 350)["preco_fechamento"].to_numpy(float)

        assert jumps(close[: before + after])[:before].tolist() == jumps(close[:before]).tolist()

    def test_prices_in_another_unit_jump_on_the_same_days(self):
        close = session_bars("2010-01-04", 350)["preco_fechamento"].to_numpy(float)

        assert jumps(close * 1024).tolist() == jumps(close).tolist()


class TestSuspectCloses:
    """Warnings on bars that open at the previous close with a range of two percent, unless a test changes them."""

    NUMBER = 30

    def bars(self) -> pd.DataFrame:
        bars = session_bars("2022-03-07", self.NUMBER)
        close = 100_000.0 + 100 * (np.arange(self.NUMBER) % 3)
        opened = np.append(close[0], close[:-1])
        return bars.assign(
            preco_fechamento=close, preco_abertura=opened, preco_maximo=close + 1000, preco_minimo=close - 1000
        )

    def suspect(self, bars: pd.DataFrame) -> list[int]:
        calendar = sessions(bars["data"].iloc[0].date(), bars["data"].iloc[-1].date())
        return np.flatnonzero(suspect_closes(bars, calendar, IBOV)).tolist()

    def move_open(self, bars: pd.DataFrame, day: int, points: float) -> pd.DataFrame:
        """Set the open of the next session to the close of a day plus a distance."""
        bars.loc[day + 1, "preco_abertura"] = bars["preco_fechamento"].iloc[day] + points
        return bars

    def test_opens_at_the_previous_close_are_not_suspect(self):
        assert self.suspect(self.bars()) == []

    @pytest.mark.parametrize(("points", "expected"), [(79, []), (90, [10]), (-90, [10])])
    def test_more_than_eight_basis_points(self, points: float, expected: list[int]):
        assert self.suspect(self.move_open(self.bars(), 10, points)) == expected

    def test_before_a_volatile_session_the_threshold_is_higher(self):
        bars = self.move_open(self.bars(), 10, 90)
        bars.loc[11, ["preco_maximo", "preco_minimo"]] = [102_000.0, 98_000.0]

        assert self.suspect(bars) == []

    def test_in_a_spell_the_threshold_is_lower(self):
        bars = self.bars()
        for day in (10, 12):
            self.move_open(bars, day, 90)
        self.move_open(bars, 15, 25)
        self.move_open(bars, 17, 15)
        self.move_open(bars, 25, 25)

        assert self.suspect(bars) == [10, 12, 15]

    def test_a_gap_wider_than_the_next_range_is_not_suspect(self):
        bars = self.move_open(self.bars(), 10, 900)
        bars.loc[11, ["preco_maximo", "preco_minimo"]] = [101_000.0, 100_800.0]

        assert self.suspect(bars) == []

    def test_only_the_next_session_of_the_calendar_counts(self):
        bars = self.move_open(self.bars(), 10, 90)

        assert self.suspect(bars.drop(11).reset_index(drop=True)) == []
        later = bars.drop(11).reset_index(drop=True)
        later.loc[11, "preco_abertura"] = later["preco_fechamento"].iloc[10] + 90
        assert self.suspect(later) == []

    def test_before_2008_no_close_is_suspect(self):
        bars = self.move_open(self.bars(), 10, 90)
        early = bars.assign(data=session_bars("2007-03-05", self.NUMBER)["data"])

        assert self.suspect(early) == []

    def test_a_new_bar_changes_only_the_flag_of_the_bar_before_it(self):
        bars = self.bars()
        for day in (3, 9, 12, 20, 28):
            self.move_open(bars, day, 150)

        for number in range(2, self.NUMBER):
            known = self.suspect(bars.head(number))
            more = self.suspect(bars.head(number + 1))
            assert [day for day in more if day < number - 1] == known
            assert number - 1 not in known

    def test_a_warning_changes_no_price(self):
        bars = self.move_open(self.bars(), 10, 90)

        result = refined(raw_object(bars)).bars

        assert "fechamento_suspeito" in result["avisos"].iloc[10]
        pd.testing.assert_frame_equal(result[list(PRICES)], bars[list(PRICES)])


def test_a_warning_on_decembers_last_bar_needs_januarys_first():
    bars = session_bars("2024-12-02", 23)
    last = int(bars.index[bars["data"].dt.year == 2024][-1])
    close = bars["preco_fechamento"].iloc[last]
    bars.loc[last + 1, list(PRICES[:3])] = [round(close * share) for share in (0.998, 1.01, 0.99)]

    alone = refined(raw_object(bars.head(last + 1)))
    both = refined(
        raw_object(bars.head(last + 1)), raw_object(bars.tail(4), collected_at=COLLECTED + timedelta(days=1))
    )

    assert days_with(alone, "fechamento_suspeito") == []
    assert days_with(both, "fechamento_suspeito") == ["2024-12-30"]
