"""What the command `chalice` gets in the repository: an AWS for `chalice local`, and where its other commands work."""

from __future__ import annotations

from collections.abc import MutableMapping

import click

from local.defaults import ACCESS, AWS_PORT, HOST

_ELSEWHERE = {
    "deploy": "use `make deploy STAGE={stage}`: it makes the roles, buckets and layer that the functions need, and the "
    "folder build/deploy/{stage}, where `chalice deploy` works",
    "delete": "use `make destroy STAGE={stage}`",
    "package": "use `make deploy STAGE={stage}`; then `chalice package --pkg-format terraform` works in "
    "build/deploy/{stage}. Chalice makes no CloudFormation of an app with S3 events",
}


def prepare(environ: MutableMapping[str, str]) -> None:
    """Point `chalice local` at `make run`, and stop the commands that need the settings of a stage.

    Args:
        environ: the environment of this process. What is set in it stays as it is.

    Raises:
        ClickException: the command is one of those; Chalice prints one line and ends.
    """
    # Chalice's server for `local` imports the app in a thread of its own, which has no context.
    context = click.get_current_context(silent=True)
    if context is not None and context.info_name in _ELSEWHERE:
        raise click.ClickException(_ELSEWHERE[context.info_name].format(stage=context.params["stage"]))
    # With a stage's buckets in the environment, its own AWS is meant.
    if "B3_RAW_BUCKET" not in environ:
        for name, value in {"AWS_ENDPOINT_URL": f"http://{HOST}:{AWS_PORT}", **ACCESS}.items():
            environ.setdefault(name, value)
