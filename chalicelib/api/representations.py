"""The forms in which an answer can be had: JSON and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from chalicelib.api.models import Answer
from chalicelib.api.parameters import Format

JSON, CSV, PROBLEM_JSON = "application/json", "text/csv", "application/problem+json"

# RFC 9110, section 12.4.2: from 0 to 1, three digits after the point at the most.
_WEIGHT = re.compile(r"0(\.[0-9]{0,3})?|1(\.0{0,3})?")

_MEDIA: dict[str, Format] = {JSON: "json", CSV: "csv"}


def negotiated(asked: Format | None, accept: str | None) -> Format:
    """The form of an answer: what `format` says, else what `Accept` likes best, else JSON.

    A client that accepts neither gets JSON all the same (RFC 9110, section 12.4.1, allows it).
    """
    if asked is not None:
        return asked
    liked = [(_quality(accept or "", media), name) for media, name in _MEDIA.items()]
    best = max(liked, key=lambda each: each[0])
    return best[1] if best[0] > 0 else "json"


def _quality(accept: str, media: str) -> float:
    """How much a client likes a media type: the weight of the most specific range that it falls in."""
    ranges = {}
    for each in accept.split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        weight = next((text[2:] for text in parameters if text.startswith("q=")), "1")
        ranges[name] = float(weight) if _WEIGHT.fullmatch(weight) else 0.0
    for candidate in (media, media.partition("/")[0] + "/*", "*/*"):
        if candidate in ranges:
            return ranges[candidate]
    return 0.0


def as_json(answer: msgspec.Struct | dict[str, Any]) -> str:
    """The answer as JSON, dates in ISO."""
    return msgspec.json.encode(answer).decode()


def as_csv(answer: Answer, columns: Sequence[str] | None) -> str:
    """The rows of the answer as CSV (RFC 4180): a line with the names, null as nothing.

    Args:
        columns: those of the answer; None where its rows are of one class.
    """
    rows = msgspec.to_builtins(answer.rows)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns or list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()
