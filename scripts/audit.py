"""`make audit`: compare every pinned package with PyPI's database of vulnerabilities. Exits with 1 if one has any.

Where the database does not answer, one line says so, and the exit status is 0.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from common.paths import ROOT

PIP_AUDIT = ROOT / ".venv" / "audit" / "bin" / "pip-audit"

FILES = (
    "requirements-dev.txt",
    "requirements-notebook.txt",
    "requirements-spark.txt",
    "glue/requirements.txt",
    "infra/packaging/layer/requirements.txt",
    "infra/packaging/requirements-function.txt",
    "infra/requirements-audit.txt",
    "infra/requirements-checkov.txt",
    "scripts/requirements-garch.txt",
    "scripts/requirements-uv.txt",
)
"""The resolved requirements, without those that a listed file contains, and without the runtimes that AWS provides."""

SECONDS = 300.0
"""The maximum duration of the audit of a file."""

_UNREACHABLE = ("requests.exceptions.", "Could not connect", "ConnectionError")
"""Parts of pip-audit's output if the database cannot be reached."""


@dataclass(frozen=True, slots=True)
class Result:
    """The audit of a file.

    Attributes:
        audited: number of packages that the database knows.
        vulnerable: a line for each vulnerability.
        unknown: packages that the database does not know.
    """

    audited: int
    vulnerable: list[str]
    unknown: list[str]


def read(report: str) -> Result:
    """Read the JSON that pip-audit writes."""
    dependencies = json.loads(report)["dependencies"]
    known = [each for each in dependencies if "skip_reason" not in each]
    vulnerable = [
        f"{each['name']} {each['version']}: {entry['id']}, fixed in {', '.join(entry['fix_versions']) or 'no version'}"
        for each in known
        for entry in each["vulns"]
    ]
    return Result(len(known), vulnerable, [each["name"] for each in dependencies if "skip_reason" in each])


def audit(path: Path, pip_audit: Path = PIP_AUDIT, seconds: float = SECONDS) -> Result | None:
    """Audit a file of requirements. Return None if the database does not answer, or knows no package.

    Raises:
        SystemExit: pip-audit failed for another reason.
    """
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = [str(pip_audit), "--progress-spinner", "off", "--disable-pip", "--require-hashes", "--timeout", "10",
                   "--format", "json", "--output", str(report), "--requirement", str(path)]  # fmt: skip
        try:
            process = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
        except subprocess.TimeoutExpired:
            return None
        if report.exists():
            result = read(report.read_text(encoding="utf-8"))
            return result if result.audited else None
    if any(part in process.stderr for part in _UNREACHABLE):
        return None
    lines = process.stderr.strip().splitlines() or ["no output"]
    raise SystemExit(f"error: pip-audit failed for {path}: {lines[-1]}")


def lines(results: Sequence[tuple[str, Result]]) -> Iterator[str]:
    """Yield a line for each file, and for each of its vulnerabilities."""
    for name, result in results:
        unknown = f"; not in the database: {', '.join(result.unknown)}" if result.unknown else ""
        yield f"{name}: {result.audited} packages audited, {len(result.vulnerable)} vulnerabilities{unknown}"
        yield from (f"  {line}" for line in result.vulnerable)


def main(pip_audit: Path = PIP_AUDIT) -> int:
    """Audit all files, print the results, and return the exit status."""
    results: list[tuple[str, Result]] = []
    for name in FILES:
        result = audit(ROOT / name, pip_audit)
        if result is None:
            print(f"not audited: the database of vulnerabilities does not answer for {name}", flush=True)
            break
        results.append((name, result))
    for line in lines(results):
        print(line)
    return int(any(result.vulnerable for _, result in results))


if __name__ == "__main__":
    sys.exit(main())
