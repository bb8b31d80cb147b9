"""Write chalicelib/api/examples.json: the answers to the routes' examples over the real history, shortened."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

from chalice.test import Client

from chalicelib.api.routes import ROUTES
from chalicelib.ingest.sources.csv_file import CsvFile
from common.paths import ROOT
from local.laptop import Laptop
from scripts.real_data import HISTORY

PATH = ROOT / "chalicelib" / "api" / "examples.json"

ROWS = 2


def main() -> None:
    examples = json.loads(PATH.read_text(encoding="utf-8"))
    with Laptop() as laptop:
        laptop.create_stack()
        laptop.ingest(CsvFile(str(HISTORY)))
        laptop.refined()
        http: Any = Client(laptop.app.app).http
        for path, route in ROUTES.items():
            if route.answers is not None:
                body = http.get(f"{path}?{urlencode(route.example)}" if route.example else path).json_body
                examples[path] = shortened(body)
    PATH.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def shortened(body: dict[str, Any]) -> dict[str, Any]:
    """The answer with some of its rows, and of its gaps."""
    if isinstance(body.get("rows"), list):
        body["rows"] = body["rows"][:ROWS]
    if body.get("quality"):
        body["quality"]["gaps"] = body["quality"]["gaps"][-1:]
    return body


if __name__ == "__main__":
    main()
