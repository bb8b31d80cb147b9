"""The age of the data, for `/status` and for CloudWatch: sessions without a bar, and the official closes of B3."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import msgspec

from chalicelib.lake.manifest import Contents
from chalicelib.layout import SAO_PAULO

METRIC = "SessionsBehind"
"""The CloudWatch metric. The alarm in infra/templates/main.yaml watches it."""

HELD_BACK = "DownloadsHeldBack"
"""The CloudWatch metric of the downloads that contradict the lake. Another alarm watches it."""


CLOSES_DUE = timedelta(days=3)
"""The schedule asks B3 for official closes from Tuesday to Saturday: a longer time without an answer is a failure."""


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


def closes_overdue(contents: Contents, now: datetime) -> str | None:
    """Return a sentence if a lake with official closes has had no answer of B3 for too long, else None."""
    closes = contents.quality.official_closes
    if closes is None or closes.collected_at is None or now - closes.collected_at <= CLOSES_DUE:
        return None
    return (
        f"No official close has been collected from B3 since {closes.collected_at.astimezone(SAO_PAULO).date()}: "
        f"the closes of later sessions are those of the source of the bars, unconfirmed."
    )


def counts(contents: Contents, now: datetime) -> dict[str, int]:
    """Return the value of each metric."""
    return {METRIC: freshness(contents, now).sessions_behind, HELD_BACK: len(contents.held_back)}
