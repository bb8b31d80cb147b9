"""The stacks of a stage, resolved from infra/templates."""

from __future__ import annotations

from collections.abc import Mapping

from common import templates
from common.paths import TEMPLATES
from common.templates import Stack
from local.moto_state import ACCOUNT, REGION


def stack(name: str, **parameters: str) -> Stack:
    """Return the stack of infra/templates/<name>.yaml.

    Raises:
        KeyError: a parameter is unknown or missing, or a reference has no target.
    """
    return templates.resolve(templates.load(TEMPLATES / f"{name}.yaml"), parameters, ACCOUNT, REGION)


def stacks(stage: str = "dev", **parameters: str) -> dict[str, Stack]:
    """Return the stacks of a stage, with the outputs of the others as parameters of the main one.

    They are three, and with Market="yes" four.
    """
    bootstrap, data = stack("bootstrap", Stage=stage), stack("data", Stage=stage)
    artifacts = bootstrap.outputs["ArtifactBucket"]
    uploads = {
        "LayerKey": "layer/1.zip",
        "LayerArchitecture": "x86_64",
        "JobScriptKey": "job/1/b3_etl_job.py",
        "JobLibraryKey": "job/1/chalicelib.zip",
        "JobModules": f"s3://{artifacts}/job/wheels/a.whl,s3://{artifacts}/job/wheels/b.whl",
    }
    main = stack("main", Stage=stage, **bootstrap.outputs, **data.outputs, **{**uploads, **parameters})
    created = {"bootstrap": bootstrap, "data": data, "main": main}
    return {**created, "market": market_stack(stage, created)} if parameters.get("Market") == "yes" else created


def market_stack(stage: str, others: Mapping[str, Stack], **parameters: str) -> Stack:
    """Return the stack of the market, with the outputs of the others as parameters."""
    outputs = all_outputs(others)
    names = ("RawBucket", "RefinedBucket", "ArtifactBucket", "Database", "AlarmTopicArn", "MarketJobName")
    arguments = {
        **{name: outputs[name] for name in names},
        "MarketScriptKey": "job/1/b3_market_job.py",
        "JobLibraryKey": "job/1/chalicelib.zip",
        "JobModules": f"s3://{outputs['ArtifactBucket']}/job/wheels/a.whl",
    }
    return stack("market", Stage=stage, **{**arguments, **parameters})


def all_outputs(stacks: Mapping[str, Stack]) -> dict[str, str]:
    """Return the outputs of all stacks together."""
    return {name: value for each in stacks.values() for name, value in each.outputs.items()}
