"""The figures in `meta.caveats` are those of the real history, computed here from the CSV alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chalicelib.api.caveats import CAVEATS, MEDIAN_RATIOS, OVERNIGHT_PERCENT, VOLUME_CAVEAT, caveats
from chalicelib.estimators import ESTIMATORS
from tests.support import history


@pytest.fixture(scope="module")
def since_2008(real_csv: Path) -> pd.DataFrame:
    table = history.refined(real_csv)
    night = np.log(table["preco_abertura"] / table["preco_fechamento"].shift())
    return table.assign(night=night)["2008":]


def test_the_variance_of_the_overnight_return_is_the_percentage_in_the_caveats(since_2008: pd.DataFrame):
    share = since_2008["night"].var() / since_2008["retorno_log"].var()

    assert round(100 * share, 2) == OVERNIGHT_PERCENT
    for estimator in ("garman_klass_yang_zhang", "yang_zhang"):
        assert f"{OVERNIGHT_PERCENT} %" in CAVEATS[estimator]


@pytest.mark.parametrize("estimator", MEDIAN_RATIOS)
def test_the_median_ratio_to_close_to_close_is_the_one_in_the_caveat(since_2008: pd.DataFrame, estimator: str):
    ratio = since_2008[f"vol_{estimator}_252d"] / since_2008["vol_close_to_close_252d"]

    assert round(ratio.median(), 3) == MEDIAN_RATIOS[estimator]  # type: ignore[index]
    assert f"{ratio.median():.3f}" in CAVEATS[estimator]  # type: ignore[index]
    assert (ratio < 1).all()


def test_every_estimator_except_close_to_close_has_a_caveat():
    assert set(CAVEATS) == set(ESTIMATORS) - {"close_to_close"}


def test_the_volume_is_comparable_from_the_session_that_is_said(real_csv: Path):
    volume = pd.read_csv(real_csv, index_col="date")["volume"]
    medians = volume[volume > 0].groupby(lambda day: day[:7]).median()

    assert caveats(["data", "volume_negociado"]) == {"volume_negociado": VOLUME_CAVEAT}
    assert VOLUME_CAVEAT.startswith("comparable from 2008-04-01 on")
    assert medians["2007-01":"2007-06"].between(0.9e8, 1.4e8).all()
    assert medians["2007-07":"2007-08"].between(4.5e7, 5.1e7).all()
    assert medians["2007-09":"2008-03"].between(2e6, 7e6).all()
    assert medians["2008-04":"2008-12"].between(0.9e6, 2.5e6).all()


def test_an_answer_has_the_caveats_of_its_columns():
    assert caveats(["data", "vol_close_to_close_21d", "vol_ewma"]) == {}
    assert caveats(["vol_garman_klass_5d"]) == {"garman_klass": CAVEATS["garman_klass"]}
    assert list(caveats(["vol_garman_klass_yang_zhang_5d", "vol_parkinson_21d", "vol_parkinson_5d"])) == [
        "garman_klass_yang_zhang",
        "parkinson",
    ]
