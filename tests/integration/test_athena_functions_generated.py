"""Functions of the local Athena with generated arguments, compared with plain Python."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest

from local.athena.engine import Engine
from local.athena.text import from_csv

ROWS = 200


@pytest.fixture(scope="module")
def engine():
    engine = Engine()
    yield engine
    engine.close()


@pytest.fixture
def rng(request: pytest.FixtureRequest) -> random.Random:
    return random.Random(request.node.name)  # noqa: S311


def literal(value: Any) -> str:
    """Return a value as a literal of SQL."""
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"CAST(ARRAY[{', '.join(map(literal, value))}] AS array(integer))"
    if isinstance(value, date):
        return f"DATE '{value}'"
    return "'" + value.replace("'", "''") + "'" if isinstance(value, str) else str(value)


def shown(value: Any) -> str | None:
    """Return a value as Athena's text."""
    if isinstance(value, list):
        return "[" + ", ".join("null" if item is None else str(shown(item)) for item in value) + "]"
    return None if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def compare(engine: Engine, expression: str, rows: Sequence[tuple[Any, ...]], expected: Callable[..., Any]) -> None:
    """Check an expression over rows of the columns a, b and c."""
    names = "abc"[: len(rows[0])]
    values = ", ".join(f"({', '.join(map(literal, (index, *row)))})" for index, row in enumerate(rows))
    table = f"(VALUES {values}) AS t (i, {', '.join(names)})"
    result = from_csv(engine.run(f"SELECT {expression} FROM {table} ORDER BY i").body).column(0).to_pylist()
    assert list(zip(rows, result, strict=True)) == [(row, shown(expected(*row))) for row in rows]


def text(rng: random.Random, letters: str = "ab,é-1") -> str:
    return "".join(rng.choices(letters, k=rng.randrange(8)))


def items(rng: random.Random) -> list[int | None]:
    return rng.choices([1, 2, 3, None], k=rng.randrange(6))


def substr(a: str, b: int, c: int) -> str:
    start = b - 1 if b > 0 else len(a) + b
    return a[start : start + c] if b != 0 and c > 0 and start >= 0 else ""


def test_substr(engine, rng):
    rows = [(text(rng), rng.randrange(-9, 10), rng.randrange(-2, 9)) for _ in range(ROWS)]

    compare(engine, "substr(a, b, c)", rows, substr)


def test_split_part_and_split(engine, rng):
    rows = [(text(rng), rng.choice([",", "a", "ab"]), rng.randrange(1, 5)) for _ in range(ROWS)]

    compare(engine, "split_part(a, b, c)", rows, lambda a, b, c: (a.split(b) + [None] * 5)[c - 1])
    compare(engine, "split(a, b, c)", rows, lambda a, b, c: a.split(b, c - 1))


def test_padding_and_positions(engine, rng):
    rows = [(text(rng), rng.choice(["x", "yz"]), rng.randrange(12)) for _ in range(ROWS)]

    compare(engine, "rpad(a, c, b)", rows, lambda a, b, c: (a + b * 12)[:c] if c > len(a) else a[:c])
    compare(engine, "strpos(reverse(a), 'a')", rows, lambda a, b, c: a[::-1].find("a") + 1)


@pytest.mark.parametrize("pattern", ["a+", "[^a]", "(a|b)(,?)", "b*", "^a|1$", "é"])
def test_regular_expressions(engine, rng, pattern):
    rows = [(text(rng),) for _ in range(ROWS)]

    compare(engine, f"regexp_like(a, '{pattern}')", rows, lambda a: re.search(pattern, a) is not None)
    compare(engine, f"regexp_replace(a, '{pattern}', '_')", rows, lambda a: java_replace(pattern, a))


def java_replace(pattern: str, value: str) -> str:
    """Replace the matches by `_` as Java's Matcher.find does: each search starts where the last match ended."""
    result, start, end = "", 0, 0
    while start <= len(value) and (match := re.compile(pattern).search(value, start)):
        result, end = result + value[end : match.start()] + "_", match.end()
        start = end + (match.end() == match.start())
    return result + value[end:]


def joda_months(start: date, end: date) -> int:
    """Return the largest number of months that can be added to a date without exceeding another one."""
    if end < start:
        return -joda_months(end, start)
    months = (end.year - start.year) * 12 + end.month - start.month
    return months if added(start, months) <= end else months - 1


def added(day: date, months: int) -> date:
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    following = date(year + month // 11, (month + 1) % 12 + 1, 1)
    return date(year, month + 1, min(day.day, (following - timedelta(days=1)).day))


def test_date_diff_and_date_add(engine, rng):
    days = [date(2019, 12, 25) + timedelta(days=rng.randrange(900)) for _ in range(2 * ROWS)]
    days[:4] = [date(2020, 2, 29), date(2021, 2, 28), date(2021, 1, 31), date(2021, 2, 28)]
    days[4:6] = days[3], days[2]
    rows = list(zip(days[::2], days[1::2], strict=True))

    compare(engine, "date_diff('day', a, b)", rows, lambda a, b: (b - a).days)
    compare(engine, "date_diff('week', a, b)", rows, lambda a, b: int((b - a).days / 7))
    compare(engine, "date_diff('month', a, b)", rows, joda_months)
    compare(engine, "date_diff('quarter', a, b)", rows, lambda a, b: int(joda_months(a, b) / 3))
    compare(engine, "date_add('month', 5, a)", rows, lambda a, b: added(a, 5))
    compare(engine, "year_of_week(a) * 100 + week(a)", rows, lambda a, b: a.isocalendar()[0] * 100 + a.isocalendar()[1])


def test_round(engine, rng):
    numbers = [Decimal(rng.randrange(-10_000, 10_000)).scaleb(-3) for _ in range(ROWS)]
    rows = [(f"{number:.3f}",) for number in numbers]
    half_up = lambda a: f"{Decimal(a).quantize(Decimal('0.1'), ROUND_HALF_UP):.3f}".replace("-0.000", "0.000")  # noqa: E731

    compare(engine, "round(CAST(a AS decimal(8,3)), 1)", rows, half_up)


def contains(a: list[int | None], b: int) -> bool | None:
    return True if b in a else None if None in a else False


def overlap(a: list[int | None], b: list[int | None]) -> bool | None:
    return True if ({*a} & {*b}) - {None} else None if None in a or None in b else False


def intersect(a: list[int | None], b: list[int | None]) -> list[int | None]:
    longer, shorter = (a, b) if len(a) >= len(b) else (b, a)
    return list(dict.fromkeys(item for item in longer if item in shorter))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("array_distinct(a)", lambda a, b, c: list(dict.fromkeys(a))),
        ("array_except(a, b)", lambda a, b, c: list(dict.fromkeys(item for item in a if item not in b))),
        ("array_intersect(a, b)", lambda a, b, c: intersect(a, b)),
        ("array_union(a, b)", lambda a, b, c: list(dict.fromkeys(a + b))),
        ("array_remove(a, c)", lambda a, b, c: [item for item in a if item != c]),
        ("array_sort(a)", lambda a, b, c: sorted(a, key=lambda item: (item is None, item))),
        ("array_position(a, c)", lambda a, b, c: a.index(c) + 1 if c in a else 0),
        ("array_max(a)", lambda a, b, c: None if None in a else max(a, default=None)),
        ("array_join(a, '-', 'x')", lambda a, b, c: "-".join("x" if item is None else str(item) for item in a)),
        ("arrays_overlap(a, b)", lambda a, b, c: overlap(a, b)),
        ("contains(a, c)", lambda a, b, c: contains(a, c)),
        ("element_at(a, -c)", lambda a, b, c: a[-c] if c <= len(a) else None),
        ("slice(a, c, 2)", lambda a, b, c: a[c - 1 : c + 1]),
        ("slice(a, -c, 2)", lambda a, b, c: a[len(a) - c :][:2] if c <= len(a) else []),
        ("reverse(a || b)", lambda a, b, c: (a + b)[::-1]),
        ("transform(filter(a, x -> x > c), x -> x + c)", lambda a, b, c: [x + c for x in a if x is not None and x > c]),
        ("reduce(a, 0, (s, x) -> s + coalesce(x, c), s -> s)", lambda a, b, c: sum(c if x is None else x for x in a)),
        ("zip_with(a, b, (x, y) -> coalesce(x, y))", lambda a, b, c: [
            x if x is not None else y
            for x, y in zip([*a, *[None] * (len(b) - len(a))], [*b, *[None] * (len(a) - len(b))], strict=True)
        ]),
        ("array_sort(a, (x, y) -> IF(coalesce(x, 9) < coalesce(y, 9), 1, IF(coalesce(x, 9) = coalesce(y, 9), 0, -1)))",
         lambda a, b, c: sorted(a, key=lambda item: (item is not None, -(item or 0)))),
    ],
)  # fmt: skip
def test_arrays_with_nulls(engine, rng, expression, expected):
    compare(engine, expression, [(items(rng), items(rng), rng.randrange(1, 4)) for _ in range(ROWS // 4)], expected)
