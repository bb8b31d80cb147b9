from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chalicelib.errors import MixedLake
from chalicelib.instrument import IBOV
from chalicelib.refine import parquet
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import PRICES, QUARANTINE, RAW, REFINED, REVISIONS
from chalicelib.sources import RANKS
from tests.support.bars import COLLECTED, known_bars, raw_object, raw_rows, readable, refined, session_bars

Object = tuple[str, bytes]


def one_bar(close: float, source: str = "yahoo", hours: float = 0, key: str | None = None) -> Object:
    """An object with the bar of 2025-09-10, closing there, and the one after it."""
    bars = known_bars().head(2)
    bars.loc[0, ["preco_fechamento", "preco_maximo"]] = [close, max(close, 143182.0)]
    own, body = raw_object(bars, source, COLLECTED + timedelta(hours=hours))
    return key or own, body


def first_close(*objects: Object) -> float:
    return float(refined(*objects).bars["preco_fechamento"].iloc[0])


def test_the_newest_bar_of_a_session_wins():
    assert first_close(one_bar(142000.0, hours=1), one_bar(142001.0)) == 142000.0


def test_old_history_never_overrides_yahoo_and_a_correction_always_does():
    assert list(RANKS) == ["sample", "csv", "yahoo", "correcao"]
    assert first_close(one_bar(142000.0), one_bar(142001.0, "csv", hours=5)) == 142000.0
    assert first_close(one_bar(142000.0, hours=5), one_bar(142001.0, "correcao")) == 142001.0


def test_of_two_bars_of_one_moment_the_later_key_wins():
    assert first_close(one_bar(142001.0, key="raw/b.parquet"), one_bar(142000.0, key="raw/a.parquet")) == 142001.0


def test_a_refused_bar_leaves_its_place_to_the_next_best_and_a_later_good_one_takes_it():
    good, bad, better = one_bar(142000.0), one_bar(0.0, hours=1), one_bar(142002.0, hours=2)

    assert first_close(good, bad) == 142000.0
    assert first_close(good, bad, better) == 142002.0


def test_a_session_of_refused_bars_only_is_absent():
    bars = known_bars()
    bars.loc[3, "preco_minimo"] = -1.0

    found = refined(raw_object(bars))

    assert found.bars["data"].dt.day.tolist() == [10, 11, 12, 16, 17]
    assert found.coverage.missing == {date(2025, 9, 15): None}


def test_a_lake_of_refused_bars_only_is_empty():
    bars = known_bars().assign(preco_minimo=-1.0)

    found = refined(raw_object(bars))

    assert len(found.bars) == 0
    assert parquet.encode(found.bars, REFINED)
    assert parquet.encode(found.revisions, REVISIONS)
    assert found.refused()["preco_nao_positivo"] == 6
    assert found.coverage.missing == {}
    assert found.coverage.degraded() == []


def test_an_object_that_is_no_parquet_does_not_stop_the_others():
    found = refined(("raw/broken.parquet", b"PAR1 not really"), raw_object(known_bars()))

    assert len(found.bars) == 6
    assert found.quarantine[["motivo", "chave"]].to_numpy().tolist() == [["objeto_corrompido", "raw/broken.parquet"]]


def test_nothing_but_broken_objects_is_an_empty_lake():
    found = refined(("raw/broken.parquet", b"PAR1 not really"))

    assert len(found.bars) == 0
    assert parquet.encode(found.quarantine, QUARANTINE)
    assert found.rows == 1


def test_quarantine_says_why_whence_and_what():
    bars = known_bars()
    bars.loc[1, "preco_maximo"] = float("nan")
    bars.loc[4, "preco_fechamento"] = -3.0
    key, body = raw_object(bars)

    found = refined((key, body)).quarantine

    assert list(found.columns) == [column.name for column in QUARANTINE]
    assert found["motivo"].tolist() == ["preco_nulo", "preco_nao_positivo"]
    assert found["chave"].tolist() == [key, key]
    assert found["data"].tolist() == ["2025-09-11", "2025-09-16"]
    assert found["preco_maximo"].tolist() == [None, "144584.0"]
    assert found["preco_fechamento"].tolist() == ["143151.0", "-3.0"]
    assert found["fonte"].tolist() == ["yahoo", "yahoo"]
    assert parquet.encode(found, QUARANTINE)


def test_real_and_synthetic_bars_do_not_mix_and_both_are_named():
    made, real = one_bar(1.0, "sample", key="raw/made.parquet"), one_bar(1.0, key="raw/real.parquet")

    with pytest.raises(MixedLake, match=r"raw/made\.parquet.*raw/real\.parquet"):
        refined(made, real)
    assert refined(made).synthetic
    assert not refined(real).synthetic


def test_a_day_without_a_session_is_refused_and_a_copy_is_noted():
    bars = known_bars()
    # 2025-09-13 and -14 are a Saturday and a Sunday.
    copy = bars.iloc[[2]].assign(data=pd.Timestamp("2025-09-13"))
    own = bars.iloc[[4]].assign(data=pd.Timestamp("2025-09-14"))

    found = refined(raw_object(pd.concat([bars, copy, own]).sort_values("data", ignore_index=True)))

    assert len(found.bars) == 6
    assert found.quarantine[["data", "motivo", "nota"]].to_numpy().tolist() == [
        ["2025-09-13", "sem_pregao", "copia do dia anterior"],
        ["2025-09-14", "sem_pregao", ""],
    ]


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "2262-01-01", "9999-12-31"])
def test_an_impossible_date_is_refused_and_harms_nothing(day: str):
    bars = known_bars()
    rows = raw_rows(bars)
    body = parquet.encode(rows.assign(data=[date.fromisoformat(day), *rows["data"].dt.date[1:]]), RAW)

    found = refined(("raw/a.parquet", body))

    assert len(found.bars) == 5
    assert found.quarantine["motivo"].tolist() == ["data_futura" if day > "2025" else "sem_pregao"]
    assert found.quarantine["data"].tolist() == [day]


class TestRevisions:
    def revisions(self, *objects: Object) -> list[list[object]]:
        found = refined(*objects).revisions
        assert list(found.columns) == [column.name for column in REVISIONS]
        names = [
            "data",
            "preco_fechamento_de",
            "preco_fechamento_para",
            "fonte_de",
            "fonte_para",
            "revisado_em",
            "chave",
        ]
        return [[row[0].date(), *row[1:]] for row in found[names].to_numpy().tolist()]

    def test_each_change_is_recorded_with_its_time_and_object(self):
        first, same, changed = one_bar(142000.0), one_bar(142000.0, hours=24), one_bar(142005.0, hours=48)

        (found,) = self.revisions(first, same, changed)

        moment = pd.Timestamp(COLLECTED + timedelta(hours=48))
        assert found == [date(2025, 9, 10), 142000.0, 142005.0, "yahoo", "yahoo", moment, changed[0]]

    def test_what_never_showed_is_no_revision(self):
        yahoo, old = one_bar(142000.0), one_bar(142001.0, "csv", hours=24)
        correction, later = one_bar(142002.0, "correcao", hours=48), one_bar(142003.0, hours=72)

        (found,) = self.revisions(yahoo, old, correction, later)

        assert found[1:5] == [142000.0, 142002.0, "yahoo", "correcao"]

    def test_there_and_back_are_two(self):
        objects = [one_bar(close, hours=hours) for close, hours in ((142000, 0), (142001, 24), (142000, 48))]

        assert [row[1:3] for row in self.revisions(*objects)] == [[142000, 142001], [142001, 142000]]

    def test_a_refused_bar_is_none(self):
        assert self.revisions(one_bar(142000.0), one_bar(0.0, hours=24), one_bar(142000.0, hours=48)) == []

    def test_a_volume_that_comes_later_is_one(self):
        bars = known_bars()
        before = raw_object(bars.assign(volume_negociado=bars["volume_negociado"].where(bars.index != 2)))
        after = raw_object(bars, collected_at=COLLECTED + timedelta(hours=24))

        found = refined(before, after).revisions

        assert found["data"].dt.day.tolist() == [12]
        assert found["volume_negociado_de"].isna().tolist() == [True]
        assert found["volume_negociado_para"].tolist() == [8_000_002]


def encoded(found: Refined) -> tuple[bytes, bytes, bytes]:
    return (
        parquet.encode(found.bars, REFINED),
        parquet.encode(found.quarantine, QUARANTINE),
        parquet.encode(found.revisions, REVISIONS),
    )


@settings(max_examples=25, deadline=None)
@given(
    st.randoms(use_true_random=False),
    st.lists(
        st.tuples(st.sampled_from(["csv", "yahoo", "correcao"]), st.integers(0, 3), st.sampled_from([0.0, 0.5, -1e6])),
        min_size=1,
        max_size=5,
    ),
)
def test_neither_order_nor_repetition_of_the_objects_matters(random, runs):
    objects = []
    for number, (source, days, error) in enumerate(runs):
        bars = known_bars()
        bars.loc[number, "preco_minimo"] += error
        _, body = raw_object(bars, source, COLLECTED + timedelta(days=days))
        objects.append((f"raw/{number}.parquet", body))
    found = readable(*objects)
    order = list(found.rows.index)
    random.shuffle(order)
    refused = list(found.refused.index)
    random.shuffle(refused)

    shuffled = refine(found.rows.loc[order], found.refused.loc[refused], sessions, IBOV)

    assert encoded(shuffled) == encoded(refine(found.rows, found.refused, sessions, IBOV))
    # An object read twice tells nothing new; only what was refused is told twice.
    twice = refine(pd.concat([found.rows, found.rows]), found.refused, sessions, IBOV)
    assert encoded(twice)[0] == encoded(shuffled)[0]
    assert encoded(twice)[2] == encoded(shuffled)[2]


def test_a_future_bar_is_refused_by_its_own_download():
    bars = session_bars("2025-10-09", 4)
    collected = datetime(2025, 10, 10, 1, 0, tzinfo=UTC)  # still the 9th in São Paulo

    found = refined(raw_object(bars, collected_at=collected))

    assert found.bars["data"].dt.day.tolist() == [9]
    assert found.refused()["data_futura"] == 3
    assert found.coverage.degraded() == []


def test_prices_have_four_names_in_order():
    assert PRICES == ("preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento")
    assert readable(raw_object(known_bars())).rows[list(PRICES)].iloc[0].tolist() == [
        141612.0,
        143182.0,
        141612.0,
        142349.0,
    ]
