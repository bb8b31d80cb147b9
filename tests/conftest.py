"""Fixtures for all tests: a clean environment, a local AWS, and the real data."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from chalice.test import Client

from chalicelib import logs
from common.paths import ROOT
from local.laptop import Laptop
from tests.support.bars import raw_object, session_bars
from tests.support.deploying import Account, empty_account
from tests.support.lake import create_lake, create_stack
from tests.support.stage_command import clone

SHARED = ROOT.parent / "shared" / "data"

# The settings of the tests: no request to B3, since each is repeated with pauses where nothing answers.
SETTINGS = {"B3_OFFICIAL_CLOSES": "no"}

# A proxy address where nothing listens, so that every request to another host fails at once.
NOWHERE = "http://127.0.0.1:9"
NO_WAY_OUT = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": "127.0.0.1,localhost"}

PROXIES = {name: value for name, value in os.environ.items() if name.lower().endswith("_proxy")}
"""Proxy settings of this machine, for the tests that download packages."""


@pytest.fixture(scope="session", autouse=True)
def clean_environment() -> Iterator[None]:
    """Remove the developer's own AWS and project settings, and block requests to other hosts."""
    before = dict(os.environ)
    for name in list(os.environ):
        if name.startswith(("AWS_", "B3_")) or name in PROXIES:
            del os.environ[name]
    os.environ.update(NO_WAY_OUT | SETTINGS)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture
def text_log() -> Iterator[None]:
    """Restore the text of the pipeline's log after a test that lets it write JSON."""
    formatter = logs._output.formatter
    yield
    logs._output.setFormatter(formatter)
    logs.log.setLevel(logging.INFO)
    # Powertools marks a logger that it has set up.
    vars(logs.log).pop("init", None)
    logs._json_logger.cache_clear()


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of the real data. Without it, the test is skipped, or fails if REQUIRE_DATA is set."""
    if not SHARED.is_dir():
        message = "needs the real data in ../shared/data"
        if os.environ.get("REQUIRE_DATA"):
            pytest.fail(message)
        pytest.skip(message)
    return SHARED


@pytest.fixture(scope="session")
def real_csv(shared_data: Path) -> Path:
    """CSV of the real history of the index."""
    return shared_data / "bvsp_daily_yahoo.csv"


@pytest.fixture(scope="session")
def running(clean_environment: None) -> Iterator[Laptop]:
    """Laptop for the whole session, without a stack."""
    with Laptop() as laptop:
        yield laptop


@pytest.fixture
def laptop(running: Laptop) -> Iterator[Laptop]:
    """Laptop with an empty stack."""
    create_stack(running)
    yield running
    running.aws.reset()


@pytest.fixture(scope="module")
def url(running: Laptop) -> Iterator[str]:
    """URL of the API over a lake with 300 sessions from June 2024 on."""
    create_lake(running, raw_object(session_bars("2024-06-03", 300)))
    with running.serve(0) as server:
        yield server.url
    running.aws.reset()


@pytest.fixture
def http(laptop: Laptop) -> Any:
    """Chalice's test client for the API."""
    return Client(laptop.app.app).http


@pytest.fixture
def s3(laptop: Laptop) -> Any:
    return boto3.client("s3")


@pytest.fixture
def glue(laptop: Laptop) -> Any:
    return boto3.client("glue")


@pytest.fixture
def athena(laptop: Laptop) -> Any:
    return boto3.client("athena")


@pytest.fixture
def account(running: Laptop) -> Iterator[Account]:
    """An empty AWS account. Its function `ingest` adds ten sessions, and runs the job."""
    with empty_account(running) as created:
        yield created


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Clone of the project."""
    return clone(tmp_path / "clone")
