"""Fixtures of the tests that run the job in their own process."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from b3_etl_job import bring_up_to_date

from chalicelib.catalog import Catalog
from chalicelib.lake import Lake
from chalicelib.manifest import Contents
from local.laptop import Laptop
from tests.job import THREE, empty, put, stored
from tests.lake import NOW, RAW, REFINED


@pytest.fixture
def lake(laptop: Laptop, s3: Any) -> Lake:
    """An empty lake in which a raw object starts no job: there are only the runs that a test makes."""
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    return Lake(s3, RAW, REFINED)


@pytest.fixture
def catalog(glue: Any) -> Catalog:
    return Catalog(glue, "b3_refined_db", "ibov_refined", f"s3://{REFINED}/refined/")


@pytest.fixture
def run(lake: Lake, catalog: Catalog) -> Callable[..., Contents | None]:
    """A run of the job; each has an id of its own."""
    ids = itertools.count()

    def run(now: datetime = NOW) -> Contents | None:
        return bring_up_to_date(lake, catalog, f"jr_{next(ids)}", lambda: now)

    return run


@pytest.fixture
def rebuilt(laptop: Laptop, lake: Lake, run: Any, s3: Any) -> tuple[dict[str, bytes | None], str]:
    """What a clean rebuild from the three objects gives, and its version."""
    put(lake, *THREE)
    version = run().version
    found = stored()
    empty(laptop, s3)
    return found, version
