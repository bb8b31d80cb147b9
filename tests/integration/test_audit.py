"""`make audit`: what it reports of pip-audit's results, and that CI goes on where no database answers."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from packaging.utils import canonicalize_name

from common.paths import ROOT
from scripts import audit
from scripts.audit import FILES

KNOWN = {"name": "a", "version": "1.0", "vulns": []}
VULNERABLE = {
    "name": "b",
    "version": "2.0",
    "vulns": [{"id": "PYSEC-2025-1", "fix_versions": ["2.1", "3.0"], "aliases": [], "description": "…"}],
}
UNKNOWN = {"name": "c", "skip_reason": "Dependency not found on PyPI and could not be audited: c (1.0)"}

UNREACHABLE = "Traceback (most recent call last):\nrequests.exceptions.ProxyError: HTTPSConnectionPool(…)\n"


def pip_audit(folder: Path, *dependencies: object, errors: str = "") -> Path:
    """Write a pip-audit that finds these packages in each file, or fails with this output if there are none."""
    path = folder / "pip-audit"
    report = json.dumps({"dependencies": dependencies, "fixes": []})
    write = f"cat > \"$2\" <<'END'\n{report}\nEND" if dependencies else ":"
    find = 'while [ "$1" != --output ]; do shift; done'
    path.write_text(f"#!/bin/sh\n{find}\n{write}\ncat >&2 <<'END'\n{errors}\nEND\nexit 1\n")
    path.chmod(0o755)
    return path


def test_a_vulnerability_fails_and_is_named_with_its_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert audit.main(pip_audit(tmp_path, KNOWN, VULNERABLE)) == 1

    out = capsys.readouterr().out.splitlines()
    assert out[:2] == [f"{FILES[0]}: 2 packages audited, 1 vulnerabilities", "  b 2.0: PYSEC-2025-1, fixed in 2.1, 3.0"]
    assert len(out) == 2 * len(FILES)


def test_without_vulnerabilities_it_succeeds_and_names_what_the_database_lacks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert audit.main(pip_audit(tmp_path, KNOWN, UNKNOWN)) == 0

    assert f"{FILES[0]}: 1 packages audited, 0 vulnerabilities; not in the database: c\n" in capsys.readouterr().out


@pytest.mark.parametrize("answer", ["none", "unknown"])
def test_where_the_database_does_not_answer_one_line_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], answer: str
):
    # A mirror of the index without the database answers that it does not know any package.
    program = pip_audit(tmp_path, UNKNOWN) if answer == "unknown" else pip_audit(tmp_path, errors=UNREACHABLE)

    assert audit.main(program) == 0

    assert capsys.readouterr().out == f"not audited: the database of vulnerabilities does not answer for {FILES[0]}\n"


def test_a_database_that_hangs_is_given_up(tmp_path: Path):
    program = tmp_path / "pip-audit"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)

    assert audit.audit(ROOT / FILES[0], program, seconds=0.2) is None


def test_another_failure_is_an_error(tmp_path: Path):
    with pytest.raises(SystemExit, match=r"^error: pip-audit failed for .*requirements-dev\.txt: invalid input$"):
        audit.main(pip_audit(tmp_path, errors="invalid input"))


def test_every_package_that_is_installed_or_uploaded_is_audited():
    def packages(name: str) -> set[str]:
        lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
        return {canonicalize_name(line.partition("==")[0]) for line in lines if re.match(r"[\w-]+==", line)}

    audited = set[str]().union(*map(packages, FILES))
    files = [path.with_suffix(".txt") for path in ROOT.rglob("*.in") if not {".venv", "build"} & set(path.parts)]
    resolved = {str(path.relative_to(ROOT)) for path in files if path.parent.name != "runtimes"}
    assert set(FILES) < resolved
    for name in resolved:
        assert packages(name) <= audited, name
