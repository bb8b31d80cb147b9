"""The columns of `/ibov/periods`, as SQL. Their units and descriptions are in `columns.PERIODS`."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.schema import CLOSE, HIGH, LOW, OPEN, PERIODS_PER_YEAR, VOLUME

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
