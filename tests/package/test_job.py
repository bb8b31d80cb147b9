"""The packaged job, in a Python with the packages of Glue 6.0 only."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib import wiring
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import JOB_TIMEOUT, code_version
from infra.packaging import job
from infra.packaging.packages import Packages
from local.laptop import Laptop
from tests.package.environment import runtime_environment
from tests.package.test_functions import SESSIONS, history
from tests.support.bars import raw_object
from tests.support.lake import NOW, RAW, REFINED, no_events

SECONDS = 300.0

GLUE_MEMORY_MIB = 16 * 1024  # of a G.1X worker

# Runs the script as Glue does. Its last line has the measurements as JSON.
DRIVER = """
import json, re, runpy, sys, time
began = time.perf_counter()
import b3_etl_job
imported = time.perf_counter()
b3_etl_job.main(sys.argv[1:])
ended = time.perf_counter()
peak = re.search(r"VmHWM:\\s*(\\d+) kB", open("/proc/self/status").read())
print(json.dumps({"import_seconds": imported - began, "seconds": ended - imported, "peak_bytes": int(peak[1]) * 1024}))
"""


@pytest.fixture(scope="module")
def glue_python(built: Packages, tmp_path_factory: Any) -> tuple[Path, str]:
    """Return Glue's Python, and its module path: the zip file of chalicelib and the installed wheels."""
    python = runtime_environment("glue") / "bin" / "python"
    modules = tmp_path_factory.mktemp("modules")
    pip = [str(python), "-m", "pip", "install", "-qq", "--disable-pip-version-check", "--target", str(modules)]
    subprocess.run([*pip, *job.INSTALLER_OPTIONS.split(), *map(str, built.job.wheels)], check=True, timeout=SECONDS)
    return python, f"{built.job.library}:{built.job.script.parent}:{modules}"


def run(laptop: Laptop, glue_python: tuple[Path, str], folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    python, path = glue_python
    return subprocess.run(
        [str(python), *command],
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": path, **laptop.aws.environ()},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


ARGUMENTS = (
    "--RAW_PATH", f"s3://{RAW}/raw/", "--REFINED_PATH", f"s3://{REFINED}/refined/", "--JOB_NAME", "b3-etl-job",
    "--JOB_RUN_ID", "jr_package", "--job-language", "python", "--enable-continuous-cloudwatch-log", "true",
)  # fmt: skip


def test_the_packaged_job_writes_the_same_lake(
    laptop: Laptop, s3: Any, glue_python: tuple[Path, str], tmp_path: Path, measured: Any
):
    key, body = raw_object(history())
    with no_events():
        s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")

    process = run(laptop, glue_python, tmp_path, "-c", DRIVER, *ARGUMENTS)

    assert process.returncode == 0, process.stderr
    assert process.stderr == ""
    contents = laptop.contents()
    assert contents is not None
    assert (contents.rows, contents.run.id, contents.code_version) == (SESSIONS, "jr_package", code_version())
    catalog = Catalog(boto3.Session(), "b3_refined_db", "ibov_refined", f"s3://{REFINED}/refined/")
    ours = update_refined(wiring.lake(), catalog, "jr_ours", lambda: NOW)
    assert ours is not None
    assert (ours.version, ours.years) == (contents.version, contents.years)
    result = json.loads(process.stdout.splitlines()[-1])
    measured.setdefault("processes", {})["Glue job"] = {
        "import_seconds": result["import_seconds"],
        "first_seconds": result["seconds"],
        "next_seconds": None,
        "timeout_seconds": int(JOB_TIMEOUT.total_seconds()),
        "peak_bytes": result["peak_bytes"],
        "memory_mib": GLUE_MEMORY_MIB,
    }


def test_without_its_package_glues_python_cannot_run_the_job(
    laptop: Laptop, built: Packages, glue_python: tuple[Path, str], tmp_path: Path
):
    bare = (glue_python[0], "")

    process = run(laptop, bare, tmp_path, str(built.job.script), *ARGUMENTS)

    assert process.returncode != 0
    assert "No module named 'chalicelib'" in process.stderr


def test_an_invalid_argument_of_the_packaged_job_is_one_line(
    laptop: Laptop, built: Packages, glue_python: tuple[Path, str], tmp_path: Path
):
    process = run(laptop, glue_python, tmp_path, str(built.job.script), "--RAW_PATH", "raw", "--REFINED_PATH", "x")

    assert process.returncode == 2
    assert process.stderr.splitlines()[-1].endswith("--RAW_PATH is 'raw'; allowed: s3://bucket/…")
