"""The market's job on Spark as a whole, by number of records and cores, beside DuckDB reading the same text.

python -m benchmarks.market 100000 1000000 --cores 1 2
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import psutil

from benchmarks.cotahist import by_duckdb
from benchmarks.report import Table, machine
from chalicelib import layout, wiring
from chalicelib.market.summary import summarise
from common.paths import ROOT
from local.glue_jobs import script_environ
from local.laptop import Laptop
from scripts.generate_market import generate

SIZES = (100_000, 1_000_000)
"""Of `make bench`. The results of 10 and 30 million records are in docs/scaling.md."""

CORES = (1, 2)

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
        worker: the largest memory of one worker of Python, which runs a task at a time, in bytes.
        cpu: their processor seconds, which other processes on the machine disturb least.
    """

    parse: float
    refine: float
    whole: float
    rows: int
    peak: int
    worker: int
    cpu: float


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
        peak, worker, cpu = _until_end(process)
        whole = time.perf_counter() - began
        output = process.stdout.read() if process.stdout else ""
    if process.returncode:
        raise RuntimeError(f"the job ended with {process.returncode}: {output}")
    found = {name: re.search(pattern, output) for name, pattern in _STAGES.items()}
    values = {name: float(match[1].replace(",", "")) for name, match in found.items() if match}
    return Measured(values["parse"], values["refine"], whole, int(values["rows"]), peak, worker, cpu)


def _until_end(process: subprocess.Popen[str]) -> tuple[int, int, float]:
    """Wait for a process. Return the largest memory of it and its children together, that of one worker of Python, and
    their processor seconds."""
    peak, worker, cpu = 0, 0, 0.0
    while process.poll() is None:
        total, seconds = 0, 0.0
        with suppress(psutil.NoSuchProcess):
            for each in [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]:
                memory, times = each.memory_info(), each.cpu_times()
                # Of forked workers, pages that are shared count once.
                total += memory.rss - memory.shared
                seconds += times.user + times.system + times.children_user + times.children_system
                if "pyspark.daemon" in each.cmdline():
                    worker = max(worker, _high_water_mark(each.pid))
        peak, cpu = max(peak, total), max(cpu, seconds)
        time.sleep(0.5)
    return peak, worker, cpu


def _high_water_mark(pid: int) -> int:
    """Return the largest resident memory that a process has had, in bytes, as Linux counts it; 0 if it has ended."""
    with suppress(OSError):
        match = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text())
        return int(match[1]) * 1024 if match else 0
    return 0


def whole(sizes: Sequence[int] = SIZES, cores: Sequence[int] = CORES, folder: Path | None = None) -> Table:
    """Measure the job and DuckDB.

    Args:
        folder: files that exist, instead of generated ones; then `sizes` has one number, which is only printed.
    """
    rows: list[tuple[str, ...]] = []
    points = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as temporary:
            files = sorted(folder.iterdir()) if folder else [*generate(Path(temporary) / "zips", size, seed=1)]
            for count in cores:
                measured = job(files, count)
                points.append((size, measured.cpu))
                stages = (f"{measured.parse:.1f} s", f"{measured.refine:.1f} s", f"{measured.whole:.1f} s")
                others = (f"{measured.cpu:.0f} s", f"{size / measured.whole:,.0f}")
                memory = (f"{measured.peak / 2**30:.1f} GiB", f"{measured.worker / 2**30:.1f} GiB")
                rows.append((f"{size:,}", f"{measured.rows:,}", str(count), *stages, *others, *memory))
                print("|", " | ".join(rows[-1]), "|", flush=True)
            texts = [_text(path, Path(temporary)) for path in files]
            for count in cores:
                began = time.perf_counter()
                bars, _ = by_duckdb(texts, count)
                seconds = time.perf_counter() - began
                rows.append(
                    (
                        f"{size:,}",
                        f"{bars:,}",
                        f"{count}, DuckDB",
                        f"{seconds:.1f} s",
                        "",
                        "",
                        f"{size / seconds:,.0f}",
                        "",
                        "",
                    )
                )
                print("|", " | ".join(rows[-1]), "|", flush=True)
    exponent = ""
    if len(sizes) > 1:
        records, seconds = np.log(np.array(points[-2 * len(cores) :])).T
        power = np.polyfit(records, seconds, 1)[0]
        exponent = f" Between the two largest sizes, processor time grows with the power {power:.2f} of the records."
    return Table(
        "The market's job on Spark",
        "Generated zips in a local AWS, on this machine too; a quarter of the records are bars. The whole includes the "
        "start of Spark. DuckDB reads the text of the same files, unzipped before, and computes no column." + exponent,
        (
            "records",
            "rows",
            "cores",
            "parse",
            "refine and write",
            "whole",
            "processor",
            "records a second",
            "peak memory",
            "of one task",
        ),
        tuple(rows),
    )


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
    print(whole(arguments.sizes, arguments.cores, arguments.folder))


if __name__ == "__main__":
    main()
