"""The folder that Chalice deploys from: the app, and .chalice/config.json with the outputs of the stacks."""

from __future__ import annotations

import copy
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra.errors import PreconditionError
from infra.packaging import application
from infra.stage.names import HANDLERS, StageTarget

_ROLES = {
    "api_handler": "ApiRoleArn",
    "ingest": "IngestRoleArn",
    "restart_refine": "RestartRefineRoleArn",
    "start_refine": "StartRefineRoleArn",
}

_WITH_LAYER = ("ingest",)
"""Functions that import pandas, pyarrow, yfinance and the calendar."""

_SETTINGS = {
    "B3_RAW_BUCKET": "RawBucket",
    "B3_REFINED_BUCKET": "RefinedBucket",
    "B3_ATHENA_BUCKET": "AthenaBucket",
    "B3_DATABASE": "Database",
    "B3_TABLE": "Table",
    "B3_JOB": "Job",
    "B3_MARKET_JOB": "MarketJobName",
    "B3_WORKGROUP": "Workgroup",
    "B3_OFFICIAL_CLOSES": "OfficialCloses",
    "B3_MARKET": "Market",
}
"""Environment variables of the functions, and the stack output of each."""

_STATE = Path(".chalice") / "deployed"


def read_config(root: Path, stage: str) -> dict[str, Any]:
    """Return .chalice/config.json of the repository.

    Raises:
        PreconditionError: it does not have the stage.
    """
    config: dict[str, Any] = json.loads((root / ".chalice" / "config.json").read_text(encoding="utf-8"))
    if stage not in config["stages"]:
        stages = ", ".join(config["stages"])
        raise PreconditionError(f"STAGE is {stage!r}; allowed: {stages}, the stages of .chalice/config.json")
    return config


def reserved_concurrency(config: Mapping[str, Any]) -> dict[str, int]:
    """Return the reserved concurrency of each function, by handler."""
    functions = config["lambda_functions"]
    return {handler: functions[handler]["reserved_concurrency"] for handler in HANDLERS}


def stage_config(
    config: Mapping[str, Any], stage: str, outputs: Mapping[str, str], architecture: str, reserve: bool
) -> dict[str, Any]:
    """Return the configuration that Chalice deploys a stage from.

    Args:
        config: The repository's configuration.
        outputs: Outputs of all stacks.
        architecture: `x86_64` or `arm64`.
        reserve: Whether the account's limit allows reserved concurrency.
    """
    result: dict[str, Any] = copy.deepcopy(dict(config))
    settings = result["stages"][stage]
    result["stages"] = {stage: settings}
    settings["lambda_architecture"] = architecture
    settings["environment_variables"] |= {name: outputs[output] for name, output in _SETTINGS.items()}
    for handler in HANDLERS:
        function = result["lambda_functions"][handler]
        function["iam_role_arn"] = outputs[_ROLES[handler]]
        if handler in _WITH_LAYER:
            function["layers"] = [outputs["LayerArn"]]
        if not reserve:
            del function["reserved_concurrency"]
    return result


def placeholder_outputs(target: StageTarget) -> dict[str, str]:
    """Return outputs in place of deleted stacks: `chalice delete` needs a complete configuration."""
    names = dict.fromkeys([*_ROLES.values(), *_SETTINGS.values(), "LayerArn"], target.name)
    values = {"Database": "gone", "Table": "gone", "OfficialCloses": "no", "Market": "no"}
    return names | values | {"RawBucket": target.bucket("raw")}


def write_folder(root: Path, folder: Path, config: Mapping[str, Any], stage: str, state: str | None) -> None:
    """Write the app, the configuration and the state. Chalice's cache of packages in the folder stays.

    Args:
        state: Chalice's deployed state, None for no state.
    """
    shutil.rmtree(folder / _STATE, ignore_errors=True)
    (folder / _STATE).mkdir(parents=True)
    application.copy(folder, root)
    (folder / ".chalice" / "config.json").write_text(json.dumps(config, indent=2), encoding="utf-8")
    if state is not None:
        state_file(folder, stage).write_text(state, encoding="utf-8")


def write_stage_folder(root: Path, config: Mapping[str, Any], stage: str, state: str | None) -> Path:
    """Write the folder of a stage in a checkout, and return it.

    A link to the state in the checkout's root lets `chalice url` and others work there too.
    """
    folder = _stage_folder(root, stage)
    write_folder(root, folder, config, stage, state)
    link = state_file(root, stage)
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(os.path.relpath(state_file(folder, stage), link.parent))
    return folder


def remove_stage_folder(root: Path, stage: str) -> None:
    """Remove the folder of a deleted stage."""
    shutil.rmtree(_stage_folder(root, stage), ignore_errors=True)
    state_file(root, stage).unlink(missing_ok=True)


def _stage_folder(root: Path, stage: str) -> Path:
    return root / "build" / "deploy" / stage


def state_file(folder: Path, stage: str) -> Path:
    """Return the path of Chalice's deployed state in a folder."""
    return folder / _STATE / f"{stage}.json"
