"""The packages, built as in a deploy, and their measurements."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.paths import ROOT
from infra.errors import PackageError
from infra.packaging import function, packages, runtime
from infra.packaging.packages import Packages
from scripts import deploying
from tests.conftest import NO_WAY_OUT, PROXIES
from tests.package.environment import Lambda, runtime_environment, site_packages, unpack

BUILD = ROOT / "build"

_measured: dict[str, Any] = {}


def pytest_configure() -> None:
    try:
        runtime.check_python()
    except PackageError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Print the tables of docs/deploying.md, and write the measurements for `make docs`."""
    if deploying.complete(_measured):
        deploying.MEASUREMENTS.write_text(json.dumps(_measured, indent=1))
        for table in deploying.tables(_measured).values():
            terminalreporter.write_line(f"\n{table}")


@pytest.fixture(scope="package", autouse=True)
def package_index() -> Iterator[None]:
    """Allow access to the package index, which all other tests must not use."""
    environ = dict(os.environ)
    for name in ("HTTP_PROXY", "HTTPS_PROXY"):
        del os.environ[name]
    # No proxy for loopback.
    os.environ.update(PROXIES | {"NO_PROXY": NO_WAY_OUT["NO_PROXY"]})
    yield
    os.environ.clear()
    os.environ.update(environ)


@pytest.fixture(scope="session")
def measured() -> dict[str, Any]:
    """Return the measurements of the tests, by the names of the tables."""
    return _measured


@pytest.fixture(scope="package")
def built() -> Packages:
    return packages.build(BUILD, "x86_64")


@pytest.fixture(scope="package")
def function_zip() -> Path:
    return function.build(BUILD)


@pytest.fixture(scope="package")
def aws_lambda(built: Packages, function_zip: Path, tmp_path_factory: Any) -> Iterator[Lambda]:
    """Return Lambda with the function and the layer unpacked."""
    folder = tmp_path_factory.mktemp("lambda")
    task, opt = unpack(function_zip, folder / "task"), unpack(built.layer, folder / "opt")
    yield Lambda(task, opt, folder / "nothing", site_packages(runtime_environment("lambda")), folder / "tmp")
    for read_only in (task, opt):
        for path in [read_only, *read_only.rglob("*")]:
            # pytest must be able to remove the folder.
            path.chmod(path.stat().st_mode | 0o200)
