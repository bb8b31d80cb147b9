from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from chalicelib.instrument import IBOV
from chalicelib.refine import parquet
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import PRICES, QUARANTINE, RAW, REFINED, REVISIONS
from chalicelib.sources import RANKS
from tests.support.bars import COLLECTED, known_bars, raw_object, raw_rows, read_raw, refined, scaled, session_bars

Object = tuple[str, bytes]


def one_bar(close: float, source: str = "yahoo", hours: float = 0, key: str | None = None) -> Object:
    """Return a raw object with a bar of 2025-09-10 with this close, and the next bar."""
    bars = known_bars().head(2)
    bars.loc[0, ["preco_fechamento", "preco_maximo"]] = [close, max(close, 143182.0)]
    own, body = raw_object(bars, source, COLLECTED + timedelta(hours=hours))
    return key or own, body


def first_close(*objects: Object) -> float:
    return float(refined(*objects).bars["preco_fechamento"].iloc[0])


def test_the_newest_bar_of_a_session_wins():
    assert first_close(one_bar(142000.0, hours=1), one_bar(142001.0)) == 142000.0


def test_old_history_never_overrides_yahoo_and_a_correction_always_does():
    assert list(RANKS) == ["sample", "csv", "yahoo", "correcao", "remocao"]
    assert first_close(one_bar(142000.0), one_bar(142001.0, "csv", hours=5)) == 142000.0
    assert first_close(one_bar(142000.0, hours=5), one_bar(142001.0, "correcao")) == 142001.0


def test_of_two_bars_of_one_moment_the_later_key_wins():
    assert first_close(one_bar(142001.0, key="raw/b.parquet"), one_bar(142000.0, key="raw/a.parquet")) == 142001.0


def test_after_a_refused_bar_the_next_best_wins_until_a_better_one_arrives():
    good, bad, better = one_bar(142000.0), one_bar(0.0, hours=1), one_bar(142002.0, hours=2)

    assert first_close(good, bad) == 142000.0
    assert first_close(good, bad, better) == 142002.0


def test_a_session_with_only_refused_bars_is_absent():
    bars = known_bars()
    bars.loc[3, "preco_minimo"] = -1.0

    result = refined(raw_object(bars))

    assert result.bars["data"].dt.day.tolist() == [10, 11, 12, 16, 17]
    assert result.coverage.missing == {date(2025, 9, 15): None}


def test_a_lake_with_only_refused_bars_is_empty():
    bars = known_bars().assign(preco_minimo=-1.0)

    result = refined(raw_object(bars))

    assert len(result.bars) == 0
    assert parquet.encode(result.bars, REFINED)
    assert parquet.encode(result.revisions, REVISIONS)
    assert result.refused()["preco_nao_positivo"] == 6
    assert result.coverage.missing == {}
    assert result.coverage.degraded() == []


def test_an_object_that_is_not_parquet_does_not_affect_the_others():
    result = refined(("raw/broken.parquet", b"PAR1 not really"), raw_object(known_bars()))

    assert len(result.bars) == 6
    assert result.quarantine[["motivo", "chave"]].to_numpy().tolist() == [["objeto_corrompido", "raw/broken.parquet"]]


def test_a_lake_with_only_broken_objects_is_empty():
    result = refined(("raw/broken.parquet", b"PAR1 not really"))

    assert len(result.bars) == 0
    assert parquet.encode(result.quarantine, QUARANTINE)
    assert result.rows == 1


def test_quarantine_has_the_reason_the_object_and_the_values():
    bars = known_bars()
    bars.loc[1, "preco_maximo"] = float("nan")
    bars.loc[4, "preco_fechamento"] = -3.0
    key, body = raw_object(bars)

    result = refined((key, body)).quarantine

    assert list(result.columns) == [column.name for column in QUARANTINE]
    assert result["motivo"].tolist() == ["preco_nulo", "preco_nao_positivo"]
    assert result["chave"].tolist() == [key, key]
    assert result["data"].tolist() == ["2025-09-11", "2025-09-16"]
    assert result["preco_maximo"].tolist() == [None, "144584.0"]
    assert result["preco_fechamento"].tolist() == ["143151.0", "-3.0"]
    assert result["fonte"].tolist() == ["yahoo", "yahoo"]
    assert parquet.encode(result, QUARANTINE)


@pytest.mark.parametrize(("first", "second"), [("sample", "yahoo"), ("yahoo", "sample"), ("sample", "correcao")])
def test_objects_of_another_kind_than_the_first_are_refused_whole(first: str, second: str):
    kept, other = one_bar(142000.0, first, key="raw/1.parquet"), one_bar(142001.0, second, key="raw/2.parquet")

    result = refined(other, kept)

    assert result.synthetic == (first == "sample")
    assert result.bars["fonte"].tolist() == [first, first]
    assert result.quarantine[["chave", "motivo"]].to_numpy().tolist() == [["raw/2.parquet", "objeto_estranho"]]
    assert result.quarantine["nota"].iloc[0].endswith("; allowed: one kind, that of its first object")
    kinds = ("real", "synthetic") if first == "sample" else ("synthetic", "real")
    assert result.degraded()[-1] == f"raw objects of {kinds[0]} bars are refused, because the lake is {kinds[1]}: 1"
    assert_frame_equal(result.bars, refined(kept).bars)


def test_the_kind_is_of_the_first_object_that_can_be_read():
    broken = "raw/0.parquet", one_bar(1.0, "sample")[1][:-9]

    result = refined(broken, one_bar(142000.0, key="raw/1.parquet"))

    assert not result.synthetic
    assert len(result.bars) == 2
    assert result.mixed == []


def test_an_object_with_real_and_synthetic_bars_is_refused():
    bars = known_bars()
    body = parquet.encode(raw_rows(bars).assign(fonte=["sample", *["yahoo"] * 5]), RAW)

    result = refined(("raw/1.parquet", body), ("raw/2.parquet", raw_object(bars)[1]))

    assert (result.synthetic, len(result.bars), result.mixed) == (False, 6, [])
    assert result.quarantine["nota"].tolist() == ["fonte is sample, yahoo; allowed: real bars or synthetic ones"]


def test_a_day_without_a_session_is_refused_and_a_copy_is_noted():
    bars = known_bars()
    # 2025-09-13 and -14 are a Saturday and a Sunday.
    copy = bars.iloc[[2]].assign(data=pd.Timestamp("2025-09-13"))
    own = bars.iloc[[4]].assign(data=pd.Timestamp("2025-09-14"))

    result = refined(raw_object(pd.concat([bars, copy, own]).sort_values("data", ignore_index=True)))

    assert len(result.bars) == 6
    assert result.quarantine[["data", "motivo", "nota"]].to_numpy().tolist() == [
        ["2025-09-13", "sem_pregao", "copia do dia anterior"],
        ["2025-09-14", "sem_pregao", ""],
    ]


@pytest.mark.parametrize("day", ["0001-01-01", "1900-01-01", "2262-01-01", "9999-12-31"])
def test_an_impossible_date_is_refused_and_affects_no_other_bar(day: str):
    bars = known_bars()
    rows = raw_rows(bars)
    body = parquet.encode(rows.assign(data=[date.fromisoformat(day), *rows["data"].dt.date[1:]]), RAW)

    result = refined(("raw/a.parquet", body))

    assert len(result.bars) == 5
    assert result.quarantine["motivo"].tolist() == ["data_futura" if day > "2025" else "sem_pregao"]
    assert result.quarantine["data"].tolist() == [day]


def removal(day: str, hours: float) -> Object:
    """Return a raw object that removes the bar of a session."""
    bar = pd.DataFrame({"data": [pd.Timestamp(day)], **dict.fromkeys(PRICES, float("nan"))})
    return raw_object(
        bar.assign(volume_negociado=pd.array([None], "Int64")), "remocao", COLLECTED + timedelta(hours=hours)
    )


class TestRemoval:
    def test_the_bar_of_a_removed_session_is_gone_and_its_gap_has_a_reason(self):
        result = refined(one_bar(142000.0), removal("2025-09-10", 1), one_bar(142000.0, hours=2))

        assert result.bars["data"].dt.day.tolist() == [11]
        assert len(result.quarantine) == 0
        result = refined(raw_object(known_bars()), removal("2025-09-12", 1))
        assert result.coverage.missing == {date(2025, 9, 12): "the bar was removed by hand"}
        assert result.degraded() == []

    def test_of_a_removal_and_a_correction_the_later_wins(self):
        bars, gone = one_bar(142000.0), removal("2025-09-10", 2)

        assert len(refined(bars, one_bar(142001.0, "correcao", hours=1), gone).bars) == 1
        assert first_close(bars, gone, one_bar(142001.0, "correcao", hours=3)) == 142001.0

    def test_a_removal_makes_a_lake_neither_real_nor_synthetic(self):
        assert refined(one_bar(142000.0, "sample"), removal("2025-09-10", 1)).synthetic

    def test_a_removed_session_is_not_compared_with_later_downloads(self):
        bars = session_bars("2025-07-01", 60)
        wrong = scaled(bars, 1.3, [30])
        later = raw_object(bars, collected_at=COLLECTED + timedelta(days=1))
        day = f"{bars['data'][30]:%Y-%m-%d}"

        assert len(refined(raw_object(wrong), later).held_back) == 1
        assert refined(raw_object(wrong), later, removal(day, 30)).held_back == []

    def test_a_correction_without_prices_is_refused(self):
        bars = known_bars().head(1).assign(**dict.fromkeys(PRICES, float("nan")))

        result = refined(raw_object(known_bars()), raw_object(bars, "correcao", COLLECTED + timedelta(hours=1)))

        assert (len(result.bars), result.refused()["preco_nulo"]) == (6, 1)


class TestRevisions:
    def test_a_removal_and_a_bar_after_it_are_recorded(self):
        bar, gone, back = one_bar(142000.0), removal("2025-09-10", 24), one_bar(142001.0, "correcao", hours=48)

        result = refined(bar, gone, removal("2025-09-10", 30), back).revisions

        assert result["fonte_para"].tolist() == ["remocao", "correcao"]
        assert result["preco_fechamento_de"].fillna(0).tolist() == [142000.0, 0]
        assert result["preco_fechamento_para"].fillna(0).tolist() == [0, 142001.0]

    def revisions(self, *objects: Object) -> list[list[object]]:
        result = refined(*objects).revisions
        assert list(result.columns) == [column.name for column in REVISIONS]
        names = [
            "data",
            "preco_fechamento_de",
            "preco_fechamento_para",
            "fonte_de",
            "fonte_para",
            "revisado_em",
            "chave",
        ]
        return [[row[0].date(), *row[1:]] for row in result[names].to_numpy().tolist()]

    def test_each_change_is_recorded_with_its_time_and_object(self):
        first, same, changed = one_bar(142000.0), one_bar(142000.0, hours=24), one_bar(142005.0, hours=48)

        (result,) = self.revisions(first, same, changed)

        moment = pd.Timestamp(COLLECTED + timedelta(hours=48))
        assert result == [date(2025, 9, 10), 142000.0, 142005.0, "yahoo", "yahoo", moment, changed[0]]

    def test_a_bar_that_never_won_is_no_revision(self):
        yahoo, old = one_bar(142000.0), one_bar(142001.0, "csv", hours=24)
        correction, later = one_bar(142002.0, "correcao", hours=48), one_bar(142003.0, hours=72)

        (result,) = self.revisions(yahoo, old, correction, later)

        assert result[1:5] == [142000.0, 142002.0, "yahoo", "correcao"]

    def test_a_change_and_its_reversal_are_two_revisions(self):
        objects = [one_bar(close, hours=hours) for close, hours in ((142000, 0), (142001, 24), (142000, 48))]

        assert [row[1:3] for row in self.revisions(*objects)] == [[142000, 142001], [142001, 142000]]

    def test_a_refused_bar_is_no_revision(self):
        assert self.revisions(one_bar(142000.0), one_bar(0.0, hours=24), one_bar(142000.0, hours=48)) == []

    def test_a_volume_that_arrives_later_is_a_revision(self):
        bars = known_bars()
        before = raw_object(bars.assign(volume_negociado=bars["volume_negociado"].where(bars.index != 2)))
        after = raw_object(bars, collected_at=COLLECTED + timedelta(hours=24))

        result = refined(before, after).revisions

        assert result["data"].dt.day.tolist() == [12]
        assert result["volume_negociado_de"].isna().tolist() == [True]
        assert result["volume_negociado_para"].tolist() == [8_000_002]


def encoded(result: Refined) -> tuple[bytes, bytes, bytes]:
    return (
        parquet.encode(result.bars, REFINED),
        parquet.encode(result.quarantine, QUARANTINE),
        parquet.encode(result.revisions, REVISIONS),
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
    result = read_raw(*objects)
    order = list(result.rows.index)
    random.shuffle(order)
    refused = list(result.refused.index)
    random.shuffle(refused)

    shuffled = refine(replace(result, rows=result.rows.loc[order], refused=result.refused.loc[refused]), sessions, IBOV)

    assert encoded(shuffled) == encoded(refine(result, sessions, IBOV))
    # Reading an object twice changes nothing but the number of refused rows.
    twice = refine(replace(result, rows=pd.concat([result.rows, result.rows])), sessions, IBOV)
    assert encoded(twice)[0] == encoded(shuffled)[0]
    assert encoded(twice)[2] == encoded(shuffled)[2]


def test_a_future_bar_is_refused_by_its_own_download():
    bars = session_bars("2025-10-09", 4)
    collected = datetime(2025, 10, 10, 1, 0, tzinfo=UTC)  # still the 9th in São Paulo

    result = refined(raw_object(bars, collected_at=collected))

    assert result.bars["data"].dt.day.tolist() == [9]
    assert result.refused()["data_futura"] == 3
    assert result.coverage.degraded() == []


def test_prices_have_four_names_in_order():
    assert PRICES == ("preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento")
    assert read_raw(raw_object(known_bars())).rows[list(PRICES)].iloc[0].tolist() == [
        141612.0,
        143182.0,
        141612.0,
        142349.0,
    ]
