"""The generator of markets: its files are files of COTAHIST, and the seed decides every byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from chalicelib.market.parse import parse
from chalicelib.market.refinery import refine
from chalicelib.refine import parquet
from chalicelib.shares import CLASSES, SHARES
from scripts.cotahist import encode
from scripts.generate_market import generate
from tests.support.market import STORED, market_sessions


def bars_of(files: dict[Path, int]) -> pd.DataFrame:
    frames = []
    for path, records in files.items():
        with path.open("rb") as file:
            result = parse(file, path.name, STORED)
        assert (result.records, result.refused.num_rows) == (records, 0)
        frames.append(parquet.to_frame(result.bars))
    return pd.concat(frames, ignore_index=True)


def test_a_market_of_every_kind_of_security_and_event(tmp_path: Path):
    files = generate(tmp_path, 40_000, seed=3)

    bars = bars_of(files)

    assert sum(files.values()) == pytest.approx(40_000, rel=0.05)
    assert len(bars) == pytest.approx(10_000, rel=0.05)
    assert set(bars["classe"]) == set(CLASSES)
    assert set(bars["fator_cotacao"]) == {1, 1000}
    assert not bars["data"].is_monotonic_increasing
    rows = refine(bars, market_sessions()).rows
    assert parquet.decode(parquet.encode(rows, SHARES), SHARES).shape == (len(rows), len(SHARES))
    assert 0.005 < rows["evento"].mean() < 0.05
    assert rows["vol_yang_zhang_21d"].notna().mean() > 0.8


def test_the_seed_decides_every_byte(tmp_path: Path):
    first, again, other = (
        {path.name: path.read_bytes() for path in generate(tmp_path / name, 1000, seed, text=True)}
        for name, seed in (("first", 1), ("again", 1), ("other", 2))
    )

    assert first == again
    assert first != other


def test_a_zip_has_the_same_records_as_the_text(tmp_path: Path):
    zips, texts = generate(tmp_path / "zip", 2000, seed=1), generate(tmp_path / "text", 2000, seed=1, text=True)

    columns = ["ticker", "data", "preco_fechamento", "linha"]
    pd.testing.assert_frame_equal(bars_of(zips)[columns], bars_of(texts)[columns])


def test_a_number_that_does_not_fit_is_an_error():
    with pytest.raises(ValueError, match="TOTNEG has a number of more than 5 digits"):
        encode({"TOTNEG": 100_000}, 1)
