from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib import parquet
from chalicelib.errors import MixedLake, RawUnreadable
from chalicelib.refinery import refine
from chalicelib.schema import QUARANTINE, REFINED
from chalicelib.sources import RANKS
from tests.bars import COLLECTED, known_bars, raw_rows


def one_bar(close: float, source: str = "yahoo", minutes: int = 0, key: str = "raw/a.parquet") -> pd.DataFrame:
    bars = known_bars().head(1).assign(preco_fechamento=close, preco_maximo=max(close, 143182.0))
    return raw_rows(bars, source, COLLECTED + timedelta(minutes=minutes)).assign(chave=key)


def close_of(*rows: pd.DataFrame) -> float:
    return float(refine(pd.concat(rows)).bars["preco_fechamento"].iloc[0])


def test_the_newest_bar_of_a_session_wins():
    assert close_of(one_bar(142000.0, minutes=5), one_bar(142001.0, minutes=0)) == 142000.0


def test_old_history_never_overrides_yahoo_and_a_correction_always_does():
    assert list(RANKS) == ["sample", "csv", "yahoo", "correcao"]
    assert close_of(one_bar(142000.0), one_bar(142001.0, "csv", minutes=60)) == 142000.0
    assert close_of(one_bar(142000.0, minutes=60), one_bar(142001.0, "correcao")) == 142001.0


def test_of_two_bars_of_one_moment_the_later_key_wins():
    assert close_of(one_bar(142001.0, key="raw/b.parquet"), one_bar(142000.0, key="raw/a.parquet")) == 142001.0


def test_a_null_or_non_positive_price_is_refused_and_the_next_best_bar_takes_its_place():
    bad = one_bar(142500.0, minutes=30, key="raw/bad.parquet")
    bad["preco_abertura"] = float("nan")
    worse = one_bar(0.0, minutes=40, key="raw/worse.parquet")

    found = refine(pd.concat([one_bar(142000.0), bad, worse]))

    assert found.bars["preco_fechamento"].tolist() == [142000.0]
    assert found.refused() == {"preco_nulo": 1, "preco_nao_positivo": 1}
    assert found.quarantine["motivo"].tolist() == ["preco_nulo", "preco_nao_positivo"]
    assert found.quarantine["chave"].tolist() == ["raw/bad.parquet", "raw/worse.parquet"]
    assert list(found.quarantine.columns) == [column.name for column in QUARANTINE]


def test_a_session_of_refused_bars_only_is_absent():
    rows = raw_rows(known_bars()).assign(chave="raw/a.parquet")
    rows.loc[3, "preco_minimo"] = -1.0

    assert refine(rows).bars["data"].dt.day.tolist() == [10, 11, 12, 16, 17]


def test_a_lake_of_refused_bars_only_is_empty():
    found = refine(one_bar(0.0))

    assert len(found.bars) == 0
    assert parquet.encode(found.bars, REFINED)
    assert found.refused() == {"preco_nulo": 0, "preco_nao_positivo": 1}


def test_real_and_synthetic_bars_do_not_mix_and_both_are_named():
    with pytest.raises(MixedLake, match=r"raw/made\.parquet.*raw/real\.parquet"):
        refine(pd.concat([one_bar(1.0, "sample", key="raw/made.parquet"), one_bar(1.0, key="raw/real.parquet")]))

    assert refine(one_bar(1.0, "sample")).synthetic
    assert not refine(one_bar(1.0, "csv")).synthetic


def test_a_bar_from_nowhere_is_named():
    with pytest.raises(RawUnreadable, match=r"raw/a\.parquet holds a bar from 'bloomberg'; allowed: sample, csv"):
        refine(one_bar(1.0, "bloomberg"))


@given(
    st.randoms(use_true_random=False),
    st.lists(st.tuples(st.sampled_from(["csv", "yahoo", "correcao"]), st.integers(0, 3)), min_size=1, max_size=5),
)
def test_neither_order_nor_repetition_of_the_rows_matters(random, runs):
    raw = pd.concat(
        [
            raw_rows(
                known_bars().assign(preco_fechamento=142300.0 + number), source, COLLECTED + timedelta(minutes=minutes)
            ).assign(chave=f"raw/{number}.parquet")
            for number, (source, minutes) in enumerate(runs)
        ],
        ignore_index=True,
    )
    expected = refine(raw)
    order = list(raw.index) + random.sample(list(raw.index), len(raw) // 2)
    random.shuffle(order)

    found = refine(raw.loc[order])

    assert parquet.encode(found.bars, REFINED) == parquet.encode(expected.bars, REFINED)
