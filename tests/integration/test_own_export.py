"""The API's own CSV, as a file for the source `csv:`."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pandas as pd
import pytest

from chalicelib.errors import SourceMalformed
from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.schema import PRICES
from tests.support.bars import session_bars

FIELDS = "data,volume_negociado,preco_fechamento,preco_minimo,preco_maximo,preco_abertura"


def export(url: str, path: Path, query: str) -> CsvFile:
    with urllib.request.urlopen(f"{url}/ibov/prices?format=csv&{query}") as response:
        path.write_bytes(response.read())
    return CsvFile(str(path))


@pytest.mark.parametrize("query", ["limit=300", f"limit=300&sort=volatilidade_pct&fields={FIELDS}"])
def test_the_bars_of_an_export_are_those_of_the_lake(url: str, tmp_path: Path, query: str):
    bars = export(url, tmp_path / "export.csv", query).fetch(None, None)

    columns = ["data", *PRICES]
    pd.testing.assert_frame_equal(bars[columns], session_bars("2024-06-03", 300)[columns], check_dtype=False)


def test_an_export_without_a_price_is_refused(url: str, tmp_path: Path):
    file = export(url, tmp_path / "export.csv", "fields=data,preco_fechamento")

    with pytest.raises(
        SourceMalformed, match=r"no known form; its first line: 'data,preco_fechamento', separator: comma"
    ):
        file.fetch(None, None)
