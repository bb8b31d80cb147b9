"""The plan of a command, and its confirmation."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from infra.commands import checks
from infra.errors import PreconditionError
from infra.stage.keys import DAILY
from infra.stage.names import HANDLERS, StageTarget
from infra.stage.throttling import RATE

DEPLOY_STEPS = ("packages", "bootstrap", "upload", "data", "main", "Chalice", "gateway", "smoke test")
DESTROY_STEPS = ("key", "Chalice", "main", "bootstrap", "data")


def deploy_plan(
    target: StageTarget,
    architecture: str,
    email: str,
    existing: Mapping[str, bool] | None,
    *,
    with_budget: bool,
    with_market: bool,
) -> str:
    """Return the plan of a deploy.

    Args:
        architecture: Architecture of the layer and the functions.
        email: Address that receives the alarms, empty for none.
        existing: Whether each stack exists, by kind. None in a dry run.
        with_budget: Whether the stage has a monthly budget.
        with_market: Whether the stage has the job of the market.
    """

    def stack(kind: str) -> str:
        verb = "create or update" if existing is None else "update" if existing[kind] else "create"
        return f"{verb} the stack {target.stack(kind)}"

    alarms = f"alarms to {email}" if email else "alarms without a recipient (EMAIL=)"
    budget = "a monthly budget" if with_budget else "no budget (BUDGET=0)"
    market = f"; {stack('market')}: Glue job of the market, schedule" if with_market else ""
    lines = (
        f"build the layer of ingest and the wheels of the job, {architecture}",
        f"{stack('bootstrap')}: bucket {target.bucket('artifacts')}",
        "upload the objects that this bucket does not have",
        f"{stack('data')}: buckets {target.bucket('raw')} and {target.bucket('refined')}",
        f"{stack('main')}: database, Glue job, workgroup, layer, roles, queue, {alarms}; {budget}{market}",
        f"deploy the functions {', '.join(target.function(name) for name in HANDLERS)}; REST API, schedule, events",
        f"set retries, gateway responses, {RATE} requests a second, the key {target.name} with {DAILY:,} a day",
        "run one ingest from Yahoo, one run of the Glue job (1 to 2 cents), one query",
    )
    return _format("Deploy b3-dataflow to AWS", target, zip(DEPLOY_STEPS, lines, strict=True))


def destroy_plan(target: StageTarget, delete_data: bool) -> str:
    """Return the plan of a destroy."""
    data = f"{target.bucket('raw')} and {target.bucket('refined')}"
    athena = target.bucket("athena")
    lines = (
        f"delete the usage plan and the key {target.name}",
        "delete the REST API, the functions, the schedule and the S3 event",
        f"delete the stack {target.stack('main')} and that of the market, all objects of {athena}, and the budget",
        f"delete the stack {target.stack('bootstrap')} and all objects of {target.bucket('artifacts')}",
        f"delete ALL DATA in {data}, and the stack {target.stack('data')}"
        if delete_data
        else f"keep {data} (DATA=delete deletes them)",
    )
    return _format("Delete b3-dataflow from AWS", target, zip(DESTROY_STEPS, lines, strict=True))


def print_dry_run(stage: str, region: str | None, plan: Callable[[StageTarget], str]) -> None:
    """Print a plan with placeholders for the account, and for the region if none is set.

    Raises:
        PreconditionError: the region does not exist.
    """
    if region:
        checks.check_region(region)
    print(plan(StageTarget(stage, "<account>", region or "<region>")))
    print("No call to AWS was made: this is a dry run.")


def confirm_plan(yes: bool) -> None:
    """Ask for confirmation unless `yes`.

    Raises:
        PreconditionError: the answer is not yes.
    """
    if not yes:
        confirm("Continue? [y/N] ", ("y", "yes"), "YES=1 skips the question")


def confirm(question: str, allowed: tuple[str, ...], hint: str) -> None:
    """Ask a question and return if the answer is an allowed one.

    Args:
        hint: What to do without a terminal.

    Raises:
        PreconditionError: the answer is another one, or there is no input.
    """
    try:
        answer = input(question).strip()
    except EOFError:
        print()
        raise PreconditionError(f"no answer, nothing was changed; {hint}") from None
    if answer not in allowed:
        raise PreconditionError(f"the answer is {answer!r}, nothing was changed; allowed: {', '.join(allowed)}")


def _format(title: str, target: StageTarget, lines: Iterable[tuple[str, str]]) -> str:
    head = f"{title}: stage {target.stage}, account {target.account}, region {target.region}\n\n"
    return head + "".join(f"  {name:<10}  {text}\n" for name, text in lines)
