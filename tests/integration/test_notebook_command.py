"""`make notebook`, as somebody types it beside a `make run`."""

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
from tests.support.processes import SECONDS, Running, fails, wait_for_answer

PORTS = ("--aws-port", "9", "--port", "9")


@pytest.fixture
def free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder as a fresh clone, whose notebook may be written to."""
    for name in ("local", "chalicelib"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / NOTEBOOK).parent.mkdir()
    (tmp_path / NOTEBOOK).write_bytes((ROOT / NOTEBOOK).read_bytes())
    return tmp_path


@pytest.fixture
def jupyter(url: str, project: Path, free: int) -> Iterator[Running]:
    """Jupyter beside a running API and AWS, with no home but a temporary one."""
    command = [sys.executable, "-m", "local", "notebook", "--jupyter-port", str(free), "--port", url.rpartition(":")[2]]
    aws_port = os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]
    running = Running([*command, "--aws-port", aws_port], {"HOME": str(project), "BROWSER": "none"}, project)
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGKILL)


@pytest.fixture
def token(jupyter: Running, free: int) -> str:
    """What opens Jupyter, as it prints it; it listens a moment later."""
    token = jupyter.wait_for(rf"http://127\.0\.0\.1:{free}/lab/tree/{NOTEBOOK}\?token=(\w+)")
    wait_for_answer(f"http://127.0.0.1:{free}/api", jupyter)
    return token


def ask(url: str, token: str, method: str = "GET", body: Any = None) -> Any:
    """What Jupyter's own API answers."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Authorization": f"token {token}"}, method=method)
    with urllib.request.urlopen(request, timeout=SECONDS) as response:
        return json.load(response)


def execute(channels: str, code: str) -> str:
    """What code prints in a kernel, over Jupyter's messages."""
    header = {"msg_id": "1", "msg_type": "execute_request", "username": "", "session": "1", "version": "5.4"}
    content = {"code": code, "silent": False, "store_history": False, "user_expressions": {}, "allow_stdin": False}
    message = {"channel": "shell", "header": header, "parent_header": {}, "metadata": {}, "content": content}
    with connect(channels, proxy=None, open_timeout=SECONDS) as channel:
        channel.send(json.dumps(message))
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            received = json.loads(channel.recv(timeout=SECONDS))
            if received["msg_type"] == "stream":
                return str(received["content"]["text"])
    raise AssertionError(f"the kernel printed nothing in {SECONDS} s")


def test_it_prints_where_the_notebook_is_and_its_kernel_asks_what_is_running(
    jupyter: Running, token: str, url: str, free: int
):
    address = f"http://127.0.0.1:{free}/api"
    assert ask(f"{address}/contents/{NOTEBOOK}", token)["type"] == "notebook"
    with pytest.raises(urllib.error.HTTPError, match="403"):
        ask(f"{address}/contents/{NOTEBOOK}", "another")

    kernel = ask(f"{address}/kernels", token, "POST", {"name": "python3"})["id"]
    said = execute(
        f"ws://127.0.0.1:{free}/api/kernels/{kernel}/channels?token={token}",
        "import os; print(os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_ACCESS_KEY_ID'], os.environ['IBOV_API_URL'])",
    )
    assert said == f"{os.environ['AWS_ENDPOINT_URL']} local {url}\n"

    assert "WARNING" not in jupyter.output
    assert jupyter.stop() == 0
    assert "Traceback" not in jupyter.output
    with pytest.raises(ProcessLookupError):
        os.killpg(jupyter.process.pid, 0)


def test_what_it_saves_is_bare_and_a_copy_is_saved_as_it_is(token: str, project: Path, free: int):
    contents = f"http://127.0.0.1:{free}/api/contents/"
    run = ask(contents + NOTEBOOK, token)["content"]
    code = next(cell for cell in run["cells"] if cell["cell_type"] == "code")
    code |= {"execution_count": 7, "outputs": [{"output_type": "stream", "name": "stdout", "text": "said"}]}
    run["metadata"]["language_info"] = {"name": "python", "version": "3.11.0"}

    for path in (NOTEBOOK, "notebooks/mine.ipynb"):
        ask(contents + path, token, "PUT", {"type": "notebook", "format": "json", "content": run})

    assert (project / NOTEBOOK).read_bytes() == (ROOT / NOTEBOOK).read_bytes()
    copy = json.loads((project / "notebooks" / "mine.ipynb").read_text(encoding="utf-8"))
    assert copy != bare(copy)


def test_without_a_running_aws_it_is_one_clear_line():
    assert fails("notebook", *PORTS) == (
        "error: no local AWS answers on http://127.0.0.1:9: start `make run`, or give its AWS_PORT="
    )


def test_without_a_running_api_it_is_one_clear_line(url: str):
    aws_port = os.environ["AWS_ENDPOINT_URL"].rpartition(":")[2]

    assert fails("notebook", *PORTS, "--aws-port", aws_port) == (
        "error: no API answers on http://127.0.0.1:9: start `make run`, or give its PORT="
    )
