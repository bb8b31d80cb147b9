"""`destroy`: remove a stage, in the order that AWS asks for; its data only when told so. Each step can be repeated."""

from __future__ import annotations

from common.console import step
from infra.clients import Aws
from infra.commands import checks, plan
from infra.options import Options, World
from infra.stage import chalice_process, emptying, keys, project
from infra.stage.names import Place
from infra.stage.stacks import Stacks
from infra.stage.state import State, apis, as_found


def run(options: Options, world: World) -> None:
    """Do it, or only tell what would be done.

    Raises:
        DeployError: it cannot be done; what was done stays, and the same command goes on from there.
    """
    config = project.committed(world.root, options.stage)
    if options.dry_run:
        plan.rehearse(options.stage, options.region, lambda at: plan.removal(at, options.delete_data))
        return
    aws, at = checks.destination(options.region, options.stage)
    print(plan.removal(at, options.delete_data))
    plan.go_ahead(options.yes)
    if options.delete_data:
        # YES=1 does not answer this: raw is the only record of what Yahoo said, and Yahoo does not say it again.
        plan.confirm(
            f"All data of {at.stage} will be gone for ever. Type the name of the stage to delete it: ",
            (at.stage,),
            f"to delete data without a terminal, send the name: echo {at.stage} | make destroy … YES=1",
        )
    total = len(plan.REMOVAL)
    stacks = Stacks(aws.cloudformation)
    with step(1, total, "key") as done:
        held = [api["rest_api_id"] for api in apis(aws, at)]
        done(f"{keys.take(aws.apigateway, at, held)} removed")
    with step(2, total, "Chalice") as done:
        done(_chalice(aws, at, config, world))
    for number, (kind, role) in enumerate((("main", "athena"), ("bootstrap", "artifacts")), 3):
        with step(number, total, kind) as done:
            done(_stack(aws, at, stacks, kind, (role,)))
    with step(5, total, "data") as done:
        if options.delete_data:
            done(_stack(aws, at, stacks, "data", ("raw", "refined")))
        else:
            done(f"{at.bucket('raw')} and {at.bucket('refined')} stay")
    print(f"\nThe stage {at.stage} is removed.")


def _chalice(aws: Aws, at: Place, config: dict[str, object], world: World) -> str:
    """Let Chalice delete what exists, whatever its record says."""
    state = State(aws, at, at.bucket("artifacts"))
    found = as_found(state.fetch(), aws, at)
    if found is None:
        project.remove_stage(world.root, at.stage)
        return "nothing was there"
    made = project.configured(config, at.stage, project.placeholders(at), "x86_64", reserve=False)
    folder = project.lay_out_stage(world.root, made, at.stage, found)
    chalice_process.run("delete", folder, at.stage, aws.region)
    if state.text is not None:
        state.put(project.state_file(folder, at.stage).read_text(encoding="utf-8"))
    # Two first deploys at the same time make an API each, and the record holds one.
    for api in apis(aws, at):
        aws.apigateway.delete_rest_api(restApiId=api["rest_api_id"])
    project.remove_stage(world.root, at.stage)
    return "functions, REST API, schedule and S3 event removed"


def _stack(aws: Aws, at: Place, stacks: Stacks, kind: str, roles: tuple[str, ...]) -> str:
    """Delete a stack, and the buckets of it, which have to be empty for that. Those of the data outlive their stack."""
    count = sum(emptying.empty(aws.s3, at.bucket(role)) for role in roles)
    there = stacks.delete(at.stack(kind))
    for role in roles:
        emptying.remove(aws.s3, at.bucket(role))
    return f"{at.stack(kind)} {'removed' if there else 'was not there'}, with {count} versions of objects"
