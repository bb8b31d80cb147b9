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
from chalicelib.ingest import backfill, decisions
from chalicelib.ingest.sources import Source
from chalicelib.lake.store import Lake
from chalicelib.sources import SAMPLE, YAHOO
from common.console import activity
from local import environment, sources
from local.errors import LocalError
from local.running import reach

MERGE_SECONDS = 120.0

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

    With and without it, print what each bar changes.

    Raises:
        LocalError: no local AWS listens on the port, the source is unknown, or the merge takes too long.
        B3Error: the source fails, or the request is invalid.
    """
    environment.point_at(reach("local AWS", arguments.aws_port, "--aws-port"))
    lake = wiring.lake()
    now = datetime.now(UTC)
    result, origin = _result(arguments, lake, now)
    for line in lines(result):
        print(f"  {line}")
    if arguments.dry_run:
        print(f"{_counts(result)}; nothing was written")
        return
    added = result["added"]
    print(_counts(result))
    if "bars" in added:
        print(f"{added['bars']:,} bars from {origin}, {added['first']} to {added['last']}, added as {added['key']}")
    else:
        print(f"the {origin} was added as {added['key']}")
    with activity("waiting for the job to merge"):
        _wait_merged(lake, added["key"])
    if changed := result["counts"]["changed"]:
        print(f"merged: the API shows {changed:,} changed sessions within {MANIFEST_TTL:.0f} seconds")
    else:
        print("merged: no session changed, and the API shows what it showed before")


def _result(arguments: argparse.Namespace, lake: Lake, now: datetime) -> tuple[Mapping[str, Any], str]:
    """Add the bars, the removal or the acceptance to raw; return the effect, and what it comes from."""
    if arguments.accept:
        acceptance = decisions.Acceptance(arguments.accept, arguments.dry_run)
        with activity("comparing"):
            return decisions.accept(acceptance, lake, now), "acceptance"
    if arguments.remove:
        removal = decisions.Removal(True, arguments.start, arguments.end, arguments.dry_run)
        with activity("comparing"):
            return decisions.remove(removal, lake, now), "removal"
    source = _source(arguments.source, lake)
    request = backfill.Backfill(arguments.start, arguments.end, source.name, arguments.as_correction, arguments.dry_run)
    with activity(f"downloading from {source.name} and comparing"):
        return backfill.run(request, source, lake, now), source.name


def _source(name: str | None, lake: Lake) -> Source:
    if name is None:
        manifest, _ = lake.manifest()
        contents = manifest.contents if manifest else None
        name = SAMPLE.name if contents and contents.synthetic else YAHOO.name
    try:
        return sources.named(name)
    except ValueError as error:
        raise LocalError(str(error)) from error


def lines(report: Mapping[str, Any]) -> list[str]:
    """Return a line for each bar of the report in order of session, and one for all that are equal."""
    bars = [
        *((change["session"], _values(change)) for change in report["changed"]),
        *((bar["session"], f"not used: the bar of {bar['kept']} has precedence") for bar in report["outranked"]),
        *((bar["session"] or "no date", f"refused: {bar['reason']}, {bar['meaning']}") for bar in report["refused"]),
    ]
    text = [f"{session}  {effect}" for session, effect in sorted(bars)]
    if equal := report["equal"]:
        days = equal[0] if len(equal) == 1 else f"{equal[0]} to {equal[-1]}"
        text.append(f"{days}  equal: {report['counts']['equal']:,} bars")
    if unlisted := sum(report["counts"].values()) - sum(len(report[name]) for name in report["counts"]):
        text.append(f"and {unlisted:,} more bars")
    return text


def _counts(report: Mapping[str, Any]) -> str:
    words = {"changed": "changed", "equal": "equal", "outranked": "not used", "refused": "refused"}
    return ", ".join(f"{report['counts'][name]:,} {word}" for name, word in words.items())


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
