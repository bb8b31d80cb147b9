"""What must not creep in: heavy imports into the API, AWS into the domain."""

from __future__ import annotations

import ast
import subprocess
import sys

import pytest

from tests.conftest import ROOT

HEAVY = {"pandas", "pyarrow", "awswrangler", "yfinance", "exchange_calendars", "numpy", "duckdb", "moto", "local"}
PURE = [
    "errors",
    "features",
    "layout",
    "manifest",
    "parquet",
    "quality",
    "queries",
    "refinery",
    "schema",
    "b3_calendar",
]


def test_the_api_imports_nothing_heavy():
    code = "import sys, app; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert HEAVY & set(done.stdout.split()) == set()


@pytest.mark.parametrize("module", PURE)
def test_the_domain_knows_neither_aws_nor_chalice(module: str):
    tree = ast.parse((ROOT / "chalicelib" / f"{module}.py").read_text())
    imported = {
        (node.module or "").partition(".")[0]
        if isinstance(node, ast.ImportFrom)
        else node.names[0].name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
    }

    assert imported & {"boto3", "botocore", "chalice", "local"} == set()


def test_what_chalice_bundles_is_the_api_and_nothing_of_the_laptop():
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "glue").rglob("*.py")]:
        source = path.read_text()
        assert "import local" not in source, path
        assert "from local" not in source, path
