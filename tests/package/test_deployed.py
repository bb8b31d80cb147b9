"""`deploy` of the real packages to moto: AWS receives the built files."""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from pathlib import Path
from typing import Any

import boto3
from moto.awslambda.models import lambda_backends

from common.paths import ROOT
from infra import cli
from infra.dependencies import Dependencies
from infra.packaging import application
from infra.packaging.packages import Packages
from local import moto_state
from tests.package.test_wheels import contents, pinned
from tests.support.deploying import Account, bucket
from tests.support.stage_command import RESPONSE, clone


def test_the_built_packages_are_deployed(account: Account, built: Packages, tmp_path: Path, capsys: Any):
    # A clone: this checkout may have the folder of a real stage.
    root = clone(tmp_path / "clone")
    shutil.copy(ROOT / application.REQUIREMENTS, root / application.REQUIREMENTS)
    dependencies = Dependencies(lambda folder, architecture: built, lambda url, key: (200, RESPONSE), root)

    assert cli.main(["deploy", "--stage", "dev", "--yes"], dependencies) == 0, capsys.readouterr()

    layer = moto_state.read(bucket("artifacts"), f"layer/{built.layer_digest}.zip") or b""
    assert hashlib.sha256(layer).digest() == hashlib.sha256(built.layer.read_bytes()).digest()
    wheels = {entry.key.rpartition("/")[2] for entry in moto_state.objects(bucket("artifacts"), "job/wheels/")}
    assert wheels == {wheel.name for wheel in built.job.wheels}
    for name in ("b3-dataflow-dev", "b3-dataflow-dev-ingest", "b3-dataflow-dev-start_refine"):
        code = tmp_path / f"{name}.zip"
        code.write_bytes(lambda_backends[moto_state.ACCOUNT][moto_state.REGION].get_function(name).code_bytes)
        assert contents(code) == pinned(ROOT / application.REQUIREMENTS)
        with zipfile.ZipFile(code) as zipped:
            assert {"app.py", "chalice/app.py", "chalicelib/api/assets/docs.js"} <= set(zipped.namelist())
    config = boto3.client("lambda").get_function_configuration(FunctionName="b3-dataflow-dev-ingest")
    (layer_of_function,) = config["Layers"]
    assert layer_of_function["Arn"] == "arn:aws:lambda:us-east-1:123456789012:layer:b3-dataflow-dev:1"
