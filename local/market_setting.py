"""The setting `market` of a running `make run`: yes as soon as the lake has the table of shares."""

from __future__ import annotations

import os
from dataclasses import replace

from chalicelib import layout, wiring
from local.glue_jobs import SUCCEEDED, GlueJobs, JobRun
from local.market_command import JOB

VARIABLE = "B3_MARKET"


def follow(jobs: GlueJobs) -> None:
    """Set `B3_MARKET` of this process to yes if the lake has the table of shares, or when a run of its job has ended.

    A user's own `B3_MARKET` keeps its value. Until then the page has no search for tickers, which would find none.

    Args:
        jobs: the jobs of the local Glue. What they do at the end of a run comes after it.
    """
    if VARIABLE in os.environ:
        return
    manifest, _ = replace(wiring.lake(), manifest_key=layout.SHARES_MANIFEST_KEY).manifest()
    if manifest and manifest.contents:
        _enable()
        return
    on_end = jobs.on_end

    def enable_and_end(run: JobRun) -> None:
        if run.job["Name"] == JOB and run.state == SUCCEEDED:
            _enable()
            print("the API and the page serve the shares now: /acoes", flush=True)
        on_end(run)

    jobs.on_end = enable_and_end


def _enable() -> None:
    os.environ[VARIABLE] = "yes"
    # The settings and the parts of the API are read from the environment once.
    wiring.clear_caches()
