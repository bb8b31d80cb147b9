"""Read the raw objects that an S3 notification names. Any other event is described on one line."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from chalicelib import layout
from chalicelib.logs import log

NAMED = 3
"""The number of names that the description of an event has at most."""

_LONGEST = 100
"""The number of characters of a name in a message."""

_BAD_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")


def raw_objects(event: Any, bucket: str) -> dict[str, str | None]:
    """Return the ETag of each raw object in an event by key, None where the event has no ETag.

    A record of anything else is ignored with a line that names it. An event without records, such as the test event
    that S3 sends when a notification is created, is ignored in the same way.

    Args:
        event: the payload of the invocation, of any type.
        bucket: the raw bucket.
    """
    records = event.get("Records") if isinstance(event, Mapping) else None
    if not isinstance(records, list) or not records:
        log.info("ignored: %s; allowed: an S3 notification with Records", _describe(event))
        return {}
    etags: dict[str, str | None] = {}
    for record in records:
        entry = _s3_object(record)
        if entry is None:
            log.info("ignored: a record of %s; allowed: a record of S3", _describe(record))
            continue
        name, encoded, etag = entry
        key = _decode(encoded)
        if name != bucket or key is None or not layout.is_raw(key):
            allowed = f"s3://{bucket}/{layout.RAW_PREFIX}…{layout.RAW_SUFFIX}"
            log.info("ignored: s3://%s/%s; allowed: %s", _short(name), _short(encoded), allowed)
            continue
        etags[key] = f'"{etag}"' if etag else None
    return etags


def _s3_object(record: Any) -> tuple[str, str, str | None] | None:
    """Return bucket, encoded key and ETag of a record of S3; None for another record."""
    try:
        s3 = record["s3"]
        name, stored = s3["bucket"]["name"], s3["object"]
        key, etag = stored["key"], stored.get("eTag")
    except (KeyError, TypeError, IndexError, AttributeError):
        return None
    if not isinstance(name, str) or not isinstance(key, str):
        return None
    return name, key, etag if isinstance(etag, str) else None


def _decode(key: str) -> str | None:
    """Return a key as S3 stores it; None if it, or its percent-encoding, is not valid UTF-8."""
    if _BAD_ESCAPE.search(key):
        return None
    try:
        decoded = unquote_plus(key, errors="strict")
        decoded.encode()
    except UnicodeError:
        return None
    return decoded


def _describe(event: Any) -> str:
    """Name what an event is: its type as its service names it, else the names of its fields."""
    if not isinstance(event, Mapping):
        return f"an event of type {type(event).__name__}"
    for field in ("Event", "detail-type", "eventSource", "EventSource", "Type"):
        if isinstance(event.get(field), str):
            return f"an event with {field} {_short(event[field])!r}"
    names = list(_names(event))
    more = ", …" if len(event) > len(names) else ""
    return f"an event with the fields {', '.join(names)}{more}" if names else "an empty event"


def _names(event: Mapping[Any, Any]) -> Iterator[str]:
    for name, _ in zip(event, range(NAMED), strict=False):
        yield repr(_short(str(name)))


def _short(text: str) -> str:
    """Return a text for one line of the log: without line breaks, valid UTF-8, and not longer than `_LONGEST`."""
    # JSON may have half a surrogate pair, which cannot be printed.
    line = " ".join(text.encode(errors="backslashreplace").decode().split())
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]}…"
