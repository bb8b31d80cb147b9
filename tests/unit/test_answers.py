"""Downloads that contradict the lake as a whole are held back, and those that only look unusual are not."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import pandas as pd
import pytest

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.instrument import IBOV
from chalicelib.layout import RawObject
from chalicelib.refine import raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import refine
from chalicelib.schema import CLOSE, HIGH, LOW, OPEN
from tests.support.bars import COLLECTED, closes_object, raw_object, refined, scaled, session_bars
from tests.support.downloads import (
    FIRST,
    HISTORY,
    Object,
    acceptance,
    assert_clean,
    download,
    evening,
    first,
    held,
    recent,
)


def later(bars: pd.DataFrame, number: int) -> pd.DataFrame:
    """Return the bars, each a session later."""
    days = HISTORY["data"].iloc[number - len(bars) : number + 1].tolist()
    return bars.assign(data=days[1:])


def weekly(bars: pd.DataFrame, rule: str = "W-MON") -> pd.DataFrame:
    grouped = bars.groupby(bars["data"].dt.to_period("W" if rule == "W-MON" else "M"))
    return grouped.agg(
        {"data": "first", OPEN: "first", HIGH: "max", LOW: "min", CLOSE: "last", "volume_negociado": "sum"}
    ).reset_index(drop=True)


POISONED: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "all prices times 10": lambda bars: scaled(bars, 10, range(275)),
    "all prices times 100": lambda bars: scaled(bars, 100, range(275)),
    "all prices times 1.001": lambda bars: scaled(bars, 1.001, range(275)),
    "all dates a session later": lambda bars: later(bars, FIRST + 1),
    "another index": lambda bars: scaled(bars, 0.6, range(275)),
    "weekly bars": weekly,
    "monthly bars": lambda bars: weekly(bars, "M"),
    "open and close exchanged": lambda bars: bars.rename(columns={OPEN: CLOSE, CLOSE: OPEN}),
    "high and low exchanged": lambda bars: bars.rename(columns={HIGH: LOW, LOW: HIGH}),
    "six closes 2 % off": lambda bars: scaled(bars, 1.02, range(100, 106)),
    "one bar 4 % off": lambda bars: scaled(bars, 1.04, [100]),
    "three holes": lambda bars: bars.drop([50, 51, 150]),
}


@pytest.mark.parametrize("name", POISONED)
def test_a_poisoned_download_is_held_back_until_a_clean_one_ends_the_alarm(name: str):
    poisoned = download(FIRST + 1, POISONED[name](recent(FIRST + 1)))

    result = refined(first(), poisoned)

    assert_clean(result, FIRST)
    (answer,) = result.held_back
    assert answer.key == poisoned[0]
    reason = f"the download from yahoo of {evening(FIRST + 1):%Y-%m-%d %H:%M} UTC is held back: {answer.because}"
    assert reason in result.degraded()
    whole = result.quarantine[result.quarantine["motivo"] == "resposta_contraditoria"]
    assert whole[["chave", "nota"]].to_numpy().tolist() == [[answer.key, answer.because]]

    result = refined(first(), poisoned, download(FIRST + 2))
    assert_clean(result, FIRST + 2)
    assert (result.held_back, result.degraded()) == ([], [])
    assert result.refused()["resposta_contraditoria"] == 1
    assert len(result.revisions) == 0


def test_the_whole_history_is_judged_too():
    for factor in (10, 1.001):
        poisoned = download(FIRST + 1, scaled(HISTORY.head(FIRST + 1), factor, range(FIRST + 1)))
        assert_clean(refined(first(), poisoned, poisoned), FIRST)
        assert len(held(first(), poisoned)) == 1


def test_the_reason_says_how_it_contradicts():
    bars = recent(FIRST + 1)

    assert held(first(), download(FIRST + 1, scaled(bars, 1.02, range(100, 106)))) == [
        "6 of 271 sessions have other prices than in the lake"
    ]
    (large,) = held(first(), download(FIRST + 1, scaled(bars, 1.04, [100])))
    assert large.startswith(f"a price of {bars['data'][100]:%Y-%m-%d} differs from the lake's by 4.0")
    assert held(first(), download(FIRST + 1, scaled(bars, 100, range(275)))) == ["272 of its 272 bars are refused"]
    assert held(first(), download(FIRST + 1, bars.drop([50, 51, 150]))) == [
        f"it lacks 3 sessions between its first and its last, the first {bars['data'][50]:%Y-%m-%d}"
    ]


def test_three_sessions_that_no_source_had_are_a_contradiction():
    bars = session_bars("2001-09-03", 2700)
    known = bars["data"].isin(pd.to_datetime(["2001-09-11", "2012-01-02", "2012-02-22"]))
    assert known.sum() == 3

    (reason,) = held(raw_object(bars[~known]), raw_object(bars, collected_at=COLLECTED + timedelta(days=1)))

    assert reason == "it has 3 sessions that no source has, the first 2001-09-11"


def test_old_sessions_are_settled_even_as_the_last_of_their_download():
    bars = scaled(HISTORY, 1.2, [200, 201, 202]).iloc[200:203]

    assert len(held(first(), download(FIRST + 1, bars))) == 1
    assert_clean(refined(first(), download(FIRST + 1, bars)), FIRST)


def test_a_file_is_judged_like_yahoo():
    result = refined(first(), download(FIRST + 1, scaled(recent(FIRST + 1), 1.02, range(275)), "csv"))

    assert_clean(result, FIRST)
    assert len(result.held_back) == 1


def test_a_correction_that_is_refused_does_not_protect_its_session():
    correction = raw_object(scaled(HISTORY, 2.2, [300]).iloc[[300]], "correcao", evening(FIRST) + timedelta(hours=1))
    poisoned = download(FIRST + 1, scaled(HISTORY, 1.9, [300]).iloc[: FIRST + 2])

    result = refined(first(), correction, poisoned)

    assert [each.key for each in result.held_back] == [poisoned[0]]


def test_an_empty_lake_takes_whatever_the_scale_allows():
    assert held(raw_object(scaled(HISTORY, 1.5, range(420)), "csv", evening(420))) == []
    off = refined(raw_object(scaled(HISTORY, 10, range(420)), "csv", evening(420)))
    assert len(off.bars) == 0
    assert len(off.held_back) == 1


class TestOfficialCloses:
    def official(self, bars: pd.DataFrame = HISTORY, rows: Sequence[int] = range(420)) -> Object:
        chosen = bars.iloc[list(rows)]
        closes = dict(zip(chosen["data"].dt.strftime("%Y-%m-%d"), chosen[CLOSE], strict=True))
        return closes_object(closes, collected_at=evening(420))

    def test_a_download_that_mends_many_closes_is_taken(self):
        wrong = scaled(HISTORY, 1.01, range(200, 262), [CLOSE])
        before = download(FIRST, wrong.head(FIRST))

        assert len(held(before, download(FIRST + 1))) == 1
        result = refined(before, download(FIRST + 1), self.official())
        assert result.held_back == []
        assert_clean(result, FIRST + 1)

    def test_a_download_that_spoils_closes_is_not(self):
        wrong = scaled(recent(FIRST + 1), 1.01, range(100, 162), [CLOSE])

        assert len(held(first(), download(FIRST + 1, wrong), self.official())) == 1

    def test_the_first_download_is_compared_with_them(self):
        for poison in (scaled(HISTORY, 1.001, range(420)), later(HISTORY.head(419), 419)):
            result = refined(download(420, poison), self.official())
            assert len(result.bars) == 0
            assert "closes are not B3's official ones" in result.held_back[0].because
        some = scaled(HISTORY, 1.01, range(0, 420, 4), [CLOSE])
        assert held(download(420, some), self.official()) == []

    def test_a_poisoned_lake_recovers_without_a_person(self):
        poisoned = download(FIRST, scaled(HISTORY.head(FIRST), 1.05, range(FIRST)))

        result = refined(poisoned, download(FIRST + 1, HISTORY.head(FIRST + 1)), self.official())

        assert_clean(result, FIRST + 1)

    def test_a_close_that_stays_or_moves_a_little_excuses_no_other_price(self):
        closes = HISTORY.assign(**{CLOSE: HISTORY[CLOSE] + 0.8})
        poison = scaled(recent(FIRST + 1), 1.02, range(275), [OPEN, HIGH])
        poison[CLOSE] += 1

        assert_clean(refined(first(), download(FIRST + 1, poison), self.official(closes)), FIRST)

    def test_a_mended_close_excuses_no_large_change_of_another_price(self):
        wrong = scaled(HISTORY, 1.01, [300], [CLOSE])
        poison = scaled(recent(FIRST + 1), 1.3, [174], [OPEN, HIGH])

        assert len(held(download(FIRST, wrong.head(FIRST)), download(FIRST + 1, poison), self.official())) == 1

    def test_a_download_that_repeats_the_wrong_closes_of_the_lake_is_taken(self):
        wrong = scaled(HISTORY, 1.01, range(200, 240), [CLOSE])
        again = download(FIRST + 1, wrong.iloc[200:240])

        assert held(download(FIRST, wrong.head(FIRST)), again, self.official()) == []


class TestAcceptance:
    def test_an_accepted_download_is_taken_and_later_ones_agree_with_it(self):
        other = scaled(HISTORY, 1.02, range(420))
        objects = [download(FIRST + number, other.iloc[125 : FIRST + number]) for number in (1, 2, 3)]
        assert len(held(first(), *objects)) == 3

        result = refined(first(), *objects, acceptance(objects[0][0]))

        assert result.held_back == []
        assert result.bars[CLOSE].tail(200).tolist() == other[CLOSE].iloc[FIRST - 197 : FIRST + 3].tolist()
        assert result.refused()["resposta_contraditoria"] == 0

    def test_later_downloads_may_lack_what_an_accepted_one_lacks(self):
        objects = [download(FIRST + n, recent(FIRST + n).drop(range(102 - n, 106 - n))) for n in (1, 2)]
        assert len(held(first(), *objects)) == 2

        result = refined(first(), *objects, acceptance(objects[0][0]))

        assert result.held_back == []
        assert_clean(result, FIRST + 2)

    def test_the_rules_on_bars_still_apply(self):
        other = download(FIRST + 1, scaled(recent(FIRST + 1), 10, range(275)))

        assert_clean(refined(first(), other, acceptance(other[0])), FIRST)

    def test_an_acceptance_of_an_unknown_key_changes_nothing(self):
        result = refined(first(), acceptance("raw/nothing.parquet"))

        assert_clean(result, FIRST)
        assert len(result.quarantine) == 0


def test_the_order_of_the_objects_does_not_matter():
    poisoned = download(FIRST + 1, scaled(recent(FIRST + 1), 1.02, range(275)))
    objects = [first(), poisoned, download(FIRST + 2), download(FIRST + 3, weekly(recent(FIRST + 3)))]
    expected = refined(*objects)

    for order in ([3, 2, 1, 0], [1, 3, 0, 2], [2, 2, 3, 1, 0, 0]):
        result = refined(*(objects[number] for number in order))
        assert result.held_back == expected.held_back
        assert result.bars.equals(expected.bars)


def test_the_real_history_in_downloads_is_taken_whole(real_csv):
    history = CsvFile(str(real_csv)).fetch(None, None)
    assert IBOV.first_bars["yahoo"] == history["data"].iloc[0].date()
    days = history["data"]
    objects = []
    for end in range(300, len(history), 150):
        moment = (days[end] + pd.Timedelta(hours=25)).tz_localize("UTC").to_pydatetime()
        objects.append(raw_object(history.iloc[max(end - 275, 0) : end + 1], collected_at=moment))

    result = refined(*objects)

    assert result.held_back == []
    assert {reason for reason, number in result.refused().items() if number} <= {"sem_pregao"}
    # The downloads begin and end some sessions inside the file.
    first_day, last_day = history["data"][25], history["data"][range(300, len(history), 150)[-1]]
    expected = pd.read_csv(real_csv, parse_dates=["date"]).query("is_session")
    assert result.bars["data"].tolist() == [day for day in expected["date"] if first_day <= day <= last_day]


@pytest.mark.slow
def test_many_downloads_take_little_time():
    """5,000 may take two minutes; the time of this process, since other programs run beside the tests."""
    objects = []
    for number in range(500):
        moment = evening(420) + timedelta(minutes=number)
        key, body = raw_object(HISTORY.tail(275), collected_at=moment)
        objects.append(RawObject(key, body, len(body)))

    start = time.process_time()
    result = refine(raw.read_all(objects, IBOV), sessions, IBOV)

    assert time.process_time() - start < 12
    assert (len(objects), len(result.bars), result.held_back) == (500, 275, [])
