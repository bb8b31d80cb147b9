from __future__ import annotations

from datetime import date

import numpy as np
import pandas as pd

from chalicelib.sources import SYNTHETIC
from local.sample import Sample


def test_bars_are_plausible_and_labelled():
    sample = Sample(date(2024, 12, 31))
    bars = sample.fetch(None, None)

    assert sample.name in SYNTHETIC
    prices = bars[["preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento"]]
    assert (prices % 1 == 0).all(axis=None)
    assert (bars["preco_maximo"] >= prices.max(axis=1)).all()
    assert (bars["preco_minimo"] <= prices.min(axis=1)).all()
    assert (prices > 0).all(axis=None)
    assert (bars["volume_negociado"] > 0).all()
    yearly = np.log(bars["preco_fechamento"]).diff().std() * np.sqrt(252)
    assert 0.1 < yearly < 0.5


def test_a_later_last_day_adds_bars_and_changes_none():
    earlier, later = Sample(date(2010, 6, 30)).fetch(None, None), Sample(date(2011, 6, 30)).fetch(None, None)

    assert len(later) > len(earlier)
    pd.testing.assert_frame_equal(later.head(len(earlier)), earlier)


def test_bars_are_only_on_sessions_of_b3():
    dates = Sample(date(2025, 3, 10)).fetch(date(2025, 2, 24), None)["data"].dt.date.tolist()

    # Carnival: Monday the 3rd and Tuesday the 4th of March are holidays, Ash Wednesday the 5th is not.
    assert date(2025, 3, 3) not in dates
    assert date(2025, 3, 4) not in dates
    assert date(2025, 3, 5) in dates
    assert dates[0] == date(2025, 2, 24)
