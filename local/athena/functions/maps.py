"""Functions of maps, with lambdas. Maps keep the order in which their entries are added; Trino documents no order."""

from __future__ import annotations

from local.athena import types
from local.athena.functions.arrays import apply
from local.athena.functions.signature import Call, scalar, table
from local.athena.values import Value, fail


def from_entries(entries: str, type_: types.Type) -> str:
    """Return a map of a list of structs of a key k and a value v; a key must not be null."""
    key, value = (types.duckdb(of) for of in type_.elements)
    message = "map key cannot be null"
    keys = (
        f"list_transform({entries}, lambda x: coalesce(x.k, {fail('INVALID_FUNCTION_ARGUMENT', message, _key(type_))}))"
    )
    return f"CAST(map({keys}, list_transform({entries}, lambda x: x.v)) AS MAP({key}, {value}))"


def _key(type_: types.Type) -> types.Type:
    return type_.elements[0]


def _each(function: str) -> str:
    """Return a lambda of a key and a value, applied to an entry e."""
    return apply(function, "e.key", "e.value")


def _entries(call: Call, key: str, value: str, source: str = "map_entries({0})") -> str:
    """Return a map with a new key and value for each entry e of a list."""
    items = Value(
        call.fill(f"list_transform({source}, lambda e: struct_pack(k := {key}, v := {value}))"), types.UNKNOWN
    )
    return call.bind([items], "CASE WHEN {0} IS NULL THEN NULL ELSE " + from_entries("{0}", call.returns) + " END")


def _filter(call: Call) -> str:
    return _entries(call, "e.key", "e.value", f"list_filter(map_entries({{0}}), lambda e: {_each(call.args[1].sql)})")


def _concat(call: Call) -> str:
    return call.once("CASE WHEN {any_null} THEN NULL ELSE map_concat({all}) END")


def _zip_with(call: Call) -> str:
    keys = Value(
        call.bind(
            call.args[:2],
            "map_keys({0}) || list_filter(map_keys({1}), lambda k: NOT map_contains({0}, k))",
        ),
        types.UNKNOWN,
    )
    body = apply(call.args[2].sql, "e", "{0}[e]", "{1}[e]")
    entries = call.bind(
        [*call.args[:2], keys],
        "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL "
        f"ELSE list_transform({{2}}, lambda e: struct_pack(k := e, v := {body})) END",
    )
    return call.bind(
        [Value(entries, types.UNKNOWN)],
        "CASE WHEN {0} IS NULL THEN NULL ELSE " + from_entries("{0}", call.returns) + " END",
    )


def grouped(entries: str) -> str:
    """Return a map from each key of a list of structs (k, v), in order of appearance, to the list of its values."""
    keys = f"list_transform({entries}, lambda x: x.k)"
    distinct = f"list_filter({keys}, lambda x, i: list_position({keys}, x) = i)"
    values = f"list_transform(list_filter({entries}, lambda x: x.k = y), lambda x: x.v)"
    return f"map({distinct}, list_transform({distinct}, lambda y: {values}))"


def _multimap(call: Call) -> str:
    message = fail("INVALID_FUNCTION_ARGUMENT", "map key cannot be null", _key(call.returns))
    items = call.fill(f"list_transform({{0}}, lambda e: struct_pack(k := coalesce(e.f0, {message}), v := e.f1))")
    return call.bind([Value(items, types.UNKNOWN)], f"CASE WHEN {{0}} IS NULL THEN NULL ELSE {grouped('{0}')} END")


FUNCTIONS = table(
    scalar("cardinality(map(K,V)) -> bigint", "cardinality({0})"),
    scalar("element_at(map(K,V), K) -> V", "CASE WHEN {any_null} THEN NULL ELSE {0}[{1}] END"),
    scalar("map() -> map(unknown,unknown)", "MAP {{}}"),
    scalar("map(array(K), array(V)) -> map(K,V)", "map({0}, {1})"),
    scalar("map_concat(map(K,V), map(K,V)...) -> map(K,V)", _concat),
    scalar("map_entries(map(K,V)) -> array(row(K,V))",
           "list_transform(map_entries({0}), lambda e: struct_pack(f0 := e.key, f1 := e.value))"),
    scalar("map_filter(map(K,V), function(K,V,boolean)) -> map(K,V)", _filter),
    scalar("map_from_entries(array(row(K,V))) -> map(K,V)", lambda call: _entries(call, "e.f0", "e.f1", "{0}")),
    scalar("map_keys(map(K,V)) -> array(K)"),
    scalar("map_values(map(K,V)) -> array(V)"),
    scalar("map_zip_with(map(K,A), map(K,B), function(K,A,B,R)) -> map(K,R)", _zip_with),
    scalar("multimap_from_entries(array(row(K,V))) -> map(K,array(V))", _multimap),
    scalar("transform_keys(map(K,V), function(K,V,L)) -> map(L,V)",
           lambda call: _entries(call, _each(call.args[1].sql), "e.value")),
    scalar("transform_values(map(K,V), function(K,V,W)) -> map(K,W)",
           lambda call: _entries(call, "e.key", _each(call.args[1].sql))),
)  # fmt: skip
