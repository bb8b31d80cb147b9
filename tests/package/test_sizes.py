"""The packages are within Lambda's limits."""

from __future__ import annotations

import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

from infra.packaging import archive
from infra.packaging.packages import Packages
from infra.packaging.runtime import UNZIPPED, UPLOADED


def test_function_and_layer_fit_into_lambda(built: Packages, function_zip: Path, measured: Any):
    sizes = {name: archive.unzipped_size(path) for name, path in (("function", function_zip), ("layer", built.layer))}
    measured["sizes"] = {
        "function": {"zipped": function_zip.stat().st_size, "unzipped": sizes["function"]},
        "layer": {"zipped": built.layer.stat().st_size, "unzipped": sizes["layer"]},
    }
    measured["parts"] = largest_parts(built.layer)

    assert sum(sizes.values()) <= UNZIPPED, measured["parts"]
    assert function_zip.stat().st_size <= UPLOADED


def test_the_function_alone_is_small(function_zip: Path):
    # Every further library slows down every cold start. Only the functions behind events load Powertools, 3.6 MiB.
    assert archive.unzipped_size(function_zip) < 7 * archive.MIB


def largest_parts(layer: Path) -> dict[str, int]:
    """Return the bytes of the ten largest packages of the layer, with their `.libs` folders."""
    sizes: Counter[str] = Counter()
    with zipfile.ZipFile(layer) as zipped:
        for entry in zipped.infolist():
            sizes[entry.filename.split("/")[1].removesuffix(".libs")] += entry.file_size
    return dict(sizes.most_common(10))
