"""`destroy`: delete a stage; its data only on request. Every step can be repeated."""

from __future__ import annotations

from common.console import step
from infra.clients import Aws
from infra.commands import checks, plan
from infra.dependencies import Dependencies
from infra.options import Options
from infra.stage import buckets, budget, chalice_process, keys, project
from infra.stage.names import StageTarget
from infra.stage.stacks import Stacks
from infra.stage.state import State, find_apis, reconcile


def run(options: Options, dependencies: Dependencies) -> None:
    """Print the plan, and delete the stage unless this is a dry run.

    Raises:
        DeployError: a check or a step failed. Repeat the command to continue.
    """
    config = project.read_config(dependencies.root, options.stage)
    if options.dry_run:
        plan.print_dry_run(options.stage, options.region, lambda at: plan.destroy_plan(at, options.delete_data))
        return
    aws, target = checks.connect(options.region, options.stage)
    print(plan.destroy_plan(target, options.delete_data))
    plan.confirm_plan(options.yes)
    if options.delete_data:
        # Asked even with YES=1: Yahoo does not serve the same bars again, and raw is their only copy.
        plan.confirm(
            f"This deletes all data of {target.stage}, without a backup. Type the name of the stage to confirm: ",
            (target.stage,),
            f"without a terminal, send the name: echo {target.stage} | make destroy … YES=1",
        )
    total = len(plan.DESTROY_STEPS)
    stacks = Stacks(aws.cloudformation)
    with step(1, total, "key") as report:
        ids = [api["rest_api_id"] for api in find_apis(aws, target)]
        report(f"{keys.delete_keys(aws.apigateway, target, ids)} deleted")
    with step(2, total, "Chalice") as report:
        report(_delete_chalice(aws, target, config, dependencies))
    for number, (kind, role) in enumerate((("main", "athena"), ("bootstrap", "artifacts")), 3):
        with step(number, total, kind) as report:
            if kind == "main":
                stacks.delete(target.stack("market"))
            deleted = _delete_stack(aws, target, stacks, kind, (role,))
            report(f"{deleted}, {budget.delete_budget(aws.budgets, target)}" if kind == "main" else deleted)
    with step(5, total, "data") as report:
        if options.delete_data:
            report(_delete_stack(aws, target, stacks, "data", ("raw", "refined")))
        else:
            report(f"{target.bucket('raw')} and {target.bucket('refined')} stay")
    print(f"\nThe stage {target.stage} is deleted.")


def _delete_chalice(aws: Aws, target: StageTarget, config: dict[str, object], dependencies: Dependencies) -> str:
    """Run `chalice delete` with a state that lists what exists."""
    state = State(aws, target, target.bucket("artifacts"))
    existing = reconcile(state.fetch(), aws, target)
    if existing is None:
        project.remove_stage_folder(dependencies.root, target.stage)
        return "nothing to delete"
    config = project.stage_config(config, target.stage, project.placeholder_outputs(target), "x86_64", reserve=False)
    folder = project.write_stage_folder(dependencies.root, config, target.stage, existing)
    chalice_process.run("delete", folder, target.stage, aws.region)
    if state.text is not None:
        state.put(project.state_file(folder, target.stage).read_text(encoding="utf-8"))
    # Two first deploys at the same time create two APIs, and the state lists one.
    for api in find_apis(aws, target):
        aws.apigateway.delete_rest_api(restApiId=api["rest_api_id"])
    project.remove_stage_folder(dependencies.root, target.stage)
    return "functions, REST API, schedule and S3 event deleted"


def _delete_stack(aws: Aws, target: StageTarget, stacks: Stacks, kind: str, roles: tuple[str, ...]) -> str:
    """Empty a stack's buckets and delete the stack. The data stack retains its buckets, so delete those too."""
    count = sum(buckets.empty(aws.s3, target.bucket(role)) for role in roles)
    deleted = stacks.delete(target.stack(kind))
    for role in roles:
        buckets.delete(aws.s3, target.bucket(role))
    return f"{target.stack(kind)} {'deleted' if deleted else 'does not exist'}, {count} object versions deleted"
