"""Aggregates, which with OVER are window functions too."""

from __future__ import annotations

from collections.abc import Callable

from local.athena import decimals, types
from local.athena.functions import literals
from local.athena.functions.arrays import checked, distinct, fold
from local.athena.functions.literals import unsupported
from local.athena.functions.maps import grouped
from local.athena.functions.signature import Call, aggregate, table
from local.athena.values import Value

# Trino returns null where DuckDB returns NaN, for example for a single row.
_FINITE = "nullif({name}({{distinct}}{{0}}, {{1}}){{over}}, CAST('nan' AS DOUBLE))"


def _percentile(call: Call) -> str:
    literals.number(call, 1, 0, 1)
    return call.fill("quantile_disc({0}, {1}){over}")


def _percentiles(call: Call) -> str:
    outside = "len(list_filter({1}, lambda q: q NOT BETWEEN 0 AND 1)) > 0"
    return call.fill(
        checked(outside, "Percentile must be between 0 and 1", call.returns, "quantile_disc({0}, {1}){over}")
    )


def _decimal_average(call: Call) -> str:
    # DuckDB's average of decimals is a double.
    total, count = call.fill("unscaled(sum({distinct}{0}){over})"), call.fill("count({distinct}{0}){over}")
    return f"CASE WHEN {count} > 0 THEN {decimals.quotient(total, count, call.returns)} END"


def _best(name: str) -> Callable[[Call], str]:
    """Return max_by or min_by with a number of rows: the rows whose key is null do not count."""
    way = "DESC" if name == "max" else "ASC"

    def translate(call: Call) -> str:
        if call.order or call.distinct:
            raise unsupported(f"ORDER BY and DISTINCT in {name}_by")
        count = literals.number(call, 2, 1, 10_000)
        rows = call.fill(f"list(struct_pack(k := {{1}}, v := {{0}}) ORDER BY {{1}} {way} NULLS LAST){{over}}")
        kept = f"list_filter({rows}, lambda e: e.k IS NOT NULL)"
        best = call.bind([Value(kept, types.UNKNOWN)], "CASE WHEN len({0}) > 0 THEN {0} END")
        return f"list_transform(list_slice({best}, 1, {count}), lambda e: e.v)"

    return translate


def _number(name: str) -> Callable[[Call], str]:
    def translate(call: Call) -> str:
        literals.number(call, 1, 1, 10_000)
        return call.fill(f"{name}({{distinct}}{{0}}, {{1}}){{over}}")

    return translate


def _collect(template: str) -> Callable[[Call], str]:
    """Return the translation of an aggregate of keys and values: rows whose key is null do not count."""

    def translate(call: Call) -> str:
        rows = call.fill("list(struct_pack(k := {0}, v := {1}){order}){over}")
        entries = Value(f"list_filter({rows}, lambda e: e.k IS NOT NULL)", types.UNKNOWN)
        return call.bind([entries], f"CASE WHEN len({{0}}) > 0 THEN {template} END")

    return translate


# Of equal keys, the first one counts.
_FIRST = "list_filter({0}, lambda e, i: list_position(list_transform({0}, lambda x: x.k), e.k) = i)"
_MAP = f"map(list_transform({_FIRST}, lambda x: x.k), list_transform({_FIRST}, lambda x: x.v))"


def _union(call: Call) -> str:
    maps = f"list_filter({call.fill('list({0}{order}){over}')}, lambda e: e IS NOT NULL)"
    entries = f"flatten(list_transform({maps}, lambda e: map_entries(e)))"
    pairs = f"list_transform({entries}, lambda e: struct_pack(k := e.key, v := e.value))"
    united = call.bind([Value(pairs, types.UNKNOWN)], _MAP)
    return f"CASE WHEN len({maps}) > 0 THEN {united} END"


def _listed(call: Call) -> str:
    if call.distinct and not call.order:
        # In order of appearance; DuckDB's order is not the same each time.
        rows = Value(call.fill("list({0}){over}"), types.UNKNOWN)
        return call.bind([rows], distinct("{0}"))
    return call.fill("list({distinct}{0}{order}){over}")


def _reduce(call: Call) -> str:
    """Return reduce_agg, whose last argument combines two states: here there is one state only."""
    rows = f"list_filter({call.fill('list({0}{order}){over}')}, lambda e: e IS NOT NULL)"
    return f"CASE WHEN len({rows}) > 0 THEN {fold(call, rows, call.args[0].type, 'lambda s: s')} END"


FUNCTIONS = table(
    aggregate("any_value(T) -> T"),
    # Exact here; Trino returns an estimate.
    aggregate("approx_distinct(T) -> bigint", "count(DISTINCT {0}){over}"),
    aggregate("approx_distinct(T, double) -> bigint", "count(DISTINCT {0}){over}"),
    *(
        aggregate(f"approx_percentile({type_}, double) -> {type_}", _percentile)
        for type_ in ("bigint", "double", "real")
    ),
    *(
        aggregate(f"approx_percentile({type_}, array(double)) -> array({type_})", _percentiles)
        for type_ in ("bigint", "double", "real")
    ),
    aggregate("arbitrary(T) -> T", "any_value"),
    aggregate("array_agg(T) -> array(T)", _listed),
    aggregate("avg(bigint) -> double"),
    aggregate("avg(decimal(p,s)) -> decimal(p,s)", _decimal_average),
    aggregate("avg(real) -> real"),
    aggregate("avg(double) -> double"),
    aggregate("bitwise_and_agg(bigint) -> bigint", "bit_and"),
    aggregate("bitwise_or_agg(bigint) -> bigint", "bit_or"),
    aggregate("bitwise_xor_agg(bigint) -> bigint", "bit_xor({distinct}{0}){over}"),
    aggregate("bool_and(boolean) -> boolean"),
    aggregate("bool_or(boolean) -> boolean"),
    aggregate("reduce_agg(T, S, function(S,T,S), function(S,S,S)) -> S", _reduce),
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
    aggregate("geometric_mean(double) -> double", "exp(avg({distinct}ln({0})){over})"),
    aggregate("histogram(K) -> map(K,bigint)", "histogram({distinct}{0}){over}"),
    aggregate("map_agg(K, V) -> map(K,V)", _collect(_MAP)),
    aggregate("map_union(map(K,V)) -> map(K,V)", _union),
    aggregate("max(T) -> T"),
    aggregate("max(T, bigint) -> array(T)", _number("max")),
    aggregate("max_by(V, K) -> V", "arg_max_null"),
    aggregate("max_by(V, K, bigint) -> array(V)", _best("max")),
    aggregate("min(T) -> T"),
    aggregate("min(T, bigint) -> array(T)", _number("min")),
    aggregate("min_by(V, K) -> V", "arg_min_null"),
    aggregate("min_by(V, K, bigint) -> array(V)", _best("min")),
    aggregate("multimap_agg(K, V) -> map(K,array(V))", _collect(grouped("{0}"))),
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
