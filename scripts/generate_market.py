"""Generate a market: files of COTAHIST of any size, a zip for each year, from a seed.

python -m scripts.generate_market --records 1000000 --seed 1 <folder>
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.logs import pluralize
from chalicelib.market.files import SYNTHETIC_ORIGIN
from chalicelib.market.rules import FIRST_SESSION
from chalicelib.refine.calendar import sessions
from scripts.cotahist import Bytes, encode, write

LAST_SESSION = date(2025, 12, 30)
FEWEST_SESSIONS = 20

CASH = 0.25
"""The part of the records that are bars of the table; the others are options and fractional lots. In the real day it is
one sixth."""

ISIN_SINCE = np.datetime64("1995-05-15")

_KINDS = np.array(
    # The number of the ticker, type of the ISIN, CODBDI, ESPECI.
    [
        *[(b"3", b"ACNOR", b"02", b"ON      NM")] * 9,
        *[(b"4", b"ACNPR", b"02", b"PN      N1")] * 6,
        (b"11", b"UNT00", b"02", b"UNT     N2"),
        *[(b"11", b"CTF00", b"12", b"CI")] * 2,
        (b"11", b"CTF00", b"14", b"CI"),
        (b"34", b"BDR00", b"02", b"DRN"),
    ],
    dtype=[("number", "S2"), ("type", "S5"), ("board", "S2"), ("kind", "S10")],
)


@dataclass(slots=True)
class Market:
    """Securities and the state of each after the last generated session.

    Attributes:
        days: the sessions.
        share_price: shape (securities,), the last close in reais.
        distribution: number of the last distribution.
        quoted: number of quoted shares.
    """

    days: pd.DatetimeIndex
    securities: int
    cash: float
    seed: int
    share_price: npt.NDArray[np.float64]
    distribution: npt.NDArray[np.int64]
    quoted: npt.NDArray[np.int64]

    @classmethod
    def of(cls, records: int, seed: int, cash: float = CASH) -> Market:
        """Return a market with about this number of records: with more of them, more securities and sessions."""
        bars = records * cash
        calendar = sessions(FIRST_SESSION, LAST_SESSION)
        days = calendar[-int(np.clip(np.sqrt(bars * 10), FEWEST_SESSIONS, len(calendar))) :]
        # About 4 % of the sessions of a security have no trade.
        securities = max(1, round(bars / len(days) / 0.96))
        random = np.random.default_rng(seed)
        return cls(
            days=days,
            securities=securities,
            cash=cash,
            seed=seed,
            share_price=np.exp(random.normal(3.0, 1.0, securities)),
            distribution=random.integers(100, 200, securities),
            quoted=np.where(np.arange(securities) % 17 == 3, 1000, 1),
        )

    def years(self) -> Iterator[tuple[int, Bytes]]:
        """Yield the records of each year, in no order of date or ticker, as B3's are."""
        for year in sorted(set(self.days.year)):
            random = np.random.default_rng([self.seed, year])
            bars = self._bars(self.days[self.days.year == year], random)
            others = self._others(bars, random)
            order = random.permutation(len(bars) + len(others))
            yield year, np.concatenate([bars, others])[order]

    def _bars(self, days: pd.DatetimeIndex, random: np.random.Generator) -> Bytes:
        shape = (len(days), self.securities)
        night, day, up, down = random.standard_normal((4, *shape)) * [[[0.008]], [[0.02]], [[0.008]], [[0.008]]]
        pays, splits = random.random(shape) < 0.015, random.random(shape) < 0.0004
        # A security with few trades has long pauses too.
        rare = random.random(self.securities) < 0.1
        traded = random.random(shape) > np.where(rare, 0.3, 0.01)
        # Dividends of 2 %, and splits of 10 for 1 or reverse splits, which keep prices near 20 reais.
        step = night + day - 0.02 * pays
        price = np.empty(shape)
        last = self.share_price
        for at in range(len(days)):
            factor = np.where(splits[at], np.where(last > 20, 0.1, 10.0), 1.0)
            last = np.clip(last * factor * np.exp(step[at]), 0.05, 5000.0)
            price[at] = last
        self.share_price = last
        distribution = (self.distribution + np.cumsum(pays | splits, axis=0)) % 1000
        self.distribution = distribution[-1]
        # One in a hundred a year goes from 1,000 quoted shares to 1.
        changes = (random.random(self.securities) < 0.01) * random.integers(0, len(days), self.securities)
        quoted = np.where((changes > 0) & (np.arange(len(days))[:, None] >= changes), 1, self.quoted)
        self.quoted = quoted[-1]
        close = np.maximum(np.rint(price * 100 * quoted), 1)
        opened = np.maximum(np.rint(close * np.exp(-day)), 1)
        high = np.rint(np.maximum(opened, close) * np.exp(np.abs(up)))
        low = np.maximum(np.rint(np.minimum(opened, close) * np.exp(-np.abs(down))), 1)
        shares = np.rint(np.exp(random.normal(10, 1, shape))).astype(np.int64) * 100
        row, security = np.nonzero(traded)
        values = {
            "DATA": np.asarray(days.strftime("%Y%m%d").astype(np.int64))[row],
            "PREABE": opened[traded],
            "PREMAX": high[traded],
            "PREMIN": low[traded],
            "PREULT": close[traded],
            "TOTNEG": np.minimum(shares[traded] // 300 + 1, 99_999),
            "QUATOT": shares[traded],
            "VOLTOT": np.rint(shares[traded] * price[traded] * 100),
            "FATCOT": quoted[traded],
            "DISMES": distribution[traded],
        }
        texts = {name: text[security] for name, text in self._texts().items()}
        internal = days.to_numpy()[row] < ISIN_SINCE
        texts["CODISI"] = np.where(internal, texts["ESPECI"], texts["CODISI"])
        return encode({name: value.astype(np.int64) for name, value in values.items()} | texts, len(row))

    def _texts(self) -> dict[str, npt.NDArray[np.bytes_]]:
        """Return the fields of text of each security."""
        number = np.arange(self.securities)
        letters = np.stack([ord("A") + number // 26**power % 26 for power in (3, 2, 1, 0)], axis=1)
        root = letters.astype(np.uint8).view("S4")[:, 0]
        kind = _KINDS[number % len(_KINDS)]
        isin = np.char.add(np.char.add(np.char.add(b"BR", root), kind["type"]), b"5")
        return {
            "CODNEG": np.char.add(root, kind["number"]),
            "NOMRES": np.char.add(b"CIA ", root),
            "ESPECI": kind["kind"],
            "CODBDI": kind["board"],
            "CODISI": isin,
        }

    def _others(self, bars: Bytes, random: np.random.Generator) -> Bytes:
        """Return records that are no bars of the table: options and fractional lots of the same securities."""
        others = bars[random.integers(0, len(bars), round(len(bars) * (1 / self.cash - 1)))].copy()
        fractional = random.random(len(others)) < 0.2
        _put(others, 11, np.where(fractional, b"96", b"78").astype("S2"))
        _put(others, 25, np.where(fractional, b"020", b"070").astype("S3"))
        # An option has the first four letters of its share, a letter for the month and a number.
        series = np.char.add(b"A", random.integers(10, 99, len(others)).astype("S2"))
        at = np.flatnonzero(~fractional)
        others[at, 16:19] = series[at].view(np.uint8).reshape(-1, 3)
        return others


def _put(records: Bytes, first: int, values: npt.NDArray[Any]) -> None:
    width = values.itemsize
    records[:, first - 1 : first - 1 + width] = values.view(np.uint8).reshape(-1, width)


def generate(folder: Path, records: int, seed: int, *, cash: float = CASH, text: bool = False) -> dict[Path, int]:
    """Write a market of about so many records, and return the number of records of each file.

    Args:
        cash: the part of the records that are bars of the table.
        text: whether to write text instead of zips.
    """
    folder.mkdir(parents=True, exist_ok=True)
    market = Market.of(records, seed, cash)
    written = {}
    for year, block in market.years():
        last = market.days[market.days.year == year][-1].date()
        path = folder / f"COTAHIST_A{year}.{'TXT' if text else 'ZIP'}"
        written[path] = write(
            path,
            [block],
            last + timedelta(days=1),
            year=year,
            counts_all=year % 2 == 0,
            origin=SYNTHETIC_ORIGIN,
        )
    return written


def main() -> None:
    """Write the market that the command line describes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--records", type=int, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--cash", type=float, default=CASH, help="part of the records that are bars of the table")
    parser.add_argument("--text", action="store_true", help="write text instead of zips")
    arguments = parser.parse_args()
    written = generate(arguments.folder, arguments.records, arguments.seed, cash=arguments.cash, text=arguments.text)
    print(f"{pluralize(sum(written.values()), 'record')} in {pluralize(len(written), 'file')} in {arguments.folder}")


if __name__ == "__main__":
    main()
