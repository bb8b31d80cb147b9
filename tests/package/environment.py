"""The unpacked packages, and processes that can import nothing else."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import venv
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.paths import ROOT
from infra.packaging import archive

HERE = Path(__file__).parent
PROBES = HERE / "probes.py"

SECONDS = 120.0

# Environment variables of Lambda that a library may read.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "b3-dataflow-rehearsal",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/b3-dataflow-rehearsal",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "LANG": "en_US.UTF-8",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "TZ": ":UTC",
}


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a zip file, and make its files read-only."""
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(folder)
    for path_inside in [folder, *folder.rglob("*")]:
        path_inside.chmod(path_inside.stat().st_mode & ~0o222)
    return folder


def runtime_environment(name: str) -> Path:
    """Return a virtual environment with the packages of a runtime. It is created once per requirements file."""
    requirements = ROOT / "infra" / "packaging" / "runtimes" / f"{name}.txt"
    folder = ROOT / "build" / "runtimes" / f"{name}-{archive.digest([requirements.read_bytes()])}"
    if not (folder / "complete").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [
            str(folder / "bin" / "python"),
            "-m",
            "pip",
            "install",
            "-qq",
            "--disable-pip-version-check",
            "--require-hashes",
        ]
        subprocess.run([*pip, "--requirement", str(requirements)], check=True, timeout=600)
        (folder / "complete").touch()
    return folder


def site_packages(environment: Path) -> Path:
    return environment / "lib" / "python3.13" / "site-packages"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Results of a function in its own process.

    Attributes:
        answers: Response to each event, as JSON.
        seconds: Duration of each call.
        written_outside: Paths that it wrote or created outside its temporary folder.
        output: Its standard output and error.
    """

    answers: list[Any]
    seconds: list[float]
    import_seconds: float
    peak_bytes: int
    written_outside: list[str]
    output: str


@dataclass(frozen=True, slots=True)
class Lambda:
    """An environment like Lambda's: function, layer, packages of the runtime, and a temporary folder.

    Attributes:
        nothing: An empty folder, for a function without a layer.
    """

    function: Path
    layer: Path
    nothing: Path
    brought: Path
    temporary: Path

    def call(
        self,
        handler: str,
        events: Sequence[Any] = (None,),
        environ: Mapping[str, str] | None = None,
        layered: bool = False,
        yahoo: str | None = None,
        bytecode: bool = True,
    ) -> Rehearsal:
        """Import a handler in a new process, and call it with each event in turn.

        Args:
            handler: `module.name`, or `file.py:name` for a handler outside the package.
            environ: Additional environment variables.
            layered: Whether the function has the layer.
            yahoo: URL of a server in place of Yahoo.
            bytecode: Whether the packages have their bytecode.
        """
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        request = self.temporary / "request.json"
        request.write_text(json.dumps({
            "function": str(self.function),
            "layer": str((self.layer if layered else self.nothing) / "python"),
            "runtime": str(self.brought),
            "handler": handler,
            "events": list(events),
            "yahoo": yahoo and [str(ROOT / "tests" / "support" / "yahoo_server.py"), yahoo],
        }))  # fmt: skip
        folders = {"HOME": str(self.function), "TMPDIR": str(self.temporary), "LAMBDA_TASK_ROOT": str(self.function)}
        elsewhere = [] if bytecode else ["-B", "-X", f"pycache_prefix={self.temporary / 'none'}"]
        process = subprocess.run(
            [sys.executable, "-I", "-S", *elsewhere, str(HERE / "lambda_process.py"), str(request)],
            cwd=self.function,
            env={**LAMBDA, **folders, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert process.returncode == 0, f"{handler}: {process.stderr}{process.stdout}"
        answer = json.loads((self.temporary / "answer.json").read_text())
        return Rehearsal(
            [invocation["answer"] for invocation in answer["invocations"]],
            [invocation["seconds"] for invocation in answer["invocations"]],
            answer["import_seconds"],
            answer["peak_bytes"],
            answer["written_outside"],
            process.stdout + process.stderr,
        )
