"""The environment in which AWS's SDKs talk to a local AWS, and to nothing else."""

from __future__ import annotations

import os

from chalicelib import wiring
from local.defaults import ACCESS

SDK = {
    **ACCESS,
    # The user's own profile could name another region, or have AWS_ENDPOINT_URL ignored.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def sdk_environ(endpoint: str) -> dict[str, str]:
    """The variables that point any AWS SDK at an endpoint, and keep it from reading the user's own AWS."""
    return {"AWS_ENDPOINT_URL": endpoint, **SDK}


def point_at(endpoint: str) -> None:
    """Point this process at an endpoint, and let nothing of the user's own AWS through: a profile, a token, a role."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(sdk_environ(endpoint))
    wiring.forget()


def restore(environ: dict[str, str]) -> None:
    """Make the environment what it was."""
    os.environ.clear()
    os.environ.update(environ)
    wiring.forget()
