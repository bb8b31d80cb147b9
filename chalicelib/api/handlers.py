"""The HTTP interface: what a request asks, from what its answer is made, and when it need not be made again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
from chalice.app import Request, Response

from chalicelib.api import openapi
from chalicelib.api.athena import DEADLINE, Athena
from chalicelib.api.cache import Answers, HeldManifest, Kept, etag, matches
from chalicelib.api.models import Answer, IndexAnswer, StatusAnswer
from chalicelib.api.parameters import Format, Nothing, Rows
from chalicelib.api.parsing import read
from chalicelib.api.representations import CSV, JSON, as_csv, as_json, negotiated
from chalicelib.api.routes import ROUTES
from chalicelib.api.views import Table, canonical
from chalicelib.errors import NotReady
from chalicelib.instrument import IBOV
from chalicelib.lake.freshness import freshness
from chalicelib.lake.manifest import Contents, code_version

Headers = dict[str, str | list[str]]


@dataclass(frozen=True, slots=True)
class Services:
    """What the answers are made from."""

    manifest: HeldManifest
    athena: Athena
    answers: Answers
    table: str


def table_answer(request: Request, services: Services) -> Response:
    """An answer from the table, or 304 to a client that has it.

    Made once for each version of the data: Athena remembers the question, and this function the answer. While a run
    writes, nobody keeps anything.

    Raises:
        BadParameter: the request cannot be answered as asked.
        NotReady: nothing has been ingested yet.
    """
    route = ROUTES[request.path]
    if route.view is None:
        raise TypeError(f"{request.path} does not ask the table")
    deadline = services.athena.clock() + DEADLINE
    asked: Any = read(route.parameters, parameters(request))
    form = negotiated(asked.format, request.headers.get("accept"))
    seen = services.manifest.held()
    contents = seen.contents
    if contents is None:
        raise NotReady("the lake has no committed manifest")
    address = base_path(request) + request.path
    tag = etag(contents.version, code_version(), address, urlencode(canonical(asked)), form)
    if seen.settled:
        if matches(request.headers.get("if-none-match"), tag):
            return Response("", _headers(contents, ETag=tag), 304)
        if (kept := services.answers.get(tag)) is not None:
            return Response(kept.body, dict(kept.headers), 200)
    # A version may come back, with an older release of the code, and what was read in between is not of it: the run
    # that committed it tells one time from the other.
    version = f"{contents.version} {contents.run.id}" if seen.settled else None
    table = Table(
        address, request.path, services.table, contents, lambda query: services.athena.rows(query, version, deadline)
    )
    answer = route.view(asked, table)
    kept = _represented(answer, asked, form, _headers(contents, ETag=tag))
    if seen.settled and services.manifest.now() == seen:
        services.answers.keep(tag, kept)
        return Response(kept.body, dict(kept.headers), 200)
    # Athena reads S3, not the manifest: some of the rows may be of another version.
    doubtful = {name: value for name, value in kept.headers.items() if name != "ETag"}
    return Response(kept.body, {**doubtful, "Cache-Control": "no-store"}, 200)


def _headers(contents: Contents, **more: str) -> dict[str, str | list[str]]:
    """What to say of an answer in any form; a CSV says it nowhere else."""
    return {
        "Cache-Control": "no-cache",
        "Vary": "Accept",
        "X-Data-As-Of": f"{contents.as_of}",
        "X-Data-Synthetic": "true" if contents.synthetic else "false",
        "X-Data-Version": contents.version,
        **more,
    }


def _represented(answer: Answer, asked: Any, form: Format, headers: Headers) -> Kept:
    if form == "json":
        return Kept(as_json(answer), {**headers, "Content-Type": JSON})
    headers = {**headers, "Content-Type": f"{CSV}; charset=utf-8"}
    if answer.links.next:
        headers["Link"] = f'<{answer.links.next}>; rel="next"'
    return Kept(as_csv(answer, asked.columns if isinstance(asked, Rows) else None), headers)


def index(request: Request) -> Response:
    """The routes, as links."""
    read(Nothing, parameters(request))
    base = base_path(request)
    summaries = {path: route.summary for path, route in ROUTES.items()}
    return _uncached(IndexAnswer("b3-dataflow", summaries, {path: f"{base}{path}" for path in ROUTES}))


def contract(request: Request) -> Response:
    """The OpenAPI document, with the address that the client reached."""
    read(Nothing, parameters(request))
    return _uncached(openapi.document(base_path(request)))


def status(request: Request, services: Services) -> Response:
    """What the lake holds, from the manifest alone."""
    read(Nothing, parameters(request))
    seen = services.manifest.held()
    contents = seen.contents
    if seen.manifest is None or contents is None:
        return _uncached(StatusAnswer(ticker=IBOV.ticker, state=seen.manifest.state if seen.manifest else "empty"))
    return _uncached(
        StatusAnswer(
            ticker=IBOV.ticker,
            state=seen.manifest.state,
            as_of=contents.as_of,
            first_session=contents.first_session,
            rows=contents.rows,
            version=contents.version,
            synthetic=contents.synthetic,
            freshness=freshness(contents, datetime.now(UTC)),
            quality=contents.quality,
            updated_at=contents.run.finished_at,
            schema_version=contents.schema_version,
            code_version=contents.code_version,
        )
    )


def parameters(request: Request) -> dict[str, list[str]]:
    """The query parameters of a request.

    The JSON of an event can hold half a character, which no text that is sent can: it is read as a question mark.
    """
    given = request.query_params
    return {_whole(name): [_whole(text) for text in given.getlist(name)] for name in given} if given else {}


def _whole(text: str) -> str:
    return text.encode(errors="replace").decode()


def base_path(request: Request) -> str:
    """What stands before a route's own path where the client reached it: a stage, or a custom domain's base path."""
    reached = str(request.context.get("path") or request.path)
    before = reached.rstrip("/").removesuffix(request.path.rstrip("/")).strip("/")
    return f"/{before}" if before else ""


def _uncached(answer: msgspec.Struct | dict[str, Any]) -> Response:
    return Response(as_json(answer), {"Content-Type": JSON, "Cache-Control": "no-cache"}, 200)
