"""`python -m local notebook`: Jupyter with the analyst's notebook, pointed at a `make run` that is running."""

from __future__ import annotations

import argparse
import importlib.util
import os
import sys
from typing import Any, NoReturn

from local import environment
from local.defaults import HOST
from local.errors import LocalError
from local.running import reach

PORT = 8888

NOTEBOOK = "notebooks/athena_queries.ipynb"

_JUPYTER = {
    "ServerApp.ip": HOST,
    # In a container whoever develops is root; Jupyter is on loopback, and asks for its token.
    "ServerApp.allow_root": "True",
    # Ctrl-C stops it, as it stops `make run`.
    "ServerApp.answer_yes": "True",
    # Of all that it would say, the address is left, and what is wrong.
    "Application.log_level": "ERROR",
    # Not as the file to open: the root would be its folder, and the address that is printed would not lead to it.
    "LabApp.default_url": f"/lab/tree/{NOTEBOOK}",
    # Without it, each kernel warns that what it says can be listened to.
    "KernelManager.transport_encryption": "auto",
    "ContentsManager.pre_save_hook": f"{__name__}.before_saving",
}


def run(arguments: argparse.Namespace) -> NoReturn:
    """Become Jupyter.

    Raises:
        LocalError: no `make run` answers, or Jupyter is not installed.
    """
    if importlib.util.find_spec("jupyterlab") is None:
        raise LocalError("Jupyter is not installed: use `make notebook`")
    endpoint = reach("local AWS", arguments.aws_port, "AWS_PORT=")
    api = reach("API", arguments.port, "PORT=")
    environment.point_at(endpoint)
    os.environ["IBOV_API_URL"] = api
    options = _JUPYTER | {"ServerApp.port": arguments.jupyter_port}
    print(f"Jupyter with {NOTEBOOK}, on the data of {api}. Ctrl-C stops it.", flush=True)
    command = [sys.executable, "-m", "jupyterlab", *(f"--{name}={value}" for name, value in options.items())]
    os.execv(sys.executable, command)  # noqa: S606 - no shell is wanted


def before_saving(model: dict[str, Any], path: str, **_: Any) -> None:
    """Jupyter's hook: the project's notebook is saved bare. A copy of it, or another, is saved as it is."""
    if model["type"] == "notebook" and path.strip("/") == NOTEBOOK:
        model["content"] = bare(model["content"])


def bare(notebook: dict[str, Any]) -> dict[str, Any]:
    """A notebook as it is committed: cells without outputs, counts, or what a machine says of itself."""
    cells = []
    for cell in notebook["cells"]:
        kept = {name: cell[name] for name in ("cell_type", "id", "source")} | {"metadata": {}}
        if cell["cell_type"] == "code":
            kept |= {"execution_count": None, "outputs": []}
        cells.append(kept)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
