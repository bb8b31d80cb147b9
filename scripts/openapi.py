"""Writes docs/openapi.json: the contract of the HTTP interface, to be compared when it changes."""

from __future__ import annotations

import json

from chalicelib.api import openapi
from common.paths import ROOT

PATH = ROOT / "docs" / "openapi.json"


def text() -> str:
    """The document, a line for each value."""
    return json.dumps(openapi.document(), indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
