"""Write docs/openapi.json: the OpenAPI document, so that a change of the API shows in a diff."""

from __future__ import annotations

import json
import sys

from chalicelib.api import openapi
from chalicelib.errors import ContractError
from common.paths import ROOT

PATH = ROOT / "docs" / "openapi.json"


def text() -> str:
    """Return the document, one line for each value."""
    return json.dumps(openapi.document(), indent=1, ensure_ascii=False) + "\n"


def main() -> int:
    """Write the document. Return the exit status: 1, with a message, if a route is incomplete."""
    try:
        document = text()
    except ContractError as error:
        print(f"docs/openapi.json is not written: {error}", file=sys.stderr)
        return 1
    PATH.write_text(document, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
