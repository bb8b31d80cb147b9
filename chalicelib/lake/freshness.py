"""The age of the data in sessions, for `/status` and for CloudWatch."""

from __future__ import annotations

from datetime import date, datetime

import msgspec

from chalicelib.lake import metrics
from chalicelib.lake.manifest import Contents
from chalicelib.layout import SAO_PAULO

METRIC = "SessionsBehind"
"""The CloudWatch metric. The alarm in infra/templates/main.yaml watches it."""


class Freshness(msgspec.Struct, frozen=True):
    """The last session that is due, and the number of sessions missing after the last one in the lake.

    A session is due on the day after it, in São Paulo.
    """

    expected: date | None
    sessions_behind: int


def freshness(contents: Contents, now: datetime) -> Freshness:
    """Return the last session that is due, and the number of sessions missing after the last one in the lake."""
    today = now.astimezone(SAO_PAULO).date()
    due = [session for session in contents.sessions_ahead if session < today]
    return Freshness(due[-1] if due else contents.as_of, len(due))


def metric(contents: Contents, bucket: str, now: datetime) -> str:
    """Return the log line of the metric; `bucket` is the lake's refined bucket."""
    return metrics.line(METRIC, freshness(contents, now).sessions_behind, bucket, now)
