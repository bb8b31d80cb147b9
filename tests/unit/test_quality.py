from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pandas as pd
import pytest

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.instrument import IBOV
from chalicelib.refine.live import live
from chalicelib.schema import PRICES
from tests.support.bars import COLLECTED, known_bars, raw_object, read_raw, refined, session_bars

EVENING = datetime(2025, 9, 18, 0, 20, tzinfo=UTC)  # 21:20 of the 17th in São Paulo


def unfinished() -> pd.DataFrame:
    """Return the known bars with an unfinished last bar."""
    bars = known_bars()
    bars.loc[5, [*PRICES, "volume_negociado"]] = [144059.0, 145900.5, 143910.0, 145500.34375, 0]
    return bars


def test_a_bar_of_yahoo_that_is_not_whole_is_live_and_the_final_one_takes_its_place():
    alone = refined(raw_object(unfinished(), collected_at=EVENING))
    both = refined(
        raw_object(unfinished(), collected_at=EVENING),
        raw_object(known_bars(), collected_at=EVENING + timedelta(hours=10)),
    )

    assert len(alone.bars) == 5
    assert alone.refused()["barra_ao_vivo"] == 1
    assert both.bars["preco_fechamento"].iloc[-1] == 145594.0
    assert both.refused()["barra_ao_vivo"] == 1
    assert len(both.revisions) == 0


def test_other_sources_may_have_decimals():
    for source in ("csv", "correcao"):
        assert len(refined(raw_object(unfinished(), source)).bars) == 6


def test_before_march_1997_yahoo_has_decimals_too():
    bars = session_bars("1997-02-20", 6)
    bars[list(PRICES)] += 0.5

    assert len(refined(raw_object(bars)).bars) == 6


@pytest.mark.parametrize("name", PRICES[:3])
def test_a_zero_beside_a_close_is_live(name: str):
    bars = known_bars()
    bars.loc[5, name] = 0.0

    assert refined(raw_object(bars)).refused()["barra_ao_vivo"] == 1


def test_a_flat_bar_without_volume_is_live_only_at_the_end_of_its_download():
    bars = known_bars()
    bars.loc[[2, 5], list(PRICES)] = 142000.0
    bars.loc[[2, 5], "volume_negociado"] = 0

    result = refined(raw_object(bars))

    assert result.quarantine[["data", "motivo"]].to_numpy().tolist() == [["2025-09-17", "barra_ao_vivo"]]


def test_only_flat_or_only_without_volume_is_not_live():
    bars = known_bars()
    bars.loc[5, list(PRICES)] = 142000.0
    flat = refined(raw_object(bars))
    silent = refined(raw_object(known_bars().assign(volume_negociado=pd.array([0] * 6, dtype="Int64"))))

    assert len(flat.bars) == len(silent.bars) == 6


def test_a_bar_unchanged_after_twelve_hours_is_final_with_a_warning():
    first = raw_object(unfinished(), collected_at=EVENING)
    early = raw_object(unfinished(), collected_at=EVENING + timedelta(hours=11, minutes=59))
    late = raw_object(unfinished(), collected_at=EVENING + timedelta(hours=12))

    assert len(refined(first, early).bars) == 5
    result = refined(first, early, late)
    assert result.bars["preco_fechamento"].iloc[-1] == 145500.34375
    assert result.bars["avisos"].iloc[-1] == "volume_zero,fracionario"
    assert result.refused()["barra_ao_vivo"] == 2


def test_a_bar_that_still_changes_is_never_final():
    moving = []
    for hours in range(0, 72, 12):
        bars = unfinished()
        bars.loc[5, "preco_fechamento"] = 145500.34375 + hours
        moving.append(raw_object(bars, collected_at=EVENING + timedelta(hours=hours)))

    assert refined(*moving).refused()["barra_ao_vivo"] == len(moving)


def test_high_and_low_must_enclose_open_and_close():
    bars = known_bars()
    bars.loc[1, "preco_maximo"] = 143150.0
    bars.loc[3, "preco_minimo"] = 142293.0

    assert refined(raw_object(bars)).quarantine["motivo"].tolist() == ["maxima_minima", "maxima_minima"]


def test_each_row_has_one_reason_the_first_that_applies():
    bars = known_bars()
    bars.loc[0, list(PRICES)] = [float("nan"), 0.5, 0.0, -1.0]
    bars.loc[1, list(PRICES)] = [0.0, 0.5, 3.0, 1.0]
    bars.loc[2, "data"] = pd.Timestamp("2025-09-13")
    bars.loc[2, list(PRICES)] = [-1.0, -5.0, -1.0, -1.0]
    bars.loc[3, list(PRICES)] = [-1.0, -5.0, -1.0, -1.0]

    result = refined(raw_object(bars)).quarantine

    assert result["motivo"].tolist() == ["preco_nulo", "barra_ao_vivo", "sem_pregao", "preco_nao_positivo"]


class TestRealBars:
    @pytest.fixture(scope="class")
    @classmethod
    def history(cls, real_csv: Path) -> pd.DataFrame:
        return CsvFile(str(real_csv)).fetch(None, None)

    @pytest.fixture(scope="class")
    @classmethod
    def live_and_final(cls, shared_data: Path) -> pd.DataFrame:
        return pd.read_csv(shared_data / "bvsp_live_vs_final_bars.csv", parse_dates=["date"])

    def test_no_final_bar_since_1997_is_live_even_as_the_last_of_its_download(self, history: pd.DataFrame):
        (_, body) = raw_object(history)
        rows = read_raw(("raw/a.parquet", body)).rows
        recent = rows[(rows["data"] >= "1997-03-01") & ~rows["data"].isin(pd.to_datetime(["1998-02-23", "2017-12-29"]))]
        assert len(recent) == 7087

        sessions = pd.DatetimeIndex(recent["data"])
        assert live(recent, sessions, IBOV).sum() == 0
        assert live(recent.assign(ultima=True), sessions, IBOV).sum() == 0

    def test_each_real_live_bar_is_refused_and_a_later_final_bar_replaces_it(self, live_and_final: pd.DataFrame):
        names = [*PRICES, "volume_negociado"]
        for row in live_and_final.to_dict("records"):
            values = {
                side: [row[f"{side}_{name}"] for name in ("open", "high", "low", "close", "volume")]
                for side in ("live", "final")
            }
            day = row["date"]
            collected = (day + pd.Timedelta(hours=24, minutes=20)).tz_localize("UTC").to_pydatetime()
            bar = pd.DataFrame([values["live"]], columns=names).astype({"volume_negociado": "Int64"}).assign(data=day)

            alone = refined(raw_object(bar, collected_at=collected))
            assert alone.refused()["barra_ao_vivo"] == 1, day
            assert len(alone.bars) == 0

            if not pd.isna(values["final"][0]):
                final = bar.assign(**dict(zip(names, values["final"], strict=True))).astype(
                    {"volume_negociado": "Int64"}
                )
                both = refined(
                    raw_object(bar, collected_at=collected),
                    raw_object(final, collected_at=collected + timedelta(hours=10)),
                )
                assert both.bars[list(PRICES)].iloc[0].tolist() == values["final"][:4]
                assert both.refused()["barra_ao_vivo"] == 1

    @pytest.mark.parametrize("source", ["csv", "yahoo"])
    def test_of_the_whole_history_four_rows_are_refused(self, history: pd.DataFrame, source: str):
        result = refined(raw_object(history, source))

        assert len(history) == 8041
        assert len(result.bars) == 8037
        assert result.quarantine[["data", "motivo", "nota"]].to_numpy().tolist() == [
            ["1995-11-15", "sem_pregao", "copia do dia anterior"],
            ["1997-02-11", "sem_pregao", ""],
            ["1998-02-23", "sem_pregao", "copia do dia anterior"],
            ["2017-12-29", "sem_pregao", "copia do dia anterior"],
        ]
        assert result.warnings["copia_do_dia_anterior"] == 6
        assert result.warnings["volume_zero"] == 55
        assert result.coverage.degraded() == []

    def test_of_the_eighteen_gaps_of_the_history_one_has_no_known_reason(self, history: pd.DataFrame):
        missing = refined(raw_object(history)).coverage.missing

        assert len(missing) == 18
        assert [day.isoformat() for day, reason in missing.items() if reason is None] == ["1997-10-06"]

    def test_sessions_with_null_prices_are_missing_until_a_later_download_has_them(self, history: pd.DataFrame):
        holes = history.tail(300).copy()
        holes.iloc[100:103, 1:5] = float("nan")

        first = raw_object(holes, collected_at=COLLECTED)
        assert refined(first).refused()["preco_nulo"] == 3
        assert len(refined(first).coverage.missing) == 3
        second = raw_object(history.tail(300), collected_at=COLLECTED + timedelta(days=1))
        assert len(refined(first, second).coverage.missing) == 0
