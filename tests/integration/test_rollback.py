"""`deploy --version`, from a temporary worktree of a real git repository, and the record of versions; against moto."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import boto3
import pytest
from msgspec.structs import replace as replace_field

from chalicelib import __version__
from chalicelib.lake.store import Lake
from chalicelib.schema import SCHEMA_VERSION
from common.paths import ROOT
from infra import cli
from infra.clients import Aws
from infra.commands import rollback
from infra.dependencies import Dependencies
from infra.stage import releases
from infra.stage.names import StageTarget
from local import moto_state
from tests.support.checkout import checkout
from tests.support.deploying import Account, bucket
from tests.support.stage_command import dependencies

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
TARGET = StageTarget("dev", moto_state.ACCOUNT, moto_state.REGION)


def git(root: Path, *arguments: str) -> str:
    author = ["-c", "user.name=Ana", "-c", "user.email=ana@example.org"]
    command = ["git", *author, *arguments]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.strip()


@pytest.fixture(scope="module")
def repository(tmp_path_factory: Any) -> Path:
    """A repository with the project as v9.1.0, v8.0.0 with an older table before it, and a branch without it."""
    root = checkout(tmp_path_factory.mktemp("repository"))
    git(root, "init", "--quiet")
    versions = {
        "v8.0.0": ("8.0.0", SCHEMA_VERSION - 1),
        "v9.0.0": ("9.0.0", SCHEMA_VERSION),
        "v9.1.0": ("9.1.0", SCHEMA_VERSION),
    }
    for tag, (number, schema_version) in versions.items():
        for path, pattern, line in (
            (root / "chalicelib" / "__init__.py", r"^__version__ = .*$", f'__version__ = "{number}"'),
            (root / "chalicelib" / "schema.py", r"^SCHEMA_VERSION = .*$", f"SCHEMA_VERSION = {schema_version}"),
        ):
            path.write_text(re.sub(pattern, line, path.read_text(), flags=re.MULTILINE))
        git(root, "add", "--all")
        git(root, "commit", "--quiet", "--message", tag)
        git(root, "tag", tag)
    return root


def run_in(folder: Path, arguments: Sequence[str]) -> int:
    """Run the deploy of a checkout with small packages, in a process that imports the project from there."""
    command = [sys.executable, "-m", "tests.support.stage_command", str(folder), *arguments]
    (folder / "infra" / "packaging" / "requirements-function.txt").write_text("")
    return subprocess.run(command, cwd=folder, check=False, stdout=subprocess.DEVNULL).returncode


def using(repository: Path) -> Dependencies:
    return replace(dependencies(repository), run_in=run_in)


def deployed_versions() -> list[str]:
    return [each.version.number for each in releases.read(boto3.client("s3"), TARGET)]


def test_a_version_is_deployed_from_a_worktree_that_is_removed(
    account: Account, deployed: str, repository: Path, capsys: Any
):
    before = git(repository, "status", "--porcelain")

    assert cli.main([*DEPLOY, "--version", "v9.0.0", "--b3", "no"], using(repository)) == 0, capsys.readouterr().err

    newest = releases.read(boto3.client("s3"), TARGET)[0]
    assert newest.version.number == "9.0.0"
    assert newest.version.commit.startswith("v9.0.0")
    assert newest.version.schema_version == SCHEMA_VERSION
    (api,) = boto3.client("apigateway").get_rest_apis()["items"]
    assert api["id"] == deployed
    code: Any = boto3.client("lambda").get_function(FunctionName="b3-dataflow-dev-ingest")
    assert code["Configuration"]["Environment"]["Variables"]["B3_OFFICIAL_CLOSES"] == "no"
    assert git(repository, "worktree", "list").count("\n") == 0
    assert git(repository, "status", "--porcelain") == before


NO_VERSION = "VERSION is {!r}; allowed: a tag or a commit of this git repository"
OLDER = (
    f"VERSION v8.0.0 has schema version {SCHEMA_VERSION - 1}, and the lake of the stage dev has {SCHEMA_VERSION}; "
    f"allowed: a version with schema version {SCHEMA_VERSION} or newer"
)


@pytest.mark.parametrize(
    ("version", "message"),
    [("v7", NO_VERSION.format("v7")), ("--force", NO_VERSION.format("--force")), ("v8.0.0", OLDER)],
)
def test_a_version_that_cannot_be_deployed_changes_nothing(
    account: Account, deployed: str, repository: Path, capsys: Any, version: str, message: str
):
    # Without the record, as after a deploy of version 2.0.0, the lake decides.
    boto3.client("s3").delete_object(Bucket=bucket("artifacts"), Key="releases/dev.json")
    account.calls.clear()

    assert cli.main([*DEPLOY, f"--version={version}"], using(repository)) == 1

    assert capsys.readouterr().err == f"error: {message}\n"
    assert account.calls == []


def test_a_version_with_an_older_table_than_the_deployed_one_is_refused_without_a_lake(
    account: Account, deployed: str, repository: Path, capsys: Any
):
    boto3.client("s3").delete_object(Bucket=bucket("refined"), Key="manifests/ibov.json")

    assert cli.main([*DEPLOY, "--version", "v8.0.0"], using(repository)) == 1

    # The stage was deployed from a folder without git: its version has a number only.
    deployed_version = f"and the deployed version {__version__} of the stage dev has {SCHEMA_VERSION};"
    assert f"has schema version {SCHEMA_VERSION - 1}, {deployed_version}" in capsys.readouterr().err


def test_a_checkout_with_an_older_table_than_the_lake_is_refused_too(
    account: Account, deployed: str, root: Path, capsys: Any
):
    lake = Lake(boto3.client("s3"), bucket("raw"), bucket("refined"))
    manifest, etag = lake.manifest()
    assert manifest is not None
    assert manifest.contents is not None
    newer = replace_field(manifest.contents, schema_version=SCHEMA_VERSION + 1)
    lake.put_manifest(replace_field(manifest, contents=newer), etag)
    account.calls.clear()

    assert cli.main(DEPLOY, dependencies(root)) == 1

    error = capsys.readouterr().err
    assert error.startswith(f"error: this checkout has schema version {SCHEMA_VERSION}, and the lake of the stage dev")
    assert account.calls == []


INFRA = "import sys; print(sys.executable, *sys.argv[1:])"
MAKEFILE = """.venv/dev-installed:
\tmkdir -p .venv/bin
\tprintf '#!/bin/sh\\necho its own python \"$$@\"\\n' > .venv/bin/python
\tchmod +x .venv/bin/python
"""


@pytest.mark.parametrize("same_libraries", [True, False])
def test_a_version_runs_with_the_libraries_that_it_pins(tmp_path: Path, capfd: Any, same_libraries: bool):
    (tmp_path / "infra").mkdir()
    (tmp_path / "infra" / "__main__.py").write_text(INFRA)
    (tmp_path / "Makefile").write_text(MAKEFILE)
    for name in ("requirements-run.txt", "requirements-dev.txt"):
        (tmp_path / name).write_text((ROOT / name).read_text() if same_libraries else "pandas==1.0.0\n")

    assert rollback.run_in_worktree(tmp_path, ["deploy", "--stage", "dev"]) == 0

    python = sys.executable if same_libraries else "its own python -m infra"
    assert capfd.readouterr().out.splitlines()[-1] == f"{python} deploy --stage dev"


def test_a_deploy_that_fails_is_an_error(account: Account, deployed: str, repository: Path, capsys: Any):
    failing = replace(dependencies(repository), run_in=lambda folder, arguments: 1)

    assert cli.main([*DEPLOY, "--version", "v9.0.0"], failing) == 1

    expected = "error: the deploy of v9.0.0 ended with the exit status 1; its error is above\n"
    assert capsys.readouterr().err == expected
    assert deployed_versions() == [__version__]
    assert git(repository, "worktree", "list").count("\n") == 0


def test_the_artifacts_of_the_last_five_versions_are_kept(account: Account, deployed: str, monkeypatch: Any):
    s3: Any = boto3.client("s3")
    aws = Aws(moto_state.REGION)
    # Objects in moto are new: the grace of a day starts in the future.
    monkeypatch.setattr(releases, "_GRACE", -timedelta(hours=1))

    for number in range(7):
        keys = {"LayerKey": f"layer/{number}.zip", "JobScriptKey": f"job/{number}/b3_etl_job.py"}
        keys |= {"JobLibraryKey": f"job/{number}/chalicelib.zip"}
        for key in (*keys.values(), f"job/{number}/b3_market_job.py", "job/wheels/a.whl", f"job/wheels/b-{number}.whl"):
            s3.put_object(Bucket=bucket("artifacts"), Key=key, Body=b"")
        wheels = (f"s3://{bucket('artifacts')}/job/wheels/{name}.whl" for name in ("a", f"b-{number}"))
        version = releases.Version(f"3.{number}.0", f"v3.{number}.0", SCHEMA_VERSION)
        parameters = {**keys, "JobModules": ",".join(wheels)}
        # The same version again does not drop another one.
        for _ in range(2):
            releases.record(aws.s3, TARGET, parameters, version)

    assert deployed_versions() == ["3.6.0", "3.5.0", "3.4.0", "3.3.0", "3.2.0"]
    stored = {entry.key for entry in moto_state.objects(bucket("artifacts"), "")}
    stored -= {"templates/data.yaml", "templates/main.yaml"}
    expected = {f"layer/{number}.zip" for number in range(2, 7)}
    names = ("b3_etl_job.py", "b3_market_job.py", "chalicelib.zip")
    expected |= {f"job/{number}/{name}" for number in range(2, 7) for name in names}
    expected |= {f"job/wheels/b-{number}.whl" for number in range(2, 7)} | {"job/wheels/a.whl"}
    assert stored == expected | {"chalice/dev.json", "releases/dev.json"}


def test_an_artifact_of_another_deploy_that_runs_now_is_kept(account: Account, deployed: str, root: Path):
    boto3.client("s3").put_object(Bucket=bucket("artifacts"), Key="layer/running.zip", Body=b"")

    assert cli.main(DEPLOY, dependencies(root)) == 0

    assert "layer/running.zip" in {entry.key for entry in moto_state.objects(bucket("artifacts"), "")}
    assert deployed_versions() == [__version__]
