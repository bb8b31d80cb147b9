"""The level of the prices: year-end closes, neighbours and the range of a session."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chalicelib.instrument import IBOV, Scale
from chalicelib.refine import scale
from chalicelib.refine.calendar import sessions
from chalicelib.schema import CLOSE, LOW, OPEN, PRICES
from tests.support.bars import COLLECTED, closes_object, known_bars, raw_object, refined, scaled, session_bars


@pytest.fixture
def facts() -> Scale:
    assert IBOV.scale is not None
    return IBOV.scale


def test_the_year_end_closes_are_yahoos_to_2007_and_then_b3s(real_csv: Path, facts: Scale):
    bars = pd.read_csv(real_csv, float_precision="round_trip")
    bars = bars[bars["is_session"]]
    last = bars.groupby(bars["date"].str[:4]).tail(1).set_index("date")[:"2024-12-31"]
    expected = last["close"].where(last.index < "2008", last["official_close"])

    assert {day.isoformat(): close for day, close in facts.year_ends.items()} == expected.to_dict()


def bounds(first: date, last: date) -> Any:
    days = sessions(*scale.span(first, last, IBOV))
    low, high = scale.bounds(days, IBOV)
    return pd.DataFrame({"low": low, "high": high}, index=days)


def test_the_expected_level_is_log_linear_between_two_year_ends():
    year = bounds(date(2023, 5, 2), date(2023, 5, 31))
    low, high = year["low"].to_numpy(), year["high"].to_numpy()
    middle = np.sqrt(low * high)

    assert (year.index[0].date(), year.index[-1].date()) == (date(2022, 12, 29), date(2023, 12, 28))
    assert [middle[0], middle[-1]] == pytest.approx([109734.6, 134185.24])
    assert np.diff(np.log(middle)) == pytest.approx(np.log(134185.24 / 109734.6) / (len(year) - 1))
    assert high / low == pytest.approx(9.0)


def test_1994_has_a_factor_of_its_own_and_1993_has_fixed_bounds(facts: Scale):
    early = bounds(date(1993, 4, 27), date(1994, 6, 30))

    assert early.loc["1993-11-30"].tolist() == list(facts.before)
    assert (early.loc["1994-02":, "high"] / early.loc["1994-02":, "low"]).to_numpy() == pytest.approx(3.16**2)


def test_the_last_year_end_is_valid_for_250_sessions():
    late = bounds(date(2025, 12, 1), date(2026, 2, 27))
    bounded = late.index[np.isfinite(late["high"])]

    assert (late.index > "2024-12-30").sum() > 250
    assert len(bounded[bounded > "2024-12-30"]) == 250
    assert late.loc[bounded[-1], "high"] == pytest.approx(3 * 120283.4)
    assert late.loc[late.index > bounded[-1], "low"].eq(0).all()


def test_the_lake_is_degraded_when_the_year_ends_are_too_old():
    collected = COLLECTED + timedelta(days=200)

    fresh = refined(raw_object(session_bars("2025-06-02", 145), collected_at=collected))
    old = refined(raw_object(session_bars("2025-06-02", 150), collected_at=collected))

    assert fresh.degraded() == []
    assert old.degraded() == ["anchors out of date: the year-end closes of the scale are too old for the last sessions"]
    assert len(old.bars) == 150


@pytest.mark.parametrize("factor", [10, 0.1, 1000, 0.001, 1e300])
def test_a_bar_times_ten_or_more_falls_in_every_year(factor: float):
    years = [session_bars(f"{year}-05-03", 12) for year in range(1994, 2026)]
    bars = pd.concat([scaled(year, factor, [6]) for year in years], ignore_index=True)

    result = refined(raw_object(bars, "correcao"))

    assert result.refused()["fora_de_escala"] == len(years)
    assert len(result.bars) == 11 * len(years)


@pytest.mark.parametrize("source", ["yahoo", "csv", "correcao"])
def test_the_scale_holds_for_every_real_source_and_not_for_generated_bars(source: str):
    bars = scaled(session_bars("2024-05-02", 12), 0.001, [6])

    assert refined(raw_object(bars, source)).refused()["fora_de_escala"] == 1
    assert refined(raw_object(bars, "sample")).refused()["fora_de_escala"] == 0


@pytest.mark.parametrize("name", PRICES)
def test_one_price_far_from_the_others_is_enough(name: str):
    """A factor of 2.5 is within the scale, and beyond the factor of 2.01 that a range allows."""
    bars = scaled(session_bars("2024-05-02", 20), 0.4 if name == LOW else 2.5, [9], [name])

    assert refined(raw_object(bars, "csv")).quarantine["motivo"].tolist() == ["amplitude_impossivel"]


def test_a_bar_is_compared_with_five_sessions_on_each_side():
    bars = scaled(session_bars("2024-05-02", 20), 2.2, [9])

    assert refined(raw_object(bars, "csv")).quarantine["motivo"].tolist() == ["longe_dos_vizinhos"]
    # The neighbours may be in the lake only, and need not be there at all.
    alone = raw_object(bars.iloc[[9]].reset_index(drop=True), "csv", COLLECTED + timedelta(hours=1))
    clean = raw_object(bars.drop(9).reset_index(drop=True), "csv")
    assert refined(clean, alone).quarantine["motivo"].tolist() == ["longe_dos_vizinhos"]
    assert len(refined(alone).bars) == 1
    beyond = raw_object(bars.iloc[[0, 1, 2, 3]].reset_index(drop=True), "csv")
    assert len(refined(beyond, alone).bars) == 5


def test_a_correction_far_from_its_neighbours_is_refused():
    bars = session_bars("2024-05-02", 20)
    wrong = scaled(bars, 2.2, [9]).iloc[[9]].reset_index(drop=True)

    result = refined(raw_object(bars), raw_object(wrong, "correcao", COLLECTED + timedelta(hours=1)))

    assert result.refused()["longe_dos_vizinhos"] == 1
    assert result.bars[CLOSE].tolist() == bars[CLOSE].tolist()


def test_a_high_twice_the_low_is_refused():
    bars = scaled(known_bars(), 1 / 2.1, [2], [LOW])

    assert refined(raw_object(bars)).quarantine["motivo"].tolist() == ["amplitude_impossivel"]


def test_yahoo_has_no_bars_from_before_its_first_session():
    bars = pd.concat([session_bars("1993-04-05", 3), session_bars("1993-05-03", 5)], ignore_index=True)
    bars = scaled(bars, 0.08, range(8))
    old = bars.assign(data=[pd.Timestamp("1969-12-31"), pd.Timestamp("1970-01-02"), *bars["data"][2:]])

    result = refined(raw_object(old))

    assert result.refused()["antes_da_fonte"] == 3
    assert (len(result.bars), result.bars["data"].iloc[0]) == (5, pd.Timestamp("1993-05-03"))
    assert result.coverage.missing == {}
    assert len(refined(raw_object(bars, "csv")).bars) == 8


def test_a_day_of_the_calendar_without_trading_has_no_bar():
    bars = session_bars("1998-04-06", 5)
    assert pd.Timestamp("1998-04-09") in bars["data"].tolist()

    result = refined(raw_object(bars))

    assert result.quarantine[["data", "motivo"]].to_numpy().tolist() == [["1998-04-09", "sem_pregao"]]
    assert len(result.bars) == 4


def test_an_official_close_off_the_scale_corrects_nothing():
    """101.005,64 read as 101.00564: both languages of B3 have such numbers."""
    bars = known_bars()

    result = refined(raw_object(bars), closes_object({"2025-09-10": 142.349, "2025-09-11": 143151.0}))

    assert result.quarantine[["data", "motivo"]].to_numpy().tolist() == [["2025-09-10", "fora_de_escala"]]
    assert result.bars[CLOSE].tolist() == bars[CLOSE].tolist()
    assert result.official.confirmed == 1


class TestRepeated:
    def test_two_bars_of_a_session_with_other_values_are_both_refused(self):
        bars = session_bars("2024-05-02", 12)
        other = bars.iloc[[4]].assign(**{OPEN: bars.loc[4, LOW]})

        result = refined(raw_object(pd.concat([bars, other], ignore_index=True)))

        assert result.refused()["barra_repetida"] == 2
        assert len(result.bars) == 11

    def test_equal_bars_are_one(self):
        bars = session_bars("2024-05-02", 12)

        result = refined(raw_object(pd.concat([bars, bars.iloc[[4]]], ignore_index=True)))

        assert (len(result.bars), len(result.quarantine)) == (12, 0)

    def test_a_refused_bar_of_the_session_does_not_count(self):
        bars = session_bars("2024-05-02", 12)
        empty = bars.iloc[[4]].assign(**dict.fromkeys(PRICES, float("nan")))

        result = refined(raw_object(pd.concat([bars, empty], ignore_index=True)))

        assert (len(result.bars), result.refused()["preco_nulo"]) == (12, 1)

    def test_another_object_may_differ(self):
        bars = known_bars()
        later = raw_object(bars.assign(**{LOW: bars[LOW] - 1}), collected_at=COLLECTED + timedelta(hours=1))

        assert len(refined(raw_object(bars), later).bars) == 6
