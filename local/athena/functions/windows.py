"""Window functions."""

from __future__ import annotations

from collections.abc import Callable

from local.athena.functions import literals
from local.athena.functions.signature import Call, table, window


def _checked(name: str, index: int, least: int) -> Callable[[Call], str]:
    """Return the translation of a function one of whose arguments is a literal number."""

    def translate(call: Call) -> str:
        literals.number(call, index, least)
        return call.fill(f"{name}({{all}}{{nulls}}){{over}}")

    return translate


FUNCTIONS = table(
    window("cume_dist() -> double"),
    window("dense_rank() -> bigint"),
    window("first_value(T) -> T"),
    window("lag(T) -> T", ordered=True),
    window("lag(T, bigint) -> T", _checked("lag", 1, 0), ordered=True),
    window("lag(T, bigint, T) -> T", _checked("lag", 1, 0), ordered=True),
    window("last_value(T) -> T"),
    window("lead(T) -> T", ordered=True),
    window("lead(T, bigint) -> T", _checked("lead", 1, 0), ordered=True),
    window("lead(T, bigint, T) -> T", _checked("lead", 1, 0), ordered=True),
    window("nth_value(T, bigint) -> T", _checked("nth_value", 1, 1)),
    window("ntile(bigint) -> bigint", _checked("ntile", 0, 1)),
    window("percent_rank() -> double"),
    window("rank() -> bigint"),
    window("row_number() -> bigint"),
)
