"""Official closes on the laptop: requested from B3 with Yahoo's bars, or read from a file."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from chalicelib import wiring
from chalicelib.ingest.ingest import Ingested
from chalicelib.ingest.sources.b3.limits import Limits
from local import laptop as laptop_module
from local.laptop import CLOSES_LIMITS, Laptop
from tests.support.b3_server import B3Server, Reply, Request
from tests.support.bars import csv_text, known_bars
from tests.support.closes import answer_body, year_closes
from tests.support.lake import no_events
from tests.support.processes import command_error, get, make_run, run_command

CLOSES = "date,close\n2025-09-10,142348.70\n2025-09-16,144200.00\n"


class Yahoo:
    """The six known bars, as Yahoo's."""

    name = "yahoo"

    def fetch(self, *_: Any) -> pd.DataFrame:
        return known_bars()


@pytest.fixture
def bars(laptop: Laptop) -> Iterator[Ingested]:
    """The raw object of Yahoo's bars, in a lake without a job."""
    with no_events():
        yield laptop.ingest(Yahoo())


def configure(patch: pytest.MonkeyPatch, url: str) -> None:
    patch.setenv("B3_OFFICIAL_CLOSES", "yes")
    patch.setenv("B3_OFFICIAL_CLOSES_URL", url)
    wiring.clear_caches()


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch
    wiring.clear_caches()


def test_all_years_are_added_to_a_new_lake(laptop: Laptop, bars: Ingested, patch: pytest.MonkeyPatch):
    level, today = known_bars()["preco_fechamento"].mean(), datetime.now(UTC).date()

    def honest(request: Request) -> Reply:
        days = year_closes(request.year, min(today, date(request.year, 12, 31)))
        return Reply(answer_body(dict.fromkeys(days, level)))

    # Enough time for a busy machine.
    patch.setattr(laptop_module, "CLOSES_LIMITS", Limits(attempts=1))
    with B3Server(honest) as server:
        configure(patch, server.url)
        result = laptop.ingest_closes(bars)

    assert result is not None
    assert result.failure is None
    assert result.added is not None
    assert (result.added.first, result.added.bars > 7000) == (date(1998, 1, 2), True)


def test_without_b3_it_takes_two_seconds(laptop: Laptop, bars: Ingested, patch: pytest.MonkeyPatch):
    assert (CLOSES_LIMITS.connect_seconds, CLOSES_LIMITS.attempts) == (2.0, 1)
    # A listener whose queue is full does not complete a connection.
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.create_connection(full.getsockname(), 5)]
        configure(patch, f"http://127.0.0.1:{full.getsockname()[1]}")
        began = time.monotonic()
        result = laptop.ingest_closes(bars)
        waiting[0].close()

    assert result is not None
    assert result.added is None
    assert result.failure is not None
    assert result.failure.startswith("SourceUnavailable: B3 did not send")
    assert time.monotonic() - began < 20


def test_the_setting_turns_it_off(laptop: Laptop, bars: Ingested):
    assert laptop.ingest_closes(bars) is None


def test_a_file_of_closes_corrects_the_bars_of_another(tmp_path: Path):
    (tmp_path / "six.csv").write_text(csv_text(known_bars()))
    (tmp_path / "closes.csv").write_text(CLOSES)
    (tmp_path / "more.csv").write_text("date,close\n2025-09-11,143150.94\n")
    with make_run("--source", f"csv:{tmp_path / 'six.csv'}", "--b3", str(tmp_path / "closes.csv")) as running:
        api = running.wait_for(r"API +(http://127\.0\.0\.1:\d+)\n")
        aws = running.wait_for(r"AWS_ENDPOINT_URL=(\S+)")
        running.wait_for("curl .*status")

        rows = {row["data"]: row for row in get(f"{api}/ibov/prices")["rows"]}
        days = ("--start", "2025-09-01", "--end", "2025-09-30")
        more = f"b3:{tmp_path / 'more.csv'}"
        backfill = run_command("backfill", "--aws-port", aws.rpartition(":")[2], *days, "--source", more)
        assert running.stop() == 0

    assert "6 bars from csv, 2025-09-10 to 2025-09-17; 2 official closes, 2025-09-10 to 2025-09-16" in running.output
    assert (rows["2025-09-16"]["preco_fechamento"], rows["2025-09-16"]["fonte_fechamento"]) == (144200.0, "b3")
    assert (rows["2025-09-10"]["preco_fechamento"], rows["2025-09-10"]["fechamento_oficial"]) == (142349.0, 142348.7)
    assert rows["2025-09-11"]["fechamento_oficial"] is None
    assert backfill.returncode == 0, backfill.stderr
    assert "2025-09-11  confirmed: 1 close\n" in backfill.stdout
    assert "1 close from b3, 2025-09-11 to 2025-09-11, added as raw/" in backfill.stdout


def test_a_missing_file_is_found_before_anything_starts(tmp_path: Path):
    absent = tmp_path / "absent.json"

    assert command_error("--b3", str(absent)) == f"error: cannot read {absent}: No such file or directory"
    days = ("--start", "2025-01-01", "--end", "2025-12-31")
    assert command_error("backfill", *days, "--source", f"b3:{absent}") == (
        f"error: cannot read {absent}: No such file or directory"
    )


def test_synthetic_bars_get_no_closes(tmp_path: Path):
    path = tmp_path / "closes.csv"
    path.write_text(CLOSES)

    assert command_error("--source", "sample", "--b3", str(path)) == (
        f"error: B3 is {str(path)!r}, and the bars of sample are synthetic; allowed: B3= with real bars"
    )
