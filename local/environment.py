"""Environment variables that send the AWS SDKs to the local AWS."""

from __future__ import annotations

import os

from chalicelib import wiring
from local import proxy
from local.defaults import ACCESS

SDK = {
    **ACCESS,
    # The user's own profile may set another region, or make the SDKs ignore AWS_ENDPOINT_URL.
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def sdk_environ(endpoint: str) -> dict[str, str]:
    """Return the variables that send any AWS SDK to an endpoint and disable the user's configuration files."""
    return {"AWS_ENDPOINT_URL": endpoint, **SDK}


def point_at(endpoint: str) -> None:
    """Send the AWS SDKs of this process to an endpoint on this machine, without the user's proxy.

    The user's AWS variables (profile, token, role) are removed.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ.update(sdk_environ(endpoint))
    proxy.bypass(os.environ)
    wiring.clear_caches()


def restore(environ: dict[str, str]) -> None:
    """Restore the environment of this process from a copy."""
    os.environ.clear()
    os.environ.update(environ)
    wiring.clear_caches()
