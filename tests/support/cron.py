"""Runs of an EventBridge cron expression, with the part of the syntax that the project uses."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import datetime, timedelta

from chalice.app import Cron

DAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")


def runs(schedule: Cron, begin: datetime, end: datetime) -> Iterator[datetime]:
    """Yield the runs in [begin, end), in order. All times are UTC.

    Raises:
        ValueError: the expression has other fields than minutes, hours and days of the week.
    """
    text = schedule.to_string()
    minutes, hours, day_of_month, month, days, year = text.removeprefix("cron(").removesuffix(")").split()
    if (day_of_month, month, year) != ("?", "*", "*"):
        raise ValueError(f"{text}: only minutes, hours and days of the week are supported")
    weekdays = _days(days)
    midnight = begin.replace(hour=0, minute=0, second=0, microsecond=0)
    while midnight < end:
        # Sunday is the first day in EventBridge, and the last in Python.
        if DAYS[midnight.isoweekday() % 7] in weekdays:
            for hour, minute in itertools.product(_numbers(hours), _numbers(minutes)):
                moment = midnight.replace(hour=hour, minute=minute)
                if begin <= moment < end:
                    yield moment
        midnight += timedelta(days=1)


def _numbers(field: str) -> list[int]:
    return sorted(int(number) for number in field.split(","))


def _days(field: str) -> set[str]:
    names: set[str] = set()
    for part in field.split(","):
        first, _, last = part.partition("-")
        names.update(DAYS[DAYS.index(first) : DAYS.index(last or first) + 1])
    return names
