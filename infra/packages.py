"""Stands in for the packages until they land."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Packages:
    layer: Path
    layer_digest: str
    job_script: Path
    job_library: Path
    job_digest: str
    job_wheels: tuple[Path, ...]


def build(folder: Path, architecture: str) -> Packages:
    raise NotImplementedError(folder, architecture)
