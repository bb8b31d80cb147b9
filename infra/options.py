"""What the command line says, and what of the outside world the command uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.paths import ROOT
from infra.commands import smoke
from infra.packaging import packages


@dataclass(frozen=True, slots=True)
class Options:
    """What is asked for. None stands for what was not said: it stays as it is in the stage, or AWS's default.

    Attributes:
        yes: do not ask whether to go on.
        dry_run: only tell the plan.
        architecture: `x86_64` or `arm64`.
        email: who is told of alarms.
        budget: US dollars a month to be warned of, 0 for no budget.
        delete_data: on destroying, the data too.
    """

    stage: str
    region: str | None = None
    yes: bool = False
    dry_run: bool = False
    architecture: str | None = None
    email: str | None = None
    budget: int | None = None
    delete_data: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """What is neither AWS nor this project's folder; replaced in tests.

    Attributes:
        build: builds the packages in a folder, for an architecture.
        ask: asks a URL with a key.
        root: the project's folder.
    """

    build: Callable[[Path, str], packages.Packages] = packages.build
    ask: smoke.Ask = smoke.ask
    root: Path = ROOT
