"""The month in which somebody keeps asking every method of the API that needs no key, at its limit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from infra.stage.throttling import open_methods
from scripts import blocks
from scripts.bill import HOURS, Item, Usage, gb_seconds, total

SECONDS = HOURS * 3600

SIZES_KB: Mapping[str, float] = {"/": 7, "/assets/{version}/{name}": 52, "/docs": 200, "/openapi.json": 190}
"""The largest response of each GET that needs no key, not compressed: a client may refuse compression."""

STATIC_SECONDS = 0.005
"""Duration of an invocation that answers one of them. Each is in the function's memory."""

ACCESS_LOG_KB = 0.5
"""Size of a line in the access log, with the 26 bytes that CloudWatch adds."""


def worst_items(usage: Usage, origin: str = "*") -> list[Item]:
    """Return the lines that are added to a month's bill if somebody keeps asking every open method at its limit.

    API Gateway charges no request above the limit, and none without the key that a method requires.

    Args:
        origin: `B3_CORS_ORIGIN`: whether there are preflights.
    """
    methods = list(open_methods(origin))
    every = _rate(sum(rate for _, _, rate in methods))
    # API Gateway answers a preflight itself.
    invoked = _rate(sum(rate for _, method, rate in methods if method != "OPTIONS"))
    million = (1e-6, "1/1,000,000")
    return [
        Item("API Gateway: requests", "request", (*every, million)),
        Item("Lambda: invocations", "invocation", (*invoked, million)),
        Item("Lambda: api", "gb_second", (*invoked, *gb_seconds(STATIC_SECONDS, usage.api_gb))),
        Item("X-Ray", "trace", (*every, (usage.traced, f"{usage.traced:g} traces"), million)),
        *(
            Item(f"Responses of {path}", "out", (*_rate(rate), _kilobytes(SIZES_KB[path])))
            for path, method, rate in methods
            if method == "GET"
        ),
        Item("CloudWatch: access log", "logs", (*every, _kilobytes(ACCESS_LOG_KB))),
    ]


def _rate(rate: float) -> tuple[tuple[float, str], tuple[float, str]]:
    return (rate, f"{rate:g} a second"), (SECONDS, f"{SECONDS:,} s")


def _kilobytes(size: float) -> tuple[float, str]:
    return size / 1e6, f"{size:g} KB/1,000,000"


def worst_table(regions: Sequence[str], usual: Sequence[Item], usage: Usage) -> str:
    """Return the lines of `worst_items` as a markdown table, with their sum and that of the whole month.

    Args:
        usual: Lines of a usual month.

    Raises:
        KeyError: a region has no prices.
    """
    added = worst_items(usage)
    rows: list[tuple[object, ...]] = [
        (item.what, item.formula(), *(f"{item.amount(region):.3f}" for region in regions)) for item in added
    ]
    for name, bill in (("Added", added), ("The whole month, outside CloudWatch's free tier", [*usual, *added])):
        rows.append((f"**{name}**", "", *(f"**{total(bill, region, free_tier=False):.2f}**" for region in regions)))
    return blocks.table(("what", "formula", *regions), rows)
