"""Where a page ended, as a text that a client hands back for the next.

A cursor holds the last row's sort value and date, so the next page begins after that row whatever was added since,
in this version of the data or a newer one. It is bound to its query by a digest: beside other parameters it would skip
or repeat rows without a word. The digest is no secret, and need not be: whoever forges a cursor gains a place in a list
that anyone may read.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from typing import Annotated

import msgspec

from chalicelib.errors import BadParameter

_DIGEST = 9

Value = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | float | None


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The last row of a page: the value of the column that it is sorted by, and its date."""

    value: Value
    data: date


def encode(position: Position, query: bytes) -> str:
    """The cursor of a page.

    Args:
        query: the canonical form of all else that was asked.
    """
    body = msgspec.json.encode(position)
    return urlsafe_b64encode(_digest(body, query) + body).decode().rstrip("=")


def decode(text: str, query: bytes) -> Position:
    """The position that a cursor holds.

    Raises:
        BadParameter: it is damaged, or belongs to another query.
    """
    try:
        body = urlsafe_b64decode(text + "=" * (-len(text) % 4))[_DIGEST:]
        position = msgspec.json.decode(body, type=Position)
    except (ValueError, msgspec.DecodeError):
        position = None
    if position is None or encode(position, query) != text:
        raise BadParameter("cursor", text, "links.next of the page before, with the same parameters")
    return position


def _digest(body: bytes, query: bytes) -> bytes:
    return hashlib.sha256(query + b"\n" + body).digest()[:_DIGEST]
