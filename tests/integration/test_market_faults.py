"""Tasks of the market's job that are killed or run twice: the job writes the same bytes, and no reader sees a part.

tests/integration/test_market_job.py kills the driver, and tests/integration/test_market_restart.py restarts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import boto3
import pandas as pd
import pytest

from chalicelib import layout
from chalicelib.errors import BackendUnavailable
from chalicelib.lake.manifest import Contents
from local.laptop import Laptop
from scripts.cotahist import write
from scripts.generate_market import Market
from tests.integration.test_local_athena import query
from tests.support import spark as support
from tests.support.faults import Hold, Kill, on_write
from tests.support.lake import RAW, REFINED, create_stack
from tests.support.market import market_sessions
from tests.support.snapshot import Snapshot
from tests.support.spark_cluster import SPECULATION, cluster, run_job

pytestmark = pytest.mark.filterwarnings(
    # pyspark leaves the closing of its sockets to the garbage collector.
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed <socket:ResourceWarning",
)

STAGES = {"parse": layout.PARSED_PREFIX, "refine": layout.SHARES_PREFIX}
"""The prefix below which the tasks of a stage write."""


@dataclass(frozen=True)
class Scene:
    """A lake with the table of a first file, and a second file in raw that is not merged.

    Attributes:
        snapshot: the lake.
        earlier: what a reader sees of it, as `visible` returns it.
        contents: the contents that a run without a fault commits for both files.
        objects: the objects in the refined bucket after that run, except manifest and ledger.
    """

    snapshot: Snapshot
    earlier: tuple[Any, ...]
    contents: Contents
    objects: dict[str, bytes]


def visible() -> tuple[Any, ...]:
    """Return what a reader sees: the version in the manifest, the partitions, and the rows of a query of Athena."""
    manifest, _ = support.lake().manifest()
    assert manifest is not None
    assert manifest.contents is not None
    rows = query(boto3.client("athena"), "SELECT year, count(*), sum(retorno_log) FROM acoes_refined GROUP BY year")
    return manifest.contents.version, support.catalog().folders(), sorted(rows)


def objects() -> dict[str, bytes]:
    prefixes = (layout.SHARES_PREFIX, layout.PARSED_PREFIX, layout.SHARES_QUARANTINE_KEY)
    return {key: body for prefix in prefixes for key, body in support.stored(prefix).items()}


@pytest.fixture(scope="module")
def scene(running: Laptop, spark: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """A lake of two years, of which the second is new."""
    create_stack(running)
    market = Market.of(2_000, seed=5, cash=0.5)
    market.days = market_sessions()[market_sessions() < pd.Timestamp("2025-03-31")][-len(market.days) :]
    first, second = _files(market, tmp_path_factory.mktemp("market"))
    support.put(first)
    support.run(spark)
    support.put(second, support.STORED + timedelta(seconds=1))
    snapshot, earlier = Snapshot.take(), visible()
    contents = support.run(spark)
    assert len(support.stored(contents.years["2025"].prefix)) == 2
    yield Scene(snapshot, earlier, contents, objects())
    running.aws.reset()


def _files(market: Market, folder: Path) -> Iterator[bytes]:
    for year, block in market.years():
        path = folder / f"COTAHIST_A{year}.ZIP"
        write(path, [block], date(year, 12, 31), year=year)
        yield path.read_bytes()


@pytest.fixture
def assert_same(scene: Scene) -> Callable[[], None]:
    """Function that asserts that the lake is that of the run without a fault."""

    def assert_same() -> None:
        manifest, _ = support.lake().manifest()
        assert manifest is not None
        assert manifest.contents is not None
        assert (manifest.state, manifest.lease) == ("ready", None)
        assert (manifest.contents.version, manifest.contents.years) == (scene.contents.version, scene.contents.years)
        assert objects() == scene.objects
        folder = scene.contents.years["2025"].prefix.removeprefix(layout.SHARES_PREFIX)
        assert support.catalog().folders() == {year: f"{folder}year={year}/" for year in (2024, 2025)}

    scene.snapshot.restore()
    return assert_same


@pytest.mark.parametrize("stage", STAGES)
def test_a_worker_that_is_killed_in_the_middle_changes_nothing(
    scene: Scene, running: Laptop, spark: Any, assert_same: Callable[[], None], stage: str
):
    seen: list[Any] = []
    # The task has stored an object, and another one is on its way.
    kill = Kill(lambda number: number == 1, lambda: seen.append(visible()))

    with on_write(running.aws, STAGES[stage], kill) as stored:
        support.run(spark)

    assert len(kill.killed) == 1
    # The task ran again from its start.
    assert stored[0] == stored[1]
    assert seen == [scene.earlier]
    assert_same()


def test_a_task_that_is_killed_at_each_attempt_ends_the_run_and_the_next_run_repairs_the_lake(
    scene: Scene, running: Laptop, spark: Any, assert_same: Callable[[], None]
):
    kill = Kill(lambda number: number % 2 == 1)

    with on_write(running.aws, layout.SHARES_PREFIX, kill), pytest.raises(BackendUnavailable) as raised:
        support.run(spark)

    assert len(kill.killed) == 4
    assert str(raised.value) == (
        "a task of Spark failed, so the run ends; retry later: org.apache.spark.SparkException: Python worker exited "
        "unexpectedly (crashed)"
    )
    assert visible() == scene.earlier
    manifest, _ = support.lake().manifest()
    assert manifest is not None
    assert (manifest.state, manifest.lease) == ("ready", None)
    support.run(spark)
    assert_same()


def test_a_task_that_runs_twice_by_speculation_changes_nothing_even_if_the_first_attempt_writes_last(
    scene: Scene, running: Laptop, assert_same: Callable[[], None], tmp_path: Path
):
    paths = ["--RAW_PATH", f"s3://{RAW}/", "--REFINED_PATH", f"s3://{REFINED}/{layout.SHARES_PREFIX}"]
    aws = running.aws.environ()
    parse, refine = Hold(), Hold()

    with (
        on_write(running.aws, STAGES["parse"], parse) as parsed,
        on_write(running.aws, STAGES["refine"], refine) as refined,
        cluster(tmp_path, aws) as master,
    ):
        run_job(master, tmp_path, aws, SPECULATION, *paths)
        assert_same()
        parse.run_ended.set()
        refine.run_ended.set()

    for hold, stored in ((parse, parsed), (refine, refined)):
        assert len(set(hold.senders)) == 2
        assert stored.count(hold.key) == 2
        assert stored[-1] == hold.key
    assert_same()
