from __future__ import annotations

import pytest

from chalicelib.api.forecasts import ONE_SESSION, score_caveats
from chalicelib.api.models import ForecastRow
from chalicelib.forecast_score import ForecastScore


@pytest.mark.parametrize(
    ("since_2008", "from_2019", "caveat"),
    [
        ((-0.03, 0.007), (-0.03, 0.05), None),
        ((-0.03, 0.007), (-0.02, 0.287), "not significantly different from EWMA from 2019 on: p = 0.287"),
        ((0.03, 0.007), (None, None), "significantly worse than EWMA since 2008: p = 0.007"),
        ((-0.03, 0.007), (0.03, 0.007), "significantly worse than EWMA from 2019 on: p = 0.007"),
        (
            (-0.03, 0.051),
            (0.03, 0.9),
            (
                "not significantly different from EWMA since 2008: p = 0.051; "
                "not significantly different from EWMA from 2019 on: p = 0.900"
            ),
        ),
        ((None, None), (None, None), None),
    ],
)
def test_a_caveat_for_each_period_in_which_har_is_not_significantly_better(
    since_2008: tuple[float | None, float | None], from_2019: tuple[float | None, float | None], caveat: str | None
):
    row = ForecastRow(None, "har", 5, 0.2, 0.1, 0.3, 4401, -7.5, *since_2008, 0.8)
    apart = ForecastScore("har", 5, "2019 on", 1684, -7.5, *from_2019, 0.8)

    assert score_caveats([row], {("har", 5, "2019 on"): apart}).get("prev_har_5d") == caveat


def test_the_band_of_one_session_has_a_caveat():
    row = ForecastRow(None, "ewma", 1, 0.2, 0.0, 0.3, 4405, -7.5, None, None, 0.8)

    assert score_caveats([row], {}) == {"prev_ewma_1d": ONE_SESSION}
