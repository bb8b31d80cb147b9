"""Update refined from all of raw: list, read, refine, write, commit; start over if raw grew meanwhile."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date, datetime, timedelta

from chalicelib import layout
from chalicelib.errors import LakeChanged, RunInProgress
from chalicelib.instrument import IBOV, Instrument
from chalicelib.job.commit import delete_ledgers, write_ledger, write_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.lease import HasEnded, acquire
from chalicelib.lake.manifest import (
    GAPS_LISTED,
    HELD_BACK_LISTED,
    Contents,
    Gap,
    HeldBack,
    Ledger,
    OfficialCloses,
    Quality,
    Run,
    code_version,
    version_of,
)
from chalicelib.lake.store import Lake
from chalicelib.logs import log, pluralize
from chalicelib.refine.calendar import sessions
from chalicelib.refine.raw import read_all
from chalicelib.refine.refinery import Refined, refine
from chalicelib.schema import SCHEMA_VERSION

ATTEMPTS = 5
"""The number of attempts of a run. It starts over if another run wrote, or if raw grew."""

SESSIONS_AHEAD = timedelta(days=400)
"""The manifest lists the calendar's sessions up to this time after the run."""

_WRITTEN = (layout.REFINED_PREFIX, layout.QUARANTINE_KEY, layout.REVISIONS_KEY, layout.LEDGER_PREFIX)

Clock = Callable[[], datetime]


def update_refined(
    lake: Lake,
    catalog: Catalog,
    run_id: str,
    clock: Clock,
    instrument: Instrument = IBOV,
    *,
    has_ended: HasEnded = lambda _: False,
    correlation_id: str | None = None,
) -> Contents | None:
    """Merge all of raw into refined and commit. Return the contents of the lake, None if raw is empty.

    Every write is conditional on the objects at the time the run acquired the lease, so two runs never overwrite each
    other. A run compares with the stored objects, not with the manifest, so it repairs the lake after a killed run.

    Args:
        has_ended: whether the run that holds the lease has ended, so that this run may take it over.
        correlation_id: the key of the raw object for which the run was started, None for another start.

    Raises:
        RunInProgress: another run holds the lease, or the lake changed during each of `ATTEMPTS` attempts.
        BackendUnavailable: S3 did not return a raw object; nothing was written.
        LakeError: the catalog refused the table or a partition; the next run repairs the lake.
    """
    return until_merged(
        lake,
        lake.raw_objects,
        lambda: _merge(lake, catalog, run_id, clock, instrument, has_ended=has_ended, correlation_id=correlation_id),
        run_id,
    )


def until_merged(
    lake: Lake, raw_objects: Callable[[], Mapping[str, str]], merge: Callable[[], Contents], run_id: str
) -> Contents | None:
    """Merge raw, and start over while another run writes or raw grows. Return the contents, None if raw is empty.

    Args:
        raw_objects: returns the ETag of each raw object of the lake, by key.
        merge: one attempt.

    Raises:
        RunInProgress: the lake changed during each of `ATTEMPTS` attempts.
    """
    for _ in range(ATTEMPTS):
        if not raw_objects():
            log.info("raw is empty: nothing to do")
            return None
        try:
            contents = merge()
            merged = lake.ledger(contents.ledger).merged
        except LakeChanged as error:
            log.info("starting over: %s", error)
            continue
        if raw_objects().items() <= merged.items():
            return contents
        log.info("starting over: raw grew meanwhile")
    raise RunInProgress(f"the lake changed during each of {ATTEMPTS} attempts of run {run_id}")


def _merge(
    lake: Lake,
    catalog: Catalog,
    run_id: str,
    clock: Clock,
    instrument: Instrument,
    *,
    has_ended: HasEnded,
    correlation_id: str | None,
) -> Contents:
    """Acquire the lease, compute, write and commit, once."""
    started_at = clock()
    with acquire(lake, run_id, started_at, has_ended, _WRITTEN) as writer:
        listing = lake.raw_listing()
        ledger = Ledger({key: listed.etag for key, listed in listing.items()})
        raw = read_all(lake.read_raw(listing), instrument)
        refined = refine(raw, sessions, instrument)
        refused = len(refined.quarantine)
        read = pluralize(len(listing), "object"), pluralize(refined.rows, "row")
        log.info("raw: %s, %s, %s of them refused", *read, f"{refused:,}")
        years = write_refined(writer, catalog, refined)
        contents = Contents(
            version=version_of(years),
            as_of=_session(refined, -1),
            first_session=_session(refined, 0),
            rows=len(refined.bars),
            years=years,
            synthetic=refined.synthetic,
            quality=_quality(refined),
            sessions_ahead=sessions_ahead(_session(refined, -1), started_at.date()),
            run=Run(
                run_id, started_at, clock(), refined.rows, len(refined.bars), len(refined.quarantine), correlation_id
            ),
            schema_version=SCHEMA_VERSION,
            code_version=code_version(),
            ledger=write_ledger(writer, ledger),
            held_back=[HeldBack(each.key, each.because) for each in refined.held_back[-HELD_BACK_LISTED:]],
            forecasts=refined.scores,
        )
        writer.commit(contents)
    committed = pluralize(contents.rows, "session")
    log.info("committed: %s to %s, version %s", committed, contents.as_of, contents.version[:12])
    delete_ledgers(writer, contents.ledger)
    return contents


def _quality(refined: Refined) -> Quality:
    reasons = refined.degraded()
    return Quality(
        refused=refined.refused(),
        warnings=dict(refined.warnings),
        revisions=len(refined.revisions),
        opens_at_previous_close=refined.opens_at_previous_close,
        gaps=[Gap(session, reason) for session, reason in refined.coverage.missing.items()][-GAPS_LISTED:],
        degraded=bool(reasons),
        degraded_because=reasons,
        gaps_count=len(refined.coverage.missing),
        official_closes=OfficialCloses(**asdict(refined.official)),
    )


def _session(refined: Refined, position: int) -> date | None:
    return refined.bars["data"].iloc[position].date() if len(refined.bars) else None


def sessions_ahead(as_of: date | None, today: date) -> list[date]:
    """Return the calendar's sessions after the last one of the lake, up to `SESSIONS_AHEAD` after today."""
    after = (as_of or today) + timedelta(days=1)
    return [session.date() for session in sessions(after, max(as_of or today, today) + SESSIONS_AHEAD)]
