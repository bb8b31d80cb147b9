"""The columns of periods of the index and of shares, as SQL. Their units and descriptions are in `columns`."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.schema import CLOSE, HIGH, LOW, OPEN, PERIODS_PER_YEAR, VOLUME
from chalicelib.shares import EVENT

_RETURN = 'sum("retorno_log")'

AGGREGATES: Mapping[str, str] = {
    "periodo": '"periodo"',
    "primeiro_pregao": 'min("data")',
    "ultimo_pregao": 'max("data")',
    "pregoes": "count(*)",
    OPEN: f'min_by("{OPEN}", "data")',
    HIGH: f'max("{HIGH}")',
    LOW: f'min("{LOW}")',
    CLOSE: f'max_by("{CLOSE}", "data")',
    # The sum of the daily returns is the return from the last close before the period, also where that close is before
    # the range. The first session of the table has none.
    "retorno_log": f'CASE WHEN count("retorno_log") = count(*) THEN {_RETURN} END',
    "retorno_pct": f'CASE WHEN count("retorno_log") = count(*) THEN 1e2 * (exp({_RETURN}) - 1) END',
    "vol_realizada": f'sqrt({PERIODS_PER_YEAR} * avg("retorno_log" * "retorno_log"))',
    "vol_media": 'avg("volatility")',
    "queda_maxima": f'min("{CLOSE}" / "peak" - 1)',
    VOLUME: f'sum("{VOLUME}")',
}
"""Each column over the sessions of a period, as `sessions` returns them."""

_GROWTH = 'sum("growth")'

CHAINED_AGGREGATES: Mapping[str, str] = {
    **AGGREGATES,
    # The return of a session, or from its open to its close on an event. The first session of the ticker has none.
    "retorno_log": f'CASE WHEN count("growth") = count(*) THEN {_GROWTH} END',
    "retorno_pct": f'CASE WHEN count("growth") = count(*) THEN 1e2 * (exp({_GROWTH}) - 1) END',
}
"""Each column over the sessions of a period, as `chained_sessions` returns them."""


def sessions(source: str, unit: str, volatility_column: str) -> str:
    """Return the SQL of the sessions of a source, each with its period, the highest close so far in it, and the
    volatility.

    Args:
        source: what follows FROM: a table, and its conditions.
        unit: week, month, quarter or year.
        volatility_column: the column of the table to return as `volatility`.
    """
    period = f"date_trunc('{unit}', \"data\")"
    names = ", ".join(f'"{name}"' for name in ("data", OPEN, HIGH, LOW, CLOSE, VOLUME, "retorno_log"))
    peak = f'max("{CLOSE}") OVER (PARTITION BY {period} ORDER BY "data")'
    return (
        f'SELECT {names}, "{volatility_column}" AS "volatility", {period} AS "periodo", {peak} AS "peak" '  # noqa: S608 - names of the schema
        f"FROM {source}"
    )


def chained_sessions(source: str, unit: str, volatility_column: str) -> str:
    """Return the SQL of the sessions of a share, as `sessions` does, with prices chained over the events of a period.

    The night before an event is left out: each price before it in the period is multiplied by the open of the event /
    the close before it. So the prices of a period are on the level of its last session, and those after its last event
    are as B3 gives them. `growth` is the logarithmic return, from open to close on an event.
    """
    kept = ", ".join(f'"{name}"' for name in ("data", VOLUME, "retorno_log", "volatility", "periodo", "growth"))
    quoted = ", ".join(f'"{name}"' for name in (OPEN, HIGH, LOW, CLOSE))
    prices = ", ".join(f'"{name}" * "factor" AS "{name}"' for name in (OPEN, HIGH, LOW, CLOSE))
    growth = f'CASE WHEN "{EVENT}" THEN ln("{CLOSE}" / "{OPEN}") ELSE "retorno_log" END'
    jump = f'CASE WHEN "{EVENT}" THEN ln("{OPEN}" / lag("{CLOSE}") OVER (ORDER BY "data")) ELSE 0e0 END'
    rows = (
        f'SELECT "data", "{VOLUME}", "retorno_log", {quoted}, "{volatility_column}" AS "volatility", '  # noqa: S608 - names of the schema
        f'date_trunc(\'{unit}\', "data") AS "periodo", '
        f'{growth} AS "growth", {jump} AS "jump" FROM {source}'
    )
    later = 'PARTITION BY "periodo" ORDER BY "data" ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING'
    # The sum over no session is null. Without an event the factor is exactly 1.
    factors = f'SELECT {kept}, {quoted}, exp(coalesce(sum("jump") OVER ({later}), 0e0)) AS "factor" FROM ({rows})'  # noqa: S608 - as above
    chained = f"SELECT {kept}, {prices} FROM ({factors})"  # noqa: S608 - as above
    peak = f'max("{CLOSE}") OVER (PARTITION BY "periodo" ORDER BY "data")'
    adjusted = f"{kept}, {quoted}"
    return f'SELECT {adjusted}, {peak} AS "peak" FROM ({chained})'  # noqa: S608 - as above
