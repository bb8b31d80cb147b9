"""Regular expressions. Python's `re` runs the patterns that mean the same in Trino's library, Joni."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from local.athena.functions.arrays import apply
from local.athena.functions.literals import invalid, unsupported
from local.athena.functions.signature import Call, python, scalar, table

# Escapes that mean the same in both. Within a class, \b is another one.
_ESCAPE = r"\\(?:[dDwWsSbBAtnrf]|[1-9](?![0-9])|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^\w\s])"
_IN_CLASS = r"\\(?:[dDwWsStnrf]|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[^\w\s])"
_TOKEN = re.compile(
    rf"{_ESCAPE}"
    rf"|\[\^?(?:{_IN_CLASS}|[^\\\[\]&~|])(?:{_IN_CLASS}|[^\\\[\]&~|])*\]"
    r"|\((?:\?(?:[ims]+\)|[ims]*:|<?[=!]|>|(?P<named><)(?=[A-Za-z]\w*>))|(?!\?))"
    r"|\{[0-9]+(?:,[0-9]*)?\}"
    r"|[^\\\[\]{}(]",
    re.DOTALL,
)


@lru_cache(maxsize=256)
def _compile(pattern: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return a pattern for texts of ASCII, and for all texts."""
    translated, position = "", 0
    while position < len(pattern):
        token = _TOKEN.match(pattern, position)
        if token is None:
            raise unsupported(f"this part of a regular expression: {pattern[position : position + 10]}")
        translated += "(?P<" if token["named"] else token[0]
        position = token.end()
    try:
        return re.compile(translated, re.ASCII), re.compile(translated)
    except re.error as error:
        raise unsupported(f"the regular expression {pattern} ({error.msg})") from None


def _find(compiled: re.Pattern[str], text: str, start: int) -> Iterator[re.Match[str]]:
    """Yield the matches in a text as Java finds them: one character after an empty match."""
    while start <= len(text):
        match = compiled.search(text, start)
        if match is None:
            return
        yield match
        start = match.end() + (match.end() == match.start())


def _matches(text: str, pattern: str, start: int = 0) -> list[re.Match[str]]:
    ascii_only, complete = _compile(pattern)
    matches = list(_find(ascii_only, text, start))
    # Whether \w, \d and \s match letters beyond ASCII is not documented.
    of_all = _find(complete, text, start)
    if not text.isascii() and [match.regs for match in matches] != [match.regs for match in of_all]:
        raise unsupported("a regular expression whose result depends on the kind of characters beyond ASCII")
    return matches


def _check_group(pattern: str, group: int) -> int:
    groups = _compile(pattern)[0].groups
    if group < 0 or group > groups:
        raise invalid(
            "Group cannot be negative" if group < 0 else f"Pattern has {groups} groups. Cannot access group {group}"
        )
    return group


def _extract(text: str, pattern: str, group: int = 0) -> str | None:
    number = _check_group(pattern, group)
    return next((match[number] for match in _matches(text, pattern)), None)


def _extract_all(text: str, pattern: str, group: int = 0) -> list[Any]:
    number = _check_group(pattern, group)
    return [match[number] for match in _matches(text, pattern)]


def _split(text: str, pattern: str) -> list[str]:
    parts, end = [], 0
    for match in _matches(text, pattern):
        parts.append(text[end : match.start()])
        end = match.end()
    return [*parts, text[end:]]


def _position(text: str, pattern: str, start: int = 1, occurrence: int = 1) -> int:
    if start < 1:
        raise invalid("start position cannot be smaller than 1")
    if occurrence < 1:
        raise invalid("occurrence cannot be smaller than 1")
    found = _matches(text, pattern, start - 1) if start <= len(text) else []
    return found[occurrence - 1].start() + 1 if occurrence <= len(found) else -1


def _replace(text: str, pattern: str, replacement: str = "") -> str:
    result, end = "", 0
    for match in _matches(text, pattern):
        result += text[end : match.start()] + _expand(replacement, match)
        end = match.end()
    return result + text[end:]


def _parts(text: str, pattern: str) -> list[list[str | None]]:
    """Return for each match the text before it, an empty text and its groups, and at last the text after them."""
    parts: list[list[str | None]] = []
    end = 0
    for match in _matches(text, pattern):
        parts.append([text[end : match.start()], "", *match.groups()])
        end = match.end()
    return [*parts, [text[end:]]]


def _replace_by(call: Call) -> str:
    """Return a text whose matches are replaced by the result of a lambda of their groups."""
    replaced = f"part[1] || coalesce({apply(call.args[2].sql, 'part[3:]')}, '')"
    parts = call.fill("py_regexp_parts_varchar_varchar({0}, {1})")
    texts = f"list_transform({parts}, lambda part: CASE WHEN len(part) = 1 THEN part[1] ELSE {replaced} END)"
    return f"py_join_array_varchar_varchar({texts}, '')"


def _expand(replacement: str, match: re.Match[str]) -> str:
    """Return a replacement with its references to groups, such as $1 and ${name}."""

    def part(token: re.Match[str]) -> str:
        if token["escaped"]:
            return token["escaped"]
        name, digits = token["name"], token["digits"] or ""
        if (name and name not in match.re.groupindex) or (digits and int(digits[0]) > match.re.groups):
            raise invalid("No such group in the replacement: " + replacement)
        if name:
            return match[name] or ""
        if not digits:
            raise invalid(f"Illegal replacement sequence: {replacement}")
        # The longest number that is a group, as in Java.
        length = 1
        while length < len(digits) and int(digits[: length + 1]) <= match.re.groups:
            length += 1
        return (match[int(digits[:length])] or "") + digits[length:]

    tokens = r"\\(?P<escaped>.)|\$(?:(?P<digits>[0-9]+)|\{(?P<name>[A-Za-z]\w*)\})?|\\$"
    return re.sub(tokens, part, replacement, flags=re.DOTALL)


FUNCTIONS = table(
    python("regexp_count(varchar, varchar) -> bigint", lambda *args: len(_matches(*args))),
    python("regexp_extract(varchar, varchar) -> varchar", _extract),
    python("regexp_extract(varchar, varchar, bigint) -> varchar", _extract),
    python("regexp_extract_all(varchar, varchar) -> array(varchar)", _extract_all),
    python("regexp_extract_all(varchar, varchar, bigint) -> array(varchar)", _extract_all),
    python("regexp_like(varchar, varchar) -> boolean", lambda *args: bool(_matches(*args))),
    python("regexp_position(varchar, varchar) -> integer", _position),
    python("regexp_position(varchar, varchar, integer) -> integer", _position),
    python("regexp_position(varchar, varchar, integer, integer) -> integer", _position),
    python("regexp_replace(varchar, varchar) -> varchar", _replace),
    python("regexp_replace(varchar, varchar, varchar) -> varchar", _replace),
    scalar("regexp_replace(varchar, varchar, function(array(varchar),varchar)) -> varchar", _replace_by),
    python("regexp_split(varchar, varchar) -> array(varchar)", _split),
)

# The function of the translation above.
python("regexp_parts(varchar, varchar) -> array(array(varchar))", _parts)
