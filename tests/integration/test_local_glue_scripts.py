"""Scripts that the local Glue runs: files below `glue/` and objects in S3, no other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from local.glue_jobs import GlueJobs
from tests.support.glue_jobs import BUCKET, create, run, stored


def test_a_run_of_a_missing_script_fails(glue: Any, jobs: GlueJobs):
    create(glue, "glue/absent.py")

    result = run(jobs)

    assert result.state == "FAILED"
    assert "absent.py does not exist" in result.error


def test_a_script_in_s3_is_run_and_imports_the_project(glue: Any, s3: Any, jobs: GlueJobs, tmp_path: Path):
    (tmp_path / "chalicelib.py").write_text("name = 'ours'\n")
    create(glue, stored(s3, "import chalicelib, sys\nprint(chalicelib.name, __file__)\n"))

    result = run(jobs)

    assert (result.state, result.error) == ("SUCCEEDED", None)
    name, file = result.output.split()
    assert name == "ours"
    assert not Path(file).exists()


@pytest.mark.parametrize("key", ["absent.py", "", "scripts"])
def test_a_run_of_a_script_absent_from_s3_fails(glue: Any, jobs: GlueJobs, key: str):
    create(glue, f"s3://{BUCKET}/{key}")

    result = run(jobs)

    assert (result.state, result.error) == ("FAILED", f"LAUNCH ERROR | File s3://{BUCKET}/{key} does not exist")


@pytest.mark.parametrize(
    "location",
    [
        "{root}/outside.py",
        "{root}/glue/script.py",
        "/proc/self/fd/0",
        "outside.py",
        "glue/../outside.py",
        "glue/x/../../outside.py",
        "../outside.py",
        "./glue/../outside.py",
        "file://{root}/glue/script.py",
        "S3://b3-dataflow-athena/x.py",
        "glued/outside.py",
        "~/outside.py",
        "",
    ],
)
def test_no_other_file_of_the_machine_is_run(glue: Any, jobs: GlueJobs, folder: Path, tmp_path: Path, location: str):
    (tmp_path / "glued").mkdir()
    (folder / "x").mkdir()
    for path in ("outside.py", "glued/outside.py", "glue/script.py"):
        (tmp_path / path).write_text("print('run')\n")
    create(glue, location.format(root=tmp_path))

    result = run(jobs)

    assert (result.state, result.output) == ("FAILED", "")
    assert result.error.startswith("LAUNCH ERROR | ScriptLocation is ")
    assert result.error.endswith("; allowed: s3://bucket/key, or a path below glue/")


@pytest.mark.parametrize("target", ["outside.py", "/proc/self/cmdline"])
def test_a_link_out_of_the_folder_is_not_followed(glue: Any, jobs: GlueJobs, folder: Path, tmp_path: Path, target: str):
    (tmp_path / "outside.py").write_text("print('run')\n")
    (folder / "script.py").symlink_to(tmp_path / target)
    create(glue, "glue/script.py")

    result = run(jobs)

    assert (result.state, result.output) == ("FAILED", "")
    assert result.error == "LAUNCH ERROR | ScriptLocation is 'glue/script.py', a link to a file outside of glue/"


@pytest.mark.parametrize("name", ["--extra-py-files", "--extra-files", "--additional-python-modules", "-c"])
def test_an_argument_reads_and_runs_no_file(glue: Any, jobs: GlueJobs, folder: Path, tmp_path: Path, name: str):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "outside.py").write_text("print('run')\n")
    (folder / "script.py").write_text(
        "import importlib.util, sys\nprint(sys.argv[-2:], importlib.util.find_spec('outside'))\n"
    )
    create(glue, "glue/script.py")

    result = run(jobs, Arguments={name: str(elsewhere / "outside.py")})

    assert result.output == f"{[name, str(elsewhere / 'outside.py')]} None\n"
