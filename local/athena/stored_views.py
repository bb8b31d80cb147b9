"""Views in the catalog: their type, and their text, which is Base64 of JSON in a comment of SQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from local import moto_catalog

VIEW_TYPE = "VIRTUAL_VIEW"
"""The TableType of a view."""

_PREFIX, _SUFFIX = "/* Presto View: ", " */"


def encode(view: Mapping[str, Any]) -> str:
    """Return the text that Athena stores of a view."""
    return f"{_PREFIX}{base64.b64encode(json.dumps(view).encode()).decode()}{_SUFFIX}"


def is_view(table: Mapping[str, Any]) -> bool:
    """Return whether a table of Glue is a view."""
    return bool(table.get("TableType") == VIEW_TYPE)


def definition(database: str, name: str) -> dict[str, Any] | None:
    """Return what Athena stores of a view, None if there is no view of this name."""
    table = moto_catalog.table(database, name)
    text = (table or {}).get("ViewOriginalText") or ""
    if not text.startswith(_PREFIX):
        return None
    stored: dict[str, Any] = json.loads(base64.b64decode(text.removeprefix(_PREFIX).removesuffix(_SUFFIX)))
    return stored
