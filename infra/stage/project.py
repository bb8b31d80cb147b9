"""The folder that Chalice deploys from: the application, and its configuration with what the stacks gave."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.errors import Refused
from infra.packaging import application
from infra.stage.names import HANDLERS, Place

_ROLES = {"api_handler": "ApiRoleArn", "ingest": "IngestRoleArn", "start_refine": "StartRefineRoleArn"}

_LAYERED = ("ingest",)
"""The functions that need pandas, pyarrow, yfinance and the calendar."""

_SETTINGS = {
    "B3_RAW_BUCKET": "RawBucket",
    "B3_REFINED_BUCKET": "RefinedBucket",
    "B3_ATHENA_BUCKET": "AthenaBucket",
    "B3_DATABASE": "Database",
    "B3_TABLE": "Table",
    "B3_JOB": "Job",
    "B3_WORKGROUP": "Workgroup",
}

_STATE = Path(".chalice") / "deployed"


def committed(root: Path, stage: str) -> dict[str, Any]:
    """The configuration of the repository.

    Raises:
        Refused: it does not know the stage.
    """
    config: dict[str, Any] = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    if stage not in config["stages"]:
        allowed = ", ".join(config["stages"])
        raise Refused(f"STAGE is {stage!r}; allowed: {allowed}, which are in .chalice/config.json")
    return config


def reserved(config: Mapping[str, Any]) -> dict[str, int]:
    """How many runs at once each function is to have for itself, by handler."""
    functions = config["lambda_functions"]
    return {handler: functions[handler]["reserved_concurrency"] for handler in HANDLERS}


def configured(
    config: Mapping[str, Any], stage: str, outputs: Mapping[str, str], architecture: str, reserve: bool
) -> dict[str, Any]:
    """The configuration that Chalice deploys a stage from.

    Args:
        config: the repository's.
        outputs: those of the stacks, all together.
        architecture: `x86_64` or `arm64`.
        reserve: whether the account has runs enough for the functions to have some for themselves.
    """
    made: dict[str, Any] = copy.deepcopy(dict(config))
    here = made["stages"][stage]
    made["stages"] = {stage: here}
    here["lambda_architecture"] = architecture
    here["environment_variables"] |= {name: outputs[output] for name, output in _SETTINGS.items()}
    for handler in HANDLERS:
        function = made["lambda_functions"][handler]
        function["iam_role_arn"] = outputs[_ROLES[handler]]
        if handler in _LAYERED:
            function["layers"] = [outputs["LayerArn"]]
        if not reserve:
            del function["reserved_concurrency"]
    return made


def placeholders(place: Place) -> dict[str, str]:
    """Outputs of stacks that are gone: Chalice asks for names even where it only deletes."""
    names = dict.fromkeys([*_ROLES.values(), *_SETTINGS.values(), "LayerArn"], place.name)
    return names | {"RawBucket": place.bucket("raw"), "Database": "gone", "Table": "gone"}


def lay_out(root: Path, folder: Path, config: Mapping[str, Any], stage: str, state: str | None) -> None:
    """Fill the folder anew, but for Chalice's own packages, which it keeps by their content.

    Args:
        state: Chalice's deployed state, None if there is none.
    """
    shutil.rmtree(folder / _STATE, ignore_errors=True)
    (folder / _STATE).mkdir(parents=True)
    application.copy(folder, root)
    (folder / ".chalice" / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    if state is not None:
        state_file(folder, stage).write_text(state, encoding="utf-8")


def lay_out_stage(root: Path, config: Mapping[str, Any], stage: str, state: str | None) -> Path:
    """Lay a stage out in its folder of a checkout. Returns the folder.

    What Chalice reads the deployed state for, such as `chalice url`, works in the checkout's own folder too.
    """
    folder = _folder(root, stage)
    lay_out(root, folder, config, stage, state)
    link = state_file(root, stage)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(state_file(folder, stage), link.parent))
    return folder


def remove_stage(root: Path, stage: str) -> None:
    """Remove the folder of a stage that is no longer deployed."""
    shutil.rmtree(_folder(root, stage), ignore_errors=True)
    state_file(root, stage).unlink(missing_ok=True)


def _folder(root: Path, stage: str) -> Path:
    return root / "build" / "deploy" / stage


def state_file(folder: Path, stage: str) -> Path:
    """Where in the folder Chalice keeps its deployed state."""
    return folder / _STATE / f"{stage}.json"
