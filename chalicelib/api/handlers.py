"""One handler for each kind of route: from the request to the response, one line a step."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from chalice.app import Request, Response
from msgspec.structs import replace

from chalicelib.api import manifest_views, openapi, pages
from chalicelib.api.athena import DEADLINE, Athena
from chalicelib.api.cache import ManifestCache, ResponseCache, etag_matches, make_etag
from chalicelib.api.headers import ETAG, IF_NONE_MATCH, UNSETTLED, VARY, data_headers
from chalicelib.api.market_routes import MARKET_ROUTES
from chalicelib.api.models import IndexAnswer
from chalicelib.api.parameters import FilesParameters, NoParameters
from chalicelib.api.parsing import base_path, canonical, parse, path_parameter, resource
from chalicelib.api.queries import Source
from chalicelib.api.representations import (
    encode_json,
    encode_response,
    json_response,
    negotiate,
    prefers_html,
)
from chalicelib.api.routes import ROUTES, SERVED, documented
from chalicelib.api.table import Table
from chalicelib.api.tickers import NO_TICKERS, TickersCache
from chalicelib.errors import MarketDisabled
from chalicelib.instrument import IBOV
from chalicelib.lake.manifest import code_version
from chalicelib.lake.store import Lake


@dataclass(frozen=True, slots=True)
class Dataset:
    """A table of the catalog, and its manifest.

    Attributes:
        table: the name of the table in the catalog.
        manifest: its manifest.
        units: the unit of each numeric column.
        caveats: returns the caveats of columns of the table.
        tickers: its tickers; None for the table of the index.
    """

    table: str
    manifest: ManifestCache
    units: Mapping[str, str]
    caveats: Callable[[Iterable[str]], dict[str, str]]
    tickers: TickersCache | None = None


@dataclass(frozen=True, slots=True)
class ApiDependencies:
    """The parts of the API that read AWS, and its caches.

    Attributes:
        lake: the lake.
        athena: runs queries.
        responses: responses by ETag.
        index: the table of the index.
        market: the table of shares; None if the market is not enabled.
    """

    lake: Lake
    athena: Athena
    responses: ResponseCache
    index: Dataset
    market: Dataset | None


def table(request: Request, api: ApiDependencies) -> Response:
    """Return the answer of a route's view, or 304 if `If-None-Match` has its ETag.

    For each version of the data, equal requests share one execution in Athena, by the idempotency token, and a warm
    function caches the response. If a run changes the table before or during the query, the response says that it is
    not settled, and is not cached.

    Raises:
        MarketDisabled: the route is one of the market, which is not enabled.
        UnknownTicker: the table of shares does not have the ticker of the path.
        BadParameter: a query parameter is not allowed.
        NotReady: nothing has been ingested yet.
        SchemaMismatch: the lake has another schema version than this code.
        QueryError: Athena did not return a result.
    """
    deadline = api.athena.clock() + DEADLINE
    route = SERVED[request.path]
    if route.view is None:
        raise TypeError(f"route {request.path} has no view")
    dataset = api.market if request.path in MARKET_ROUTES else api.index
    if dataset is None:
        raise MarketDisabled(f"{request.path} needs the setting market=yes")
    parameters: Any = parse(route.parameters, request)
    format_ = negotiate(parameters.format, request.headers.get("accept"))
    snapshot = dataset.manifest.get()
    contents = snapshot.require_contents()
    path = resource(request)
    url = base_path(request) + path
    version = dataset.manifest.table_version(snapshot)
    ticker = path_parameter(request, "ticker")
    tickers = dataset.tickers.get(api.athena, contents, version, deadline) if dataset.tickers else NO_TICKERS
    years = tickers.years_of(ticker) if ticker is not None else contents.sessions_by_year()
    etag = make_etag(contents.version, contents.code_version, code_version(), url, encode_json(parameters), format_)
    headers = data_headers(contents) | {ETAG.name: etag}
    settled = version == snapshot.version
    if settled:
        if etag_matches(request.headers.get(IF_NONE_MATCH), etag):
            return Response("", headers, 304)
        if (cached := api.responses.get(etag)) is not None:
            return cached.response()
    refined = Table(
        source=Source(dataset.table, ticker),
        instrument=IBOV.ticker if dataset is api.index else ticker or "",
        years=years,
        units=dataset.units,
        caveats=dataset.caveats,
        tickers=tickers,
        contents=contents,
        path=path,
        url=url,
        athena=api.athena,
        version=version,
        deadline=deadline,
    )
    answer = route.view(parameters, refined)
    # Athena reads S3, not the manifest: if a run has changed a year meanwhile, the rows may belong to another version.
    if not settled or dataset.manifest.table_version(dataset.manifest.refresh()) != version:
        answer = replace(answer, meta=replace(answer.meta, settled=False))
        return encode_response(answer, parameters, format_, headers | UNSETTLED).uncacheable()
    result = encode_response(answer, parameters, format_, headers)
    api.responses.put(etag, result)
    return result.response()


def files(request: Request, api: ApiDependencies) -> Response:
    """Return the parquet file of each year, with an address that expires. The response must not be stored.

    Raises:
        BadParameter: a query parameter is not allowed.
        NotReady: nothing has been ingested yet.
        SchemaMismatch: the lake has another schema version than this code.
    """
    parameters = parse(FilesParameters, request)
    format_ = negotiate(parameters.format, request.headers.get("accept"))
    snapshot = api.index.manifest.get()
    contents = snapshot.require_contents()
    settled = api.index.manifest.table_version(snapshot) == snapshot.version
    query = urlencode(canonical(parameters))
    link = f"{base_path(request)}{request.path}{query and f'?{query}'}"
    answer = manifest_views.files(contents, api.lake, link, datetime.now(UTC), settled=settled)
    headers = data_headers(contents) | ({} if settled else UNSETTLED)
    return encode_response(answer, parameters, format_, headers).uncacheable()


def index(request: Request, *, market: bool) -> Response:
    """Return the summary and the link of each route, or the page `/` to a client that asks for HTML.

    Args:
        market: whether the market is enabled. Otherwise its routes are left out.
    """
    if prefers_html(request.headers.get("accept")):
        # The page ignores parameters, because a link to it may have those of web analytics, such as utm_source.
        return pages.home(request, market=market)
    parse(NoParameters, request)
    base = base_path(request)
    routes = documented() if market else ROUTES
    summaries = {path: route.summary for path, route in routes.items()}
    links = {path: f"{base}{path}" for path in routes}
    return json_response(IndexAnswer("b3-dataflow", summaries, links), **{VARY: "Accept"})


def contract(request: Request) -> Response:
    """Return the OpenAPI document, with the base path of the request."""
    parse(NoParameters, request)
    return json_response(openapi.encoded(base_path(request)))


def status(request: Request, api: ApiDependencies) -> Response:
    """Return the state of the lake, from the manifest alone."""
    parse(NoParameters, request)
    return json_response(manifest_views.status(api.index.manifest.get(), datetime.now(UTC)))
