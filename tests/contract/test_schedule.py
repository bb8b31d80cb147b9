"""When the ingest runs, against when B3 is open."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from types import ModuleType

import pytest
from chalice.app import Cron

from chalicelib.layout import SAO_PAULO
from chalicelib.refine.calendar import sessions
from local.laptop import Laptop
from tests.support.cron import runs

# This year and those that the calendar knows ahead: it has each year's holidays by rule.
YEARS = range(2024, 2031)

OPEN, LAST_CLOSE = time(10), time(18)


@pytest.fixture
def app(laptop: Laptop) -> ModuleType:
    return laptop.app


def local_runs(schedule: Cron, year: int) -> list[datetime]:
    """The starts of a year and some days, in São Paulo."""
    begin = datetime(year, 1, 1, tzinfo=UTC)
    return [run.astimezone(SAO_PAULO) for run in runs(schedule, begin, begin + timedelta(days=380))]


@pytest.mark.parametrize("year", YEARS)
def test_each_session_has_a_run_long_after_it_and_another_before_the_next(app: ModuleType, year: int):
    found = local_runs(app.SCHEDULE, year)
    days = [day.date() for day in sessions(date(year, 1, 1), date(year + 1, 1, 12))]
    of_the_year = sum(day.year == year for day in days)

    assert of_the_year > 240
    for session, following in zip(days[:of_the_year], days[1:], strict=False):
        settled = datetime.combine(session, LAST_CLOSE, SAO_PAULO) + timedelta(hours=3)
        reopened = datetime.combine(following, OPEN, SAO_PAULO)
        between = [run for run in found if settled <= run < reopened]
        assert len(between) >= 2, session
        # Both within a day: a session is not kept waiting by a weekend or a holiday.
        assert between[1] - settled < timedelta(days=1), session


@pytest.mark.parametrize("year", YEARS)
def test_none_runs_while_b3_may_be_open(app: ModuleType, year: int):
    found = local_runs(app.SCHEDULE, year)

    assert len(found) > 500
    assert [run for run in found if time(9, 45) <= run.time() <= time(18, 30)] == []


def test_the_evaluator_is_right_about_a_week():
    begin = datetime(2025, 10, 12, tzinfo=UTC)
    found = runs(Cron(30, "1,11", "?", "*", "TUE-SAT", "*"), begin, begin + timedelta(days=7))

    # The 12th is a Sunday.
    assert [run.strftime("%d %H:%M") for run in found] == [
        f"{day} {clock}" for day in (14, 15, 16, 17, 18) for clock in ("01:30", "11:30")
    ]
    with pytest.raises(ValueError, match="only minutes, hours and days of the week"):
        next(runs(Cron(0, 1, 1, "*", "?", "*"), begin, begin + timedelta(days=7)))
