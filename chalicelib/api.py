"""The answers of the HTTP interface. Each takes a request and the services that it needs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from urllib.parse import urlencode

import msgspec
from chalice.app import Request, Response

from chalicelib import queries
from chalicelib.athena import Athena
from chalicelib.errors import NotReady
from chalicelib.lake import Lake
from chalicelib.manifest import Contents
from chalicelib.parameters import read_none, read_range
from chalicelib.problems import JSON
from chalicelib.schema import REFINED, TICKER

_UNITS = {column.name: column.unit for column in REFINED if column.type in ("double", "bigint")}

ROUTES = {
    "/": "this index",
    "/ibov/prices": "open, high, low, close and volume of each session",
    "/ibov/volatility": "range and volatility of each session",
    "/status": "how fresh the data is, and how good",
}


@dataclass(frozen=True, slots=True)
class Services:
    """What the answers are made from."""

    lake: Lake
    athena: Athena
    table: str


def index(request: Request) -> Response:
    """The routes, as links."""
    read_none(_parameters(request))
    base = str(request.context.get("path") or "/").rstrip("/")
    links = {path: f"{base}{path}" for path in ROUTES}
    return _json({"name": "b3-dataflow", "routes": ROUTES, "links": links}, "no-cache")


def status(request: Request, services: Services) -> Response:
    """What the lake holds, from the manifest alone."""
    read_none(_parameters(request))
    manifest, _ = services.lake.manifest()
    contents = manifest.contents if manifest else None
    body: dict[str, Any] = {"ticker": TICKER, "state": manifest.state if manifest else "empty", "as_of": None}
    if contents:
        body |= {
            "as_of": contents.as_of,
            "first_session": contents.first_session,
            "rows": contents.rows,
            "version": contents.version,
            "synthetic": contents.synthetic,
            "quality": contents.quality,
            "updated_at": contents.run.finished_at,
            "schema_version": contents.schema_version,
            "code_version": contents.code_version,
        }
    return _json(body, "no-cache")


def prices(request: Request, services: Services) -> Response:
    """The bars of each session."""
    return _daily(request, services, queries.PRICES)


def volatility(request: Request, services: Services) -> Response:
    """The range and the volatility of each session."""
    return _daily(request, services, queries.VOLATILITY)


def _daily(request: Request, services: Services, columns: Sequence[str]) -> Response:
    given = _parameters(request)
    asked = read_range(given)
    contents = _contents(services.lake)
    rows = services.athena.rows(queries.daily(services.table, columns, **asdict(asked)))
    query = urlencode(sorted((name, values[0]) for name, values in given.items()))
    path = request.context.get("path") or request.path
    return _json(
        {
            "rows": rows,
            "meta": {
                "ticker": TICKER,
                "as_of": contents.as_of,
                "version": contents.version,
                "synthetic": contents.synthetic,
                "count": len(rows),
                "unit": {name: _UNITS[name] for name in columns if name in _UNITS},
            },
            "links": {"self": f"{path}?{query}" if query else path},
        },
        "no-cache",
    )


def _parameters(request: Request) -> dict[str, list[str]]:
    given = request.query_params
    return {name: given.getlist(name) for name in given} if given else {}


def _contents(lake: Lake) -> Contents:
    manifest, _ = lake.manifest()
    if manifest is None or manifest.contents is None:
        raise NotReady("the lake has no committed manifest")
    return manifest.contents


def _json(body: dict[str, Any], cache_control: str) -> Response:
    return Response(msgspec.json.encode(body).decode(), {"Content-Type": JSON, "Cache-Control": cache_control}, 200)
