"""External dependencies of the commands, which tests replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common.paths import ROOT
from infra.commands import rollback, smoke
from infra.packaging import packages


@dataclass(frozen=True, slots=True)
class Dependencies:
    """What the commands use besides AWS.

    Attributes:
        build: Builds the packages in a folder, for an architecture.
        http_get: Sends a GET request with an API key.
        root: Root of the project.
        run_in: Runs a command of the deployment in another checkout.
    """

    build: Callable[[Path, str], packages.Packages] = packages.build
    http_get: smoke.HttpGet = smoke.http_get
    root: Path = ROOT
    run_in: rollback.RunIn = rollback.run_in_worktree
