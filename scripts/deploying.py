"""`make docs`: write the tables of docs/deploying.md from the measurements of `make test-package`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from common.paths import ROOT
from infra.packaging.archive import MIB
from infra.packaging.runtime import UNZIPPED, UPLOADED
from scripts.blocks import fill, table

PATH = ROOT / "docs" / "deploying.md"
MEASUREMENTS = ROOT / "build" / "measured.json"
"""The measurements of the last `make test-package`."""

_TABLES = ("sizes", "parts", "imports", "processes")


def complete(measurements: Mapping[str, Any]) -> bool:
    """Return whether every table has its measurements. Some are missing if only a part of the tests ran."""
    return measurements.keys() >= set(_TABLES)


def tables(measurements: Mapping[str, Any]) -> dict[str, str]:
    """Return the tables of the document, by the names of their markers."""
    sizes = measurements["sizes"]
    unzipped = sum(size["unzipped"] for size in sizes.values())
    uploaded = sizes["function"]["zipped"]
    rows: list[tuple[object, ...]] = [
        (name, _mib(size["zipped"]), _mib(size["unzipped"])) for name, size in sizes.items()
    ]
    rows.append(("what Lambda allows", f"{_mib(UPLOADED)}, the function", f"{_mib(UNZIPPED)}, together"))
    rows.append(("left", _mib(UPLOADED - uploaded), _mib(UNZIPPED - unzipped)))
    parts: list[tuple[object, ...]] = [(name, _mib(size)) for name, size in measurements["parts"].items()]
    imports = measurements["imports"]
    return {
        "sizes": table(("package", "zipped", "unzipped"), rows),
        "parts": table(("part of the layer", "unzipped"), parts),
        "imports": table(
            ("import, in this order", "with the layer's bytecode", "without"),
            [(f"`{name}`", _seconds(with_), _seconds(without)) for name, (with_, without) in imports.items()],
        ),
        "processes": table(
            ("process", "import", "first call", "next call", "time allowed", "peak memory", "memory configured"),
            [_process_row(name, process) for name, process in measurements["processes"].items()],
        ),
    }


def text(measurements: Mapping[str, Any]) -> str:
    """Return the document with its tables."""
    return fill(PATH.read_text(encoding="utf-8"), tables(measurements))


def _process_row(name: str, process: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        name,
        _seconds(process["import_seconds"]),
        _seconds(process["first_seconds"]),
        _seconds(process["next_seconds"]),
        f"{process['timeout_seconds']} s",
        _mib(process["peak_bytes"]),
        f"{process['memory_mib']:,} MiB",
    )


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f} MiB"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"


if __name__ == "__main__":
    if MEASUREMENTS.exists():
        PATH.write_text(text(json.loads(MEASUREMENTS.read_text())), encoding="utf-8")
    else:
        print(f"{PATH.name} is unchanged: no measurements, run `make test-package` first")
