"""The text of a view in the catalog: Base64 of JSON, in a comment of SQL."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from local import moto_catalog

_PREFIX, _SUFFIX = "/* Presto View: ", " */"


def encode(view: Mapping[str, Any]) -> str:
    """Return the text that Athena stores of a view."""
    return f"{_PREFIX}{base64.b64encode(json.dumps(view).encode()).decode()}{_SUFFIX}"


def definition(database: str, name: str) -> dict[str, Any] | None:
    """Return what Athena stores of a view, None if there is no view of this name."""
    table = moto_catalog.table(database, name)
    text = (table or {}).get("ViewOriginalText") or ""
    if not text.startswith(_PREFIX):
        return None
    stored: dict[str, Any] = json.loads(base64.b64decode(text.removeprefix(_PREFIX).removesuffix(_SUFFIX)))
    return stored
