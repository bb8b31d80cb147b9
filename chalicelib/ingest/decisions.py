"""What a person decides about raw: to remove the bars of some sessions, or to accept a download that is held back.

Each decision is a raw object of its own, so the lake stays a function of raw.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
import pandas as pd

from chalicelib import layout
from chalicelib.errors import BadPayload
from chalicelib.ingest.report import report
from chalicelib.instrument import IBOV, Instrument
from chalicelib.lake.store import Lake
from chalicelib.logs import correlate, log
from chalicelib.refine import parquet
from chalicelib.refine.calendar import sessions
from chalicelib.schema import ACCEPTANCES, ACCEPTED, PRICES, RAW, VOLUME
from chalicelib.sources import ACCEPTANCE, REMOVAL


class Removal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A removal: the payload `{"backfill": {"remove": true, …}}` of the ingest function.

    Attributes:
        remove: true.
        start, end: the sessions whose bars are removed, both included.
        dry_run: report the effect, and write nothing.
    """

    remove: bool
    start: date
    end: date
    dry_run: bool = False


class Acceptance(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An acceptance: the payload `{"backfill": {"accept": "raw/…"}}` of the ingest function.

    Attributes:
        accept: the key of a raw object that is held back.
        dry_run: report the effect, and write nothing.
    """

    accept: str
    dry_run: bool = False


def remove(request: Removal, lake: Lake, now: datetime, instrument: Instrument = IBOV) -> dict[str, Any]:
    """Remove the bars of some sessions, for good: only a later correction brings one back.

    Returns:
        `dry_run`; `added`, the key of the raw object, unless it is a dry run; and the fields of `Report`.

    Raises:
        BadPayload: the first day is after the last, the last is in the future, or there is no session between them.
    """
    first, today = instrument.first_session, now.astimezone(layout.SAO_PAULO).date()
    if not first <= request.start <= request.end <= today:
        raise BadPayload(
            f"from {request.start} to {request.end}; allowed: {first} ≤ start ≤ end ≤ {today}, which is today"
        )
    days = sessions(request.start, request.end)
    if days.empty:
        raise BadPayload(f"no session from {request.start} to {request.end}; allowed: days with sessions")
    rows = pd.DataFrame({"data": days, **dict.fromkeys(PRICES, float("nan"))})
    rows = rows.assign(ticker=instrument.ticker, fonte=REMOVAL.name, coletado_em=now)
    rows[VOLUME] = pd.array([None] * len(days), "Int64")
    return _add(parquet.encode(rows, RAW), request.dry_run, lake, now, instrument)


def accept(request: Acceptance, lake: Lake, now: datetime, instrument: Instrument = IBOV) -> dict[str, Any]:
    """Accept a download that is held back. The bars in it that a rule refuses stay refused.

    Returns:
        As `remove`.

    Raises:
        BadPayload: the raw object does not exist.
    """
    if request.accept not in lake.raw_objects():
        raise BadPayload(f"accept is {request.accept!r}; allowed: the key of a raw object, such as raw/….parquet")
    row = {ACCEPTED: [request.accept], "ticker": instrument.ticker, "fonte": ACCEPTANCE.name, "coletado_em": now}
    return _add(parquet.encode(pd.DataFrame(row), ACCEPTANCES), request.dry_run, lake, now, instrument)


def _add(body: bytes, dry_run: bool, lake: Lake, now: datetime, instrument: Instrument) -> dict[str, Any]:
    effect = msgspec.to_builtins(report(body, lake, now, instrument))
    if dry_run:
        return {"dry_run": True, **effect}
    key = lake.put_raw(body, now)
    correlate(key)
    log.debug("added %s: a decision by hand", key)
    return {"dry_run": False, "added": {"key": key}, **effect}
