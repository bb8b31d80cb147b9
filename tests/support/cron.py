"""When EventBridge starts what a cron expression schedules, for as much of the language as ours uses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

from chalice.app import Cron

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def runs(schedule: Cron, begin: datetime, end: datetime) -> Iterator[datetime]:
    """The starts from `begin` on and before `end`, in order. EventBridge counts in UTC, as both must be.

    Raises:
        ValueError: the expression says more than minutes, hours and days of the week.
    """
    text = schedule.to_string()
    minutes, hours, day_of_month, month, days, year = text.removeprefix("cron(").removesuffix(")").split()
    if (day_of_month, month, year) != ("?", "*", "*"):
        raise ValueError(f"{text}: only minutes, hours and days of the week are understood here")
    weekdays = _days(days)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < end:
        # Sunday is EventBridge's first day, and Python's last.
        if DAYS[midnight.isoweekday() % 7] in weekdays:
            for hour, minute in itertools.product(_numbers(hours), _numbers(minutes)):
                moment = midnight.replace(hour=hour, minute=minute)
                if begin <= moment < end:
                    yield moment
        midnight += timedelta(days=1)


def _numbers(field: str) -> list[int]:
    return sorted(int(number) for number in field.split(","))


def _days(field: str) -> set[str]:
    found: set[str] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        found.update(DAYS[DAYS.index(first) : DAYS.index(last or first) + 1])
    return found
