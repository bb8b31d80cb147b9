"""Whether a download contradicts the lake as a whole. Takes NumPy arrays, returns a sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.instrument import Instrument
from chalicelib.refine.quality import BEFORE_SOURCE, FUTURE, NO_SESSION, NULL_PRICE
from chalicelib.sources import RANKS

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
Positions = npt.NDArray[np.intp]

UNSETTLED, RECENT = 3, 5
"""The last 3 sessions of a download are not settled if they are of the last 5 before its collection."""

FEW, SHARE = 5, 0.02
"""So many sessions may have other prices, or so large a share of them, if that is more."""

POINTS, RELATIVE = 1.0, 1e-5
"""A price that differs by no more than either is the same."""

LARGE = 0.03
"""A price that differs by more than this share contradicts the lake alone."""

SESSIONS = 2
"""So many sessions may be missing, or be there although the lake has none."""

OFFICIAL_POINTS = 1.01
"""A close within this many points of B3's agrees with it."""

_NO_FAULT = [rule.name for rule in (NULL_PRICE, FUTURE, NO_SESSION, BEFORE_SOURCE)]
"""Reasons that do not count against a download: nulls are common, and the others are not of a session."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The rows of one download on sessions of the calendar, in order of session.

    Attributes:
        key: the raw object.
        source: its `fonte`.
        collected_at: when it was requested.
        rank: the rank of its source.
        today: the number of sessions up to the day of its collection.
        present: the position of each row, shape (n,), refused rows included.
        refused: the reason to refuse each row, shape (n,), empty for the usable ones.
        usable: flags, shape (n,).
        position: the position of each usable row, shape (m,).
        prices: the prices of each usable row, shape (m, 4).
    """

    key: str
    source: str
    collected_at: datetime
    rank: int
    today: int
    present: Positions
    refused: npt.NDArray[np.object_]
    usable: Flags
    position: Positions
    prices: Floats

    @property
    def unsettled_from(self) -> int:
        """The position of the first session that is not settled."""
        last = np.unique(self.present)[-UNSETTLED:]
        return max(int(last[0]), self.today - RECENT)


@dataclass(slots=True)
class Downloads:
    """What the accepted downloads left, with one entry for each session of the calendar.

    Attributes:
        sessions: the calendar.
        prices: shape (n, 4); NaN where no download has a bar.
        rank: the rank of the bar's source; -1 where there is none.
        settled: whether the bar was settled in its download.
        sources: whether a source of each rank has had a bar.
        absent: the sessions that no source has.
        official: B3's close; NaN where it is unknown.
        decided: the sessions with a correction or a removal, which are not compared.
    """

    sessions: pd.DatetimeIndex
    prices: Floats
    rank: npt.NDArray[np.int64]
    settled: Flags
    sources: npt.NDArray[np.bool_]
    absent: Flags
    official: Floats
    decided: Flags

    @staticmethod
    def empty(sessions: pd.DatetimeIndex, instrument: Instrument) -> Downloads:
        """Return the state before the first download."""
        number = len(sessions)
        return Downloads(
            sessions=sessions,
            prices=np.full((number, 4), np.nan),
            rank=np.full(number, -1),
            settled=np.zeros(number, np.bool_),
            sources=np.zeros((max(RANKS.values()) + 1, number), np.bool_),
            absent=np.asarray(sessions.isin([pd.Timestamp(day) for day in instrument.known_gaps])),
            official=np.full(number, np.nan),
            decided=np.zeros(number, np.bool_),
        )

    def holds(self, position: Positions) -> Flags:
        """Return at which positions a download has a bar."""
        held: Flags = self.rank[position] >= 0
        return held

    def take(self, answer: Answer) -> None:
        """Add the usable bars of a download; a bar of a greater rank stays."""
        wins = answer.rank >= self.rank[answer.position]
        at = answer.position[wins]
        self.prices[at] = answer.prices[wins]
        self.rank[at] = answer.rank
        self.settled[at] = at < answer.unsettled_from
        self.sources[answer.rank, answer.position] = True

    def release(self, answer: Answer) -> None:
        """Let later downloads lack the sessions that an accepted one lacks; their bars stay."""
        first, last = int(answer.present[0]), int(answer.present[-1])
        lacking = np.setdiff1d(np.arange(first, last + 1), answer.present)
        self.sources[: answer.rank + 1, lacking] = False

    def span(self) -> tuple[int, int] | None:
        """Return the positions of the first and the last bar; None if there is none."""
        held = np.flatnonzero(self.rank >= 0)
        return (int(held[0]), int(held[-1])) if len(held) else None

    def day(self, position: int) -> str:
        """Return the session at a position, as text."""
        return f"{self.sessions[position]:%Y-%m-%d}"


def contradiction(answer: Answer, lake: Downloads) -> str | None:
    """Return how a download contradicts the lake, in a sentence; None if it does not.

    Only sessions that are settled in both count. An empty lake cannot be contradicted: then the scale and B3's official
    closes alone decide.
    """
    end = answer.unsettled_from
    settled = answer.position < end
    position, prices = answer.position[settled], answer.prices[settled]
    span = lake.span()
    return (
        _refused(answer, end)
        or _unofficial(position, prices, lake)
        or (None if span is None else _changed(position, prices, lake))
        or (None if span is None else _unexpected(position, lake, span))
        or (None if span is None else _missing(answer, end, lake, span))
    )


def _allowed(number: int) -> float:
    return max(FEW, SHARE * number)


def _refused(answer: Answer, end: int) -> str | None:
    settled = answer.present < end
    reasons = answer.refused[settled]
    faults = int(((reasons != "") & ~np.isin(reasons, _NO_FAULT)).sum())
    if faults <= _allowed(len(reasons)):
        return None
    return f"{faults:,} of its {len(reasons):,} bars are refused"


def _unofficial(position: Positions, prices: Floats, lake: Downloads) -> str | None:
    official = lake.official[position]
    # Of weeks of Yahoo's history most closes are wrong: a download that repeats them changes nothing.
    repeated = lake.settled[position] & (np.abs(prices[:, 3] - lake.prices[position, 3]) <= POINTS)
    known = ~np.isnan(official)
    off = int((~repeated & (np.abs(prices[:, 3] - official) > OFFICIAL_POINTS)).sum())
    if off <= max(FEW, known.sum() / 2):
        return None
    return f"{off:,} of {int(known.sum()):,} closes are not B3's official ones"


def _changed(position: Positions, prices: Floats, lake: Downloads) -> str | None:
    both = lake.settled[position] & ~lake.decided[position]
    position, prices = position[both], prices[both]
    before = lake.prices[position]
    change = np.abs(prices - before)
    differs = ((change > POINTS) & (change > RELATIVE * before)).any(axis=1)
    if not differs.any():
        return None
    # B3's official closes decide: a change towards them is no contradiction.
    official, close, old = lake.official[position], prices[:, 3], before[:, 3]
    share = change / before
    # Only of closes that change: a close that stays excuses no other price, and one that changes none by much.
    moved = (change[:, 3] > POINTS) & (share[:, 3] > RELATIVE) & (share[:, :3] <= LARGE).all(axis=1)
    mended = moved & (np.abs(close - official) < np.abs(old - official))
    share = share.max(axis=1)
    large = differs & ~mended & (share > LARGE)
    other = int((differs & ~mended).sum())
    if other > _allowed(len(position)):
        return f"{other:,} of {len(position):,} sessions have other prices than in the lake"
    if large.any():
        first = int(np.argmax(large))
        return f"a price of {lake.day(int(position[first]))} differs from the lake's by {share[first]:.1%}"
    return None


def _unexpected(position: Positions, lake: Downloads, span: tuple[int, int]) -> str | None:
    """Sessions that the lake lacks are asked for, unless it is known that no source has them."""
    inside = (position >= span[0]) & (position <= span[1])
    extra = position[inside & ~lake.holds(position) & lake.absent[position] & ~lake.decided[position]]
    if len(np.unique(extra)) <= SESSIONS:
        return None
    return f"it has {len(extra):,} sessions that no source has, the first {lake.day(int(extra[0]))}"


def _missing(answer: Answer, end: int, lake: Downloads, span: tuple[int, int]) -> str | None:
    present = answer.present[answer.present < end]
    if not len(present):
        return None
    first, last = int(present[0]), int(present[-1])
    if first >= span[0] and last <= span[1] and not lake.holds(present).any():
        return None  # it only fills gaps
    places = np.arange(first, last + 1)
    # What only a source of a lower rank has, this source may lack.
    expected = lake.sources[answer.rank :, first : last + 1].any(axis=0) | (places < span[0]) | (places > span[1])
    expected &= ~lake.absent[first : last + 1] & ~lake.decided[first : last + 1]
    expected[present - first] = False
    number = int(expected.sum())
    if number <= SESSIONS:
        return None
    absent = lake.day(first + int(np.argmax(expected)))
    return f"it lacks {number:,} sessions between its first and its last, the first {absent}"
