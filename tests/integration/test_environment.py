"""The AWS SDKs use a running local AWS and ignore the user's own configuration."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from local import environment
from local.glue_jobs import GlueJobs, script_environ
from local.laptop import Laptop
from tests.conftest import NOWHERE

ENDPOINT = "http://127.0.0.1:9"
SECONDS = 30.0

# The second line makes the SDKs ignore AWS_ENDPOINT_URL and send requests to AWS.
OWN_CONFIG = "[default]\nignore_configured_endpoint_urls = true\nregion = sa-east-1\n"


@pytest.fixture
def own_aws(tmp_path: Path, monkeypatch: Any) -> Iterator[None]:
    """Environment of a user with a profile, a role and a token."""
    before = dict(os.environ)
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / "config").write_text(OWN_CONFIG)
    (tmp_path / ".aws" / "credentials").write_text("[default]\naws_access_key_id = own\naws_secret_access_key = own\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN", "AWS_ENDPOINT_URL_S3", "AWS_REGION"):
        monkeypatch.setenv(name, "own")
    yield
    environment.restore(before)


def test_a_process_sent_to_an_endpoint_uses_nothing_of_the_users_own_aws(own_aws: None):
    environment.point_at(ENDPOINT)

    variables = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
    assert variables == environment.sdk_environ(ENDPOINT)
    client: Any = boto3.Session().client("s3")
    assert (client.meta.endpoint_url, client.meta.region_name) == (ENDPOINT, "us-east-1")
    credentials: Any = boto3.Session().get_credentials()
    assert (credentials.access_key, credentials.token) == ("local", None)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({}, "127.0.0.1"),
        ({"NO_PROXY": "example.org"}, "example.org,127.0.0.1"),
        ({"no_proxy": "example.org", "NO_PROXY": "ignored.example"}, "example.org,127.0.0.1"),
        ({"NO_PROXY": "localhost,127.0.0.1"}, "localhost,127.0.0.1"),
    ],
)
def test_the_users_proxy_is_not_used_for_the_local_aws(
    laptop: Laptop, own_aws: None, monkeypatch: Any, names: dict[str, str], expected: str
):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in ({"HTTP_PROXY": NOWHERE} | names).items():
        monkeypatch.setenv(name, value)

    environment.point_at(laptop.aws.endpoint)

    s3: Any = boto3.Session().client("s3")
    assert len(s3.list_buckets()["Buckets"]) == 3
    assert [os.environ[name] for name in ("no_proxy", "NO_PROXY")] == [expected, expected]


def test_the_environment_is_restored(own_aws: None):
    before = dict(os.environ)
    environment.point_at(ENDPOINT)

    environment.restore(before)

    assert dict(os.environ) == before


def test_a_jobs_script_uses_nothing_of_the_users_own_aws(laptop: Laptop, glue: Any, own_aws: None, tmp_path: Path):
    (tmp_path / "glue").mkdir()
    (tmp_path / "glue" / "script.py").write_text(
        "import boto3\nmeta = boto3.client('s3').meta\nprint(meta.endpoint_url, meta.region_name)\n"
    )
    command = {"Name": "glueetl", "ScriptLocation": "glue/script.py"}
    glue.create_job(Name="try", Role="arn:aws:iam::123456789012:role/x", Command=command)
    jobs = GlueJobs(tmp_path, script_environ(laptop.aws.environ()))

    run = jobs.wait(jobs.start({"JobName": "try"}), SECONDS)

    assert (run.error, run.output.split()) == (None, [laptop.aws.endpoint, "us-east-1"])
