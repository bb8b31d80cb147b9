"""`python -m local backfill`: days asked for again, in the lake of a `make run` that is running."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from chalicelib import wiring
from chalicelib.api.cache import HELD_SECONDS
from chalicelib.errors import LakeChanged
from chalicelib.ingest import backfill
from chalicelib.ingest.sources import Source
from chalicelib.lake.store import Lake
from chalicelib.sources import SAMPLE, YAHOO
from local import environment, sources
from local.errors import LocalError
from local.running import reach

MERGED_SECONDS = 120.0

NAMES = {
    "preco_abertura": "open",
    "preco_maximo": "high",
    "preco_minimo": "low",
    "preco_fechamento": "close",
    "volume_negociado": "volume",
    "fonte": "source",
}


def run(arguments: argparse.Namespace) -> None:
    """Do the backfill and wait until it is merged, or say which sessions would change.

    Raises:
        LocalError: no local AWS is running there.
        B3Error: the backfill cannot be done as asked.
    """
    environment.point_at(reach("local AWS", arguments.aws_port, "--aws-port"))
    lake = wiring.lake()
    now = datetime.now(UTC)
    source = _source(arguments.source, lake)
    asked = backfill.Backfill(arguments.start, arguments.end, source.name, arguments.as_correction, arguments.dry_run)
    done = backfill.run(asked, source, lake, now)
    if arguments.dry_run:
        for change in done["changes"]:
            print(_line(change))
        print(f"{len(done['changes']):,} sessions would change; nothing was written")
        return
    added = done["added"]
    print(f"{added['bars']:,} bars from {source.name}, {added['first']} to {added['last']}, added as {added['key']}")
    _wait_merged(lake, added["key"])
    print(f"merged: the API shows them within {HELD_SECONDS:.0f} seconds")


def _source(name: str | None, lake: Lake) -> Source:
    if name is None:
        manifest, _ = lake.manifest()
        contents = manifest.contents if manifest else None
        name = SAMPLE.name if contents and contents.synthetic else YAHOO.name
    try:
        *_, source = sources.candidates(name)
    except ValueError as error:
        raise LocalError(str(error)) from error
    return source


def _line(change: Mapping[str, Any]) -> str:
    before, after = change["before"], change["after"]
    if before is None or after is None:
        bar = after or before
        values = ", ".join(f"{word} {bar[name]}" for name, word in NAMES.items())
        return f"  {change['session']}  {'new' if after else 'gone'}: {values}"
    differences = [
        f"{word} {before[name]} → {after[name]}" for name, word in NAMES.items() if before[name] != after[name]
    ]
    return f"  {change['session']}  {', '.join(differences)}"


def _wait_merged(lake: Lake, key: str) -> None:
    deadline = time.monotonic() + MERGED_SECONDS
    while time.monotonic() < deadline:
        manifest, _ = lake.manifest()
        contents = manifest.contents if manifest else None
        try:
            if contents and manifest and manifest.state == "ready" and key in lake.ledger(contents.ledger).merged:
                return
        except LakeChanged:
            pass  # a newer commit came between the two reads
        time.sleep(0.2)
    raise LocalError(f"{key} was not merged within {MERGED_SECONDS:.0f} s: see what `make run` printed")
