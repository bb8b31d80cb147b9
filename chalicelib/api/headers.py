"""Headers of the API: their names, and the descriptions of those that the OpenAPI document has."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chalicelib.lake.manifest import Contents

Headers = dict[str, str | list[str]]
"""The headers of a response, as Chalice takes them."""

CACHE_CONTROL = "Cache-Control"
CONTENT_TYPE = "Content-Type"
IF_NONE_MATCH = "If-None-Match"
VARY = "Vary"

REVALIDATE, NO_STORE = "no-cache", "no-store"
"""Values of `Cache-Control`: a client may store the response if it revalidates it by ETag, or must not store it."""

IMMUTABLE = "public, max-age=31536000, immutable"
"""Value of `Cache-Control` of a response that never changes at its URL."""

SECURITY = {
    "Content-Security-Policy": (
        "default-src 'self'; img-src 'self' data:; base-uri 'self'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
"""Headers of the pages and of their files: nothing is loaded from other hosts, and no script or style is inline."""


@dataclass(frozen=True, slots=True)
class Header:
    """A response header: its name, and its description and JSON schema in the OpenAPI document."""

    name: str
    description: str
    schema: Mapping[str, Any] = field(default_factory=lambda: {"type": "string"})


ETAG = Header("ETag", "Identifies this response.")
LINK = Header("Link", "In CSV, the link to the next page, if there is one.")
RETRY_AFTER = Header("Retry-After", "Seconds to wait before a retry.", {"type": "integer"})
DATA_AS_OF = Header("X-Data-As-Of", "The last session of the data. Absent if it has none.")
DATA_SYNTHETIC = Header("X-Data-Synthetic", "Whether the data is generated.", {"enum": ["true", "false"]})
DATA_VERSION = Header("X-Data-Version", "The version of the data.")
DATA_SETTLED = Header("X-Data-Settled", "As `settled` in `meta`: present if it is false.", {"enum": ["false"]})

DATA = (LINK, DATA_AS_OF, DATA_SETTLED, DATA_SYNTHETIC, DATA_VERSION)
"""The headers of a response with rows, besides its ETag."""

EXPOSED = (ETAG, LINK, RETRY_AFTER, DATA_AS_OF, DATA_SETTLED, DATA_SYNTHETIC, DATA_VERSION)
"""The headers that a page of another origin may read."""

UNSETTLED: Headers = {DATA_SETTLED.name: "false"}
"""The header of a response whose answer is not settled."""


def data_headers(contents: Contents) -> Headers:
    """Return the headers of a response from these contents, in every format. CSV has metadata in headers only."""
    as_of: Headers = {} if contents.as_of is None else {DATA_AS_OF.name: f"{contents.as_of}"}
    return as_of | {
        CACHE_CONTROL: REVALIDATE,
        VARY: "Accept",
        DATA_SYNTHETIC.name: "true" if contents.synthetic else "false",
        DATA_VERSION.name: contents.version,
    }
