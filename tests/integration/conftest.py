"""Fixtures of the integration tests: lakes, and runs of the job in this process."""

from __future__ import annotations

import itertools
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from common.paths import ROOT
from infra import cli
from infra.stage.state import rest_api
from local import moto_state
from local.glue_jobs import GlueJobs, script_environ
from local.laptop import Laptop
from tests.support import history
from tests.support.bars import raw_object, session_bars
from tests.support.deploying import Account, bucket, empty_account
from tests.support.job import THREE, stored
from tests.support.lake import NOW, RAW, REFINED, create_lake, create_stack, fill, served
from tests.support.snapshot import Snapshot
from tests.support.stage_command import clone, dependencies


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


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of the scripts of `jobs`."""
    folder = tmp_path / "glue"
    folder.mkdir()
    return folder


@pytest.fixture
def jobs(laptop: Laptop, tmp_path: Path, folder: Path) -> Iterator[GlueJobs]:
    """Glue with scripts in a temporary folder, and with minutes of one second."""
    jobs = GlueJobs(tmp_path, script_environ(laptop.aws.environ()), minute=1.0)
    yield jobs
    jobs.close()


@dataclass(frozen=True)
class Stage:
    """A deployed stage.

    Attributes:
        snapshot: Its AWS account.
        tags: `Account.tags`, which moto does not have.
        events: `Account.events`.
        root: The clone that it was deployed from.
    """

    snapshot: Snapshot
    tags: dict[str, dict[str, str]]
    events: list[Any]
    root: Path


@pytest.fixture(scope="session")
def stage(running: Laptop, tmp_path_factory: Any) -> Stage:
    """The stage dev, with alarms to ana@example.org."""
    root = clone(tmp_path_factory.mktemp("stage") / "clone")
    with empty_account(running) as account:
        assert cli.main(["deploy", "--stage", "dev", "--yes", "--email", "ana@example.org"], dependencies(root)) == 0
        running.aws.events.wait_idle(60)
        return Stage(Snapshot.take(), account.tags, account.events, root)


@pytest.fixture
def deployed(stage: Stage, account: Account, root: Path) -> str:
    """Deploy the stage from the clone, as a copy of `stage`. Returns the id of its API."""
    stage.snapshot.restore()
    account.tags.update(stage.tags)
    account.events.extend(stage.events)
    for name in ("build", ".chalice"):
        shutil.copytree(stage.root / name, root / name, symlinks=True, dirs_exist_ok=True)
    return rest_api((moto_state.read(bucket("artifacts"), "chalice/dev.json") or b"").decode())


@pytest.fixture(scope="session")
def java() -> None:
    """Java for Spark. Without it, the test is skipped, or fails if REQUIRE_DATA is set."""
    process = subprocess.run([str(ROOT / "scripts" / "java")], capture_output=True, text=True, check=False)
    if process.returncode:
        if os.environ.get("REQUIRE_DATA"):
            pytest.fail(process.stderr)
        pytest.skip("needs Java 17 or later")


@pytest.fixture(scope="module")
def spark(running: Laptop, java: None) -> Iterator[Any]:
    """Spark on two cores of this machine. Its tasks send their requests to the local AWS."""
    from chalicelib.job.market.spark import start

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(ROOT))
        with start("local[2,4]") as session:
            yield session
