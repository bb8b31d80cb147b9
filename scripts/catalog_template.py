"""`make docs`: write the columns of the refined table into infra/templates/main.yaml, from the schema."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

from chalicelib.lake.catalog import table_input
from common.paths import TEMPLATES

PATH = TEMPLATES / "main.yaml"


def filled(text: str) -> str:
    """Return the template with the columns between their markers, one per line."""
    table = table_input("", "")
    text = _between(text, "partition", table["PartitionKeys"])
    return _between(text, "columns", table["StorageDescriptor"]["Columns"])


def _between(text: str, name: str, columns: Sequence[dict[str, Any]]) -> str:
    match = re.search(rf"( *)# <{name}>\n(.*?) *# </{name}>\n", text, re.DOTALL)
    if not match:
        raise KeyError(name)
    # JSON strings are valid YAML.
    lines = [f"{match[1]}- {json.dumps(column, ensure_ascii=False)}\n" for column in columns]
    return text[: match.start(2)] + "".join(lines) + text[match.end(2) :]


if __name__ == "__main__":
    PATH.write_text(filled(PATH.read_text(encoding="utf-8")), encoding="utf-8")
