"""Random downloads with poison: the lake keeps the true prices, and says when it holds something back."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date
from random import Random

import numpy as np
import pandas as pd
import pytest

from chalicelib import layout
from chalicelib.instrument import IBOV
from chalicelib.refine.calendar import sessions
from chalicelib.refine.contradictions import FEW, LARGE, POINTS, RECENT, UNSETTLED
from chalicelib.refine.quality import WIDEST
from chalicelib.refine.quarantine import as_quarantine
from chalicelib.refine.raw import RawRows, no_closes
from chalicelib.refine.selection import Selection, select
from chalicelib.schema import PRICES
from tests.support.bars import raw_rows
from tests.support.poison import HISTORY, Download, clean, schedule

CASES = 320

TRUTH = HISTORY.set_index("data")[list(PRICES)]


CALENDAR = sessions(date(2023, 1, 2), date(2026, 12, 30))


def calendar(first: date, last: date) -> pd.DatetimeIndex:
    """Return sessions without the construction of another calendar, which takes longer than all else."""
    return CALENDAR[(pd.Timestamp(first) <= CALENDAR) & (pd.Timestamp(last) >= CALENDAR)]


def raw_of(downloads: Sequence[Download]) -> RawRows:
    """Return the rows of raw without the detour over parquet."""
    parts = [
        raw_rows(download.bars, "yahoo", download.collected_at).assign(
            chave=layout.raw_key(download.collected_at),
            ultima=download.bars["data"] == download.bars["data"].max(),
            volume_invalido=False,
        )
        for download in downloads
    ]
    rows = pd.concat(parts, ignore_index=True)
    rows["coletado_em"] = pd.to_datetime(rows["coletado_em"], utc=True)
    return RawRows(rows, no_closes(), as_quarantine(rows.head(0), "", ""))


def prices(selection: Selection) -> pd.DataFrame:
    return selection.acceptable.drop_duplicates("data", keep="last").set_index("data")[list(PRICES)]


@pytest.mark.slow
def test_poison_never_changes_a_price_by_more_than_the_thresholds():
    hits: Counter[str] = Counter()
    changed: Counter[str] = Counter()
    held = 0
    for case in range(CASES):
        downloads = schedule(Random(case), 6, hits)  # noqa: S311 - a test, not a secret
        selection = select(raw_of(downloads), calendar, IBOV)
        bars = prices(selection)
        expected = pd.DatetimeIndex(HISTORY["data"].head(max(download.sessions for download in clean(downloads))))
        judgement = selection.judgement
        held += len(judgement.held)

        # Every session of the clean lake is there, with its prices below, and no day that was no session.
        assert expected.isin(bars.index).all(), case
        assert bars.index.isin(TRUTH.index).all(), case
        changed += changes(bars, downloads, case)
        # What is held back after the last download that agrees with the lake degrades it.
        last = judgement.held[-1].key if judgement.held else None
        if last == layout.raw_key(downloads[-1].collected_at):
            assert judgement.pending, case
        if not downloads[-1].poison:
            assert judgement.pending == [], case

    assert min(hits.values()) > 50
    assert held > 300
    print(f"{CASES} schedules: {dict(hits)}, {held} held back, changed below the thresholds: {dict(changed)}")
    assert changed["settled"] < CASES
    assert changed["unsettled"] < CASES


def changes(bars: pd.DataFrame, downloads: Sequence[Download], case: int) -> Counter[str]:
    """Count the bars that differ from the truth, and assert that each is below the thresholds."""
    truth = TRUTH.loc[bars.index].to_numpy()
    difference = np.abs(bars.to_numpy() - truth)
    share = (difference / truth).max(axis=1)
    differs = (difference > POINTS).any(axis=1)
    young = set(HISTORY["data"].iloc[downloads[-1].sessions - RECENT - UNSETTLED :])
    unsettled = np.array([day in young for day in bars.index])
    settled = differs & ~unsettled
    assert (share[settled] <= LARGE).all(), case
    # Each poisoned download may change five sessions.
    assert settled.sum() <= FEW * len([download for download in downloads if download.poison]), case
    assert (np.abs(np.log(bars.to_numpy() / truth)) <= WIDEST + 0.4).all(), case
    return Counter(settled=int(settled.sum()), unsettled=int((differs & unsettled).sum()))
