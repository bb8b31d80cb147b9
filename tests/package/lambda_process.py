"""Import a function in a new process and call it with each event, as Lambda does.

    python -I -S lambda_process.py REQUEST.json

Python starts with its standard library only. The file has the request. The response is written to $TMPDIR/answer.json.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import re
import runpy
import sys
import time
import zoneinfo
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h

Handler = Callable[[Any, Any], Any]


def main(request: dict[str, Any]) -> None:
    temporary = Path(os.environ["TMPDIR"])
    for folder in (request["function"], request["layer"], os.environ["HOME"]):
        refuse_writing(Path(folder))
    written: list[str] = []
    sys.addaudithook(lambda event, arguments: note_writing(written, event, arguments))
    # The order of Lambda: function, layer, standard library, runtime.
    sys.path[:0] = [request["function"], request["layer"]]
    sys.path.append(request["runtime"])
    # Amazon Linux does not guarantee a time zone database.
    zoneinfo.reset_tzpath(to=[])

    began = time.perf_counter()
    handler = find(request["handler"])
    imported = time.perf_counter() - began
    began = time.perf_counter()
    if request["yahoo"]:
        take_to_loopback(*request["yahoo"])
    # The imports belong to the first call, so its duration includes them.
    prepared = time.perf_counter() - began
    invocations = [invoke(handler, event) for event in request["events"]]
    invocations[0]["seconds"] += prepared

    # Python tries to write missing bytecode, and ignores the error.
    ours = [path for path in written if "__pycache__" not in path and path != os.devnull]
    outside = [path for path in ours if not Path(path).is_relative_to(temporary)]
    answer = {
        "import_seconds": imported,
        "invocations": invocations,
        "peak_bytes": peak_bytes(),
        "written_outside": outside,
    }
    (temporary / "answer.json").write_text(json.dumps(answer))


def refuse_writing(folder: Path) -> None:
    """Exit if this process can write to a folder, which a function cannot."""
    try:
        (folder / "written").touch()
    except OSError:
        return
    sys.exit(f"the rehearsal can write to {folder}, which no function can")


def note_writing(written: list[str], event: str, arguments: Any) -> None:
    """Record a path that Python opens for writing, or creates."""
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    opened = event == "open" and isinstance(arguments[0], str) and isinstance(arguments[2], int)
    if (opened and arguments[2] & writes) or event in ("os.mkdir", "os.rename", "sqlite3.connect"):
        written.append(os.path.abspath(os.fsdecode(arguments[0])))


def find(name: str) -> Handler:
    """Return a handler by Lambda's name, `module.name`, or by `file.py:name` outside the package."""
    if ":" in name:
        path, _, function = name.partition(":")
        return cast("Handler", runpy.run_path(path)[function])
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def take_to_loopback(server_module: str, url: str) -> None:
    """Send the ingest's requests to Yahoo to a server on loopback."""
    from chalicelib.ingest import backfill
    from chalicelib.ingest.sources.yahoo import Yahoo

    session = runpy.run_path(server_module)["loopback_session"]
    replaced: Any = backfill
    replaced.Yahoo = lambda: Yahoo(lambda: session(url, []))


def invoke(handler: Handler, event: Any) -> dict[str, Any]:
    context = SimpleNamespace(aws_request_id="rehearsal", function_name=os.environ["AWS_LAMBDA_FUNCTION_NAME"])
    began = time.perf_counter()
    answer = handler(event, context)
    # Lambda sends the answer as JSON.
    return {"seconds": time.perf_counter() - began, "answer": json.loads(json.dumps(answer, default=str))}


def peak_bytes() -> int:
    """Return the peak memory of this process. The value of getrusage includes that of its parent."""
    match = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(match[1]) * 1024 if match else 0


def drop_override() -> None:
    """Start this process again without root's capability to write to read-only folders."""
    if os.geteuid() != 0 or "--dropped" in sys.argv:
        return
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "--dropped"])  # noqa: S606


if __name__ == "__main__":
    drop_override()
    main(json.loads(Path(sys.argv[1]).read_text()))
