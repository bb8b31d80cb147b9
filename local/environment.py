"""Environment variables that send the AWS SDKs to a local AWS only."""

from __future__ import annotations

import os

from chalicelib import wiring
from local.defaults import ACCESS

SDK = {
    **ACCESS,
    # The user's own profile may set another region, or make the SDKs ignore AWS_ENDPOINT_URL.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def sdk_environ(endpoint: str) -> dict[str, str]:
    """Return the variables that send any AWS SDK to an endpoint and hide the user's own configuration."""
    return {"AWS_ENDPOINT_URL": endpoint, **SDK}


def point_at(endpoint: str) -> None:
    """Send this process to an endpoint, and remove the user's own AWS variables: profile, token, role."""
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(sdk_environ(endpoint))
    wiring.forget()


def restore(environ: dict[str, str]) -> None:
    """Set the environment back to a copy taken before."""
    os.environ.clear()
    os.environ.update(environ)
    wiring.forget()
