"""The function sequence, for numbers, dates and timestamps."""

from __future__ import annotations

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any

from local.athena import types
from local.athena.functions.literals import invalid
from local.athena.functions.signature import Call, python, scalar, table

MOST_ENTRIES = 10_000
"""Maximum number of elements of the result of sequence and repeat."""

_WRONG_STEP = (
    "sequence stop value should be greater than or equal to start value if step is greater than zero otherwise stop "
    "should be less than or equal to start"
)


def _sequence(start: int, stop: int, step: int | None = None) -> list[int]:
    step = step if step is not None else 1 if start <= stop else -1
    if step == 0 or (stop - start) * step < 0:
        raise invalid("step must not be zero" if step == 0 else _WRONG_STEP)
    _check_entries((stop - start) // step + 1)
    return list(range(start, stop + (1 if step > 0 else -1), step))


def _check_entries(count: int) -> None:
    if count > MOST_ENTRIES:
        raise invalid("result of sequence function must not have more than 10000 entries")


def _sequence_of_days(start: date, stop: date, milliseconds: int | None = None) -> list[date]:
    days = (1 if start <= stop else -1) if milliseconds is None else milliseconds // 86_400_000
    if milliseconds is not None and milliseconds % 86_400_000:
        raise invalid("sequence step must be a day interval if start and end values are dates")
    return [start + timedelta(days=offset) for offset in _sequence(0, (stop - start).days, days)]


def _sequence_of_moments(start: datetime, stop: datetime, milliseconds: int) -> list[datetime]:
    span = (stop - start) // timedelta(microseconds=1)
    return [start + timedelta(microseconds=offset) for offset in _sequence(0, span, milliseconds * 1000)]


def _sequence_of_months(start: Any, stop: Any, months: int) -> list[Any]:
    if months == 0 or (stop > start and months < 0) or (stop < start and months > 0):
        raise invalid("interval must not be zero" if months == 0 else _WRONG_STEP)
    result = []
    current, index = start, 0
    while current <= stop if months > 0 else current >= stop:
        result.append(current)
        _check_entries(len(result))
        index += 1
        try:
            current = add_months(start, months * index)
        except (ValueError, OverflowError):
            # The next one is beyond the year 9999, and so beyond the last one.
            break
    return result


def add_months(moment: Any, months: int) -> Any:
    """Return a date or a datetime some months later, on the last day of a shorter month."""
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, monthrange(year, month + 1)[1]))


def _stepped(call: Call) -> str:
    """Return a sequence of dates or timestamps, whose step is an interval."""
    start, stop, step = call.args
    name = "date" if start.type == types.DATE else "timestamp_p"
    unit, number = "milliseconds", f"epoch_ms({step.sql})"
    if step.type == types.YEAR_TO_MONTH:
        unit, number = "months", f"(extract(year FROM {step.sql}) * 12 + extract(month FROM {step.sql}))"
    return f"py_{unit}_{name}_{name}_bigint({start.sql}, {stop.sql}, {number})"


FUNCTIONS = table(
    python("sequence(bigint, bigint) -> array(bigint)", _sequence),
    python("sequence(bigint, bigint, bigint) -> array(bigint)", _sequence),
    python("sequence(date, date) -> array(date)", _sequence_of_days),
    *(scalar(f"sequence({type_}, {type_}, {step.base}) -> array({type_})", _stepped)
      for type_ in ("date", "timestamp(p)") for step in (types.DAY_TO_SECOND, types.YEAR_TO_MONTH)),
)  # fmt: skip

# Functions for the translation above.
python("milliseconds(date, date, bigint) -> array(date)", _sequence_of_days)
python("milliseconds(timestamp(p), timestamp(p), bigint) -> array(timestamp(p))", _sequence_of_moments)
python("months(date, date, bigint) -> array(date)", _sequence_of_months)
python("months(timestamp(p), timestamp(p), bigint) -> array(timestamp(p))", _sequence_of_months)
