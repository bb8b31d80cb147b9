"""JSON functions. A value of the type JSON is held as text, as Trino writes it: compact, keys sorted."""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import Any

from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.signature import Function, python, scalar, table
from local.athena.text import java_double


class Number(str):
    """Number as it is written."""

    __slots__ = ()

    @property
    def is_whole(self) -> bool:
        return re.fullmatch("-?[0-9]+", self) is not None


class Object(list[tuple[str, Any]]):
    """Object, as its pairs of key and value."""

    def get(self, key: str) -> Any:
        """Return the first value of a key, or `MISSING`."""
        return next((value for name, value in self if name == key), MISSING)


MISSING = object()


def _constant(name: str) -> Any:
    raise ValueError(name)


def load(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        ValueError: the text is not JSON.
    """
    try:
        return json.loads(
            text, parse_int=Number, parse_float=Number, parse_constant=_constant, object_pairs_hook=Object
        )
    except RecursionError:
        raise ValueError("nested too deeply") from None


def dump(value: Any, *, canonical: bool = False) -> str:
    """Return a value as compact JSON.

    Args:
        canonical: whether keys are sorted and the last of equal keys counts, as in json_parse.
    """
    if isinstance(value, Number):
        return str(int(value)) if value.is_whole else double(float(value))
    if isinstance(value, Object):
        pairs = sorted(dict(value).items(), key=lambda pair: pair[0].encode("utf-16-be")) if canonical else value
        return "{" + ",".join(f"{quote(key)}:{dump(item, canonical=canonical)}" for key, item in pairs) + "}"
    if isinstance(value, list):
        return "[" + ",".join(dump(item, canonical=canonical) for item in value) + "]"
    return quote(value) if isinstance(value, str) else json.dumps(value)


def double(number: float) -> str:
    if not math.isfinite(number):
        raise unsupported("a number in JSON beyond the range of a double")
    return java_double(number)


def quote(text: str) -> str:
    if re.search("[\ud800-\udfff]", text):
        raise unsupported("half a surrogate pair in JSON")
    return re.sub(r"\\u[0-9a-f]{4}", lambda match: "\\u" + match[0][2:].upper(), json.dumps(text, ensure_ascii=False))


def parse(text: str) -> str:
    """Return a JSON text as Trino's json_parse returns it."""
    try:
        return dump(load(text), canonical=True)
    except ValueError:
        raise invalid(f"Cannot convert value to JSON: '{text[:100]}'") from None


_PART = re.compile(r'\.(?P<name>[:\w]+)|\[(?P<index>\w+)\]|\["(?P<quoted>(?:[^"\\]|\\["\\])*)"\]')


@lru_cache(maxsize=256)
def _path(path: str) -> tuple[str, ...]:
    """Return the keys and positions of a path, such as $.store.book[0]."""
    parts, position = [], 1
    while position < len(path):
        match = _PART.match(path, position)
        if match is None:
            break
        quoted = match["quoted"]
        parts.append((match["name"] or match["index"]) if quoted is None else re.sub(r"\\(.)", r"\1", quoted))
        position = match.end()
    if not path.startswith("$") or position < len(path):
        raise invalid(f"Invalid JSON path: '{path}'")
    return tuple(parts)


def _get(text: str, path: str) -> Any:
    """Return the value at a path of a JSON text, or `MISSING`."""
    parts = _path(path)
    try:
        value = load(text)
    except ValueError:
        if not parts or text.lstrip()[:1] in {"{", "["}:
            # Trino reads up to the value only, so that the result depends on the place of the mistake.
            raise unsupported("paths into a text that is not JSON as a whole") from None
        return MISSING
    for part in parts:
        if isinstance(value, Object):
            value = value.get(part)
        elif isinstance(value, list):
            index = int(part) if re.fullmatch("[0-9]+", part) else len(value)
            value = value[index] if index < len(value) else MISSING
        else:
            return MISSING
    return value


def _extract(text: str, path: str) -> str | None:
    value = _get(text, path)
    return None if value is MISSING else dump(value)


def _extract_scalar(text: str, path: str) -> str | None:
    value = _get(text, path)
    if isinstance(value, list) or value is None or value is MISSING:
        return None
    return str(value) if isinstance(value, str) else json.dumps(value)


def _size(text: str, path: str) -> int | None:
    value = _get(text, path)
    return None if value is MISSING else len(value) if isinstance(value, list) else 0


def _array(text: str) -> list[Any] | None:
    value = _get(text, "$") if text.lstrip().startswith("[") else None
    return value if isinstance(value, list) else None


def _array_length(text: str) -> int | None:
    items = _array(text)
    return None if items is None else len(items)


def _array_get(text: str, index: int) -> str | None:
    items = _array(text) or []
    item = items[index] if -len(items) <= index < len(items) else None
    return None if item is None else item if isinstance(item, str) else dump(item)


def _array_contains(text: str, value: Any) -> bool | None:
    items = _array(text)
    return None if items is None else any(_is_same(item, value) for item in items)


def _is_same(item: Any, value: Any) -> bool:
    if isinstance(value, bool | str):
        return type(item) is type(value) and item == value
    if not isinstance(item, Number) or item.is_whole is not isinstance(value, int):
        return False
    return bool((int if isinstance(value, int) else float)(item) == value)


def _is_scalar(text: str) -> bool:
    try:
        return not isinstance(load(text), list)
    except ValueError:
        raise invalid(f"Invalid JSON value: {text[:100]}") from None


def _functions(type_: str) -> list[Function]:
    """Return the functions that take JSON, which take a text too."""
    return [
        *(python(f"json_array_contains({type_}, {value}) -> boolean", _array_contains)
          for value in ("boolean", "bigint", "double", "varchar")),
        python(f"json_array_get({type_}, bigint) -> json", _array_get),
        python(f"json_array_length({type_}) -> bigint", _array_length),
        python(f"json_extract({type_}, varchar) -> json", _extract),
        python(f"json_extract_scalar({type_}, varchar) -> varchar", _extract_scalar),
        python(f"json_size({type_}, varchar) -> bigint", _size),
        python(f"is_json_scalar({type_}) -> boolean", _is_scalar),
    ]  # fmt: skip


FUNCTIONS = table(
    *_functions("varchar"),
    *_functions("json"),
    scalar("json_format(json) -> varchar", "{0}"),
    python("json_parse(varchar) -> json", parse),
)
