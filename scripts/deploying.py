"""Fills the tables of docs/deploying.md with what `make test-package` measured: `make docs`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from common.paths import ROOT
from infra.packaging.archive import MIB
from infra.packaging.runtime import UNZIPPED, UPLOADED
from scripts.blocks import fill, table

PATH = ROOT / "docs" / "deploying.md"
MEASURED = ROOT / "build" / "measured.json"
"""What was measured last, which `make test-package` leaves."""

_TABLES = ("sizes", "parts", "imports", "processes")


def complete(measured: Mapping[str, Any]) -> bool:
    """Whether all was measured: not if some tests did not run."""
    return measured.keys() >= set(_TABLES)


def tables(measured: Mapping[str, Any]) -> dict[str, str]:
    """The tables of the document, by the name between their marks."""
    sizes = measured["sizes"]
    unzipped = sum(size["unzipped"] for size in sizes.values())
    uploaded = sizes["function"]["zipped"]
    rows: list[tuple[object, ...]] = [
        (name, _mib(size["zipped"]), _mib(size["unzipped"])) for name, size in sizes.items()
    ]
    rows.append(("what Lambda allows", f"{_mib(UPLOADED)}, the function", f"{_mib(UNZIPPED)}, together"))
    rows.append(("left", _mib(UPLOADED - uploaded), _mib(UNZIPPED - unzipped)))
    imports = measured["imports"]
    return {
        "sizes": table(("package", "zipped", "unzipped"), rows),
        "parts": table(("part of the layer", "unzipped"), [(n, _mib(size)) for n, size in measured["parts"].items()]),
        "imports": table(
            ("import, in this order", "with the layer's bytecode", "without"),
            [(f"`{name}`", _seconds(with_), _seconds(without)) for name, (with_, without) in imports.items()],
        ),
        "processes": table(
            ("process", "import", "first call", "next call", "time allowed", "peak memory", "memory configured"),
            [_process(name, found) for name, found in measured["processes"].items()],
        ),
    }


def text(measured: Mapping[str, Any]) -> str:
    """The document as it should be."""
    return fill(PATH.read_text(encoding="utf-8"), tables(measured))


def _process(name: str, found: Mapping[str, Any]) -> tuple[object, ...]:
    return (
        name,
        _seconds(found["import_seconds"]),
        _seconds(found["first_seconds"]),
        _seconds(found["next_seconds"]),
        f"{found['timeout_seconds']} s",
        _mib(found["peak_bytes"]),
        f"{found['memory_mib']:,} MiB",
    )


def _mib(size: int) -> str:
    return f"{size / MIB:,.1f} MiB"


def _seconds(seconds: float | None) -> str:
    return "" if seconds is None else f"{seconds:.2f} s"


if __name__ == "__main__":
    if MEASURED.exists():
        PATH.write_text(text(json.loads(MEASURED.read_text())), encoding="utf-8")
    else:
        print(f"{PATH.name} is as it was: nothing is measured yet (make test-package)")
