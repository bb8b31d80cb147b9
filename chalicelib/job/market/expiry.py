"""Delete what no table needs any more: a day later, because queries may still read it."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from chalicelib import layout
from chalicelib.job.market.inputs import Inputs, parsed_prefix
from chalicelib.lake.manifest import Ledger
from chalicelib.lake.store import Lake, Listed
from chalicelib.logs import log

AGE = timedelta(days=1)
"""How long after it was superseded a table is deleted. A query of Athena takes at most half an hour."""


def delete_superseded(lake: Lake, ledger: Ledger, inputs: Inputs, now: datetime) -> None:
    """Delete earlier tables and parsed bars that are not those of these files, a day after they were superseded.

    What no commit has named, a killed run's, goes a day after its last write. The run of a later prefix needs nothing
    of it, and a run that is late writes below its own prefix only.

    Args:
        ledger: of the last commit.
    """
    parsed = {parsed_prefix(key, etag) for key, etag in inputs.files.items()}
    for root, needed in ((layout.SHARES_PREFIX, {inputs.prefix}), (layout.PARSED_PREFIX, parsed)):
        for prefix, objects in _by_prefix(lake, root).items():
            # The later of both: the table of files that raw had before may be written again.
            written = max(listed.modified for listed in objects.values())
            since = max(written, ledger.superseded.get(prefix, written))
            if prefix not in needed and now - since >= AGE:
                log.info("deleting %s objects of %s, which no table needs", f"{len(objects):,}", prefix)
                lake.delete_all_refined(list(objects))


def _by_prefix(lake: Lake, root: str) -> dict[str, dict[str, Listed]]:
    objects: defaultdict[str, dict[str, Listed]] = defaultdict(dict)
    for key, listed in lake.refined_listing(root).items():
        folder, slash, _ = key.removeprefix(root).partition("/")
        objects[root + folder + slash][key] = listed
    return objects
