"""The regime of volatility: calm, usual or tense."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

CALM_BELOW, TENSE_ABOVE = 33, 80
"""Percentiles. Between them, both included, volatility is usual. The page reads them from the answer."""

RegimeName = Literal["calm", "usual", "tense"]


class Regime(Struct, frozen=True):
    """Where HAR's forecast for 21 sessions is among its last 1,260, itself included, and the bounds of the regimes."""

    name: Annotated[RegimeName | None, Meta(description="null below 252 forecasts")]
    prev_har_21d_percentil: float | None
    calm_below: float = CALM_BELOW
    tense_above: float = TENSE_ABOVE


def regime(percentile: float | None) -> Regime:
    """Return the regime of a value of `prev_har_21d_percentil`."""
    if percentile is None:
        return Regime(None, None)
    name: RegimeName = "calm" if percentile < CALM_BELOW else "tense" if percentile > TENSE_ABOVE else "usual"
    return Regime(name, percentile)
