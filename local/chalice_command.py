"""Command `chalice` in the repository: `local` uses the local AWS, the other commands name their replacement."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from typing import Any

import click

from chalicelib.api import problems
from local import proxy
from local.defaults import ACCESS, AWS_PORT, HOST
from local.door import host_refusal

_REFUSED = {
    "deploy": "use `make deploy STAGE={stage}`: it creates the roles, buckets and layer that the functions need, and "
    "the folder build/deploy/{stage}, in which `chalice deploy` works",
    "delete": "use `make destroy STAGE={stage}`",
    "package": "use `make deploy STAGE={stage}`; then `chalice package --pkg-format terraform` works in "
    "build/deploy/{stage}. Chalice has no CloudFormation for an app with S3 events",
}


def prepare(environ: MutableMapping[str, str]) -> None:
    """Send `chalice local` to a running `make run`, and refuse the commands that need the settings of a stage.

    Args:
        environ: environment of this process. Existing variables keep their values, except that 127.0.0.1 is
            added to `no_proxy`.

    Raises:
        ClickException: the command is refused. Chalice prints the message and exits.
    """
    # The server of `chalice local` imports the app in another thread, which has no context.
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name in _REFUSED:
        raise click.ClickException(_REFUSED[context.info_name].format(stage=context.params["stage"]))
    # If the environment has a stage's buckets, the user means the stage's AWS.
    if "B3_RAW_BUCKET" not in environ:
        for name, value in {"AWS_ENDPOINT_URL": f"http://{HOST}:{AWS_PORT}", **ACCESS}.items():
            environ.setdefault(name, value)
        proxy.bypass(environ)


def check_host(request: Any, get_response: Callable[[Any], Any]) -> Any:
    """Chalice's middleware for `chalice local`: respond with a 403 problem if `Host` is not a loopback host."""
    refusal = host_refusal(request.headers.get("host", ""))
    if refusal is None:
        return get_response(request)
    return problems.problem(HTTPStatus.FORBIDDEN, request.context["path"], refusal)
