"""The sources: values of the column `fonte`, and which source's bar wins a session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SourceType:
    """One value of the column `fonte`.

    Attributes:
        name: the value.
        rank: of two bars of a session, the one with the greater rank wins. None if the source has no bars.
        whole_points: whether final bars are whole numbers from `Instrument.whole_points_since` on.
        final: whether every bar is final, however it looks.
        download: whether a raw object is judged whole, as `refine.answers` describes.
        synthetic: whether the bars are generated. A lake holds synthetic bars or real ones, never both.
    """

    name: str
    rank: int | None
    whole_points: bool = False
    final: bool = False
    download: bool = False
    synthetic: bool = False


SAMPLE = SourceType("sample", rank=0, synthetic=True)
"""Generated bars, for a laptop without network."""

CSV = SourceType("csv", rank=1, download=True)
"""A file of history: it fills gaps and never overrides Yahoo."""

YAHOO = SourceType("yahoo", rank=2, whole_points=True, download=True)
"""Yahoo Finance."""

CORRECTION = SourceType("correcao", rank=3, final=True)
"""Bars that correct others, whatever source they were read from."""

REMOVAL = SourceType("remocao", rank=3, final=True)
"""Sessions whose bar a person removed. The rows have no prices. Of a correction and a removal, the later wins."""

ACCEPTANCE = SourceType("aceite", rank=None)
"""Raw objects that a person accepted although they contradict the lake."""

B3 = SourceType("b3", rank=None)
"""B3 itself: official closes, which confirm or correct the bars of other sources."""

COTAHIST = SourceType("cotahist", rank=None)
"""B3's daily history of the market: the bars of shares, which have a lake of their own."""

SOURCES: Mapping[str, SourceType] = {
    source.name: source for source in (SAMPLE, CSV, YAHOO, CORRECTION, REMOVAL, ACCEPTANCE, B3)
}
"""Every source by its name: the sources of bars in order of rank, then the others."""

RANKS: Mapping[str, int] = {name: source.rank for name, source in SOURCES.items() if source.rank is not None}
"""The rank of each source of bars."""

WHOLE_POINTS = [name for name, source in SOURCES.items() if source.whole_points]
"""The sources whose final bars are whole numbers."""

FINAL = [name for name, source in SOURCES.items() if source.final]
"""The sources whose bars are always final."""

SYNTHETIC = [name for name, source in SOURCES.items() if source.synthetic]
"""The sources of generated bars."""

DOWNLOADS = [name for name, source in SOURCES.items() if source.download]
"""The sources whose raw objects are judged whole."""
