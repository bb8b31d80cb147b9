"""Keyset pagination: encode the position of a page's last row as the cursor of the next page.

A cursor holds the sort value and the date or ticker of the last row, so the next page starts after that row in this
version of the data or a newer one. A digest binds it to its query: used with another query, a cursor would silently
skip or repeat rows.
The digest is not a secret: a forged cursor only selects another position in public data.
"""

from __future__ import annotations

import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import date
from typing import Annotated, TypeVar

import msgspec

from chalicelib.errors import BadParameter

_DIGEST_BYTES = 9
"""The length of the digest at the start of a cursor."""

Value = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)] | float | None


class Position(msgspec.Struct, frozen=True, array_like=True):
    """The position of a row: its value in the sort column, and its date. The value is None if the sort
    column is `data`, or if the value is null."""

    value: Value
    data: date

    @property
    def key(self) -> date:
        """What identifies the row."""
        return self.data


class TickerPosition(msgspec.Struct, frozen=True, array_like=True):
    """The position of a row of several tickers: as `Position`, with its ticker instead of a date."""

    value: Value
    ticker: Annotated[str, msgspec.Meta(min_length=1, max_length=12)]

    @property
    def key(self) -> str:
        """What identifies the row."""
        return self.ticker


P = TypeVar("P", Position, TickerPosition)


def encode(position: Position | TickerPosition, query: bytes) -> str:
    """Return the cursor of a position.

    Args:
        query: the canonical form of the route and its other parameters.
    """
    body = msgspec.json.encode(position)
    return urlsafe_b64encode(_digest(body, query) + body).decode().rstrip("=")


def decode(text: str, query: bytes, kind: type[P]) -> P:
    """Return the position in a cursor.

    Args:
        query: as in `encode`.
        kind: the class of the position.

    Raises:
        BadParameter: the cursor is damaged or belongs to another query.
    """
    try:
        body = urlsafe_b64decode(text + "=" * (-len(text) % 4))[_DIGEST_BYTES:]
        position = msgspec.json.decode(body, type=kind)
    except (ValueError, msgspec.DecodeError):
        position = None
    if position is None or encode(position, query) != text:
        raise BadParameter("cursor", text, "links.next of the previous page, with the same parameters")
    return position


def _digest(body: bytes, query: bytes) -> bytes:
    return hashlib.sha256(query + b"\n" + body).digest()[:_DIGEST_BYTES]
