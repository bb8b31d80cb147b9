"""Write chalicelib/api/examples.json: the responses to the routes' examples over the real history, and to errors.

The examples of the market are over generated prices, and say so (`synthetic`): none of them is of B3's files.
"""

from __future__ import annotations

import json
import os
from typing import Any
from urllib.parse import urlencode

from chalice.test import Client

from chalicelib import wiring
from chalicelib.api.market_routes import EXAMPLE_TICKER, MARKET_ROUTES
from chalicelib.api.problems import PROBLEMS
from chalicelib.api.route import Route
from chalicelib.api.routes import ROUTES
from chalicelib.errors import BackendUnavailable, ContractError, QueryTimeout
from chalicelib.ingest.sources.csv_file import CsvFile
from common.paths import ROOT
from local.laptop import Laptop
from scripts import sample_market
from scripts.real_data import HISTORY

PATH = ROOT / "chalicelib" / "api" / "examples.json"

MARKET_RECORDS = 20_000

ROWS = 2
"""The number of rows in an example, and of the scores in that of the forecasts."""

PRESIGNED = {"url": "https://bucket.s3.us-east-1.amazonaws.com/…", "expires_at": "2025-10-14T12:15:00Z"}
"""The values of `/ibov/files` that differ each time, in its example."""


def main() -> None:
    examples = json.loads(PATH.read_text(encoding="utf-8"))
    with Laptop() as laptop:
        laptop.create_stack()
        laptop.ingest(CsvFile(str(HISTORY)))
        laptop.refined()
        sample_market.put(sample_market.with_example(sample_market.generated(MARKET_RECORDS)))
        http: Any = Client(laptop.app.app).http
        for path, route in ROUTES.items():
            if route.model is not None:
                examples[path] = example(http, path, route)
        os.environ["B3_MARKET"] = "yes"
        wiring.clear_caches()
        for path, route in MARKET_ROUTES.items():
            examples[path] = example(http, path.replace("{ticker}", EXAMPLE_TICKER), route)
        unknown = http.get("/acoes/PETR9/prices").json_body
        examples["problems"] = problems(http.get("/ibov/prices?limit=0").json_body, unknown)
    PATH.write_text(json.dumps(examples, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def problems(bad_parameter: dict[str, Any], unknown: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an error body that depend on the error, by status.

    Args:
        bad_parameter: the response to a request with a parameter that is not allowed.
        unknown: the response to a request with an unknown ticker.
    """
    bodies: dict[str, Any] = {"400": {name: bad_parameter[name] for name in ("detail", "instance", "errors")}}
    bodies["404"] = {name: unknown[name] for name in ("detail", "instance", "near")}
    for error in (Exception, BackendUnavailable, QueryTimeout):
        status, detail, _ = PROBLEMS[error]
        bodies[f"{int(status)}"] = {"detail": detail, "instance": bad_parameter["instance"]}
    return bodies


def example(http: Any, path: str, route: Route) -> dict[str, Any]:
    """Return the body of the response to a route's example, with few rows and gaps.

    Raises:
        ContractError: the response is an error.
    """
    response = http.get(f"{path}?{urlencode(route.example)}" if route.example else path)
    body: dict[str, Any] = response.json_body
    if response.status_code != 200:
        problem = "; ".join(
            f"parameter {error['parameter']!r} is {error['received']!r}; allowed: {error['allowed']}"
            for error in body.get("errors", [])
        )
        raise ContractError(
            f"the example of route {path} returns {response.status_code}: {problem or body.get('detail')}"
        )
    if isinstance(body.get("rows"), list):
        body["rows"] = body["rows"][:ROWS]
        for row in body["rows"]:
            row |= {name: text for name, text in PRESIGNED.items() if name in row}
        body["meta"] |= {name: text for name, text in PRESIGNED.items() if name in body["meta"]}
    if "scores" in body:
        body["scores"] = body["scores"][:ROWS]
    if body.get("quality"):
        body["quality"]["gaps"] = body["quality"]["gaps"][-1:]
    return body


if __name__ == "__main__":
    main()
