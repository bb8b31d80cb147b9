"""`python -m local backfill`: fetch past days again into the lake of a running `make run`."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib import wiring
from chalicelib.api.cache import MANIFEST_TTL
from chalicelib.errors import LakeChanged
from chalicelib.ingest import backfill, cotahist, decisions
from chalicelib.ingest.sources import Source
from chalicelib.ingest.sources.b3.closes import ClosesSource
from chalicelib.lake.store import Lake
from chalicelib.logs import pluralize
from chalicelib.sources import B3, COTAHIST, REMOVAL, SAMPLE, YAHOO
from common.console import activity
from local import environment, sources
from local.errors import LocalError
from local.running import reach

MERGE_SECONDS = 120.0
"""The timeout of the merge."""

COLUMN_NAMES = {
    "preco_abertura": "open",
    "preco_maximo": "high",
    "preco_minimo": "low",
    "preco_fechamento": "close",
    "volume_negociado": "volume",
    "fonte": "source",
}


def run(arguments: argparse.Namespace) -> None:
    """Add the days to raw and wait until the job has merged them; with `--dry-run`, write nothing.

    In both cases, print the effect of each bar.

    Raises:
        LocalError: no local AWS listens on the port, the source is unknown, or the merge takes too long.
        B3Error: the source fails, or the request is invalid.
    """
    if location := market_file(arguments):
        _add_market_file(location, arguments)
        return
    source = _named(arguments.source) if arguments.source else None
    environment.point_at(reach("local AWS", arguments.aws_port, "--aws-port"))
    lake = wiring.lake()
    now = datetime.now(UTC)
    result, origin = _result(arguments, source, lake, now)
    for line in lines(result):
        print(f"  {line}")
    if arguments.dry_run:
        print(f"{_counts(result)}; nothing was written")
        return
    added = result["added"]
    print(_counts(result))
    if "bars" in added:
        rows = pluralize(added["bars"], "close" if origin == B3.name else "bar")
        print(f"{rows} from {origin}, {added['first']} to {added['last']}, added as {added['key']}")
    else:
        print(f"the {origin} was added as {added['key']}")
    with activity("waiting for the job to merge"):
        _wait_merged(lake, added["key"])
    effects = [f"{number:,} {name}" for name in ("changed", "confirmed") if (number := result["counts"].get(name))]
    if effects:
        print(f"merged: the API shows the sessions within {MANIFEST_TTL:.0f} seconds: {', '.join(effects)}")
    else:
        print("merged: no session changed, and the API shows what it showed before")


def market_file(arguments: argparse.Namespace) -> str | None:
    """Return the path or the URI of a file of the market that `--source` names, None if it names another source."""
    kind, _, location = (arguments.source or "").partition(":")
    return location if kind == COTAHIST.name and location else None


def _add_market_file(location: str, arguments: argparse.Namespace) -> None:
    environment.point_at(reach("local AWS", arguments.aws_port, "--aws-port"))
    with activity("reading the file to its end"):
        stored = cotahist.add_location(location, wiring.lake(), datetime.now(UTC), dry_run=arguments.dry_run)
    summary = stored.summary
    records = pluralize(summary.records, "record")
    print(f"{records}, {summary.first} to {summary.last}, written by B3 on {summary.generated}")
    if stored.key is None:
        print("nothing was written")
    else:
        print(f"added as {stored.key}" if stored.added else f"nothing was written: {stored.key} is the same file")


def _result(
    arguments: argparse.Namespace, source: Source | ClosesSource | None, lake: Lake, now: datetime
) -> tuple[Mapping[str, Any], str]:
    """Add the rows, the removal or the acceptance to raw; return the effect, and what it comes from."""
    if arguments.accept:
        acceptance = decisions.Acceptance(arguments.accept, arguments.dry_run)
        with activity("comparing"):
            return decisions.accept(acceptance, lake, now), "acceptance"
    if arguments.remove:
        removal = decisions.Removal(True, arguments.start, arguments.end, arguments.dry_run)
        with activity("comparing"):
            return decisions.remove(removal, lake, now), "removal"
    source = source or _default_source(lake)
    request = backfill.Backfill(arguments.start, arguments.end, source.name, arguments.as_correction, arguments.dry_run)
    with activity(f"downloading from {source.name} and comparing"):
        return backfill.run(request, source, lake, now), source.name


def _default_source(lake: Lake) -> Source | ClosesSource:
    manifest, _ = lake.manifest()
    contents = manifest.contents if manifest else None
    return _named(SAMPLE.name if contents and contents.synthetic else YAHOO.name)


def _named(name: str) -> Source | ClosesSource:
    try:
        return sources.of_backfill(name)
    except ValueError as error:
        raise LocalError(str(error)) from error


def lines(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each row of the report in order of session, and one for all that are confirmed or equal."""
    rows = [
        *((change["session"], _values(change)) for change in report["changed"]),
        *((row["session"], _outranked(row["kept"])) for row in report["outranked"]),
        *((session, "not used: the lake has no bar of this session") for session in report.get("without_bar", [])),
        *((row["session"] or "no date", f"refused: {row['reason']}, {row['meaning']}") for row in report["refused"]),
    ]
    text = [f"{session}  {effect}" for session, effect in sorted(rows)]
    kind = "close" if "confirmed" in report else "bar"
    for name in ("confirmed", "equal"):
        if sessions := report.get(name):
            days = sessions[0] if len(sessions) == 1 else f"{sessions[0]} to {sessions[-1]}"
            text.append(f"{days}  {name}: {pluralize(report['counts'][name], kind)}")
    if unlisted := sum(report["counts"].values()) - sum(len(report[name]) for name in report["counts"]):
        text.append(f"and {pluralize(unlisted, f'more {kind}')}")
    return text


def _outranked(kept: str) -> str:
    if kept == REMOVAL.name:
        return "not used: this session was removed; --as-correction restores it"
    return f"not used: the bar of {kept} has precedence"


def _counts(report: Mapping[str, Any]) -> str:
    words = {"outranked": "not used", "without_bar": "without a bar"}
    return ", ".join(f"{number:,} {words.get(name, name)}" for name, number in report["counts"].items())


def _values(change: Mapping[str, Any]) -> str:
    before, after = change["before"], change["after"]
    if before is None or after is None:
        bar = after or before
        values = ", ".join(f"{word} {bar[column]}" for column, word in COLUMN_NAMES.items())
        return f"{'new' if after else 'removed'}: {values}"
    differences = [
        f"{word} {before[column]} → {after[column]}"
        for column, word in COLUMN_NAMES.items()
        if before[column] != after[column]
    ]
    return f"changed: {', '.join(differences)}"


def _wait_merged(lake: Lake, key: str) -> None:
    deadline = time.monotonic() + MERGE_SECONDS
    while time.monotonic() < deadline:
        manifest, _ = lake.manifest()
        contents = manifest.contents if manifest else None
        try:
            if contents and manifest and manifest.state == "ready" and key in lake.ledger(contents.ledger).merged:
                return
        except LakeChanged:
            pass  # another commit came between the two reads
        time.sleep(0.2)
    raise LocalError(f"{key} was not merged within {MERGE_SECONDS:.0f} s: see the output of `make run`")
