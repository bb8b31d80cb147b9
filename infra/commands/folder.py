"""`folder`: the folder of a stage that is deployed, for Chalice's own commands, in a clone that has not deployed it."""

from __future__ import annotations

from infra.commands import checks
from infra.errors import Refused
from infra.options import Options, World
from infra.packaging import target
from infra.stage import chalice_process, lambda_settings, project
from infra.stage.names import STACKS
from infra.stage.stacks import Stacks
from infra.stage.state import State, as_found


def run(options: Options, world: World) -> None:
    """Fill the folder. Nothing is changed in AWS.

    Raises:
        Refused: the stage is not in this region.
    """
    config = project.committed(world.root, options.stage)
    target.check_python()
    aws, at = checks.destination(options.region, options.stage)
    stacks = Stacks(aws.cloudformation)
    outputs = {name: value for kind in STACKS for name, value in stacks.outputs(at.stack(kind)).items()}
    found = as_found(State(aws, at, at.bucket("artifacts")).fetch(), aws, at)
    if "LayerArn" not in outputs or found is None:
        raise Refused(f"the stage {at.stage} is not in {at.region}: `make deploy STAGE={at.stage}` makes it")
    architecture = stacks.parameters(at.stack("main"))["LayerArchitecture"]
    reserve, _ = lambda_settings.can_reserve(aws, at, project.reserved(config))
    made = project.configured(config, at.stage, outputs, architecture, reserve)
    folder = chalice_process.near(project.lay_out_stage(world.root, made, at.stage, found))
    print(f"""{folder} has this version of the app, and what {at.stage} in {at.region} is made of. For example:

  cd {folder} && export AWS_DEFAULT_REGION={at.region}
  chalice deploy --stage {at.stage}
  chalice url --stage {at.stage}
  chalice logs --stage {at.stage} --name ingest
  echo '{{}}' | chalice invoke --stage {at.stage} --name ingest
""")
