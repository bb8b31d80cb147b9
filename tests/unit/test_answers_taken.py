"""Downloads that look unusual, or differ a little, and are taken."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd

from chalicelib.schema import PRICES
from tests.support.bars import COLLECTED, raw_object, refined, scaled, session_bars
from tests.support.downloads import (
    FIRST,
    HISTORY,
    assert_clean,
    download,
    evening,
    first,
    held,
    recent,
)


class TestBelowTheThresholds:
    def test_five_changed_sessions_are_revisions(self):
        bars = scaled(recent(FIRST + 1), 1.02, range(100, 105))

        result = refined(first(), download(FIRST + 1, bars))

        assert result.held_back == []
        assert len(result.revisions) == 5

    def test_a_change_of_one_point_does_not_count(self):
        bars = recent(FIRST + 1)
        bars[list(PRICES)] += 1

        assert held(first(), download(FIRST + 1, bars)) == []
        bars[list(PRICES)] += 1
        assert len(held(first(), download(FIRST + 1, bars))) == 1

    def test_a_point_is_little_where_the_level_is_low_too(self):
        bars = session_bars("1999-03-01", 100)
        other = bars.copy()
        other[list(PRICES)] += 1

        assert held(raw_object(bars), raw_object(other, collected_at=COLLECTED + timedelta(days=1))) == []

    def test_one_bar_far_off_is_refused_and_the_others_are_taken(self):
        result = refined(first(), download(FIRST + 1, scaled(recent(FIRST + 1), 100, [100])))

        assert result.held_back == []
        assert result.refused()["fora_de_escala"] == 1
        assert_clean(result, FIRST + 1)

    def test_two_holes_are_no_contradiction_and_the_bars_stay(self):
        result = refined(first(), download(FIRST + 1, recent(FIRST + 1).drop([50, 51])))

        assert result.held_back == []
        assert_clean(result, FIRST + 1)

    def test_the_last_three_sessions_may_change_by_more(self):
        early = scaled(recent(FIRST + 1), 1.05, [274])

        result = refined(first(), download(FIRST + 1, early), download(FIRST + 2))

        assert result.held_back == []
        assert_clean(result, FIRST + 2)

    def test_a_bar_that_was_not_settled_is_replaced_after_an_outage(self):
        early = scaled(recent(FIRST + 1), 1.05, [274])

        result = refined(first(), download(FIRST + 1, early), download(FIRST + 12))

        assert result.held_back == []
        assert_clean(result, FIRST + 12)


class TestNoContradiction:
    """What is unusual, and true."""

    def test_the_first_download(self):
        assert held(first()) == []

    def test_the_same_and_older_downloads_again(self):
        objects = [first(), download(FIRST + 1), download(FIRST + 5)]

        again = download(FIRST + 6, recent(FIRST + 1))

        assert_clean(refined(*objects, again), FIRST + 5)
        assert held(*objects, again) == []

    def test_the_whole_history_each_month(self):
        assert held(first(), download(FIRST + 1), download(FIRST + 2, HISTORY.head(FIRST + 2))) == []

    def test_sessions_after_an_outage(self):
        assert held(first(), download(FIRST + 15)) == []

    def test_history_before_the_first_session(self):
        young = download(FIRST, recent(FIRST))

        for source in ("csv", "yahoo"):
            older = download(FIRST + 1, HISTORY.head(FIRST - 200), source)
            result = refined(young, older)
            assert result.held_back == []
            assert_clean(result, FIRST)
            assert held(young, download(FIRST + 1, HISTORY.head(100), source)) == []

    def test_gaps_that_are_filled(self):
        with_gaps = HISTORY.head(FIRST).drop(range(200, 240))
        filling = HISTORY.iloc[200:240]
        chosen = HISTORY.iloc[[201, 210, 220, 230, 239]]

        for fill in (filling, chosen, recent(FIRST)):
            for source in ("csv", "yahoo"):
                assert held(download(FIRST, with_gaps), download(FIRST + 1, fill, source)) == []
        assert_clean(refined(download(FIRST, with_gaps), download(FIRST + 1, filling, "csv")), FIRST)

    def test_gaps_far_from_each_other_that_are_filled(self):
        scattered = [200, 210, 220, 230, 240]
        objects = [
            download(FIRST, HISTORY.head(FIRST).drop(scattered)),
            download(FIRST + 1, HISTORY.iloc[scattered], "csv"),
        ]

        assert_clean(refined(*objects), FIRST)
        assert held(*objects) == []

    def test_gaps_that_a_file_filled_and_yahoo_still_has(self):
        holes = HISTORY.head(FIRST).drop(range(200, 210))
        objects = [download(FIRST, holes), download(FIRST, HISTORY.iloc[200:210], "csv", hours=1)]

        assert_clean(refined(*objects, download(FIRST + 1, holes)), FIRST)
        assert held(*objects, download(FIRST + 1, holes)) == []

    def test_null_sessions_and_their_bars_later(self):
        nulls = recent(FIRST + 1)
        nulls.loc[[100, 101, 102, 103, 272, 273], list(PRICES)] = float("nan")

        result = refined(first(), download(FIRST + 1, nulls), download(FIRST + 2))

        assert result.held_back == []
        assert_clean(result, FIRST + 2)

    def test_a_few_days_by_backfill(self):
        for bars in (HISTORY.iloc[300:301], HISTORY.iloc[300:303], HISTORY.iloc[300:320]):
            assert held(first(), download(FIRST + 1, bars)) == []

    def test_a_session_that_a_person_corrected(self):
        """Yahoo's bar, which is 20 % off the correction, is no contradiction."""
        correction = raw_object(
            scaled(HISTORY, 1.2, [300]).iloc[[300]], "correcao", evening(FIRST) + timedelta(hours=1)
        )

        assert held(first(), correction, download(FIRST + 1)) == []

    def test_sessions_that_no_source_had(self):
        """Two of them are taken; three at once are not."""
        bars = session_bars("2011-11-01", 100)
        known = bars["data"].isin(pd.to_datetime(["2012-01-02", "2012-02-22"]))
        assert known.sum() == 2

        without, whole = raw_object(bars[~known]), raw_object(bars, collected_at=COLLECTED + timedelta(days=1))

        assert held(without, whole) == []
        assert len(refined(without, whole).bars) == 100
