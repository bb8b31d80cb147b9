"""Random faults and random poison together. `make soak N=100` runs many schedules, and prints what they hit."""

from __future__ import annotations

import os
from collections import Counter
from datetime import timedelta
from random import Random
from typing import Any

import numpy as np
import pandas as pd
import pytest
from botocore.exceptions import EndpointConnectionError

from chalicelib.errors import B3Error
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import JOB_TIMEOUT
from chalicelib.lake.store import Lake
from chalicelib.refine import parquet
from chalicelib.refine.quality import WIDEST
from chalicelib.schema import PRICES, REFINED
from local.laptop import Laptop
from tests.support.bars import raw_object
from tests.support.job import Killed, empty, failing_before_write, put, stored
from tests.support.lake import NOW
from tests.support.poison import HISTORY, clean, schedule

RUNS, SEED = int(os.environ.get("SOAK_RUNS", "2")), int(os.environ.get("SOAK_SEED", "1"))

TRUTH = HISTORY.set_index("data")[list(PRICES)]

FAULTS = {
    "none": None,
    "killed": None,
    "unreachable": EndpointConnectionError(endpoint_url="s3"),
    "a bug": RuntimeError("a bug"),
    "interrupted": KeyboardInterrupt(),
}


@pytest.mark.parametrize("seed", range(SEED, SEED + RUNS))
def test_a_lake_survives_faults_and_poison(
    laptop: Laptop, lake: Lake, catalog: Catalog, run: Any, s3: Any, capsys: Any, seed: int
):
    random = Random(seed)  # noqa: S311 - a test, not a secret
    hits: Counter[str] = Counter()
    downloads = schedule(random, 5, hits)
    objects = [raw_object(download.bars, collected_at=download.collected_at) for download in downloads]
    arrivals = random.choice([objects, random.sample(objects, len(objects)), [*objects, *random.choices(objects, k=2)]])
    arrived_keys: set[str] = set()
    now = NOW
    for arrived in arrivals:
        # Raw refuses a second write of an object: what is chosen twice is one more run.
        if arrived[0] not in arrived_keys:
            put(lake, arrived)
        arrived_keys.add(arrived[0])
        now += timedelta(minutes=random.choice([0, 1, 11]))
        fault = random.choice(list(FAULTS))
        hits[fault] += 1
        try:
            if fault == "none":
                run(now)
            else:
                hooks = (s3.meta.events, catalog.session.events)
                with failing_before_write(random.randint(0, 12), *hooks, error=FAULTS[fault]):
                    run(now)
        except (B3Error, Killed, EndpointConnectionError, RuntimeError, KeyboardInterrupt) as error:
            hits[f"raised {type(error).__name__}"] += 1

    contents = run(now + JOB_TIMEOUT)
    healed = stored()
    empty(laptop, s3)
    put(lake, *objects)
    rebuilt = run(now)

    assert healed == stored()
    assert contents.version == rebuilt.version
    assert [each.key for each in contents.held_back] == [each.key for each in rebuilt.held_back]
    assert contents.quality.degraded or not contents.held_back
    bodies = [body for key, body in healed.items() if key.startswith("refined/") and body]
    bars = pd.concat([parquet.decode(body, REFINED) for body in bodies]).set_index("data")[list(PRICES)]
    last = max(download.sessions for download in clean(downloads))
    assert bars.index.isin(TRUTH.index).all()
    assert HISTORY["data"].head(last).isin(bars.index).all()
    distance = np.abs(np.log(bars.to_numpy() / TRUTH.loc[bars.index].to_numpy())).max(axis=1)
    assert (distance <= WIDEST + 0.4).all()
    hits["bars below the thresholds"] += int((distance > 1e-4).sum())
    assert hits["bars below the thresholds"] <= 8 * len(downloads)
    with capsys.disabled():
        print(f"seed {seed}: {', '.join(f'{number} {name}' for name, number in sorted(hits.items()))}")
