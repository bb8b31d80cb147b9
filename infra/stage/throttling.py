"""Limits of the requests to a stage of API Gateway.

API Gateway counts each method of each path separately. A method that requires a key has the rate of the usage plan, and
each key a number of requests a day (keys.py). The methods that need no key have rates whose sum bounds the cost of a
month in which somebody keeps asking. `python -m scripts.costs` prints it, and a test compares it with 20 dollars.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from chalicelib.api import routes
from infra.stage.names import StageTarget

RATE, BURST = 10, 20
"""Requests a second to a method that requires a key, and the burst, which is the size of the token bucket."""

OPEN_BURST = 40
"""Burst of a method that needs no key. A cold page makes at most 15 requests."""

OPEN_RATES: Mapping[str, float] = {"/": 0.15, "/assets/{version}/{name}": 0.25, "/docs": 0.01, "/openapi.json": 0.01}
"""Requests a second of each GET that needs no key, in the long run. The files are cached for a year by each client."""

BODILESS_RATE = 0.01
"""Requests a second, in the long run, of each HEAD that needs no key, and of the preflight of each path."""

_OPERATIONS = 20
"""Patch operations in a request to API Gateway."""


def open_methods(origin: str) -> Iterator[tuple[str, str, float]]:
    """Yield path, method and rate of each method that never requires a key.

    With `B3_API_ACCESS=open` the routes of the table require none either. They have `RATE` nevertheless, and cost more.

    Args:
        origin: `B3_CORS_ORIGIN`. Without CORS, there are no preflights.
    """
    for path, route in routes.SERVED.items():
        if not route.api_key_required:
            yield path, "GET", OPEN_RATES[path]
            yield path, "HEAD", BODILESS_RATE
        if origin != "none":
            yield path, "OPTIONS", BODILESS_RATE


def set_throttling(client: Any, api: str, target: StageTarget, origin: str) -> None:
    """Set the rates of a stage, and the tag by which the budget filters its cost.

    Args:
        client: boto3 client of API Gateway.
        api: Id of the API.
        origin: As for `open_methods`.
    """
    limits: list[tuple[str, float, int]] = [("*/*", RATE, BURST)]
    for path, method, rate in open_methods(origin):
        limits.append((f"{path.replace('/', '~1')}/{method}", rate, OPEN_BURST))
    operations = [
        {"op": "replace", "path": f"/{method}/throttling/{name}", "value": str(value)}
        for method, rate, burst in limits
        for name, value in (("rateLimit", rate), ("burstLimit", burst))
    ]
    for start in range(0, len(operations), _OPERATIONS):
        client.update_stage(
            restApiId=api, stageName=target.stage, patchOperations=operations[start : start + _OPERATIONS]
        )
    arn = f"arn:aws:apigateway:{target.region}::/restapis/{api}"
    for resource in (arn, f"{arn}/stages/{target.stage}"):
        client.tag_resource(resourceArn=resource, tags=target.tags)
