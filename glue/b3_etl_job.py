"""The job `b3-etl-job`: brings refined up to date with all of raw, whatever happened before.

    python glue/b3_etl_job.py --RAW_PATH s3://bucket/raw/ --REFINED_PATH s3://bucket/refined/

A run claims the manifest, computes refined from every raw object, writes the years that differ from what is
stored, registers them, and commits the manifest; then it looks for raw objects that arrived meanwhile. Every
write is conditional on what was stored at the claim, so two runs do not overwrite each other, and each run
compares with what is really stored, so one that was killed anywhere is healed by the next.
"""

from __future__ import annotations

import argparse
import hashlib
import uuid
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

import boto3

from chalicelib import layout, parquet
from chalicelib.b3_calendar import sessions
from chalicelib.catalog import Catalog
from chalicelib.errors import B3Error, LakeChanged, RunInProgress
from chalicelib.lake import Lake
from chalicelib.manifest import Contents, Gap, Ledger, Quality, Run, Year, code_version, version_of
from chalicelib.refinery import Refined, refine
from chalicelib.schema import QUARANTINE, REFINED, REVISIONS, SCHEMA_VERSION
from chalicelib.settings import Settings
from chalicelib.writer import Writer, claimed

ATTEMPTS = 5
"""How often a run starts over because somebody else wrote, or because raw grew while it worked."""

SESSIONS_AHEAD = timedelta(days=400)

Clock = Callable[[], datetime]


def main(argv: Sequence[str] | None = None) -> None:
    """Run the job with Glue's arguments; exits with one line that names what went wrong."""
    arguments = parse(argv)
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    session = boto3.Session()
    lake = Lake(session.client("s3"), raw.netloc, refined.netloc)
    catalog = Catalog(session, arguments.DATABASE, arguments.TABLE, arguments.REFINED_PATH)
    try:
        bring_up_to_date(lake, catalog, arguments.JOB_RUN_ID, lambda: datetime.now(UTC))
    except B3Error as error:
        raise SystemExit(f"{type(error).__name__}: {error}") from error


def parse(argv: Sequence[str] | None) -> argparse.Namespace:
    """The job's arguments. Glue adds many of its own, which are ignored."""
    parser = argparse.ArgumentParser(description="Bring refined up to date with all of raw.", allow_abbrev=False)
    parser.add_argument("--RAW_PATH", required=True, metavar="s3://…", help="any path in the raw bucket: a hint only")
    parser.add_argument("--REFINED_PATH", required=True, metavar="s3://…/refined/", help="where refined lies")
    parser.add_argument("--DATABASE", default=Settings().database, help="Glue database (default: %(default)s)")
    parser.add_argument("--TABLE", default=Settings().table, help="Glue table (default: %(default)s)")
    parser.add_argument("--JOB_RUN_ID", default=f"by-hand-{uuid.uuid4()}", help="the run's id (Glue gives it)")
    arguments, _ = parser.parse_known_args(argv)
    raw, refined = urlsplit(arguments.RAW_PATH), urlsplit(arguments.REFINED_PATH)
    if raw.scheme != "s3" or not raw.netloc:
        parser.error(f"--RAW_PATH is {arguments.RAW_PATH!r}; allowed: s3://bucket/…")
    if not refined.netloc or arguments.REFINED_PATH.removeprefix(f"s3://{refined.netloc}/") != layout.REFINED_PREFIX:
        parser.error(f"--REFINED_PATH is {arguments.REFINED_PATH!r}; allowed: s3://bucket/{layout.REFINED_PREFIX}")
    return arguments


def bring_up_to_date(lake: Lake, catalog: Catalog, run_id: str, clock: Clock) -> Contents | None:
    """Merge all of raw into refined and commit. Returns what the lake holds now, None if raw is empty.

    Raises:
        RunInProgress: another run holds the claim, or the lake changed at each of `ATTEMPTS` tries.
        MixedLake: real and synthetic bars meet in raw; nothing was written.
        LakeError: the catalog is not as it must be; the next run heals what was written.
    """
    for _ in range(ATTEMPTS):
        if not lake.raw_objects():
            print("raw is empty: nothing to do")
            return None
        try:
            contents = _merge(lake, catalog, run_id, clock)
            merged = lake.ledger(contents.ledger).merged
        except LakeChanged as error:
            print(f"starting over: {error}")
            continue
        if lake.raw_objects().items() <= merged.items():
            return contents
        print("starting over: raw grew meanwhile")
    raise RunInProgress(f"the lake changed during each of {ATTEMPTS} attempts of run {run_id}")


def _merge(lake: Lake, catalog: Catalog, run_id: str, clock: Clock) -> Contents:
    """One claim, one computation, one commit."""
    started_at = clock()
    with claimed(lake, run_id, started_at) as writer:
        ledger = Ledger(lake.raw_objects())
        raw = lake.read_raw(ledger.merged)
        refined = refine(raw.rows, raw.refused, sessions)
        print(f"raw: {len(ledger.merged):,} objects, {refined.rows:,} bars, {len(refined.quarantine):,} refused")
        years = _write(writer, catalog, refined)
        contents = Contents(
            version=version_of(years),
            as_of=_session(refined, -1),
            first_session=_session(refined, 0),
            rows=len(refined.bars),
            years=years,
            synthetic=refined.synthetic,
            quality=_quality(refined),
            sessions_ahead=_sessions_ahead(_session(refined, -1), started_at.date()),
            run=Run(run_id, started_at, clock(), refined.rows, len(refined.bars), len(refined.quarantine)),
            schema_version=SCHEMA_VERSION,
            code_version=code_version(),
            ledger=_write_ledger(writer, ledger),
        )
        writer.commit(contents)
    print(f"committed: {contents.rows:,} sessions to {contents.as_of}, version {contents.version[:12]}")
    # The claim is given up, and the next run may have written its ledger: only those that lay there before ours go.
    for key, etag in writer.stored.items():
        if key.startswith(layout.LEDGER_PREFIX) and key != contents.ledger:
            lake.delete_refined(key, etag)
    return contents


def _write(writer: Writer, catalog: Catalog, refined: Refined) -> dict[str, Year]:
    """Write the years that differ from what is stored, register them, and drop those that no longer are."""
    bars = {int(year): refined.bars[refined.bars["year"] == year] for year in sorted(refined.bars["year"].unique())}
    # All is encoded before the first write: what cannot be encoded leaves the lake as it was.
    bodies = {year: parquet.encode(rows, REFINED) for year, rows in bars.items()}
    refused = parquet.encode(refined.quarantine, QUARANTINE)
    revisions = parquet.encode(refined.revisions, REVISIONS)
    years: dict[str, Year] = {}
    for year, body in bodies.items():
        etag = writer.put(layout.refined_key(year), body)
        years[str(year)] = Year(etag, len(bars[year]), hashlib.sha256(body).hexdigest())
    written = {year.etag for year in years.values()} - set(writer.stored.values())
    print(f"refined: {len(years)} years, {len(written)} written")
    writer.put(layout.QUARANTINE_KEY, refused)
    writer.put(layout.REVISIONS_KEY, revisions)
    writer.about_to_write()
    catalog.register(bars)
    found = {key: layout.refined_year(key) for key in writer.stored if key.startswith(layout.REFINED_PREFIX)}
    for key, stored_year in found.items():
        if stored_year is None:
            print(f"warning: s3://{writer.lake.refined_bucket}/{key} is not of this lake, and Athena may read it")
        elif stored_year not in bars:
            writer.delete(key)
    return years


def _quality(refined: Refined) -> Quality:
    because = refined.coverage.degraded()
    return Quality(
        refused=refined.refused(),
        warnings=dict(refined.warnings),
        revisions=len(refined.revisions),
        opens_at_previous_close=refined.opens_at_previous_close,
        gaps=[Gap(session, reason) for session, reason in refined.coverage.missing.items()],
        degraded=bool(because),
        degraded_because=because,
    )


def _write_ledger(writer: Writer, ledger: Ledger) -> str:
    """Write the ledger under a name of its own, so that a manifest and the ledger that it names always agree."""
    body = ledger.encode()
    key = f"{layout.LEDGER_PREFIX}{hashlib.sha256(body).hexdigest()[:16]}.json"
    writer.put(key, body)
    return key


def _session(refined: Refined, position: int) -> date | None:
    return refined.bars["data"].iloc[position].date() if len(refined.bars) else None


def _sessions_ahead(as_of: date | None, today: date) -> list[date]:
    after = (as_of or today) + timedelta(days=1)
    return [session.date() for session in sessions(after, max(as_of or today, today) + SESSIONS_AHEAD)]


if __name__ == "__main__":
    main()
