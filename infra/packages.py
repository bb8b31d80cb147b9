"""Everything that is uploaded, built in one folder: what is there from the same inputs is not built again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from infra import job
from infra.layer import build as layer


@dataclass(frozen=True, slots=True)
class Packages:
    """What is uploaded. The functions' own package is not among it: Chalice makes and sends that itself.

    Attributes:
        layer_digest, job_digest: names for what each is made from; the layer's for one architecture.
        job_script, job_library, job_wheels: as in `JobPackage`.
    """

    layer: Path
    layer_digest: str
    job_script: Path
    job_library: Path
    job_digest: str
    job_wheels: tuple[Path, ...]


def build(folder: Path, architecture: str) -> Packages:
    """Build what is not there yet.

    Args:
        architecture: of the functions, `x86_64` or `arm64`.

    Raises:
        PackageError: something cannot be built; names what and why.
    """
    built = job.build(folder / "job")
    return Packages(
        layer=layer.build(folder / "layer", architecture),
        layer_digest=layer.digest(architecture),
        job_script=built.script,
        job_library=built.library,
        job_digest=built.digest,
        job_wheels=built.wheels,
    )
