"""Limits on the time and memory of queries, and their independence of each other."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import duckdb
import psutil
import pytest

from local.athena import process
from local.athena.engine import Engine
from local.athena.errors import QueryFailure
from local.athena.executions import Retention
from local.athena.process import Failed, Query
from local.athena.text import from_csv
from local.athena.types import BIGINT
from local.athena.workers import Limits
from local.laptop import Laptop
from tests.conftest import ROOT
from tests.support.athena import DEADLINE, WORKGROUP, failure, finish, query, refusal, start, wait_until

# k has 1,000 rows; cross joins of k have as many rows as a test needs.
DIGITS = ", ".join(f"({digit})" for digit in range(10))
K = f"d AS (SELECT * FROM (VALUES {DIGITS}) AS t (n)), k AS (SELECT 100 * a.n + 10 * b.n + c.n AS n FROM d AS a "
K += "CROSS JOIN d AS b CROSS JOIN d AS c)"
PAIRS = "FROM k AS a CROSS JOIN k AS b"
TRIPLES = f"{PAIRS} CROSS JOIN k AS c"
ENDLESS = f"WITH {K} SELECT sum(a.n * b.n * 1e0 * c.n * d.n) {TRIPLES} CROSS JOIN k AS d"


def long_text(tens: int) -> str:
    """Return a WITH clause whose last table is one text of 10**tens characters, which DuckDB's limit ignores."""
    ten = " || ".join(["s"] * 10)
    return "WITH t0 AS (SELECT 'x' AS s)" + "".join(f", t{n + 1} AS (SELECT {ten} AS s FROM t{n})" for n in range(tens))


@contextmanager
def limited(**limits: Any) -> Iterator[Engine]:
    engine = Engine(Limits(**limits))
    yield engine
    engine.close()
    assert workers() == []


def workers() -> list[psutil.Process]:
    """Return the worker processes of this process except those of the shared laptop."""
    children = psutil.Process().children()
    return [
        child for child in children if child.pid not in SHARED and "local.athena.process" in " ".join(child.cmdline())
    ]


SHARED: set[int] = set()


@pytest.fixture(autouse=True)
def shared(laptop: Laptop) -> None:
    """Set the worker processes that belong to the shared laptop."""
    SHARED.clear()
    SHARED.update(child.pid for child in psutil.Process().children())


def test_a_query_that_takes_too_long_fails_and_leaves_no_process():
    with limited(seconds=0.2) as engine:
        with pytest.raises(QueryFailure, match=r"EXCEEDED_TIME_LIMIT: Query exceeded maximum time limit of 0\.2s"):
            engine.run(ENDLESS)
        assert workers() == []
        assert from_csv(engine.run("SELECT 1").body).column(0).to_pylist() == ["1"]


def test_a_query_that_takes_too_much_memory_fails_and_leaves_no_process():
    with limited(memory=400_000_000) as engine:
        with pytest.raises(
            QueryFailure, match=r"EXCEEDED_LOCAL_MEMORY_LIMIT: Query exceeded per-node memory limit of 0\.4GB"
        ):
            engine.run(f"{long_text(9)} SELECT length(s) FROM t9")
        assert workers() == []
        assert from_csv(engine.run("SELECT 1").body).column(0).to_pylist() == ["1"]


def test_the_largest_query_fails_when_all_together_use_too_much_memory():
    with limited(total=400_000_000) as engine:
        with pytest.raises(QueryFailure, match="CLUSTER_OUT_OF_MEMORY: Query killed because the cluster is out of"):
            engine.run(f"{long_text(9)} SELECT length(s) FROM t9")
        assert from_csv(engine.run("SELECT 1").body).column(0).to_pylist() == ["1"]


def test_a_process_with_much_memory_is_not_reused(monkeypatch: Any):
    # A process that ran long is not reused either.
    monkeypatch.setattr("local.athena.workers._LONG", DEADLINE)
    with limited() as engine:
        engine.run("SELECT 1")
        (before,) = workers()
        # Several texts of 100 MB.
        engine.run(f"{long_text(8)} SELECT length(s || s || s) FROM t8")
        assert workers() == []
        engine.run("SELECT 1")
        assert [worker.pid for worker in workers()] != [before.pid]


def test_duckdbs_own_memory_limit_has_the_same_message():
    with duckdb.connect(":memory:", config={"memory_limit": "20MB", "temp_directory": ""}) as database:
        sql = f"WITH {K} SELECT a.n AS x, b.n AS y {TRIPLES} ORDER BY y, x"
        result = process.execute(database, Query(sql, {}, ["x", "y"], [BIGINT, BIGINT]))

    assert result == Failed("EXCEEDED_LOCAL_MEMORY_LIMIT", "Query exceeded per-node memory limit of 2GB")


def test_a_result_has_at_most_a_million_rows(filled: Laptop, athena: Any):
    assert failure(athena, f"WITH {K} SELECT a.n, b.n AS m {PAIRS} CROSS JOIN d") == (
        "NOT_SUPPORTED: a result of the local Athena has at most 1,000,000 rows"
    )


def test_an_endless_result_fails_when_it_was_written_for_a_while(monkeypatch: Any):
    monkeypatch.setattr(process, "WRITING_SECONDS", 0.1)
    with process.connect() as database:
        sql = f"WITH {K} SELECT a.n AS x, b.n AS y {TRIPLES}"
        began = time.monotonic()
        result = process.execute(database, Query(sql, {}, ["x", "y"], [BIGINT, BIGINT]))

    assert result == Failed("NOT_SUPPORTED", "a result of the local Athena has at most 1,000,000 rows")
    assert 0.1 < time.monotonic() - began < DEADLINE


def test_a_result_has_at_most_a_hundred_megabytes(filled: Laptop, athena: Any):
    assert failure(athena, f"{long_text(8)} SELECT s FROM t8") == (
        "NOT_SUPPORTED: a result of the local Athena has at most 100,000,000 bytes"
    )


def test_a_long_result_keeps_its_order():
    with limited() as engine:
        body = engine.run(f"WITH {K} SELECT a.n * 1000 + b.n AS m {PAIRS} WHERE a.n < 200 ORDER BY m DESC").body

    assert from_csv(body).column(0).to_pylist() == [str(number) for number in reversed(range(200_000))]


def busy() -> list[psutil.Process]:
    """Return the processes that have run a query for a while, in Python or in the kernel."""

    def seconds(process: psutil.Process) -> float:
        times = process.cpu_times()
        return float(times.user + times.system)

    return [process for process in psutil.Process().children() if seconds(process) > 0.5]


@pytest.mark.parametrize(
    "sql",
    [
        ENDLESS,
        f"{long_text(10)} SELECT length(s) FROM t10",
        f"WITH {K} SELECT a.n, b.n AS m, c.n AS o {TRIPLES} ORDER BY m, o",
        f"WITH {K} SELECT approx_percentile(a.n * 1e0 + c.n, 0.5) {TRIPLES}",
        f"WITH {K} SELECT a.n * rand(), b.n * rand() {TRIPLES}",
    ],
    ids=["endless", "text", "sort", "percentile", "rows"],
)
def test_any_query_is_stopped_within_a_second(filled: Laptop, athena: Any, sql: str):
    execution_id = start(athena, sql)
    execution = filled.aws.executions.get(execution_id)
    wait_until(lambda: bool(busy()), "busy")

    began = time.monotonic()
    athena.stop_query_execution(QueryExecutionId=execution_id)
    took = time.monotonic() - began

    assert took < 1.0
    assert execution.ended.is_set()
    assert finish(athena, execution_id)["Status"]["State"] == "CANCELLED"


def test_queries_run_beside_endless_ones(filled: Laptop, athena: Any):
    endless = [start(athena, ENDLESS) for _ in range(3)]

    assert [query(athena, f"SELECT {number}") for number in range(3)] == [[["0"]], [["1"]], [["2"]]]

    states = [filled.aws.executions.get(execution_id).state for execution_id in endless]
    assert states == ["RUNNING"] * 3
    for execution_id in endless:
        athena.stop_query_execution(QueryExecutionId=execution_id)


def test_a_query_whose_process_is_killed_fails(filled: Laptop, athena: Any):
    execution_id = start(athena, ENDLESS)
    wait_until(lambda: bool(busy()), "busy")
    for worker in busy():
        worker.kill()

    status = finish(athena, execution_id)["Status"]

    assert status["StateChangeReason"] == "GENERIC_INTERNAL_ERROR: the process of the query has ended"
    assert query(athena, "SELECT 1") == [["1"]]


def test_a_worker_has_none_of_our_environment_variables():
    with limited() as engine:
        engine.run("SELECT 1")
        (worker,) = workers()

        assert set(worker.environ()) <= {"PYTHONPATH", "LC_CTYPE"}


def test_workers_end_when_their_parent_is_killed():
    code = (
        "import psutil, time\nfrom local.athena.engine import Engine\nengine = Engine()\nengine.warm()\n"
        "print(psutil.Process().children()[0].pid, flush=True)\n"
        f"engine.run({ENDLESS!r})\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True) as ours:
        assert ours.stdout is not None
        worker = psutil.Process(int(ours.stdout.readline()))
        wait_until(lambda: worker.cpu_times().user > 0.5, "busy")
        ours.send_signal(signal.SIGKILL)

    worker.wait(DEADLINE)


DEPTH = 3000
NESTED = {
    "parentheses": f"SELECT {'(' * DEPTH}1{')' * DEPTH}",
    "not": f"SELECT {'NOT ' * DEPTH}true",
    "minus": f"SELECT {'- ' * DEPTH}1",
    "calls": f"SELECT {'upper(' * DEPTH}'x'{')' * DEPTH}",
    "case": f"SELECT {'CASE WHEN true THEN ' * DEPTH}1{' END' * DEPTH}",
    "subqueries": f"SELECT * FROM {'(SELECT * FROM ' * DEPTH}(VALUES 1) AS t (a){') AS t' * DEPTH}",
    "unclosed": f"SELECT {'(' * DEPTH}",
}


@pytest.mark.parametrize("sql", NESTED.values(), ids=NESTED)
def test_a_query_with_too_deep_nesting_is_refused_with_athenas_message(laptop: Laptop, athena: Any, sql: str):
    assert refusal(athena, sql) == "line 1:1: statement is too large (stack overflow while parsing)"


def test_ordinary_nesting_is_accepted(laptop: Laptop, athena: Any):
    assert query(athena, f"SELECT {'(' * 30}1{')' * 30}") == [["1"]]


@pytest.mark.parametrize("joint", [" + ", " AND ", " || "])
def test_a_long_chain_of_operators_succeeds_or_fails_with_a_code(laptop: Laptop, athena: Any, joint: str):
    value = {" + ": "1", " AND ": "true", " || ": "'x'"}[joint]
    status = finish(athena, start(athena, f"SELECT {joint.join([value] * DEPTH)}"))["Status"]

    expected = ("STACK_OVERFLOW: statement is too large (stack overflow during analysis)", "SYNTAX_ERROR: ")
    assert status["State"] == "SUCCEEDED" or status["StateChangeReason"].startswith(expected)


def test_a_function_has_at_most_127_arguments(laptop: Laptop, athena: Any):
    assert query(athena, f"SELECT concat({', '.join(['s'] * 127)}) FROM (VALUES ('x')) AS t (s)") == [["x" * 127]]
    assert failure(athena, f"SELECT concat({', '.join(['s'] * 128)}) FROM (VALUES ('x')) AS t (s)") == (
        "TOO_MANY_ARGUMENTS: line 1:8: Too many arguments for function call concat()"
    )


def test_a_query_has_at_most_262144_bytes(laptop: Laptop, athena: Any):
    longest = "SELECT '" + "é" * ((262_144 - 9) // 2) + "'"

    assert finish(athena, start(athena, longest))["Status"]["State"] == "SUCCEEDED"
    assert refusal(athena, f"{longest}  ") == (
        "1 validation error detected: Value at 'queryString' failed to satisfy constraint: "
        "Member must have length less than or equal to 262144"
    )


def test_an_execution_parameter_has_at_most_1024_characters(laptop: Laptop, athena: Any):
    sql = "SELECT 1 WHERE 'x' <> ?"

    assert query(athena, sql, ExecutionParameters=["'" + "x" * 1022 + "'"]) == [["1"]]
    assert refusal(athena, sql, ExecutionParameters=["'" + "x" * 1023 + "'"]) == (
        "1 validation error detected: Value at 'executionParameters' failed to satisfy constraint: "
        "Member must have length less than or equal to 1024"
    )
    assert "is not a SQL literal" in failure(athena, sql, ExecutionParameters=["(" * 500 + "1" + ")" * 500])


@pytest.fixture
def retain(laptop: Laptop) -> Iterator[Any]:
    """Function that sets the limits on ended executions."""
    executions = laptop.aws.executions
    before = executions._retention

    def retain(**bounds: Any) -> None:
        executions._retention = Retention(**bounds)

    yield retain
    executions._retention = before


def objects(s3: Any) -> list[str]:
    entries = s3.list_objects_v2(Bucket="b3-dataflow-athena").get("Contents", [])
    return sorted(entry["Key"].removeprefix("results/").removesuffix(".csv") for entry in entries)


@pytest.mark.parametrize("bounds", [{"executions": 2}, {"bytes": 30}])
def test_the_oldest_executions_are_removed_with_their_results(
    laptop: Laptop, athena: Any, s3: Any, retain: Any, bounds: dict[str, Any]
):
    retain(**bounds)
    token = "t" * 32
    first = start(athena, "SELECT 1000000", ClientRequestToken=token)
    finish(athena, first)
    others = []
    for _ in range(3):
        # Each result has 17 bytes.
        others.append(start(athena, "SELECT 1000000"))
        finish(athena, others[-1])

    expected = others[-3 if bounds == {"executions": 2} else -2 :]
    assert athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"] == expected[::-1]
    assert objects(s3) == sorted(expected)
    with pytest.raises(athena.exceptions.InvalidRequestException, match=f"QueryExecution {first} was not found"):
        athena.get_query_execution(QueryExecutionId=first)
    assert start(athena, "SELECT 1000000", ClientRequestToken=token) != first


def test_executions_are_removed_after_their_retention(laptop: Laptop, athena: Any, s3: Any, retain: Any):
    old = start(athena, "SELECT 1")
    finish(athena, old)
    laptop.aws.executions.get(old).completed = time.time() - 3601
    failed = start(athena, "SELECT nope")
    finish(athena, failed)

    newest = start(athena, "SELECT 2")
    finish(athena, newest)

    assert athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"] == [newest, failed]
    assert objects(s3) == [newest]


def test_a_running_execution_is_not_removed(filled: Laptop, athena: Any, retain: Any):
    retain(executions=0)
    running = start(athena, ENDLESS)

    query_ids = [start(athena, "SELECT 1") for _ in range(2)]

    assert running in athena.list_query_executions(WorkGroup=WORKGROUP)["QueryExecutionIds"]
    assert query_ids
    athena.stop_query_execution(QueryExecutionId=running)
