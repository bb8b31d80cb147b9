"""All packages that the deploy uploads, built in one folder. Unchanged inputs are not built again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.packaging import job
from infra.packaging.job import JobPackage
from infra.packaging.layer import build as layer


@dataclass(frozen=True, slots=True)
class Packages:
    """The packages that the deploy uploads. Chalice builds and uploads the functions' package itself.

    Attributes:
        layer_digest: Digest of the layer's inputs.
    """

    layer: Path
    layer_digest: str
    job: JobPackage


def build(folder: Path, architecture: str) -> Packages:
    """Build the packages whose inputs have changed.

    Args:
        architecture: Architecture of the functions, `x86_64` or `arm64`.

    Raises:
        PackageError: a package cannot be built.
    """
    job_package = job.build(folder / "job")
    return Packages(layer.build(folder / "layer", architecture), layer.digest(architecture), job_package)
