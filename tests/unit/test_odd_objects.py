"""No raw object stops a run, whatever its bytes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.instrument import IBOV
from chalicelib.refine import raw
from common.paths import ROOT

CASES = ROOT.parent / "shared" / "cases" / "s3"


def test_every_arrow_type_in_every_column_and_damaged_files_are_read_or_refused():
    # In a process of its own: a crash of pyarrow would end that of the tests.
    run = subprocess.run(
        [sys.executable, "-m", "tests.support.odd_objects"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=300,
    )

    lines = run.stdout.splitlines()
    assert run.returncode == 0, f"{lines[-1:]}: exit code {run.returncode}: {run.stderr[-2_000:]}"
    counts = json.loads(lines[-1])
    assert counts["objects"] > 4_000
    assert counts["sessions"] == 6
    assert min(counts[outcome] for outcome in ("read", "objeto_estranho", "objeto_corrompido")) > 500


@pytest.mark.parametrize(
    ("name", "rows", "notes"),
    [("G08", 1, []), ("G13", 0, ["the column data occurs twice; allowed: once"])],
)
def test_objects_that_people_really_have(name: str, rows: int, notes: list[str]):
    path: Path = CASES / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"no {path.name} beside the project")

    result = raw.read(path.read_bytes(), "raw/a.parquet", IBOV)

    assert len(result.rows) == rows
    assert result.rows["volume_invalido"].any() == bool(rows)
    assert result.refused["nota"].tolist() == notes
