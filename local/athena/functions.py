"""The functions that the local Athena knows: those of Trino that sqlglot and DuckDB compute as Trino does.

Athena refuses what is not Trino's, and so must the laptop: whatever DuckDB alone knows would be found out at the
first deploy. `tests/integration/test_athena_functions.py` runs each of these and compares with Trino's own answer.
"""

from __future__ import annotations

CONDITIONAL = frozenset({"coalesce", "nullif", "if", "cast", "try_cast", "greatest", "least"})

AGGREGATE = frozenset(
    {
        "any_value", "approx_distinct", "arbitrary", "array_agg", "avg", "bool_and", "bool_or", "corr", "count",
        "count_if", "covar_pop", "covar_samp", "max", "max_by", "min", "min_by", "regr_intercept",
        "regr_slope", "stddev", "stddev_pop", "stddev_samp", "sum", "var_pop", "var_samp", "variance",
    }
)  # fmt: skip

WINDOW = frozenset(
    {
        "cume_dist", "dense_rank", "first_value", "lag", "last_value", "lead", "nth_value", "ntile", "percent_rank",
        "rank", "row_number",
    }
)  # fmt: skip

MATH = frozenset(
    {
        "abs", "ceil", "ceiling", "exp", "floor", "is_nan", "ln", "log10", "log2",
        "mod", "pi", "pow", "power", "round", "sqrt", "truncate",
    }
)  # fmt: skip

DATES = frozenset(
    {
        "current_date", "date", "date_add", "date_diff", "date_trunc", "day", "day_of_month", "day_of_week",
        "day_of_year", "dow", "doy", "extract", "from_unixtime", "last_day_of_month", "month", "now", "quarter",
        "week", "year",
    }
)  # fmt: skip

STRINGS = frozenset(
    {
        "concat", "length", "lower", "lpad", "ltrim", "replace", "reverse", "rpad", "rtrim", "split", "split_part",
        "starts_with", "strpos", "substr", "substring", "trim", "upper",
    }
)  # fmt: skip

ARRAYS = frozenset({"cardinality", "contains", "element_at", "sequence", "unnest"})

FUNCTIONS = CONDITIONAL | AGGREGATE | WINDOW | MATH | DATES | STRINGS | ARRAYS
