"""Fixtures of the integration tests: lakes, and runs of the job in this process."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest

from chalicelib.ingest.sources.csv_file import CsvFile
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import Contents
from chalicelib.lake.store import Lake
from local.laptop import Laptop
from tests.support import history
from tests.support.bars import raw_object, session_bars
from tests.support.job import THREE, stored
from tests.support.lake import NOW, RAW, REFINED, create_lake, create_stack, fill, served


@pytest.fixture(scope="module")
def api(running: Laptop, real_csv: Path) -> Iterator[Any]:
    """Chalice's test client for the API over a lake of the real history."""
    with served(running, raw_object(CsvFile(str(real_csv)).fetch(None, None), "csv")) as http:
        yield http


@pytest.fixture(scope="module")
def table(real_csv: Path) -> pd.DataFrame:
    """Expected refined table of the real history, without `avisos`."""
    return history.refined(real_csv)


@pytest.fixture
def lake(laptop: Laptop, s3: Any) -> Lake:
    """Empty lake in which a raw object does not start the job, so that only the test's own runs write."""
    s3.put_bucket_notification_configuration(Bucket=RAW, NotificationConfiguration={})
    return Lake(s3, RAW, REFINED)


@pytest.fixture
def catalog(laptop: Laptop) -> Catalog:
    return Catalog(boto3.Session(), "b3_refined_db", "ibov_refined", f"s3://{REFINED}/refined/")


@pytest.fixture
def run(lake: Lake, catalog: Catalog) -> Callable[..., Contents | None]:
    """Function that runs the job with a new run id."""
    ids = itertools.count()

    def run(now: datetime = NOW) -> Contents | None:
        return update_refined(lake, catalog, f"jr_{next(ids)}", lambda: now)

    return run


@pytest.fixture(scope="module")
def rebuilt(running: Laptop) -> tuple[dict[str, bytes | None], str]:
    """Objects and version of a clean rebuild from the three raw objects."""
    create_stack(running)
    contents = fill(*THREE)
    return stored(), contents.version


@pytest.fixture
def filled(laptop: Laptop, s3: Any) -> Laptop:
    """Laptop whose lake has 38 sessions of 2024 and 82 of 2025."""
    create_lake(laptop, raw_object(session_bars("2024-11-01", 120)))
    return laptop
