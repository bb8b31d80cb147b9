"""Aggregates, which with OVER are window functions too."""

from __future__ import annotations

from local.athena import decimals
from local.athena.functions import literals
from local.athena.functions.signature import Call, aggregate, table

# Trino returns null where DuckDB returns NaN, for example for a single row.
_FINITE = "nullif({name}({{distinct}}{{0}}, {{1}}){{over}}, CAST('nan' AS DOUBLE))"


def _percentile(call: Call) -> str:
    literals.number(call, 1, 0, 1)
    return call.fill("quantile_disc({0}, {1}){over}")


def _decimal_average(call: Call) -> str:
    # DuckDB's average of decimals is a double.
    total, count = call.fill("unscaled(sum({distinct}{0}){over})"), call.fill("count({distinct}{0}){over}")
    return f"CASE WHEN {count} > 0 THEN {decimals.quotient(total, count, call.returns)} END"


FUNCTIONS = table(
    aggregate("any_value(T) -> T"),
    # Exact here; Trino returns an estimate.
    aggregate("approx_distinct(T) -> bigint", "count(DISTINCT {0}){over}"),
    *(
        aggregate(f"approx_percentile({type_}, double) -> {type_}", _percentile)
        for type_ in ("bigint", "double", "real")
    ),
    aggregate("arbitrary(T) -> T", "any_value"),
    aggregate("avg(bigint) -> double"),
    aggregate("avg(decimal(p,s)) -> decimal(p,s)", _decimal_average),
    aggregate("avg(real) -> real"),
    aggregate("avg(double) -> double"),
    aggregate("bool_and(boolean) -> boolean"),
    aggregate("bool_or(boolean) -> boolean"),
    *(
        aggregate(f"{name}(double, double) -> double", _FINITE.format(name=name))
        for name in ("corr", "regr_intercept", "regr_slope")
    ),
    aggregate("count() -> bigint", "count(*){over}"),
    aggregate("count(T) -> bigint"),
    aggregate("count_if(boolean) -> bigint"),
    aggregate("covar_pop(double, double) -> double"),
    aggregate("covar_samp(double, double) -> double"),
    aggregate("every(boolean) -> boolean", "bool_and"),
    aggregate("max(T) -> T"),
    aggregate("max_by(V, K) -> V", "arg_max_null"),
    aggregate("min(T) -> T"),
    aggregate("min_by(V, K) -> V", "arg_min_null"),
    aggregate("stddev(double) -> double"),
    aggregate("stddev_pop(double) -> double"),
    aggregate("stddev_samp(double) -> double"),
    aggregate("sum(bigint) -> bigint"),
    aggregate("sum(decimal(p,s)) -> decimal(38,s)"),
    aggregate("sum(real) -> real"),
    aggregate("sum(double) -> double"),
    aggregate("var_pop(double) -> double"),
    aggregate("var_samp(double) -> double"),
    aggregate("variance(double) -> double"),
)
