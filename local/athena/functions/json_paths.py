"""Paths of SQL's JSON functions: lax or strict, with members, positions, wildcards and comparisons, such as
`lax $.a[*].b[last] ? (@.c > 10)`."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from local.athena.errors import QueryFailure
from local.athena.functions.json import MISSING, Number, Object, dump, load
from local.athena.functions.literals import unsupported
from local.athena.functions.signature import python, table

_STEP = re.compile(r'\s*(?:\.\s*(?P<name>[A-Za-z_]\w*)|\.\s*"(?P<quoted>[^"\\]*)"|\[\s*(?P<index>\d+|last|\*)\s*\])')
_FILTER = re.compile(
    r'\s*\?\s*\(\s*@\s*(?:\.\s*([A-Za-z_]\w*))?\s*(==|<>|!=|<=|>=|<|>)\s*(-?\d+(?:\.\d+)?|"[^"\\]*"|true|false)\s*\)'
)
_COMPARISONS = {
    "==": operator.eq, "<>": operator.ne, "!=": operator.ne,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class _PathError(Exception):
    """The path does not fit the value, or the text is not JSON."""


@lru_cache(maxsize=256)
def _steps(path: str) -> tuple[bool, tuple[tuple[str, str], ...]]:
    """Return whether a path is lax, and its steps: kind and text."""
    head = re.match(r"\s*(lax|strict)\s*\$(?!\w)", path)
    position, steps = head.end() if head else 0, []
    while head and (match := _STEP.match(path, position) or _FILTER.match(path, position)):
        if match.re is _FILTER:
            steps.append(("filter", match[0]))
        else:
            steps.append(("index" if match["index"] else "name", match[match.lastgroup or "name"]))
        position = match.end()
    if head is None or path[position:].strip():
        raise unsupported(f"the path {path}")
    return head[1] == "lax", tuple(steps)


def _items(text: str, path: str) -> list[Any]:
    lax, steps = _steps(path)
    try:
        items = [load(text)]
    except ValueError:
        raise _PathError from None
    for kind, step in steps:
        items = [found for item in items for found in _follow(item, kind, step, lax)]
    return items


def _follow(item: Any, kind: str, step: str, lax: bool) -> Iterator[Any]:
    is_array = isinstance(item, list) and not isinstance(item, Object)
    if kind == "filter":
        yield from (each for each in (item if lax and is_array else [item]) if _is_selected(each, step, lax))
        return
    if kind == "name":
        for member in item if lax and is_array else [item]:
            found = member.get(step) if isinstance(member, Object) else MISSING
            if found is not MISSING:
                yield found
            elif not lax:
                raise _PathError
        return
    if not is_array and not lax:
        raise _PathError
    elements = item if is_array else [item]
    if step == "*":
        yield from elements
        return
    index = len(elements) - 1 if step == "last" else int(step)
    if 0 <= index < len(elements):
        yield elements[index]
    elif not lax:
        raise _PathError


def _is_selected(item: Any, condition: str, lax: bool) -> bool:
    """Return whether the comparison of a filter is true; a comparison that fails is unknown."""
    member, comparison, literal = _FILTER.fullmatch(condition).groups()  # type: ignore[union-attr]
    operands = [item]
    try:
        if member:
            operands = list(_follow(item, "name", member, lax))
    except _PathError:
        return False
    if lax:
        operands = [each for one in operands for each in (one if type(one) is list else [one])]
    results = [_compare(each, comparison, load(literal)) for each in operands]
    if lax:
        # The first comparison that is true or fails decides.
        return next((result is True for result in results if result is not False), False)
    return None not in results and True in results


def _compare(left: Any, comparison: str, right: Any) -> bool | None:
    if left is None:
        raise unsupported("null in a filter of a JSON path")
    if type(left) is not type(right):
        return None
    if isinstance(left, Number):
        whole = left.is_whole and right.is_whole
        left, right = (int(left), int(right)) if whole else (float(left), float(right))
    return bool(_COMPARISONS[comparison](left, right))


def _failure(message: str) -> QueryFailure:
    return QueryFailure("PATH_EVALUATION_ERROR", message)


def _exists(text: str, path: str, on_error: str) -> bool | None:
    try:
        return bool(_items(text, path))
    except _PathError:
        if on_error == "error":
            raise _failure("path evaluation failed") from None
        return {"true": True, "false": False}.get(on_error)


def _chosen(option: str) -> str | None:
    """Return the value of an ON EMPTY or ON ERROR clause."""
    if option == "error":
        raise _failure("JSON path found no item, or not the right one")
    return {"empty array": "[]", "empty object": "{}"}.get(option)


def _query(text: str, path: str, wrapper: str, quotes: str, options: str) -> str | None:
    on_empty, on_error = options.split(",")
    try:
        items = _items(text, path)
    except _PathError:
        return _chosen(on_error)
    if not items:
        return _chosen(on_empty)
    single = len(items) == 1
    if wrapper == "unconditional" or (wrapper == "conditional" and not (single and isinstance(items[0], list))):
        return dump(items)
    if not single:
        return _chosen(on_error)
    if quotes == "omit" and isinstance(items[0], str) and not isinstance(items[0], Number):
        return items[0]
    return dump(items[0])


def _value(text: str, path: str) -> list[str | None]:
    """Return the kind of the result (value, empty or error) and the text of the scalar."""
    try:
        items = _items(text, path)
    except _PathError:
        return ["error", None]
    if len(items) != 1 or isinstance(items[0], list):
        return ["empty" if not items else "error", None]
    item = items[0]
    if isinstance(item, Number) and not item.is_whole:
        raise unsupported("fractions in json_value")
    return [
        "boolean" if isinstance(item, bool) else "value",
        item if isinstance(item, str) or item is None else str(item).lower(),
    ]


def _text(text: str) -> str:
    try:
        return dump(load(text))
    except ValueError:
        raise QueryFailure("JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed for FORMAT JSON") from None


def _decode(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        raise unsupported("JSON in another encoding than its FORMAT JSON") from None


# The forms of the grammar are in `analysis/json_forms.py`; these are the functions that they call.
FUNCTIONS = table()
python("json_exists(varchar, varchar, varchar) -> boolean", _exists)
python("json_query(varchar, varchar, varchar, varchar, varchar) -> varchar", _query)
python("json_value(varchar, varchar) -> array(varchar)", _value)
python("json_text(varchar) -> varchar", _text)
python("json_decode(varbinary, varchar) -> varchar", _decode)
python("json_encode(varchar, varchar) -> varbinary", lambda text, encoding: text.encode(encoding))
