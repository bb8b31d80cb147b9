"""What must not creep in: heavy imports into the API, AWS into the domain."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT

HEAVY = {"pandas", "pyarrow", "awswrangler", "yfinance", "exchange_calendars", "numpy", "duckdb", "moto", "local"}
EDGES = {
    "api",
    "athena",
    "backfill",
    "caching",
    "catalog",
    "ingest",
    "lake",
    "pages",
    "problems",
    "trigger",
    "wiring",
    "writer",
}
"""What talks to AWS or to a client. All else computes."""

PURE = sorted({path.stem for path in (ROOT / "chalicelib").glob("*.py")} - EDGES - {"__init__"})


def test_the_api_imports_nothing_heavy():
    code = "import sys, app; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.split()) == set()


def test_the_domain_knows_neither_aws_nor_chalice():
    modules = ", ".join(f"chalicelib.{name}" for name in PURE)
    code = f"import sys, {modules}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert {"boto3", "botocore", "chalice", "local"} & set(done.stdout.split()) == set()


def test_what_chalice_bundles_is_the_api_and_nothing_of_the_laptop():
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "glue").rglob("*.py")]:
        # Only the command `chalice` gets that, and only in a checkout: what is bundled runs without it.
        source = path.read_text().replace("    from local import chalice_command\n", "")
        assert "import local" not in source, path
        assert "from local" not in source, path
