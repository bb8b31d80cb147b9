"""The schedule of the ingest, compared with the trading hours of B3."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import ModuleType

import pytest
from chalice.app import Cron

from chalicelib.layout import SAO_PAULO
from chalicelib.refine.calendar import sessions
from local.laptop import Laptop
from tests.support.cron import runs

# Past and future years: the calendar computes holidays by rule.
YEARS = range(2024, 2031)

OPEN, LAST_CLOSE = time(10), time(18)


@pytest.fixture
def app(laptop: Laptop) -> ModuleType:
    return laptop.app


def local_runs(schedule: Cron, year: int) -> list[datetime]:
    """Return the runs of a year and some days, in São Paulo."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    return [run.astimezone(SAO_PAULO) for run in runs(schedule, begin, begin + timedelta(days=380))]


@pytest.mark.parametrize("year", YEARS)
def test_each_session_has_two_runs_before_the_next(app: ModuleType, year: int):
    starts = local_runs(app.SCHEDULE, year)
    days = [day.date() for day in sessions(date(year, 1, 1), date(year + 1, 1, 12))]
    of_the_year = sum(day.year == year for day in days)

    assert of_the_year > 240
    for session, following in zip(days[:of_the_year], days[1:], strict=False):
        settled = datetime.combine(session, LAST_CLOSE, SAO_PAULO) + timedelta(hours=3)
        reopened = datetime.combine(following, OPEN, SAO_PAULO)
        between = [run for run in starts if settled <= run < reopened]
        assert len(between) >= 2, session
        # Also before a weekend or a holiday.
        assert between[1] - settled < timedelta(days=1), session


@pytest.mark.parametrize("year", YEARS)
def test_no_run_is_during_trading_hours(app: ModuleType, year: int):
    starts = local_runs(app.SCHEDULE, year)

    assert len(starts) > 500
    assert [run for run in starts if time(9, 45) <= run.time() <= time(18, 30)] == []


def test_runs_of_a_week():
    begin = datetime(2025, 10, 12, tzinfo=UTC)
    week = runs(Cron(30, "1,11", "?", "*", "TUE-SAT", "*"), begin, begin + timedelta(days=7))

    # October 12 is a Sunday.
    assert [run.strftime("%d %H:%M") for run in week] == [
        f"{day} {clock}" for day in (14, 15, 16, 17, 18) for clock in ("01:30", "11:30")
    ]
    with pytest.raises(ValueError, match="only minutes, hours and days of the week"):
        next(runs(Cron(0, 1, 1, "*", "?", "*"), begin, begin + timedelta(days=7)))
