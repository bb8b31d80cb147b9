"""`folder`: write the folder of a deployed stage, for Chalice's own commands in a clone that has not deployed it."""

from __future__ import annotations

from infra.commands import checks
from infra.dependencies import Dependencies
from infra.errors import PreconditionError
from infra.options import ARCHITECTURE, Options
from infra.packaging import runtime
from infra.stage import chalice_process, lambda_settings, project
from infra.stage.outputs import StageOutputs
from infra.stage.stacks import Stacks
from infra.stage.state import State, reconcile


def run(options: Options, dependencies: Dependencies) -> None:
    """Write the folder. AWS is only read.

    Raises:
        PreconditionError: the stage is not deployed in this region.
    """
    config = project.read_config(dependencies.root, options.stage)
    runtime.check_python()
    aws, target = checks.connect(options.region, options.stage)
    stacks = Stacks(aws.cloudformation)
    outputs = StageOutputs(stacks, target)
    state = reconcile(State(aws, target, target.bucket("artifacts")).fetch(), aws, target)
    if "LayerArn" not in outputs or state is None:
        raise PreconditionError(
            f"the stage {target.stage} is not in {target.region}: create it with `make deploy STAGE={target.stage}`"
        )
    architecture = stacks.parameters(target.stack("main"))[ARCHITECTURE.parameter]
    reserve, _ = lambda_settings.can_reserve(aws, target, project.reserved_concurrency(config))
    config = project.stage_config(config, target.stage, outputs, architecture, reserve)
    folder = project.write_stage_folder(dependencies.root, config, target.stage, state)
    path = chalice_process.display_path(folder)
    print(f"""{path} has this version of the app, with the settings of {target.stage} in {target.region}. For example:

  cd {path} && export AWS_DEFAULT_REGION={target.region}
  chalice deploy --stage {target.stage}
  chalice url --stage {target.stage}
  chalice logs --stage {target.stage} --name ingest
  echo '{{}}' | chalice invoke --stage {target.stage} --name ingest
""")
