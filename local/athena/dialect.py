"""sqlglot dialect for the local Athena: Trino's, but function calls keep their names and arguments."""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.parsers.trino import TrinoParser

from local.athena.functions import FIELDS


def _extract(parser: TrinoParser) -> exp.Anonymous:
    """Parse extract(year FROM x) as year(x)."""
    node = TrinoParser.FUNCTION_PARSERS["EXTRACT"](parser)
    if node.name.lower() not in FIELDS:
        parser.raise_error(f"no field to extract: {node.name}")
    return exp.Anonymous(this=node.name.lower(), expressions=[node.expression])


class _Parser(TrinoParser):
    # sqlglot accepts functions and aliases that Trino does not have. Here a call keeps its name and arguments, and
    # `functions.py` defines it. DATE(x) is the same as CAST(x AS date).
    FUNCTIONS = {"DATE": lambda args: exp.Cast(this=args[0] if args else None, to=exp.DataType.build("date"))}  # noqa: RUF012
    FUNCTION_PARSERS = {  # noqa: RUF012
        **{name: TrinoParser.FUNCTION_PARSERS[name] for name in ("CAST", "TRY_CAST")},
        "EXTRACT": _extract,
    }
    TYPE_LITERAL_PARSERS = {}  # noqa: RUF012


class LocalTrino(Trino):
    """Trino's dialect for the local Athena."""

    Parser = _Parser
