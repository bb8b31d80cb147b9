"""The pipeline with an instrument other than the index."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

import pandas as pd

from chalicelib.ingest.sources.yahoo import Yahoo
from chalicelib.instrument import IBOV, Instrument
from chalicelib.refine import parquet, raw
from chalicelib.refine.calendar import sessions
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import CLOSE, LOW, OPEN, PRICES, RAW
from tests.support.bars import raw_rows, session_bars
from tests.support.yahoo_server import YahooServer, chart

SHARE = Instrument("PETR4", "BRL", ZoneInfo("America/Sao_Paulo"), date(2000, 1, 3), symbols={"yahoo": "PETR4.SA"})
"""A share: its prices have cents, and none of the rules with a date applies."""


def refined(bars: pd.DataFrame, instrument: Instrument) -> Refined:
    body = parquet.encode(raw_rows(bars).assign(ticker=instrument.ticker), RAW)
    return refine(raw.read(body, "raw/a.parquet", instrument), sessions, instrument)


def doubtful_bars() -> pd.DataFrame:
    """Return bars with cents; one has no volume, and one has a close far from the next open."""
    bars = session_bars("2022-03-07", 10)
    bars[list(PRICES)] += 0.25
    bars.loc[3, "volume_negociado"] = 0
    bars.loc[6, OPEN] = bars[LOW].iloc[6]
    return bars


def test_the_rules_depend_on_the_facts_of_the_instrument():
    share, index = refined(doubtful_bars(), SHARE), refined(doubtful_bars(), IBOV)

    assert len(share.bars) == 10
    assert sum(share.warnings.values()) == 0
    assert index.refused()["barra_ao_vivo"] == 10


def test_without_whole_points_the_other_rules_still_apply_to_the_index():
    whole = doubtful_bars()
    whole[list(PRICES)] -= 0.25

    warnings = refined(whole, IBOV).warnings

    assert (warnings["volume_zero"], warnings["fechamento_suspeito"]) == (1, 1)


def test_no_session_is_before_the_first_one_of_the_instrument():
    bars = session_bars("1999-12-27", 5)

    assert refined(bars, SHARE).refused()["sem_pregao"] == (bars["data"] < "2000-01-03").sum() > 0
    assert len(refined(bars, IBOV).bars) == 5


def test_bars_of_another_ticker_are_refused_by_the_object():
    body = parquet.encode(raw_rows(session_bars("2022-03-07", 3)), RAW)

    refused = raw.read(body, "raw/a.parquet", SHARE).refused

    assert refused["nota"].tolist() == ["ticker is 'IBOV'; allowed: 'PETR4'"]


def test_yahoo_is_asked_for_the_symbol_of_the_instrument(monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    bars = [("2022-03-07", 33.1, 33.5, 32.8, 33.25, 100)]
    with YahooServer(lambda request: chart(bars, symbol="PETR4.SA")) as server:
        fetched = Yahoo(server.session, instrument=SHARE).fetch(date(2022, 3, 7), date(2022, 3, 7))

    assert fetched[CLOSE].tolist() == [33.25]
    assert server.charts()[-1].path == "/v8/finance/chart/PETR4.SA"
