"""The packages that each package may import, and the libraries that it must not load."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from common.paths import ROOT

LIBRARY = ROOT / "chalicelib"

GROUND = {
    "errors", "estimators", "forecast_score", "instrument", "layout", "logs", "quantile", "schema", "settings",
    "shares", "sources",
}  # fmt: skip
"""The modules at the top of the library that all others may import."""

ALLOWED: Mapping[str, set[str]] = {
    "lake": set(),
    "refine": set(),
    "market": {"refine"},
    "ingest": {"market", "refine", "lake"},
    "job": {"market", "refine", "lake"},
    "api": {"lake"},
    "wiring": {"api", "ingest", "job", "lake", "refine"},
}
"""The packages that each may import besides the ground and itself."""

AWS = {"boto3", "botocore", "awswrangler", "chalice"}
HEAVY = {"pandas", "pyarrow", "numpy", "awswrangler", "yfinance", "exchange_calendars", "duckdb"}
"""Libraries that cost seconds of a cold start."""

FORBIDDEN: Mapping[str, set[str]] = {
    "ground": AWS | HEAVY,
    "refine": AWS,
    "market": AWS,
    "api": HEAVY,
}
"""The libraries that no module of a package may load, directly or through another module."""

NOT_PACKAGED = {"local", "infra", "common", "scripts", "tests"}


def modules(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.py"))


def package_of(path: Path) -> str:
    """Return the package of a module, or the module's own name at the top of the library."""
    first = path.relative_to(LIBRARY).parts[0]
    return first.removesuffix(".py")


def imported(path: Path) -> set[str]:
    """Return the dotted name of every module that a file imports, also inside functions."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names


def loaded(names: list[str]) -> set[str]:
    """Return the libraries that a new Python process loads when it imports these modules."""
    code = f"import sys, {', '.join(names)}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return set(run.stdout.split())


def dotted(package: str) -> list[str]:
    paths = [LIBRARY / f"{name}.py" for name in sorted(GROUND)] if package == "ground" else modules(LIBRARY / package)
    return [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths if path.name != "__init__.py"]


def test_the_modules_and_packages_of_the_library_are_the_listed_ones():
    top = {path.stem for path in LIBRARY.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in LIBRARY.glob("*/__init__.py")}

    assert top == GROUND | {"wiring"}
    assert packages == ALLOWED.keys() - {"wiring"}


@pytest.mark.parametrize("path", modules(LIBRARY), ids=lambda path: str(path.relative_to(LIBRARY)))
def test_imports_run_one_way(path: Path):
    mine = package_of(path)
    ours = {name.split(".")[1] for name in imported(path) if name.startswith("chalicelib.")}

    assert ours - GROUND - {mine, "__version__"} <= ALLOWED.get(mine, set()), path


@pytest.mark.parametrize("package", FORBIDDEN)
def test_no_package_loads_a_forbidden_library(package: str):
    assert loaded(dotted(package)) & FORBIDDEN[package] == set()


def test_importing_the_app_loads_nothing_heavy():
    assert loaded(["app"]) & (HEAVY | NOT_PACKAGED | {"moto"}) == set()


def test_packaged_modules_import_no_module_that_is_not_packaged():
    # In a checkout, app.py imports `local.chalice_command` for the command `chalice`; packages have no folder `local`.
    assert {name for name in imported(ROOT / "app.py") if name.partition(".")[0] in NOT_PACKAGED} == {
        "local.chalice_command"
    }
    for path in [*modules(LIBRARY), *modules(ROOT / "glue")]:
        assert {name.partition(".")[0] for name in imported(path)} & NOT_PACKAGED == set(), path


def test_deploying_imports_nothing_of_the_laptop():
    for path in modules(ROOT / "infra"):
        assert not any(name.partition(".")[0] == "local" for name in imported(path)), path


def test_the_laptop_needs_no_cfn_lint():
    assert loaded(["local.cli", "local.stack"]) & {"cfnlint", "samtranslator"} == set()


def test_only_the_markets_job_needs_spark():
    users = {
        str(path.relative_to(LIBRARY)) for path in modules(LIBRARY) if any("pyspark" in name for name in imported(path))
    }

    assert users == {"job/market/spark.py", "job/market/update.py"}
    assert loaded(["local.cli", "glue.b3_etl_job"]) & {"pyspark", "py4j"} == set()
