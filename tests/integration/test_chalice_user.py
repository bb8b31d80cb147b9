"""Commands of Chalice in a clean clone: `chalice local` works, the others name the command to use."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from local import chalice_command
from local.laptop import Laptop
from tests.conftest import NOWHERE
from tests.support.bars import raw_object, session_bars
from tests.support.checkout import chalice, chalice_local, checkout, clean_environ
from tests.support.lake import fill
from tests.support.processes import wait_for_response

KEYS = {"AWS_ACCESS_KEY_ID": "mine", "AWS_SECRET_ACCESS_KEY": "mine", "AWS_DEFAULT_REGION": "us-east-1"}


@pytest.fixture(scope="module")
def clone(tmp_path_factory: Any) -> Path:
    return checkout(tmp_path_factory.mktemp("clone"))


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """Return an environment without settings."""
    return clean_environ(tmp_path)


def problem(url: str | urllib.request.Request) -> tuple[int, Any, Any]:
    """Return status, headers and body of an error response."""
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(url, timeout=30)
    with raised.value as answer:
        return answer.code, answer.headers, json.load(answer)


@pytest.mark.parametrize("options", [(), ("--stage", "local"), ("--stage", "prod")])
def test_local_serves_the_lake_at_the_endpoint_that_is_exported(
    clone: Path, environ: dict[str, str], laptop: Laptop, options: tuple[str, ...]
):
    fill(raw_object(session_bars("2025-01-02", 10)))
    environ = environ | {"AWS_ENDPOINT_URL": laptop.aws.endpoint}

    with chalice_local(clone, *options, environ=environ) as (url, running):
        answer = wait_for_response(f"{url}/ibov/volatility?limit=3", running)

    assert [row["data"] for row in answer["rows"]] == ["2025-01-15", "2025-01-14", "2025-01-13"]


def test_local_without_an_aws_serves_routes_that_need_none_and_logs_a_hint(clone: Path, environ: dict[str, str]):
    with chalice_local(clone, environ=environ | {"AWS_ENDPOINT_URL": NOWHERE}) as (url, running):
        assert wait_for_response(f"{url}/", running)
        status, headers, body = problem(f"{url}/ibov/volatility")

    assert (status, headers["Content-Type"], body["status"]) == (503, "application/problem+json", 503)
    assert int(headers["Retry-After"]) > 0
    assert "start `make run`, or set AWS_ENDPOINT_URL" in running.output
    assert "Traceback" not in running.output


def test_local_refuses_the_host_of_a_page(clone: Path, environ: dict[str, str]):
    with chalice_local(clone, environ=environ | {"AWS_ENDPOINT_URL": NOWHERE}) as (url, running):
        assert wait_for_response(f"{url}/", running)
        status, headers, body = problem(urllib.request.Request(f"{url}/", headers={"Host": "page.example"}))

    assert (status, headers["Content-Type"]) == (403, "application/problem+json")
    assert body["detail"].startswith("Host is 'page.example'; allowed: 127.0.0.1")


LOOPBACK_WITHOUT_PROXY = dict.fromkeys(("no_proxy", "NO_PROXY"), "example.org,127.0.0.1")


def test_unset_variables_get_the_values_of_make_run():
    environ = {"PATH": "/bin"}

    chalice_command.prepare(environ)

    assert environ == {
        "PATH": "/bin",
        "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_DEFAULT_REGION": "us-east-1",
        "no_proxy": "127.0.0.1",
        "NO_PROXY": "127.0.0.1",
    }


@pytest.mark.parametrize(
    "exported",
    [
        {**KEYS, "AWS_DEFAULT_REGION": "sa-east-1", "AWS_ENDPOINT_URL": NOWHERE} | LOOPBACK_WITHOUT_PROXY,
        # With the settings of a stage, requests go to the real AWS with the user's own profile.
        {"B3_RAW_BUCKET": "b3-dataflow-raw-123456789012-us-east-1-dev", "AWS_PROFILE": "mine"},
    ],
)
def test_exported_variables_keep_their_values(exported: dict[str, str]):
    environ = dict(exported)

    chalice_command.prepare(environ)

    assert environ == exported


@pytest.mark.parametrize(
    ("command", "hint"),
    [
        (("deploy", "--stage", "dev"), "use `make deploy STAGE=dev`"),
        (("deploy", "--stage", "prod"), "use `make deploy STAGE=prod`"),
        (("delete", "--stage", "dev"), "use `make destroy STAGE=dev`"),
        (("package", "out"), "use `make deploy STAGE=dev`"),
        (
            ("package", "--pkg-format", "terraform", "out"),
            "`chalice package --pkg-format terraform` works in build/deploy",
        ),
    ],
)
@pytest.mark.parametrize("exported", [{}, KEYS])
def test_a_command_that_needs_a_stage_is_refused_in_one_line(
    clone: Path, environ: dict[str, str], command: tuple[str, ...], hint: str, exported: dict[str, str]
):
    process = chalice(clone, *command, environ=environ | exported)

    assert (process.returncode, process.stdout) == (1, "")
    (line,) = process.stderr.splitlines()
    assert line.startswith("Error: use `make ")
    assert hint in line
    assert not (clone / "out").exists()
