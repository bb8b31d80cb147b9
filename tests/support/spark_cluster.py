"""A cluster of Spark on this machine: a master, and two workers with a core each.

Spark with `local[…]` never starts a second attempt of a slow task, and a cluster starts it on another host only. So the
workers have different loopback addresses.
"""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

from common.paths import ROOT
from local.glue_jobs import script_environ
from tests.support.processes import Running

SECONDS = 110.0

HOME = Path(pyspark.__file__).parent

SPECULATION = {
    "spark.speculation": "true",
    "spark.speculation.interval": "100ms",
    "spark.speculation.minTaskRuntime": "100ms",
    # Also for a stage with a single task, which has no other to compare with.
    "spark.speculation.task.duration.threshold": "1s",
    "spark.executor.memory": "512m",
}


@contextmanager
def cluster(folder: Path, aws: Mapping[str, str]) -> Iterator[str]:
    """Run a cluster until the end of the block, and yield its URL.

    Args:
        folder: for its files.
        aws: the variables that send AWS SDKs to the local AWS.
    """
    environ = {
        **aws,
        "PYTHONPATH": str(ROOT),
        "SPARK_DAEMON_MEMORY": "128m",
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_LOCAL_IP": "127.0.0.1",
    }
    with ExitStack() as stack:

        def daemon(name: str, *arguments: str) -> Running:
            command = [str(HOME / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", "--webui-port", "0"]
            running = Running([*command, *arguments], environ, folder)
            stack.callback(running.stop, signal.SIGTERM)
            return running

        master = daemon("master.Master", "--host", "127.0.0.1", "--port", "0")
        url = master.wait_for(r"Starting Spark master at (spark://\S+)")
        limits = ["--cores", "1", "--memory", "512m"]
        workers = [
            daemon("worker.Worker", "--host", host, *limits, "--work-dir", str(folder / host), url)
            for host in ("127.0.0.2", "127.0.0.3")
        ]
        for each in workers:
            each.wait_for("Successfully registered with master")
        yield url


def run_job(master: str, folder: Path, aws: Mapping[str, str], conf: Mapping[str, str], *arguments: str) -> str:
    """Run the script of the market's job on a cluster. Return its output.

    Args:
        conf: the settings of Spark, which Glue has as `--conf`.
    """
    (folder / "spark-defaults.conf").write_text("".join(f"{name} {value}\n" for name, value in conf.items()))
    process = subprocess.run(
        [sys.executable, "glue/b3_market_job.py", "--MASTER", master, *arguments],
        cwd=ROOT,
        env={**script_environ(aws), "PYTHONPATH": str(ROOT), "SPARK_CONF_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout
