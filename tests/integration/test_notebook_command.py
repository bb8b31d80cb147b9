"""Command of `make notebook`, run in a separate process with a running API and local AWS."""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.sync.client import connect

from common.paths import ROOT
from local.notebook_command import NOTEBOOK, bare
from tests.support.processes import SECONDS, Running, command_error, wait_for_response

PORTS = ("--aws-port", "9", "--port", "9")


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Copy of the project, so that the test can change the notebook."""
    for name in ("local", "chalicelib", "common"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / NOTEBOOK).parent.mkdir()
    (tmp_path / NOTEBOOK).write_bytes((ROOT / NOTEBOOK).read_bytes())
    return tmp_path


@pytest.fixture
def jupyter(url: str, project: Path, free: int) -> Iterator[Running]:
    """Jupyter with a running API and local AWS and a temporary home folder."""
    command = [sys.executable, "-m", "local", "notebook", "--jupyter-port", str(free), "--port", url.rpartition(":")[2]]
    aws_port = os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]
    running = Running([*command, "--aws-port", aws_port], {"HOME": str(project), "BROWSER": "none"}, project)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


@pytest.fixture
def token(jupyter: Running, free: int) -> str:
    """Wait until Jupyter listens and return the token that it prints."""
    token = jupyter.wait_for(rf"http://127\.0\.0\.1:{free}/lab/tree/{NOTEBOOK}\?token=(\w+)")
    wait_for_response(f"http://127.0.0.1:{free}/api", jupyter)
    return token


def request(url: str, token: str, method: str = "GET", body: Any = None) -> Any:
    """Return the JSON of a response of Jupyter's API."""
    data = None if body is None else json.dumps(body).encode()
    headers = {"Authorization": f"token {token}"}
    prepared = urllib.request.Request(url, data, headers, method=method)
    with urllib.request.urlopen(prepared, timeout=SECONDS) as response:
        return json.load(response)


def execute(channels: str, code: str) -> str:
    """Run code in a kernel over Jupyter's WebSocket and return its output."""
    header = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "1", "version": "5.4"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
    with connect(channels, proxy=None, open_timeout=SECONDS) as channel:
        channel.send(json.dumps(message))
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            reply = json.loads(channel.recv(timeout=SECONDS))
            if reply["msg_type"] == "stream":
                return str(reply["content"]["text"])
    raise AssertionError(f"the kernel printed nothing in {SECONDS} s")


def test_it_prints_the_notebooks_address_and_its_kernel_uses_the_running_aws(
    jupyter: Running, token: str, url: str, free: int
):
    address = f"http://127.0.0.1:{free}/api"
    assert request(f"{address}/contents/{NOTEBOOK}", token)["type"] == "notebook"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        request(f"{address}/contents/{NOTEBOOK}", "another")

    kernel = request(f"{address}/kernels", token, "POST", {"name": "python3"})["id"]
    output = execute(
        f"ws://127.0.0.1:{free}/api/kernels/{kernel}/channels?token={token}",
        "import os; print(os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_ACCESS_KEY_ID'], os.environ['IBOV_API_URL'])",
    )
    assert output == f"{os.environ['AWS_ENDPOINT_URL']} local {url}\n"

    assert "WARNING" not in jupyter.output
    assert jupyter.stop() == 0
    assert "Traceback" not in jupyter.output
    with pytest.raises(ProcessLookupError):
        os.killpg(jupyter.process.pid, 0)


def test_the_notebook_is_saved_without_outputs_and_a_copy_with_them(token: str, project: Path, free: int):
    contents = f"http://127.0.0.1:{free}/api/contents/"
    run = request(contents + NOTEBOOK, token)["content"]
    code = next(cell for cell in run["cells"] if cell["cell_type"] == "code")
    code |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "output"}]}
    run["metadata"]["language_info"] = {"name": "python", "version": "3.11.0"}

    for path in (NOTEBOOK, "notebooks/mine.ipynb"):
        request(contents + path, token, "PUT", {"type": "notebook", "format": "json", "content": run})

    assert (project / NOTEBOOK).read_bytes() == (ROOT / NOTEBOOK).read_bytes()
    copy = json.loads((project / "notebooks" / "mine.ipynb").read_text(encoding="utf-8"))
    assert copy != bare(copy)


def test_without_a_running_aws_the_error_is_one_line():
    assert command_error("notebook", *PORTS) == (
        "error: no local AWS answers on http://127.0.0.1:9: start `make run`, or set another port with AWS_PORT="
    )


def test_without_a_running_api_the_error_is_one_line(url: str):
    aws_port = os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]

    assert command_error("notebook", *PORTS, "--aws-port", aws_port) == (
        "error: no API answers on http://127.0.0.1:9: start `make run`, or set another port with PORT="
    )
