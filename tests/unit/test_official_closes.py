"""Official closes of B3: which count, and what they change."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.instrument import IBOV
from chalicelib.refine import parquet
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import OFFICIAL_CLOSES, PRICES, QUARANTINE, RAW, REFINED, REVISIONS
from tests.support.bars import (
    COLLECTED,
    closes_object,
    known_bars,
    raw_object,
    raw_rows,
    read_raw,
    refined,
    session_bars,
)

DAY = "2025-09-12"
"""Yahoo's bar of it: open 143151, high 143202, low 142241, close 142272."""

BARS = raw_object(known_bars())
KNOWN_CLOSES = dict(zip(known_bars()["data"].dt.strftime("%Y-%m-%d"), known_bars()["preco_fechamento"], strict=True))


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def bar(result: Refined, day: str = DAY) -> pd.Series[Any]:
    (position,) = np.flatnonzero(result.bars["data"] == day)
    return result.bars.iloc[position]


def prices(result: Refined, day: str = DAY) -> list[float]:
    return [float(bar(result, day)[name]) for name in PRICES]


def counts(result: Refined) -> tuple[int, int, int]:
    return result.official.confirmed, result.official.corrected, result.official.unconfirmed


def refused(result: Refined) -> list[list[str]]:
    rows: list[list[str]] = result.quarantine[["data", "motivo"]].to_numpy().tolist()
    return rows


class TestConfirmation:
    @pytest.mark.parametrize("official", [142272.0, 142273.01, 142270.99])
    def test_a_close_within_one_point_and_a_hundredth_changes_nothing(self, official: float):
        before, after = refined(BARS), refined(BARS, closes_object({DAY: official}))

        known = ["fechamento_oficial"]
        pd.testing.assert_frame_equal(after.bars.drop(columns=known), before.bars.drop(columns=known))
        assert bar(after)["fechamento_oficial"] == official
        assert bar(after)["fonte_fechamento"] == "yahoo"
        assert counts(after) == (1, 0, 5)

    @pytest.mark.parametrize("official", [142273.02, 142270.98])
    def test_a_close_further_off_replaces_that_of_the_bar(self, official: float):
        result = refined(BARS, closes_object({DAY: official}))

        assert prices(result) == [143151, 143202, 142241, official]
        assert bar(result)["fonte_fechamento"] == "b3"
        assert bar(result)["fonte"] == "yahoo"
        assert bar(result)["avisos"] == "fechamento_corrigido"
        assert counts(result) == (0, 1, 5)

    @pytest.mark.parametrize(
        ("official", "high", "low", "doubtful"),
        # A quarter of high - low is 240.25.
        [
            (143300.5, 143300.5, 142241, False),
            (143442.25, 143442.25, 142241, False),
            (143442.26, 143442.26, 142241, True),
            (142000.75, 143202, 142000.75, False),
            (142000.74, 143202, 142000.74, True),
        ],
    )
    def test_high_and_low_are_widened_to_hold_the_close(self, official: float, high: float, low: float, doubtful: bool):
        result = refined(BARS, closes_object({DAY: official}))

        assert prices(result) == [143151, high, low, official]
        warnings = "fechamento_corrigido,barra_duvidosa" if doubtful else "fechamento_corrigido"
        assert bar(result)["avisos"] == warnings

    def test_features_are_computed_from_the_corrected_bar(self):
        result = refined(BARS, closes_object({DAY: 143300.5}))

        assert bar(result)["variacao_diaria"] == 143300.5 - 143151
        assert bar(result)["amplitude"] == 143300.5 - 142241
        assert bar(result)["retorno_log"] == np.log(143300.5 / 143151)
        assert bar(result, "2025-09-15")["retorno_log"] == np.log(143547 / 143300.5)

    def test_a_correction_by_hand_wins_and_is_not_confirmed(self):
        correction = raw_object(known_bars().iloc[[2]], "correcao", COLLECTED + hours(1))

        result = refined(BARS, correction, closes_object({DAY: 143000.0}, collected_at=COLLECTED + hours(2)))

        assert prices(result) == [143151, 143202, 142241, 142272]
        assert bar(result)[["fechamento_oficial", "fonte_fechamento", "avisos"]].tolist() == [143000.0, "correcao", ""]
        assert counts(result) == (0, 0, 6)

    def test_a_live_bar_stays_refused(self):
        bars = known_bars()
        bars["preco_fechamento"] += 0.37 * (bars.index == 5)
        close = float(bars["preco_fechamento"].iloc[5])

        result = refined(raw_object(bars), closes_object({"2025-09-17": close}))

        assert refused(result) == [["2025-09-17", "barra_ao_vivo"]]
        assert len(result.bars) == 5

    def test_a_suspect_close_is_not_suspect_once_it_is_known(self):
        bars = known_bars()
        bars["preco_fechamento"] += 400.0 * (bars.index == 2)
        suspect = "fechamento_suspeito"

        assert bar(refined(raw_object(bars)))["avisos"] == suspect
        assert bar(refined(raw_object(bars), closes_object({DAY: 142672.0})))["avisos"] == ""
        assert bar(refined(raw_object(bars), closes_object({DAY: 142272.0})))["avisos"] == "fechamento_corrigido"
        assert bar(refined(raw_object(bars), closes_object({"2025-09-15": 143547.0})))["avisos"] == suspect

    def test_a_copied_bar_is_still_a_copy_after_its_correction(self):
        bars = known_bars()
        for name in PRICES:
            bars.loc[3, name] = bars[name].iloc[2]

        result = refined(raw_object(bars), closes_object({DAY: 142272.0, "2025-09-15": 143140.0}))

        assert bar(result, "2025-09-15")["avisos"] == "copia_do_dia_anterior,fechamento_corrigido"


class TestTheCloseThatCounts:
    def test_a_later_answer_replaces_an_earlier_one(self):
        first = closes_object({DAY: 143000.0})
        later = closes_object({DAY: 142272.0}, collected_at=COLLECTED + hours(24))

        for objects in ((BARS, first, later), (later, first, BARS)):
            result = refined(*objects)
            assert bar(result)["fechamento_oficial"] == 142272.0
            assert counts(result) == (1, 0, 5)

    def test_of_two_answers_of_one_moment_the_later_key_counts(self):
        bodies = [closes_object({DAY: close})[1] for close in (142500.0, 142600.0)]

        result = refined(BARS, ("raw/b.parquet", bodies[0]), ("raw/a.parquet", bodies[1]))

        assert bar(result)["fechamento_oficial"] == 142500.0

    def test_the_last_session_and_the_time_of_the_last_answer_are_known(self):
        first = closes_object({"2025-09-15": 143547.0}, collected_at=COLLECTED + hours(24))

        result = refined(BARS, first, closes_object({DAY: 142272.0}, collected_at=COLLECTED + hours(25)))

        assert result.official.last_session == date(2025, 9, 15)
        assert result.official.collected_at == COLLECTED + hours(25)

    def test_without_official_closes_every_bar_is_unconfirmed(self):
        result = refined(BARS)

        assert counts(result) == (0, 0, 6)
        assert (result.official.last_session, result.official.collected_at) == (None, None)
        assert result.bars["fechamento_oficial"].isna().all()
        assert result.bars["fonte_fechamento"].tolist() == ["yahoo"] * 6

    def test_closes_without_bars_are_an_empty_lake(self):
        result = refined(closes_object(KNOWN_CLOSES, complete=True))

        assert (len(result.bars), counts(result), result.synthetic) == (0, (0, 0, 0), False)
        for frame, columns in ((result.bars, REFINED), (result.quarantine, QUARANTINE), (result.revisions, REVISIONS)):
            assert parquet.encode(frame, columns)


class TestSessions:
    @pytest.fixture
    def without_monday(self) -> dict[str, float]:
        return {day: close for day, close in KNOWN_CLOSES.items() if day != "2025-09-15"}

    def test_a_close_without_a_bar_is_a_gap_with_a_reason(self):
        bars = session_bars("2025-06-02", 60)
        missing = bars["data"].iloc[40]
        others = raw_object(bars[bars["data"] != missing])
        assert refined(others).coverage.degraded() == [f"no bar of {missing.date()}, for no known reason"]

        result = refined(others, closes_object({f"{missing:%Y-%m-%d}": 140000.0}))

        assert result.coverage.missing == {
            missing.date(): "B3 has a close of this session; no source has a bar of it that can be accepted"
        }
        assert result.coverage.degraded() == []

    def test_a_close_after_the_last_bar_is_a_gap_too(self):
        result = refined(BARS, closes_object({"2025-09-18": 145500.0}))

        assert list(result.coverage.missing) == [date(2025, 9, 18)]

    def test_a_bar_that_a_complete_answer_leaves_out_is_no_session(self, without_monday: dict[str, float]):
        result = refined(BARS, closes_object(without_monday, complete=True))

        assert refused(result) == [["2025-09-15", "sem_pregao"]]
        assert result.quarantine["nota"].tolist() == ["a B3 não tem fechamento deste dia"]
        assert len(result.bars) == 5
        assert result.coverage.missing == {date(2025, 9, 15): "B3 has no close of this day: no session"}

    def test_an_incomplete_answer_denies_no_session(self, without_monday: dict[str, float]):
        result = refined(BARS, closes_object(without_monday))

        assert (len(result.bars), counts(result)) == (6, (5, 0, 1))

    def test_days_before_and_after_a_complete_answer_are_unconfirmed(self):
        result = refined(BARS, closes_object({DAY: 142272.0, "2025-09-15": 143547.0}, complete=True))

        assert (len(result.bars), counts(result)) == (6, (2, 0, 4))

    def test_a_later_answer_with_a_close_brings_the_session_back(self, without_monday: dict[str, float]):
        denial = closes_object(without_monday, complete=True)
        close = closes_object({"2025-09-15": 143547.0}, collected_at=COLLECTED + hours(1))

        assert len(refined(BARS, denial, close).bars) == 6

    def test_a_later_complete_answer_withdraws_a_close(self, without_monday: dict[str, float]):
        close = closes_object({"2025-09-15": 143547.0})
        denial = closes_object(without_monday, complete=True, collected_at=COLLECTED + hours(1))

        assert len(refined(BARS, denial, close).bars) == 5

    def test_a_correction_by_hand_is_a_session_all_the_same(self, without_monday: dict[str, float]):
        correction = raw_object(known_bars().iloc[[3]], "correcao", COLLECTED + hours(1))

        result = refined(BARS, correction, closes_object(without_monday, complete=True))

        assert bar(result, "2025-09-15")["fonte"] == "correcao"

    @pytest.mark.parametrize(("close", "reason"), [(None, "preco_nulo"), (float("inf"), "nao_finito")])
    def test_an_answer_with_a_refused_row_is_not_complete(
        self, without_monday: dict[str, float], close: float | None, reason: str
    ):
        result = refined(BARS, closes_object(without_monday | {"2025-09-16": close}, complete=True))

        assert refused(result) == [["2025-09-16", reason]]
        assert len(result.bars) == 6

    def test_each_year_of_an_object_is_an_answer_of_its_own(self):
        bars = session_bars("2024-12-20", 14)
        closes = dict(zip(bars["data"].dt.strftime("%Y-%m-%d"), bars["preco_fechamento"], strict=True))
        last_year = [day for day in closes if day < "2025"]
        # The last session of a year and the first of the next are outside of both answers.
        del closes[last_year[-1]], closes[last_year[2]], closes["2025-01-02"]

        result = refined(raw_object(bars), closes_object(closes, complete=True))

        assert refused(result) == [[last_year[2], "sem_pregao"]]


class TestRefusals:
    @pytest.mark.parametrize(
        ("day", "close", "reason"),
        [
            (DAY, None, "preco_nulo"),
            (DAY, float("inf"), "nao_finito"),
            (DAY, 0.0, "preco_nao_positivo"),
            (DAY, -1.0, "preco_nao_positivo"),
            ("1997-12-30", 10196.0, "fechamento_antigo"),
            ("2025-10-14", 140000.0, "data_futura"),
            ("2025-09-13", 142272.0, "sem_pregao"),
        ],
    )
    def test_a_close_that_cannot_be_one_is_refused(self, day: str, close: float | None, reason: str):
        result = refined(BARS, closes_object({day: close}))

        assert refused(result) == [[day, reason]]
        assert result.quarantine["fonte"].tolist() == ["b3"]
        assert result.refused()[reason] == 1
        assert counts(result) == (0, 0, 6)
        assert parquet.encode(result.quarantine, QUARANTINE)

    @pytest.mark.parametrize("day", [date(1, 1, 1), date(1677, 9, 21), date(2262, 12, 31), date(9999, 12, 31)])
    def test_a_date_out_of_the_range_of_pandas_beside_a_complete_answer_is_refused(self, day: date):
        columns = {"data": [day, date(2025, 9, 12)], "preco_fechamento": 142_272.0, "completo": True, "ticker": "IBOV"}
        rows = pd.DataFrame({**columns, "fonte": "b3", "coletado_em": COLLECTED})
        closes = ("raw/closes.parquet", parquet.encode(rows, OFFICIAL_CLOSES))

        result = refined(BARS, closes)

        assert len(result.bars) == 6
        assert len(refused(result)) == 1

    def test_closes_from_1998_on_are_read(self):
        bars = session_bars("1998-01-02", 3)

        result = refined(raw_object(bars), closes_object({"1998-01-02": float(bars["preco_fechamento"].iloc[0])}))

        assert counts(result) == (1, 0, 2)

    def test_closes_of_one_answer_that_differ_are_refused(self):
        _, first = closes_object({DAY: 142272.0, "2025-09-15": 143547.0})
        rows = parquet_rows(first)
        other = rows.iloc[[0, 1]].assign(preco_fechamento=[142999.0, 143547.0])

        result = refined(BARS, ("raw/a.parquet", encode(pd.concat([rows, other]))))

        assert refused(result) == [[DAY, "fechamento_contraditorio"]] * 2
        assert counts(result) == (1, 0, 5)

    def test_closes_beside_bars_are_refused_by_the_object(self):
        rows = raw_rows(known_bars())
        rows.loc[3, "fonte"] = "b3"

        result = refined(("raw/a.parquet", parquet.encode(rows, RAW)))

        assert result.quarantine["motivo"].tolist() == ["objeto_estranho"]
        assert result.quarantine["nota"].tolist() == ["fonte is 'b3' and 'yahoo'; allowed: 'b3' alone, or bars"]
        assert len(result.bars) == 0

    def test_an_object_of_closes_without_a_close_is_refused(self):
        _, body = closes_object({DAY: 142272.0})
        rows = parquet_rows(body).drop(columns="preco_fechamento")

        result = refined(BARS, ("raw/a.parquet", rows.to_parquet(index=False)))

        assert result.quarantine["motivo"].tolist() == ["objeto_estranho"]
        assert "no column preco_fechamento" in result.quarantine["nota"].iloc[0]

    def test_an_object_that_does_not_say_whether_it_is_complete_is_not(self):
        _, body = closes_object({DAY: 142272.0, "2025-09-16": 144062.0}, complete=True)
        rows = parquet_rows(body).drop(columns=["completo", "ticker"])

        result = refined(BARS, ("raw/a.parquet", rows.to_parquet(index=False)))

        assert counts(result) == (2, 0, 4)

    def test_synthetic_bars_have_no_official_closes(self):
        key, body = closes_object({DAY: 143000.0, "2025-09-15": 143000.0})

        result = refined(raw_object(known_bars(), "sample"), (key, body))

        assert result.synthetic
        assert result.quarantine[["motivo", "chave"]].to_numpy().tolist() == [["objeto_estranho", key]]
        assert counts(result) == (0, 0, 6)


def parquet_rows(body: bytes) -> pd.DataFrame:
    return read_raw(("raw/a.parquet", body)).closes.drop(columns="chave")


def encode(rows: pd.DataFrame) -> bytes:
    return rows.to_parquet(index=False)


class TestRevisions:
    def revisions(self, *objects: tuple[str, bytes]) -> list[list[object]]:
        """Return close and source before and after each revision, with its time in hours."""
        result = refined(*objects).revisions
        assert list(result.columns) == [column.name for column in REVISIONS]
        values = result[["preco_fechamento_de", "fonte_de", "preco_fechamento_para", "fonte_para"]]
        after = (result["revisado_em"] - pd.Timestamp(COLLECTED)) / pd.Timedelta(hours=1)
        return values.assign(after=after).to_numpy().tolist()

    def close(self, close: float, after: float) -> tuple[str, bytes]:
        return closes_object({DAY: close}, collected_at=COLLECTED + hours(after))

    def yahoo(self, close: float, after: float, source: str = "yahoo") -> tuple[str, bytes]:
        bars = known_bars()
        bars.loc[2, "preco_fechamento"] = close
        return raw_object(bars, source, COLLECTED + hours(after))

    def test_a_close_that_corrects_later_is_a_revision(self):
        close = self.close(142999.5, 24)

        assert self.revisions(BARS, close) == [[142272.0, "yahoo", 142999.5, "b3", 24]]
        assert refined(BARS, close).revisions["chave"].tolist() == [close[0]]

    def test_a_close_that_confirms_is_no_revision(self):
        assert self.revisions(BARS, self.close(142273.0, 24)) == []

    def test_a_close_of_the_same_run_is_no_revision(self):
        assert self.revisions(BARS, self.close(142999.5, 0)) == []

    def test_a_close_collected_before_the_bar_is_no_revision(self):
        assert self.revisions(BARS, self.close(142999.5, -24)) == []

    def test_answers_that_repeat_the_close_are_no_revisions(self):
        closes = [self.close(142999.5, after) for after in (24, 48, 72)]

        assert len(self.revisions(BARS, *closes, self.yahoo(142272.0, 96))) == 1

    def test_a_later_answer_with_another_close_is_a_revision(self):
        objects = (BARS, self.close(142999.5, 24), self.close(142272.3, 48))

        assert self.revisions(*objects) == [
            [142272.0, "yahoo", 142999.5, "b3", 24],
            [142999.5, "b3", 142272.0, "yahoo", 48],
        ]

    def test_a_later_bar_near_the_official_close_is_a_revision_to_its_own_close(self):
        objects = (BARS, self.close(142999.5, 24), self.yahoo(143000.0, 48))

        assert self.revisions(*objects)[1] == [142999.5, "b3", 143000.0, "yahoo", 48]

    def test_a_later_bar_with_another_wrong_close_is_no_revision(self):
        assert len(self.revisions(BARS, self.close(142999.5, 24), self.yahoo(142400.0, 48))) == 1

    def test_a_correction_by_hand_is_a_revision(self):
        objects = (BARS, self.close(142999.5, 24), self.yahoo(142300.0, 48, "correcao"), self.close(142500.0, 72))

        assert self.revisions(*objects)[1:] == [[142999.5, "b3", 142300.0, "correcao", 48]]

    def test_the_last_revision_ends_with_what_the_lake_shows(self):
        result = refined(BARS, self.close(143300.5, 24))

        (revision,) = result.revisions.to_dict("records")
        assert [revision[f"{name}_para"] for name in PRICES] == prices(result)
        assert [revision[f"{name}_de"] for name in PRICES] == prices(refined(BARS))


RUNS = st.lists(
    st.tuples(
        st.sampled_from(["yahoo", "correcao", "b3", "b3 complete"]),
        st.integers(0, 3),
        st.integers(0, 5),
        st.sampled_from([0.0, 0.5, 300.0, -1e6]),
    ),
    min_size=1,
    max_size=5,
)


@settings(max_examples=15, deadline=None)
@given(st.randoms(use_true_random=False), RUNS)
def test_neither_order_nor_repetition_of_the_objects_matters(random, runs):
    objects = [BARS]
    for number, (source, days, row, error) in enumerate(runs):
        bars = known_bars()
        bars.loc[row, ["preco_fechamento", "preco_minimo"]] += error
        collected_at = COLLECTED + timedelta(days=days)
        if source.startswith("b3"):
            closes = dict(zip(KNOWN_CLOSES, bars["preco_fechamento"], strict=True))
            if error == 0.5:
                del closes[list(closes)[row]]
            _, body = closes_object(closes, complete=source != "b3", collected_at=collected_at)
        else:
            _, body = raw_object(bars, source, collected_at)
        objects.append((f"raw/{number}.parquet", body))
    result = refined(*objects)
    random.shuffle(objects)

    shuffled = read_raw(*objects)

    assert encoded(refine(shuffled, sessions, IBOV)) == encoded(result)
    twice = replace(
        shuffled,
        rows=pd.concat([shuffled.rows, shuffled.rows], ignore_index=True),
        closes=pd.concat([shuffled.closes, shuffled.closes], ignore_index=True),
    )
    again = encoded(refine(twice, sessions, IBOV))
    assert (again[0], again[2]) == (encoded(result)[0], encoded(result)[2])


def encoded(result: Refined) -> tuple[bytes, bytes, bytes]:
    return (
        parquet.encode(result.bars, REFINED),
        parquet.encode(result.quarantine, QUARANTINE),
        parquet.encode(result.revisions, REVISIONS),
    )
