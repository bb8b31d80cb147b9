"""The market's job on Spark as a whole, by number of records and cores, beside DuckDB reading the same text.

python -m benchmarks.market 100000 1000000 --cores 1 2
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path

import numpy as np
import psutil

from benchmarks.cotahist import CORES, SIZES, by_duckdb
from benchmarks.report import Table, machine
from chalicelib import layout, wiring
from chalicelib.market.summary import summarise
from common.paths import ROOT
from local.glue_jobs import script_environ
from local.laptop import Laptop
from scripts.generate_market import generate

_STAGES = {
    "parse": r"parsed now, in ([\d.]+) s",
    "refine": r"refined: .*, in ([\d.]+) s",
    "rows": r"committed: ([\d,]+)",
}


@dataclass(frozen=True, slots=True)
class Measured:
    """One run of the job.

    Attributes:
        parse, refine, whole: seconds; the whole includes the start of Spark, about 5 s.
        rows: the number of rows of the table.
        peak: the largest memory of the job's processes together, in bytes.
        worker: the largest memory of one worker process of Python, which runs one task at a time, in bytes.
        cpu: processor seconds of the job's processes. Other processes on the machine affect them least.
    """

    parse: float
    refine: float
    whole: float
    rows: int
    peak: int
    worker: int
    cpu: float


@dataclass(frozen=True, slots=True)
class DuckDbRun:
    """One run of DuckDB, which reads the text of the same files and computes no column.

    Attributes:
        seconds: the time to read the text.
        rows: the number of bars.
    """

    seconds: float
    rows: int


HEADER = (
    "records",
    "rows",
    "cores",
    "parse",
    "refine and write",
    "whole",
    "processor",
    "records a second",
    "peak memory",
    "memory of one task",
)
"""The columns of the table. The last two are of memory."""


@dataclass(frozen=True, slots=True)
class Run:
    """One run of the job or of DuckDB.

    Attributes:
        records: the number of records in the files.
        cores: the number of cores that the run may use.
        measured: the result.
    """

    records: int
    cores: int
    measured: Measured | DuckDbRun

    def row(self) -> tuple[str, ...]:
        """Return the cells below `HEADER`."""
        result, start = self.measured, (f"{self.records:,}", f"{self.measured.rows:,}")
        if isinstance(result, DuckDbRun):
            speed = f"{self.records / result.seconds:,.0f}"
            return (*start, f"{self.cores}, DuckDB", f"{result.seconds:.1f} s", "", "", "", speed, "", "")
        stages = (f"{result.parse:.1f} s", f"{result.refine:.1f} s", f"{result.whole:.1f} s", f"{result.cpu:.0f} s")
        speed = f"{self.records / result.whole:,.0f}"
        memory = (f"{result.peak / 2**30:.1f} GiB", f"{result.worker / 2**30:.1f} GiB")
        return (*start, str(self.cores), *stages, speed, *memory)


def job(files: Sequence[Path], cores: int) -> Measured:
    """Run the job as `make market` does, on a new local AWS."""
    with Laptop() as laptop:
        laptop.create_stack()
        lake = wiring.lake()
        for path in files:
            with path.open("rb") as body:
                summary = summarise(body, path.name)
                file = layout.CotahistFile(summary.first, summary.last, datetime.now(UTC))
                lake.put_cotahist(body, file, path.suffix[1:].lower(), {})
        command = [
            sys.executable, "glue/b3_market_job.py", "--MASTER", f"local[{cores},4]",
            "--RAW_PATH", f"s3://{lake.raw_bucket}/", "--REFINED_PATH", f"s3://{lake.refined_bucket}/{layout.SHARES_PREFIX}",
        ]  # fmt: skip
        environ = script_environ(laptop.aws.environ()) | {"PYTHONPATH": str(ROOT)}
        began = time.perf_counter()
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        os.sched_setaffinity(process.pid, sorted(os.sched_getaffinity(0))[:cores])
        peak, worker, cpu = _until_end(process)
        whole = time.perf_counter() - began
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"the job ended with {process.returncode}: {output}")
    matches = {name: re.search(pattern, output) for name, pattern in _STAGES.items()}
    values = {name: float(match[1].replace(",", "")) for name, match in matches.items() if match}
    return Measured(values["parse"], values["refine"], whole, int(values["rows"]), peak, worker, cpu)


def _until_end(process: subprocess.Popen[str]) -> tuple[int, int, float]:
    """Wait for a process.

    Returns:
        The largest memory of the process and its children together, in bytes; the largest memory of one worker of
        Python among them, in bytes; and their processor seconds together.
    """
    peak, worker, cpu = 0, 0, 0.0
    while process.poll() is None:
        total, seconds = 0, 0.0
        for each in _processes(process.pid):
            # A process that ends meanwhile, or is a zombie, has no memory.
            with suppress(psutil.NoSuchProcess):
                times = each.cpu_times()
                seconds += times.user + times.system + times.children_user + times.children_system
                memory = each.memory_info()
                # Without pages of files and of shared memory, which the processes have in common.
                total += memory.rss - memory.shared
                if "pyspark.daemon" in each.cmdline():
                    worker = max(worker, _high_water_mark(each.pid))
        peak, cpu = max(peak, total), max(cpu, seconds)
        time.sleep(0.5)
    return peak, worker, cpu


def _processes(pid: int) -> list[psutil.Process]:
    """Return a process and its descendants; none if it has ended."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        return [process, *process.children(recursive=True)]
    return []


def _high_water_mark(pid: int) -> int:
    """Return the largest resident memory that a process has had, in bytes, as Linux counts it; 0 if it has ended."""
    with suppress(OSError):
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(match[1]) * 1024 if match else 0
    return 0


@cache
def runs(sizes: tuple[int, ...] = SIZES, cores: tuple[int, ...] = CORES, folder: Path | None = None) -> tuple[Run, ...]:
    """Run the job and DuckDB over the same files, and print each result.

    Args:
        folder: files that exist, instead of generated ones; then `sizes` has one number, which is only printed.
    """
    results: list[Run] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            files = sorted(folder.iterdir()) if folder else [*generate(Path(temporary) / "zips", size, seed=1)]
            calls: list[Callable[[], Measured | DuckDbRun]] = [partial(job, files, count) for count in cores]
            texts = [_text(path, Path(temporary)) for path in files]
            calls += [partial(_duckdb, texts, count) for count in cores]
            for count, call in zip([*cores, *cores], calls, strict=True):
                results.append(Run(size, count, call()))
                print("|", " | ".join(results[-1].row()), "|", flush=True)
    return tuple(results)


def processor_seconds(results: Sequence[Run]) -> dict[int, float]:
    """Return the processor seconds of the job by number of records, on the most cores that were measured."""
    in_order = sorted(results, key=lambda run: run.cores)
    return {run.records: run.measured.cpu for run in in_order if isinstance(run.measured, Measured)}


def whole(results: Sequence[Run] | None = None) -> Table:
    """Return the table of `runs`."""
    results = runs() if results is None else results
    points = sorted(processor_seconds(results).items())[-2:]
    exponent = ""
    if len(points) > 1:
        records, seconds = np.log(np.array(points)).T
        power = np.polyfit(records, seconds, 1)[0]
        exponent = f" Between the two largest sizes, processor time grows with the power {power:.2f} of the records."
    return Table(
        "The market's job on Spark",
        "Generated zips in a local AWS, on this machine too; a quarter of the records are bars. The processes of the "
        "job may use only as many cores as the row says. The whole includes the start of Spark. DuckDB reads the text "
        "of the same files, unzipped before, and computes no column." + exponent,
        HEADER,
        tuple(run.row() for run in results),
    )


def _duckdb(texts: Sequence[Path], cores: int) -> DuckDbRun:
    began = time.perf_counter()
    bars, _ = by_duckdb(texts, cores)
    return DuckDbRun(time.perf_counter() - began, bars)


def _text(path: Path, folder: Path) -> Path:
    if path.suffix.lower() != ".zip":
        return path
    target = folder / f"{path.stem}.TXT"
    with zipfile.ZipFile(path) as archive, archive.open(archive.infolist()[0]) as member, target.open("wb") as file:
        shutil.copyfileobj(member, file, 2**20)
    return target


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sizes", type=int, nargs="*", default=SIZES)
    parser.add_argument("--cores", type=int, nargs="+", default=CORES)
    parser.add_argument("--folder", type=Path, help="files of COTAHIST, instead of generated ones")
    arguments = parser.parse_args()
    print(machine())
    print(whole(runs(tuple(arguments.sizes), tuple(arguments.cores), arguments.folder)))


if __name__ == "__main__":
    main()
