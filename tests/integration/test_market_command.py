"""`python -m local market`: files of the market into a running local AWS, and the job in the local Glue."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from chalicelib import layout
from local import cli
from local.laptop import Laptop
from scripts.generate_market import generate
from scripts.sample_market import put
from tests.integration.test_local_athena import query
from tests.support import shares
from tests.support.faults import Kill, on_write
from tests.support.market import file, record
from tests.support.processes import get, make_run


def market(laptop: Laptop, path: Path | str) -> int:
    return cli.main(["market", "--cotahist", str(path), "--aws-port", laptop.aws.endpoint.rpartition(":")[2]])


@pytest.mark.usefixtures("java")
def test_the_files_of_a_folder_become_the_table_of_shares_even_if_a_worker_is_killed(
    laptop: Laptop, athena: Any, tmp_path: Path, capsys: Any
):
    written = generate(tmp_path, 2_000, seed=1)
    (tmp_path / "notes.md").write_text("no file of COTAHIST")

    kill = Kill(lambda number: number == 0)

    with on_write(laptop.aws, layout.PARSED_PREFIX, kill):
        assert market(laptop, tmp_path) == 0

    assert len(kill.killed) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(written) + 1
    assert lines[0].startswith(f"{min(written).name}: {written[min(written)]:,} records, ")
    ((rows,),) = query(athena, "SELECT count(*) FROM acoes_refined")
    assert lines[-1].startswith(f"acoes_refined: {int(rows or 0):,} rows, ")
    assert int(rows or 0) > 300


@pytest.mark.usefixtures("java")
def test_a_second_run_of_the_job_is_one_line(laptop: Laptop, glue: Any, tmp_path: Path, capsys: Any):
    generate(tmp_path, 100, seed=1)
    # It takes seconds to start Spark.
    run_id = glue.start_job_run(JobName="b3-market-job")["JobRunId"]

    assert market(laptop, tmp_path) == 1

    assert capsys.readouterr().err == (
        "error: the Glue job b3-market-job is running: the files are in raw, so repeat the command when it has ended\n"
    )
    glue.batch_stop_job_run(JobName="b3-market-job", JobRunIds=[run_id])


@pytest.mark.parametrize(("setting", "served"), [({}, True), ({"B3_MARKET": "no"}, False)])
def test_make_run_serves_the_shares_of_a_stored_lake_unless_told_not_to(
    running: Laptop, tmp_path: Path, setting: dict[str, str], served: bool
):
    with Laptop(lake=tmp_path) as laptop:
        laptop.create_stack()
        put(shares.refined())
    running.aws.reset()

    with make_run("--source", "sample", "--lake", str(tmp_path), **setting) as process:
        api = process.wait_for(r"API +(http://127\.0\.0\.1:\d+)\n")

        assert ("/acoes" in get(f"{api}/")["links"]) is served
        if served:
            assert get(f"{api}/acoes/PETR4/latest")["session"]["data"] == "2024-12-30"


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("path", ["", "absent.zip"])
def test_a_path_without_files_is_one_line(laptop: Laptop, path: str, capsys: Any):
    assert market(laptop, path) == 1

    assert capsys.readouterr().err == (
        f"error: COTAHIST is {path!r}; allowed: a zip or text of COTAHIST, or a folder of them\n"
    )


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("folder", [True, False])
def test_a_text_needs_no_suffix(laptop: Laptop, tmp_path: Path, folder: bool, capsys: Any):
    """The members of B3's zips have none. This file is cut, so that no job runs."""
    path = tmp_path / "COTAHIST.A1986"
    path.write_bytes(file(record(), record())[:-300])

    assert market(laptop, tmp_path if folder else path) == 1

    assert "line 3: not 245 characters and CR LF, or the file was cut there" in capsys.readouterr().err


def test_without_java_one_line_says_what_to_install(
    laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)

    assert market(laptop, tmp_path) == 1

    assert capsys.readouterr().err == (
        "error: Spark needs Java 17 or later: install it (on Debian: openjdk-17-jre-headless) or set JAVA_HOME\n"
    )


def test_without_spark_one_line_says_which_command_installs_it(
    laptop: Laptop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any
):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)

    assert market(laptop, tmp_path) == 1

    assert capsys.readouterr().err == "error: Spark is not installed: use `make market`\n"
