"""`python -m infra` in a clone of the project, with small packages in place of the real ones.

As a module it runs the command in a process of its own. It does not import moto, whose import takes seconds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from common.paths import ROOT
from infra import cli
from infra.dependencies import Dependencies
from infra.packaging import application
from infra.packaging.job import JobPackage
from infra.packaging.packages import Packages

DEPLOY = ["deploy", "--stage", "dev", "--yes"]
RESPONSE = '{"rows": [{"data": "2025-09-17"}]}'


def clone(folder: Path) -> Path:
    """Create a clone with the files that are deployed, without requirements. tests/package builds the real packages."""
    folder.mkdir()
    for name in ("app.py", "chalicelib"):
        (folder / name).symlink_to(ROOT / name)
    requirements = folder / application.REQUIREMENTS
    requirements.parent.mkdir(parents=True)
    requirements.touch()
    (folder / ".chalice").mkdir()
    (folder / ".chalice" / "config.json").write_text((ROOT / ".chalice" / "config.json").read_text())
    return folder


def build(folder: Path, architecture: str) -> Packages:
    """Return small packages that are equal for equal arguments."""
    folder.mkdir(exist_ok=True)
    files = {}
    for name in ("layer.zip", "b3_etl_job.py", "b3_market_job.py", "chalicelib.zip", "one.whl", "two.whl"):
        files[name] = folder / name
        # A script of one comment: a run of the job succeeds, and writes nothing.
        files[name].write_bytes(f"# {name} {architecture}".encode())
    layer, script, market_script, library, *wheels = files.values()
    job = JobPackage(script, market_script, library, tuple(wheels), "job")
    return Packages(layer, f"layer{architecture}", job)


def dependencies(
    root: Path, http_get: Callable[[str, str], tuple[int, str]] = lambda url, key: (200, RESPONSE)
) -> Dependencies:
    """Return the dependencies of a test: a clone, small packages, and an API that responds."""
    return Dependencies(build, http_get, root)


def error_line(root: Path, capsys: Any, *command: str, using: Dependencies | None = None) -> str:
    """Run a command that fails, and return its error."""
    assert cli.main(list(command) or DEPLOY, using or dependencies(root)) == 1
    error = capsys.readouterr().err
    lines = [line for line in error.splitlines() if line and not line.startswith("event")]
    assert len(lines) == 1, error
    return lines[0]


if __name__ == "__main__":
    # Arguments: the folder of the clone, then those of `python -m infra`.
    sys.exit(cli.main(sys.argv[2:], dependencies(Path(sys.argv[1]))))
