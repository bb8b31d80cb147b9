"""Functions of arrays, with lambdas. Where Trino does not document the order of a result, it is that of Trino's code.

In the templates `e` is an element and `i` its position; DuckDB's list_position finds nulls too, unlike list_contains.
"""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Any

from local.athena import types
from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.sequences import MOST_ENTRIES
from local.athena.functions.signature import Call, python, scalar, table
from local.athena.types import FLOATS, Type
from local.athena.values import Value, fail


def apply(function: str, *arguments: str) -> str:
    """Return a call of a lambda of DuckDB (`lambda a, b: body`) with arguments."""
    head, _, body = function.removeprefix("lambda ").partition(": ")
    for name, argument in reversed(list(zip(head.split(", "), arguments, strict=True))):
        body = f"list_transform([{argument}], lambda {name}: {body})[1]"
    return body


def checked(condition: str, message: str, type_: Type, result: str) -> str:
    """Return a result, or a failure if the condition is true. A null argument makes the condition null."""
    return f"CASE WHEN {condition} THEN {fail('INVALID_FUNCTION_ARGUMENT', message, type_)} ELSE {result} END"


def distinct(list_: str) -> str:
    return f"list_filter({list_}, lambda e, i: list_position({list_}, e) = i)"


def _has(list_: str, element: str) -> str:
    """Return whether a list has an element, which may be null."""
    null = f"len({list_}) > list_count({list_})"
    return f"CASE WHEN {element} IS NULL THEN {null} ELSE list_contains({list_}, {element}) END"


_NULL_IN = "len({0}) > list_count({0})"
_MATCHED = "list_transform({0}, {1})"


def _match(call: Call, decisive: bool, result: bool) -> str:
    """Return all_match, any_match and none_match: one element decides, or else a null makes the result null."""
    outcomes = Value(call.fill(_MATCHED), types.array(types.BOOLEAN))
    text = f"CASE WHEN list_contains({{0}}, {decisive}) THEN {result} WHEN {_NULL_IN} THEN NULL ELSE {not result} END"
    return call.bind([outcomes], f"CASE WHEN {{0}} IS NULL THEN NULL ELSE {text} END")


def _extreme(name: str) -> Any:
    def translate(call: Call) -> str:
        element = call.returns
        text = f"CASE WHEN {_NULL_IN} THEN NULL ELSE list_{name}({{0}}) END"
        if element.base in FLOATS:
            nan = f"list_contains({{0}}, CAST('nan' AS {types.duckdb(element)}))"
            refusal = fail("NOT_SUPPORTED", f"the local Athena does not support NaN in array_{name}", element)
            text = f"CASE WHEN {nan} THEN {refusal} ELSE {text} END"
        return call.once(text)

    return translate


def _remove(call: Call) -> str:
    return call.once(
        "CASE WHEN {0} IS NULL OR {1} IS NULL THEN NULL ELSE list_filter({0}, lambda e: e IS NULL OR e <> {1}) END"
    )


def _sort(call: Call) -> str:
    """Return an array sorted by a comparator: each element is counted against all others, which keeps equal ones."""
    array, comparator = call.args
    head, _, body = comparator.sql.removeprefix("lambda ").partition(": ")
    first, second = head.split(", ")
    refusal = fail("INVALID_FUNCTION_ARGUMENT", "Lambda comparator must return either -1, 0, or 1", types.INTEGER)
    result = f"CASE WHEN c IN (-1, 0, 1) THEN c ELSE {refusal} END"
    outcomes = f"list_transform(list_transform(z.a0, lambda {second}: {body}), lambda c: {result})"
    rank = f"len(list_filter({outcomes}, lambda c: c > 0))"
    ranks = f"list_sort(list_transform(z.a0, lambda {first}, i: struct_pack(r := {rank}, i := i)))"
    return (
        f"list_transform([struct_pack(a0 := {array.sql})], lambda z: list_transform({ranks}, lambda s: z.a0[s.i]))[1]"
    )


def _reduce(call: Call) -> str:
    return fold(call, call.args[0].sql, call.args[0].type.elements[0], call.args[3].sql)


def fold(call: Call, array: str, element: Type, output: str) -> str:
    """Return the result of a lambda for the state and each element, from the initial state, after another lambda."""
    _, initial, step, *_ = call.args
    state = initial.type
    if call.types["S"] != state:
        raise unsupported("a lambda of reduce that returns another type than that of the initial state")
    row = f"STRUCT(s {types.duckdb(state)}, v {types.duckdb(element)})"
    start = f"CAST(struct_pack(s := {initial.sql}, v := NULL) AS {row})"
    items = f"list_transform({array}, lambda e: CAST(struct_pack(s := NULL, v := e) AS {row}))"
    body = f"CAST(struct_pack(s := {apply(step.sql, 'a.s', 'b.v')}, v := NULL) AS {row})"
    result = apply(output, f"list_reduce({items}, lambda a, b: {body}, {start}).s")
    return f"CASE WHEN {array} IS NULL THEN NULL ELSE {result} END"


def _combinations(length: int, size: int) -> list[list[int]]:
    """Return the positions of the elements of each combination."""
    if not 0 <= size <= 5:
        raise invalid("combination size must not be negative and must not exceed 5: " + str(size))
    if comb(length, size) * max(size, 1) > 100_000:
        raise invalid("combinations exceed max size of 100000 elements")
    # The order of Trino: the last elements vary last.
    chosen = sorted(combinations(range(1, length + 1), size), key=lambda positions: positions[::-1])
    return [list(positions) for positions in chosen]


def _slice(call: Call) -> str:
    result = (
        "CASE WHEN {0} IS NULL OR {1} IS NULL OR {2} IS NULL THEN NULL WHEN {1} > len({0}) OR {1} < -len({0}) "
        "OR {2} = 0 THEN {0}[1:0] ELSE list_slice({0}, CASE WHEN {1} < 0 THEN len({0}) + {1} + 1 ELSE {1} END, "
        "least(len({0}), CASE WHEN {1} < 0 THEN len({0}) + {1} + 1 ELSE {1} END + {2} - 1)) END"
    )
    result = checked("{2} < 0", "length must be greater than or equal to 0", call.returns, result)
    return call.once(checked("{1} = 0", "SQL array indices start at 1", call.returns, result))


def _zip(call: Call) -> str:
    fields = ", ".join(f"f{index} := e[{index + 1}]" for index in range(len(call.args)))
    return call.once(
        f"CASE WHEN {{any_null}} THEN NULL ELSE list_transform(list_zip({{all}}), lambda e: struct_pack({fields})) END"
    )


def _zip_with(call: Call) -> str:
    pairs = Value(call.fill("list_zip({0}, {1})"), types.UNKNOWN)
    body = f"list_transform({pairs.sql}, lambda e: {apply(call.args[2].sql, 'e[1]', 'e[2]')})"
    return f"CASE WHEN {call.args[0].sql} IS NULL OR {call.args[1].sql} IS NULL THEN NULL ELSE {body} END"


def _join(call: Call) -> str:
    array, delimiter = call.args[:2]
    element = array.type.elements[0]
    text = f"{element.base}_text(e)" if element.base in FLOATS else "CAST(e AS VARCHAR)"
    if element.base == "decimal":
        text = f"CAST(CAST(e AS DECIMAL(38, {element.numbers[1]})) AS VARCHAR)"
    if len(call.args) == 3:
        text = f"coalesce({text}, {call.args[2].sql})"
    texts = Value(f"list_transform({array.sql}, lambda e: {text})", types.array(types.VARCHAR))
    return call.bind(
        [texts, delimiter, *call.args[2:]],
        "CASE WHEN {any_null} THEN NULL ELSE py_join_array_varchar_varchar({0}, {1}) END",
    )


def _join_texts(texts: list[str | None], delimiter: str) -> str:
    return delimiter.join(text for text in texts if text is not None)


def _unless(template: str, message: str) -> Any:
    """Return the translation of a function that fails if {condition} is true: `condition ? result`."""
    condition, _, result = template.partition(" ? ")
    return lambda call: call.once(checked(condition, message, call.returns, result))


_ELEMENTS = ("varchar", "boolean", "bigint", "decimal(p,s)", "real", "double", "date")
_ROWS = ("A", "A B", "A B C", "A B C D", "A B C D F")

FUNCTIONS = table(
    scalar("all_match(array(T), function(T,boolean)) -> boolean", lambda call: _match(call, False, False)),
    scalar("any_match(array(T), function(T,boolean)) -> boolean", lambda call: _match(call, True, True)),
    scalar("array_distinct(array(E)) -> array(E)", distinct("{0}")),
    scalar("array_except(array(E), array(E)) -> array(E)",
           distinct("list_filter({0}, lambda e: NOT (" + _has("{1}", "e") + "))").join(
               ("CASE WHEN {1} IS NULL THEN NULL ELSE ", " END"))),
    scalar("array_intersect(array(E), array(E)) -> array(E)",
           "CASE WHEN {any_null} THEN NULL WHEN len({0}) < len({1}) THEN "
           + distinct("list_filter({1}, lambda e: " + _has("{0}", "e") + ")") + " ELSE "
           + distinct("list_filter({0}, lambda e: " + _has("{1}", "e") + ")") + " END"),
    *(scalar(f"array_join(array({type_}), varchar{more}) -> varchar", _join)
      for type_ in _ELEMENTS for more in ("", ", varchar")),
    scalar("array_max(array(E)) -> E", _extreme("max")),
    scalar("array_min(array(E)) -> E", _extreme("min")),
    scalar("array_position(array(E), E) -> bigint",
           "CASE WHEN {any_null} THEN NULL ELSE coalesce(list_position({0}, {1}), 0) END"),
    scalar("array_remove(array(E), E) -> array(E)", _remove),
    scalar("array_sort(array(E)) -> array(E)", "list_sort({0}, 'ASC', 'NULLS LAST')"),
    scalar("array_sort(array(E), function(E,E,integer)) -> array(E)", _sort),
    scalar("array_union(array(E), array(E)) -> array(E)",
           "CASE WHEN {any_null} THEN NULL ELSE " + distinct("({0} || {1})") + " END"),
    scalar("arrays_overlap(array(E), array(E)) -> boolean",
           "CASE WHEN {any_null} THEN NULL WHEN list_has_any(list_filter({0}, lambda e: e IS NOT NULL), "
           f"list_filter({{1}}, lambda e: e IS NOT NULL)) THEN true WHEN {_NULL_IN} OR "
           f"{_NULL_IN.replace('{0}', '{1}')} THEN NULL ELSE false END"),
    scalar("cardinality(array(E)) -> bigint", "len({0})"),
    scalar("combinations(array(E), bigint) -> array(array(E))",
           "list_transform(py_combinations_bigint_bigint(len({0}), {1}), "
           "lambda c: list_transform(c, lambda i: {0}[i]))"),
    scalar("concat(array(E), array(E)...) -> array(E)", "CASE WHEN {any_null} THEN NULL ELSE {joined} END"),
    scalar("contains(array(E), E) -> boolean",
           f"CASE WHEN {{any_null}} THEN NULL WHEN list_contains({{0}}, {{1}}) THEN true "
           f"WHEN {_NULL_IN} THEN NULL ELSE false END"),
    scalar("contains_sequence(array(E), array(E)) -> boolean",
           "CASE WHEN {any_null} THEN NULL ELSE len(list_filter(range(len({0}) - len({1}) + 1), "
           "lambda i: {0}[i + 1:i + len({1})] = {1})) > 0 END"),
    scalar("element_at(array(E), bigint) -> E", _unless("{1} = 0 ? {0}[{1}]", "SQL array indices start at 1")),
    scalar("filter(array(T), function(T,boolean)) -> array(T)", "list_filter({0}, {1})"),
    scalar("flatten(array(array(E))) -> array(E)", "flatten({0})"),
    scalar("ngrams(array(T), bigint) -> array(array(T))",
           _unless("{1} <= 0 ? CASE WHEN {any_null} THEN NULL ELSE list_transform("
                 "range(greatest(len({0}) - {1}, 0) + 1), lambda i: {0}[i + 1:least(i + {1}, len({0}))]) END",
                 "N must be positive")),
    scalar("none_match(array(T), function(T,boolean)) -> boolean", lambda call: _match(call, True, False)),
    scalar("reduce(array(T), S, function(S,T,S), function(S,R)) -> R", _reduce),
    scalar("repeat(T, bigint) -> array(T)",
           _unless(f"{{1}} NOT BETWEEN 0 AND {MOST_ENTRIES} ? list_transform(range({{1}}), lambda i: {{0}})",
                 "count argument of repeat function must be between 0 and 10000")),
    scalar("reverse(array(E)) -> array(E)", "list_reverse"),
    scalar("slice(array(E), bigint, bigint) -> array(E)", _slice),
    scalar("transform(array(T), function(T,U)) -> array(U)", "list_transform({0}, {1})"),
    scalar("trim_array(array(E), bigint) -> array(E)",
           _unless("{1} < 0 OR {1} > len({0}) ? CASE WHEN {1} = len({0}) THEN {0}[1:0] ELSE {0}[1:len({0}) - {1}] END",
                 "size must not be negative and must not exceed array cardinality")),
    *(scalar(f"zip({', '.join(f'array({name})' for name in row.split())}) -> array(row({row.replace(' ', ',')}))", _zip)
      for row in _ROWS),
    scalar("zip_with(array(T), array(U), function(T,U,R)) -> array(R)", _zip_with),
)  # fmt: skip

# Functions for the templates above.
python("combinations(bigint, bigint) -> array(array(bigint))", _combinations)
python("join(array(varchar), varchar) -> varchar", _join_texts)
