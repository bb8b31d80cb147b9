"""`python -m local notebook`: Jupyter with the analyst's notebook, on the data of a running `make run`."""

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
    # In a container the user is often root. Jupyter listens on loopback and requires its token.
    "ServerApp.allow_root": "True",
    # Ctrl-C stops Jupyter without a question, as it stops `make run`.
    "ServerApp.answer_yes": "True",
    # Print the address and errors only.
    "Application.log_level": "ERROR",
    # The notebook is not the file to open: then Jupyter's root would be its folder, and the printed address wrong.
    "LabApp.default_url": f"/lab/tree/{NOTEBOOK}",
    # Without it, each kernel warns that its messages are not encrypted.
    "KernelManager.transport_encryption": "auto",
    "ContentsManager.pre_save_hook": f"{__name__}.before_saving",
}


def run(arguments: argparse.Namespace) -> NoReturn:
    """Replace this process with Jupyter.

    Raises:
        LocalError: no `make run` is running, or Jupyter is not installed.
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
    os.execv(sys.executable, command)  # noqa: S606 - needs no shell


def before_saving(model: dict[str, Any], path: str, **_: Any) -> None:
    """Save the project's notebook without outputs, and any other notebook unchanged. Jupyter's pre-save hook."""
    if model["type"] == "notebook" and path.strip("/") == NOTEBOOK:
        model["content"] = bare(model["content"])


def bare(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook as it is committed: without outputs, execution counts and metadata of the machine."""
    cells = []
    for cell in notebook["cells"]:
        bare_cell = {name: cell[name] for name in ("cell_type", "id", "source")} | {"metadata": {}}
        if cell["cell_type"] == "code":
            bare_cell |= {"execution_count": None, "outputs": []}
        cells.append(bare_cell)
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    return {"cells": cells, "metadata": {"kernelspec": kernel}, "nbformat": 4, "nbformat_minor": 5}
