"""The SQL that the API sends, and nothing else.

What a user gave reaches SQL as a bound parameter of a checked type, as a name from an allow-list, or as an
integer literal printed from a checked int: Athena takes `?` in WHERE only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from chalicelib.athena import Query

PRICES = (
    "data",
    "preco_abertura",
    "preco_maximo",
    "preco_minimo",
    "preco_fechamento",
    "volume_negociado",
    "avisos",
    "fonte",
)
VOLATILITY = ("data", "preco_fechamento", "amplitude", "volatilidade_pct", "vol_mean_3d", "vol_std_3d")


def daily(table: str, columns: Sequence[str], start: date | None, end: date | None, limit: int) -> Query:
    """The last `limit` sessions from `start` to `end`, newest first.

    Args:
        table: the table's name, a setting.
        columns: one of the tuples above.
        start, end: both included; None is open.
    """
    conditions, parameters = [], []
    for bound, operator in ((start, ">="), (end, "<=")):
        if bound is not None:
            # The year is the partition: without it, Athena would read (and bill) all of them.
            conditions += [f"year {operator} {bound.year:d}", f"data {operator} ?"]
            parameters.append(f"DATE '{bound.isoformat()}'")
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    names = ", ".join(f'"{name}"' for name in columns)
    sql = f'SELECT {names} FROM "{table}"{where} ORDER BY "data" DESC LIMIT {limit:d}'  # noqa: S608 - see above
    return Query(sql, tuple(parameters), most=limit)
