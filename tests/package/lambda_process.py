"""What Lambda does with a function, for rehearsals: a new process imports it and calls it with each event.

    python -I -S lambda_process.py ASKED.json

Python starts with its standard library alone. What is asked, and where the answer goes, is in the file.
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
from typing import Any

PR_CAPBSET_DROP, CAP_DAC_OVERRIDE = 24, 1  # linux/prctl.h, linux/capability.h

Handler = Callable[[Any, Any], Any]


def main(asked: dict[str, Any]) -> None:
    temporary = Path(os.environ["TMPDIR"])
    for folder in (asked["function"], asked["layer"], os.environ["HOME"]):
        refuse_writing(Path(folder))
    written: list[str] = []
    sys.addaudithook(lambda event, arguments: note_writing(written, event, arguments))
    # As Lambda has them: the function before the layer, and what Lambda brings after all else.
    sys.path[:0] = [asked["function"], asked["layer"]]
    sys.path.append(asked["runtime"])
    # What Amazon Linux has of time zones is not promised.
    zoneinfo.reset_tzpath(to=[])

    began = time.perf_counter()
    handler = find(asked["handler"])
    imported = time.perf_counter() - began
    began = time.perf_counter()
    if asked["yahoo"]:
        take_to_loopback(*asked["yahoo"])
    # That imported what the first call would have: the time is the call's.
    prepared = time.perf_counter() - began
    invocations = [invoke(handler, event) for event in asked["events"]]
    invocations[0]["seconds"] += prepared

    # Python itself tries to keep the bytecode of each module that has none, and takes the refusal.
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
    """See that this process can write to a folder as little as a function can."""
    try:
        (folder / "written").touch()
    except OSError:
        return
    sys.exit(f"the rehearsal can write to {folder}, which no function can")


def note_writing(written: list[str], event: str, arguments: Any) -> None:
    """Note each path that Python opens to write, or makes."""
    writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT
    opened = event == "open" and isinstance(arguments[0], str) and isinstance(arguments[2], int)
    if (opened and arguments[2] & writes) or event in ("os.mkdir", "os.rename", "sqlite3.connect"):
        written.append(os.path.abspath(os.fsdecode(arguments[0])))


def find(name: str) -> Handler:
    """A handler as Lambda names it, `module.name`, or `file.py:name` for one that is no part of the package."""
    if ":" in name:
        path, _, function = name.partition(":")
        found: Handler = runpy.run_path(path)[function]
        return found
    module, _, function = name.rpartition(".")
    handler: Handler = getattr(importlib.import_module(module), function)
    return handler


def take_to_loopback(server_module: str, url: str) -> None:
    """Let the ingest's requests to Yahoo go to a server on loopback."""
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
    """The most memory that this process has had. What getrusage says counts its parent's as well."""
    found = re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())
    return int(found[1]) * 1024 if found else 0


def drop_override() -> None:
    """Start this process again without root's right to write where nobody may."""
    if os.geteuid() != 0 or "--dropped" in sys.argv:
        return
    ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, 0, 0, 0)
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:], "--dropped"])  # noqa: S606


if __name__ == "__main__":
    drop_override()
    main(json.loads(Path(sys.argv[1]).read_text()))
