"""Random downloads of a true history: most are clean, some are poisoned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random

import pandas as pd

from chalicelib.schema import CLOSE, HIGH, LOW, OPEN
from tests.support.bars import scaled, session_bars

SPAN = 60
"""Sessions of a daily download."""

FIRST = 90
"""Sessions of the first download, which is clean."""

HISTORY = session_bars("2024-01-02", 150)

Poison = Callable[[Random, pd.DataFrame], pd.DataFrame]


def _scale(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    factor = random.choice([0.001, 0.1, 0.5, 0.97, 0.99, 0.9999, 1.001, 1.01, 1.02, 1.05, 1.5, 2, 2.5, 10, 1000, 1e300])
    return scaled(bars, factor, range(len(bars)))


def _scale_some(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    rows = random.sample(range(len(bars)), random.randint(1, 12))
    names = random.choice([[OPEN, HIGH, LOW, CLOSE], [CLOSE], [OPEN], [HIGH]])
    return scaled(bars, random.choice([0.1, 0.6, 0.98, 0.999, 1.001, 1.02, 1.04, 1.3, 1.9, 3, 10]), rows, names)


def _shift(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    if random.random() < 0.5:
        return bars.assign(data=bars["data"] + pd.Timedelta(days=random.choice([-7, -1, 1, 7])))
    days = bars["data"].tolist()
    return bars.iloc[:-1].assign(data=days[1:]) if random.random() < 0.5 else bars.iloc[1:].assign(data=days[:-1])


def _swap(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    first, second = random.sample([OPEN, HIGH, LOW, CLOSE], 2)
    if random.random() < 0.5:
        return bars.rename(columns={first: second, second: first})
    # Two stretches of the history change places.
    at, size = random.randint(0, 20), random.randint(3, 15)
    order = list(range(len(bars)))
    order[at : at + size], order[at + size : at + 2 * size] = (
        order[at + size : at + 2 * size],
        order[at : at + size],
    )
    return bars.iloc[order].reset_index(drop=True).assign(data=bars["data"].tolist())


def _hole(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    return bars.drop(random.sample(list(bars.index), random.randint(1, 30)))


def _repetition(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    rows = random.sample(range(len(bars)), random.randint(1, 10))
    again = scaled(bars, random.choice([1, 1.01, 1.2]), rows).iloc[rows]
    return pd.concat([bars, again], ignore_index=True)


def _granularity(random: Random, bars: pd.DataFrame) -> pd.DataFrame:
    grouped = bars.groupby(bars["data"].dt.to_period(random.choice(["W", "M"])))
    return grouped.agg(
        {"data": "first", OPEN: "first", HIGH: "max", LOW: "min", CLOSE: "last", "volume_negociado": "sum"}
    ).reset_index(drop=True)


POISONS: dict[str, Poison] = {
    "scale": _scale,
    "scale of some bars": _scale_some,
    "shift": _shift,
    "swap": _swap,
    "hole": _hole,
    "repetition": _repetition,
    "granularity": _granularity,
}


@dataclass(frozen=True, slots=True)
class Download:
    """A download: its bars, when it was collected, its poison (empty if it is clean), and its number of sessions."""

    bars: pd.DataFrame
    collected_at: datetime
    poison: str
    sessions: int


def schedule(random: Random, downloads: int, hits: Counter[str]) -> list[Download]:
    """Return downloads of consecutive evenings, the first clean; count each poison in `hits`."""
    result = []
    end = FIRST
    for number in range(downloads + 1):
        bars = HISTORY.iloc[max(end - SPAN, 0) if number else 0 : end].reset_index(drop=True)
        poison = random.choice(list(POISONS)) if number and random.random() < 0.5 else ""
        if poison:
            bars = POISONS[poison](random, bars).reset_index(drop=True)
            hits[poison] += 1
        moment = (HISTORY["data"][end - 1] + pd.Timedelta(hours=25)).tz_localize("UTC").to_pydatetime()
        result.append(Download(bars, moment, poison, end))
        end += random.choice([1, 1, 1, 2, 6])
    return result


def clean(downloads: Sequence[Download]) -> list[Download]:
    """Return the clean downloads."""
    return [download for download in downloads if not download.poison]
