"""Trino's SQL as sqlglot reads it for the local Athena: every function stays as it is written."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.parsers.trino import TrinoParser

from local.athena.functions import FIELDS


def _extract(parser: TrinoParser) -> exp.Anonymous:
    """extract(year FROM x) is year(x)."""
    node = TrinoParser.FUNCTION_PARSERS["EXTRACT"](parser)
    if node.name.lower() not in FIELDS:
        parser.raise_error(f"no field to extract: {node.name}")
    return exp.Anonymous(this=node.name.lower(), expressions=[node.expression])


class _Parser(TrinoParser):
    # sqlglot knows more functions, and under more names, than Trino does: here each keeps its name and its arguments,
    # and `functions.py` alone says what it is. DATE(x) is another way to write CAST(x AS date).
    FUNCTIONS = {"DATE": lambda args: exp.Cast(this=args[0] if args else None, to=exp.DataType.build("date"))}  # noqa: RUF012
    FUNCTION_PARSERS = {  # noqa: RUF012
        **{name: TrinoParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")},
        "EXTRACT": _extract,
    }
    TYPE_LITERAL_PARSERS = {}  # noqa: RUF012


class LocalTrino(Trino):
    """Trino's SQL as the local Athena reads it."""

    Parser = _Parser
