"""HTML responses, and the page `/`."""

from __future__ import annotations

from functools import cache
from html import escape

from chalice.app import Request, Response

from chalicelib.api import assets
from chalicelib.api.cache import etag_matches, make_etag
from chalicelib.api.headers import (
    CACHE_CONTROL,
    CONTENT_TYPE,
    ETAG,
    IF_NONE_MATCH,
    REVALIDATE,
    SECURITY,
    VARY,
    Headers,
)
from chalicelib.api.parsing import base_path
from chalicelib.api.representations import HTML


def home(request: Request, *, market: bool) -> Response:
    """Return the page of the index and its volatility.

    Args:
        market: whether the page has a search for tickers.
    """
    return html_response(request, _home(base_path(request), market=market))


def html_response(request: Request, body: str) -> Response:
    """Return a page, or 304 if `If-None-Match` has its ETag."""
    etag = _etag(body)
    headers: Headers = {CACHE_CONTROL: REVALIDATE, VARY: "Accept", ETAG.name: etag, **SECURITY}
    if etag_matches(request.headers.get(IF_NONE_MATCH), etag):
        return Response("", headers, 304)
    return Response(body, headers | {CONTENT_TYPE: f"{HTML}; charset=utf-8"}, 200)


@cache
def _etag(body: str) -> str:
    # A page is the same text at each request, and its digest takes most of the time of an answer.
    return make_etag(body)


@cache
def _home(base: str, *, market: bool) -> str:
    page = assets.template("home.html").replace("{market}", "yes" if market else "no")
    return page.replace("{base}", escape(f"{base}/")).replace("{assets}", assets.path())
