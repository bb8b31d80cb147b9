"""One bar for each ticker and session, and the events among them."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import pandas as pd
import pytest

from chalicelib.market.events import events
from chalicelib.market.selection import select
from tests.support.market import bars, market_sessions, record

OLD, NEW = date(2025, 1, 3), date(2026, 1, 2)


def closes(frame: pd.DataFrame) -> list[float]:
    return frame["preco_fechamento"].tolist()


class TestSelection:
    def test_the_newest_header_wins_whatever_the_order_of_the_files(self):
        old, new = bars(record(PREULT=3600), generated=OLD), bars(record(PREULT=3650), generated=NEW)

        for files in ([old, new], [new, old], [new, old, new]):
            taken, refused = select(pd.concat(files))
            assert closes(taken) == [36.5]
            assert refused.empty

    def test_an_older_file_fills_what_the_newer_lacks(self):
        old = bars(record(PREULT=3600), record(CODNEG=b"VALE3"), generated=OLD)

        taken, _ = select(pd.concat([old, bars(record(PREULT=3650), generated=NEW)]))

        assert taken["ticker"].tolist() == ["PETR4", "VALE3"]

    def test_equal_records_are_taken_once_and_come_from_the_file_stored_first(self):
        first = bars(record(), key="a")
        second = bars(record(), key="b").assign(coletado_em=first["coletado_em"] + pd.Timedelta(hours=1))

        for files in ([first, second], [second, first]):
            taken, refused = select(pd.concat(files))
            assert taken["chave"].tolist() == ["a"]
            assert refused.empty

    @pytest.mark.parametrize("changes", [{"PREULT": 3650}, {"DISMES": 231}, {"QUATOT": 7}, {"FATCOT": 10}])
    def test_differing_records_of_the_same_header_date_are_refused(self, changes: dict[str, Any]):
        one, other = bars(record(), record(DATA=20250103), key="a"), bars(record(**changes), key="b")

        taken, refused = select(pd.concat([one, other, one]))

        assert taken["data"].dt.day.tolist() == [3]
        assert refused["motivo"].unique().tolist() == ["registro_contraditorio"]
        assert refused["registro"].unique().tolist() == ["PETR4 2025-01-02"]
        assert refused["chave"].tolist() == ["a", "a", "b"]

    def test_a_conflict_of_older_files_makes_no_difference(self):
        old = [bars(record(PREULT=close), generated=OLD) for close in (3600, 3610)]

        taken, refused = select(pd.concat([*old, bars(record(), generated=NEW)]))

        assert closes(taken) == [36.8]
        assert refused.empty

    def test_no_bars(self):
        taken, refused = select(bars(record()).head(0))

        assert (len(taken), len(refused)) == (0, 0)


def flags(*records: bytes) -> list[bool]:
    taken, _ = select(bars(*records))
    result = events(taken, market_sessions())
    assert result.dtype == np.bool_
    return result.tolist()


def day(number: int, **changes: Any) -> bytes:
    """Return the record of a session, by its number from 2025-01-02 on."""
    session = market_sessions()[market_sessions() >= pd.Timestamp("2025-01-02")][number]
    return record(DATA=int(f"{session:%Y%m%d}"), **changes)


class TestEvents:
    @pytest.mark.parametrize(
        "changes", [{"DISMES": 231}, {"DISMES": 0}, {"FATCOT": 1000}, {"CODISI": b"BRPETRACNOR9"}, {"CODISI": b""}]
    )
    def test_a_change_is_an_event_on_its_first_session(self, changes: dict[str, Any]):
        assert flags(day(0), day(1), day(2, **changes), day(3, **changes)) == [False, False, True, False]

    def test_the_first_bar_of_a_ticker_is_none_and_a_new_name_is_a_new_ticker(self):
        assert flags(day(0), day(1, CODNEG=b"PETX4", DISMES=1), day(2, CODNEG=b"PETX4", DISMES=1)) == [False] * 3

    @pytest.mark.parametrize(("between", "expected"), [(5, False), (6, True)])
    def test_more_than_five_sessions_without_a_bar_are_an_event(self, between: int, expected: bool):
        assert flags(day(0), day(between + 1)) == [False, expected]

    def test_a_session_of_the_calendar_on_which_the_exchange_was_closed_counts_as_none(self):
        # 1995-04-13, Maundy Thursday, and Good Friday. 7, 10, 11, 12 and 17 April are five sessions.
        assert flags(record(DATA=19950406), record(DATA=19950418)) == [False, False]
        assert flags(record(DATA=19950406), record(DATA=19950419)) == [False, True]

    def test_a_day_without_a_session_counts_as_none(self):
        # A Friday, and the Sunday of the next week: the sessions between them are those of three days.
        assert flags(record(DATA=20241227), record(DATA=20250105)) == [False, False]

    def test_an_isin_for_an_internal_code_is_no_event_and_the_reverse_is_one(self):
        internal = {"CODISI": b"PETR PN"}

        assert flags(day(0, **internal), day(1)) == [False, False]
        assert flags(day(0), day(1, **internal)) == [False, True]
        assert flags(day(0, **internal), day(1, CODISI=b"PETR PNA")) == [False, True]
        assert flags(day(0, **internal), day(1, CODISI="AÇÃO".encode("latin-1"))) == [False, True]
        assert flags(day(0, **internal), day(1, DISMES=231)) == [False, True]

    def test_a_rename_of_the_company_or_another_board_is_no_event(self):
        assert flags(day(0), day(1, NOMRES=b"OUTRA", CODBDI=b"08", ESPECI=b"PN  ED")) == [False, False]
