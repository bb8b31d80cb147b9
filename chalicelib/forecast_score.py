"""The score of forecasts. `refine.scores` computes it, the manifest stores it, and the API returns it."""

from __future__ import annotations

import msgspec

from chalicelib.schema import Horizon, Model, Period


class ForecastScore(msgspec.Struct, frozen=True):
    """The score of a model's forecasts for the next `horizon` sessions over a period.

    Attributes:
        sessions: the number of forecasts with a known outcome, of this model and of EWMA.
        qlike: the mean of ln f + y / f; the lower the better. This and all that follow are null below 252 sessions.
        difference: `qlike` minus that of EWMA; null for EWMA.
        p_value: of the Diebold-Mariano test that the difference is 0, two-sided; null for EWMA.
        coverage: the share of outcomes within the band; null without bands.
    """

    model: Model
    horizon: Horizon
    period: Period
    sessions: int
    qlike: float | None
    difference: float | None
    p_value: float | None
    coverage: float | None
