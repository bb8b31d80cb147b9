"""`python -m local market`: files of the market into a running local AWS, and the job in the local Glue."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import wiring
from local import cli, market_setting
from local.laptop import Laptop
from scripts.generate_market import generate
from scripts.sample_market import put
from tests.integration.test_local_athena import query
from tests.support import shares
from tests.support.processes import get, make_run


def market(laptop: Laptop, path: Path | str) -> int:
    return cli.main(["market", "--cotahist", str(path), "--aws-port", laptop.aws.endpoint.rpartition(":")[2]])


@pytest.fixture
def followed(laptop: Laptop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The setting of the market follows the lake, as in `make run`, until the end of the test."""
    # Set first, so that the end of the test removes what `follow` sets.
    monkeypatch.setenv(market_setting.VARIABLE, "no")
    monkeypatch.delenv(market_setting.VARIABLE)
    monkeypatch.setattr(laptop.aws.jobs, "on_end", laptop.aws.jobs.on_end)
    market_setting.follow(laptop.aws.jobs)
    yield
    monkeypatch.undo()
    wiring.clear_caches()


@pytest.mark.usefixtures("java", "followed")
def test_the_files_of_a_folder_become_the_table_of_shares_which_the_api_serves(
    laptop: Laptop, athena: Any, http: Any, tmp_path: Path, capsys: Any
):
    written = generate(tmp_path, 2_000, seed=1)
    (tmp_path / "notes.md").write_text("no file of COTAHIST")
    assert http.get("/acoes").status_code == 404

    assert market(laptop, tmp_path) == 0

    assert http.get("/acoes").status_code == 200

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(written) + 1
    assert lines[0].startswith(f"{min(written).name}: {written[min(written)]:,} records, ")
    ((rows,),) = query(athena, "SELECT count(*) FROM acoes_refined")
    assert lines[-1].startswith(f"acoes_refined: {int(rows or 0):,} rows, ")
    assert int(rows or 0) > 300


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

        assert ("/acoes" in get(f"{api}/")["routes"]) is served
        if served:
            assert get(f"{api}/acoes/PETR4/latest")["session"]["data"] == "2024-12-30"


@pytest.mark.usefixtures("java")
@pytest.mark.parametrize("path", ["", "absent.zip"])
def test_a_path_without_files_is_one_line(laptop: Laptop, path: str, capsys: Any):
    assert market(laptop, path) == 1

    assert capsys.readouterr().err == (
        f"error: COTAHIST is {path!r}; allowed: a zip or text of COTAHIST, or a folder of them\n"
    )


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
