"""Documents whose tables are written by code, between marks: `<!-- name -->` and `<!-- /name -->`."""

from __future__ import annotations

import re
from collections.abc import Mapping


def fill(text: str, blocks: Mapping[str, str]) -> str:
    """The text with each block between its marks.

    Raises:
        KeyError: the text has no marks of that name.
    """
    for name, block in blocks.items():
        pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", re.DOTALL)
        if not pattern.search(text):
            raise KeyError(name)
        text = pattern.sub(lambda found, block=block: f"{found[1]}\n{block}\n{found[2]}", text)  # type: ignore[misc]
    return text


def table(names: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    """Rows as a markdown table."""
    lines = [names, tuple("---" for _ in names), *rows]
    return "\n".join("| " + " | ".join(str(cell) for cell in line) + " |" for line in lines) + "\n"
