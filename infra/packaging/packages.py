"""Everything that is uploaded, built in one folder: what is there from the same inputs is not built again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra.packaging import job
from infra.packaging.job import JobPackage
from infra.packaging.layer import build as layer


@dataclass(frozen=True, slots=True)
class Packages:
    """What is uploaded. The functions' own package is not among it: Chalice makes and sends that itself.

    Attributes:
        layer_digest: a name for what the layer is made from.
    """

    layer: Path
    layer_digest: str
    job: JobPackage


def build(folder: Path, architecture: str) -> Packages:
    """Build what is not there yet.

    Args:
        architecture: of the functions, `x86_64` or `arm64`.

    Raises:
        PackageError: something cannot be built; names what and why.
    """
    made = job.build(folder / "job")
    return Packages(layer.build(folder / "layer", architecture), layer.digest(architecture), made)
