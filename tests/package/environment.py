"""The packages unpacked as AWS does, and processes that hold nothing else."""

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

# What Lambda sets, as far as a library could look at it.
LAMBDA = {
    "AWS_LAMBDA_FUNCTION_NAME": "b3-dataflow-rehearsal",
    "AWS_LAMBDA_LOG_GROUP_NAME": "/aws/lambda/b3-dataflow-rehearsal",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.13",
    "LANG": "en_US.UTF-8",
    "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
    "TZ": ":UTC",
}


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a zip file so that nobody may write to what it held."""
    with zipfile.ZipFile(path) as zipped:
        zipped.extractall(folder)
    for found in [folder, *folder.rglob("*")]:
        found.chmod(found.stat().st_mode & ~0o222)
    return folder


def runtime_environment(name: str) -> Path:
    """A virtual environment with what AWS brings of its own, made once for each list of it."""
    requirements = ROOT / "infra" / "packaging" / "runtimes" / f"{name}.txt"
    folder = ROOT / "build" / "runtimes" / f"{name}-{archive.digest([requirements.read_bytes()])}"
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
        subprocess.run([*pip, "--requirement", str(requirements)], check=True, timeout=600)
        (folder / "made").touch()
    return folder


def site_packages(environment: Path) -> Path:
    return environment / "lib" / "python3.13" / "site-packages"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What became of a function that was called in a process of its own.

    Attributes:
        answers: to each event, as JSON.
        seconds: of each call.
        written_outside: what it wrote to or made outside its temporary folder.
        output: what it printed.
    """

    answers: list[Any]
    seconds: list[float]
    import_seconds: float
    peak_bytes: int
    written_outside: list[str]
    output: str


@dataclass(frozen=True, slots=True)
class Lambda:
    """Lambda with these packages unpacked: the function, the layer, what Lambda brings, and a temporary folder.

    Attributes:
        nothing: an empty folder, the layer of a function without one.
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
            handler: `module.name`, or `file.py:name` for one that is no part of the package.
            environ: what is set beside Lambda's own.
            layered: whether the function has the layer.
            yahoo: the address of a server that takes the place of Yahoo.
            bytecode: whether what was compiled beforehand is there.
        """
        shutil.rmtree(self.temporary, ignore_errors=True)
        self.temporary.mkdir()
        asked = self.temporary / "asked.json"
        asked.write_text(json.dumps({
            "function": str(self.function),
            "layer": str((self.layer if layered else self.nothing) / "python"),
            "runtime": str(self.brought),
            "handler": handler,
            "events": list(events),
            "yahoo": yahoo and [str(ROOT / "tests" / "support" / "yahoo_server.py"), yahoo],
        }))  # fmt: skip
        folders = {"HOME": str(self.function), "TMPDIR": str(self.temporary), "LAMBDA_TASK_ROOT": str(self.function)}
        elsewhere = [] if bytecode else ["-B", "-X", f"pycache_prefix={self.temporary / 'none'}"]
        done = subprocess.run(
            [sys.executable, "-I", "-S", *elsewhere, str(HERE / "lambda_process.py"), str(asked)],
            cwd=self.function,
            env={**LAMBDA, **folders, **(environ or {})},
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        assert done.returncode == 0, f"{handler}: {done.stderr}{done.stdout}"
        answer = json.loads((self.temporary / "answer.json").read_text())
        return Rehearsal(
            [invocation["answer"] for invocation in answer["invocations"]],
            [invocation["seconds"] for invocation in answer["invocations"]],
            answer["import_seconds"],
            answer["peak_bytes"],
            answer["written_outside"],
            done.stdout + done.stderr,
        )
