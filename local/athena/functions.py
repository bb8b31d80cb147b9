"""Functions of the local Athena: the functions of Trino that DuckDB can compute with the same results.

The local Athena refuses all other functions, so that a query that works on the laptop works on AWS too.
`tests/integration/test_athena_functions.py` runs each function and compares the result with Trino's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Function:
    """Function of Trino.

    Attributes:
        parameters: type of each parameter. A kind of `kinds.py`, `any`, `number`, `real` (integer or double), `moment`
            (date or timestamp) or `same` (all arguments with it have one type). For arguments that must be literals:
            `unit`, `pattern` (of date_format), `fraction` (0 to 1), `offset` (0 or more), `position` (1 or more).
        returns: kind of the result, or index of the argument that has the same kind, or `common`: the common kind of
            all arguments.
        duckdb: DuckDB expression with placeholders in braces for the arguments, or a mapping of such expressions by
            the kind of the argument `returns`. Empty if DuckDB's function has the same name and arguments.
        optional: number of parameters at the end that may be omitted.
        missing: DuckDB expression for the last parameter if it is omitted.
        repeats: whether the last parameter may be repeated.
        outer: expression around the call including its FILTER and OVER.
    """

    parameters: tuple[str, ...]
    returns: str | int
    duckdb: str | Mapping[str, str] = ""
    optional: int = 0
    missing: str = ""
    repeats: bool = False
    outer: str = "{}"


def _takes(parameters: str, returns: str | int, duckdb: str | Mapping[str, str] = "", **more: Any) -> Function:
    return Function(tuple(parameters.split()), returns, duckdb, **more)


# Trino returns null where DuckDB returns NaN, for example for a single row.
_FINITE = "nullif({}, CAST('nan' AS DOUBLE))"

# White space as in Java. By default DuckDB trims spaces only.
_SPACE = "'" + "".join(map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007))))
_SPACE += "".join(map(chr, (*range(0x2008, 0x200B), 0x2028, 0x2029, 0x205F, 0x3000))) + "'"

# A start outside the text returns an empty text in Trino; DuckDB clips it to the text.
_SUBSTRING = "CASE WHEN {1} = 0 OR {1} < -length({0}) OR {2} <= 0 THEN left({0}, 0) ELSE substring({0}, {1}, {2}) END"

CONDITIONAL = {
    "coalesce": _takes("same", "common", repeats=True),
    "greatest": _takes("same", "common", "CASE WHEN {any_null} THEN NULL ELSE greatest({all}) END", repeats=True),
    "least": _takes("same", "common", "CASE WHEN {any_null} THEN NULL ELSE least({all}) END", repeats=True),
    "nullif": _takes("same same", 0),
}

AGGREGATE = {
    "any_value": _takes("any", 0),
    # Exact here; Trino returns an estimate.
    "approx_distinct": _takes("any", "integer", "count(DISTINCT {0})"),
    "approx_percentile": _takes(
        "real fraction", 0, {"integer": "quantile_disc(CAST({0} AS BIGINT), {1})", "other": "quantile_disc({0}, {1})"}
    ),
    "arbitrary": _takes("any", 0, "any_value({0})"),
    "avg": _takes("real", "double"),
    "bool_and": _takes("boolean", "boolean"),
    "bool_or": _takes("boolean", "boolean"),
    "corr": _takes("number number", "double", outer=_FINITE),
    "count": _takes("any", "integer", optional=1),
    "count_if": _takes("boolean", "integer"),
    "covar_pop": _takes("number number", "double"),
    "covar_samp": _takes("number number", "double"),
    "max": _takes("any", 0),
    "max_by": _takes("any any", 0, "arg_max_null({0}, {1})"),
    "min": _takes("any", 0),
    "min_by": _takes("any any", 0, "arg_min_null({0}, {1})"),
    "regr_intercept": _takes("number number", "double", outer=_FINITE),
    "regr_slope": _takes("number number", "double", outer=_FINITE),
    "stddev": _takes("number", "double"),
    "stddev_pop": _takes("number", "double"),
    "stddev_samp": _takes("number", "double"),
    "sum": _takes("real", 0),
    "var_pop": _takes("number", "double"),
    "var_samp": _takes("number", "double"),
    "variance": _takes("number", "double"),
}

WINDOW = {
    "cume_dist": _takes("", "double"),
    "dense_rank": _takes("", "integer"),
    "first_value": _takes("any", 0),
    "lag": _takes("same offset same", 0, optional=2),
    "last_value": _takes("any", 0),
    "lead": _takes("same offset same", 0, optional=2),
    "nth_value": _takes("any position", 0),
    "ntile": _takes("position", "integer"),
    "percent_rank": _takes("", "double"),
    "rank": _takes("", "integer"),
    "row_number": _takes("", "integer"),
}

MATH = {
    "abs": _takes("number", 0),
    "ceil": _takes("real", 0, {"integer": "{0}", "other": "ceil({0})"}),
    "ceiling": _takes("real", 0, {"integer": "{0}", "other": "ceil({0})"}),
    "exp": _takes("number", "double"),
    "floor": _takes("real", 0, {"integer": "{0}", "other": "floor({0})"}),
    "is_nan": _takes("number", "boolean", "isnan(CAST({0} AS DOUBLE))"),
    "ln": _takes("number", "double"),
    "log10": _takes("number", "double"),
    "log2": _takes("number", "double"),
    "mod": _takes("real real", "common", "(({0}) % ({1}))"),
    "pi": _takes("", "double"),
    "pow": _takes("number number", "double"),
    "power": _takes("number number", "double"),
    "round": _takes("real integer", 0, optional=1),
    "sign": _takes(
        "real",
        0,
        {
            "integer": "CASE WHEN {0} > 0 THEN 1 WHEN {0} < 0 THEN -1 ELSE {0} END",
            "other": "CASE WHEN isnan({0}) THEN {0} ELSE CAST(sign({0}) AS DOUBLE) END",
        },
    ),
    "sqrt": _takes("number", "double"),
    "truncate": _takes("number", "double", "trunc(CAST({0} AS DOUBLE))"),
}

# Fields of extract(… FROM …), which are functions too.
FIELDS = {
    "day": _takes("moment", "integer"),
    "day_of_month": _takes("moment", "integer", "day({0})"),
    "day_of_week": _takes("moment", "integer", "isodow({0})"),
    "day_of_year": _takes("moment", "integer", "dayofyear({0})"),
    "dow": _takes("moment", "integer", "isodow({0})"),
    "doy": _takes("moment", "integer", "dayofyear({0})"),
    "hour": _takes("timestamp", "integer"),
    "minute": _takes("timestamp", "integer"),
    "month": _takes("moment", "integer"),
    "quarter": _takes("moment", "integer"),
    "second": _takes("timestamp", "integer"),
    "week": _takes("moment", "integer"),
    "year": _takes("moment", "integer"),
}

DATES = {
    "date_add": _takes(
        "unit integer moment",
        2,
        {
            "date": "CAST({2} + ({1}) * CAST('1 ' || {0} AS INTERVAL) AS DATE)",
            "other": "({2} + ({1}) * CAST('1 ' || {0} AS INTERVAL))",
        },
    ),
    # Trino's date_diff counts complete units, like DuckDB's date_sub; DuckDB's date_diff counts boundaries crossed.
    "date_diff": _takes("unit moment moment", "integer", "date_sub({all})"),
    "date_format": _takes("moment pattern", "varchar", "strftime({0}, {1})"),
    "date_trunc": _takes("unit moment", 1, {"date": "CAST(date_trunc({all}) AS DATE)", "other": "date_trunc({all})"}),
    "last_day_of_month": _takes("moment", "date", "last_day({0})"),
}

STRINGS = {
    "concat": _takes("varchar varchar", "varchar", "({joined})", repeats=True),
    "length": _takes("varchar", "integer"),
    "lower": _takes("varchar", "varchar"),
    "ltrim": _takes("varchar", "varchar", f"ltrim({{0}}, {_SPACE})"),
    "rtrim": _takes("varchar", "varchar", f"rtrim({{0}}, {_SPACE})"),
    "starts_with": _takes("varchar varchar", "boolean"),
    "strpos": _takes("varchar varchar", "integer"),
    "substr": _takes("varchar integer integer", "varchar", _SUBSTRING, optional=1, missing="length({0})"),
    "substring": _takes("varchar integer integer", "varchar", _SUBSTRING, optional=1, missing="length({0})"),
    "trim": _takes("varchar", "varchar", f"trim({{0}}, {_SPACE})"),
    "upper": _takes("varchar", "varchar"),
}

FUNCTIONS: Mapping[str, Function] = {
    **CONDITIONAL, **AGGREGATE, **WINDOW, **MATH, **FIELDS, **DATES, **STRINGS
}  # fmt: skip

UNITS = {
    "date": ("day", "week", "month", "quarter", "year"),
    "timestamp": ("second", "minute", "hour", "day", "week", "month", "quarter", "year"),
}
"""Units of date_add, date_diff and date_trunc by the kind of their last argument."""

PATTERN = {
    "%a": "%a", "%b": "%b", "%c": "%-m", "%d": "%d", "%e": "%-d", "%H": "%H", "%i": "%M", "%j": "%j", "%k": "%-H",
    "%M": "%B", "%m": "%m", "%p": "%p", "%S": "%S", "%s": "%S", "%T": "%H:%M:%S", "%W": "%A", "%Y": "%Y", "%y": "%y",
    "%%": "%%",
}  # fmt: skip
"""Specifiers of date_format, which are MySQL's, and the equivalent specifiers of DuckDB's strftime."""
