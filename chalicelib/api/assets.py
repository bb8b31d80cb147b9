"""The static files of the pages `/` and `/docs`: style sheets and ES modules, from the folder `assets`.

They are served below a digest of all of them, so that a client may store them forever: a release that changes one file
has another digest, and the pages link to it. The modules import each other by relative names, which stay below it.
"""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from chalice.app import Request, Response

from chalicelib.api.cache import etag_matches, make_etag
from chalicelib.api.headers import CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IMMUTABLE, SECURITY, Headers
from chalicelib.api.parameters import NoParameters
from chalicelib.api.parsing import parse
from chalicelib.errors import NotFound

_MEDIA_TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8"}
"""The media types by suffix. Files with another suffix are not served."""


def asset(request: Request, version: str, name: str) -> Response:
    """Return a static file, or 304 if `If-None-Match` has its ETag.

    Raises:
        NotFound: no file has this name, or the version is that of another release.
    """
    parse(NoParameters, request)
    if version != digest() or name not in _files():
        raise NotFound(f"no asset {name!r} of version {version!r}; allowed: {', '.join(_files())} of {digest()}")
    body = text(name)
    etag = make_etag(body)
    media_type = _MEDIA_TYPES[name[name.rindex(".") :]]
    headers: Headers = {CONTENT_TYPE: media_type, CACHE_CONTROL: IMMUTABLE, ETAG.name: etag, **SECURITY}
    if etag_matches(request.headers.get(IF_NONE_MATCH), etag):
        return Response("", headers, 304)
    return Response(body, headers, 200)


def path() -> str:
    """Return the path of the folder of the static files, relative to the base path."""
    return f"assets/{digest()}"


@cache
def digest() -> str:
    """Return a digest of the names and bytes of all static files."""
    parts = "".join(f"{name}\n{text(name)}\n" for name in _files())
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


@cache
def text(name: str) -> str:
    """Return the text of a static file."""
    return _files()[name].read_text(encoding="utf-8")


@cache
def template(name: str) -> str:
    """Return a file of the folder that is not served by itself."""
    return (files("chalicelib.api") / "assets" / name).read_text(encoding="utf-8")


@cache
def _files() -> dict[str, Traversable]:
    folder = files("chalicelib.api") / "assets"
    entries = [*folder.iterdir(), *(folder / "vendor").iterdir()]
    return {entry.name: entry for entry in sorted(entries, key=lambda entry: entry.name) if _served(entry.name)}


def _served(name: str) -> bool:
    return name.endswith(tuple(_MEDIA_TYPES))
