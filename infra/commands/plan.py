"""What will be done, told before it is done; and the question whether to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from infra.errors import Refused
from infra.stage.gateway import RATE
from infra.stage.keys import DAILY
from infra.stage.names import HANDLERS, Place

STEPS = ("packages", "bootstrap", "upload", "data", "main", "Chalice", "gateway", "smoke test")


def deployment(place: Place, architecture: str, email: str, existing: Mapping[str, bool] | None) -> str:
    """The plan of a deploy.

    Args:
        architecture: of the layer and the functions.
        email: who is told of alarms, empty for nobody.
        existing: which stacks are there already, None where nobody looked.
    """

    def stack(kind: str) -> str:
        verb = "create or update" if existing is None else "update" if existing[kind] else "create"
        return f"{verb} the stack {place.stack(kind)}"

    told = f"alarms to {email}" if email else "alarms, but nobody is told: EMAIL="
    what = (
        f"the layer for ingest and the wheels for the job, {architecture}",
        f"{stack('bootstrap')}: bucket {place.bucket('artifacts')}",
        "what that bucket does not have yet",
        f"{stack('data')}: buckets {place.bucket('raw')} and {place.bucket('refined')}",
        f"{stack('main')}: database, Glue job, workgroup, layer, roles, queue, budget, {told}",
        f"functions {', '.join(place.function(name) for name in HANDLERS)}; REST API, schedule, S3 event",
        f"retries, its own errors, {RATE} requests a second, the key {place.name} for {DAILY:,} a day",
        "one ingest from Yahoo, one run of the Glue job (1 to 2 cents), one question",
    )
    return _told("b3-dataflow to AWS", place, zip(STEPS, what, strict=True))


REMOVAL = ("key", "Chalice", "main", "bootstrap", "data")


def removal(place: Place, data: bool) -> str:
    """The plan of a destroy.

    Args:
        data: whether the data goes too.
    """
    lake = f"{place.bucket('raw')} and {place.bucket('refined')}"
    what = (
        f"the usage plan and the key {place.name}",
        "the REST API, the functions, the schedule and the S3 event",
        f"the stack {place.stack('main')}, and all in {place.bucket('athena')}",
        f"the stack {place.stack('bootstrap')}, and all in {place.bucket('artifacts')}",
        f"ALL DATA, in {lake}, and the stack {place.stack('data')}"
        if data
        else f"nothing: {lake} stay as they are (DATA=delete removes them)",
    )
    return _told("Remove b3-dataflow from AWS", place, zip(REMOVAL, what, strict=True))


def rehearse(stage: str, region: str | None, told: Callable[[Place], str]) -> None:
    """A dry run: tell the plan of a place that nobody has looked at."""
    print(told(Place(stage, "<account>", region or "<region>")))
    print("Nothing was asked of AWS, and nothing changed: this is a dry run.")


def go_ahead(yes: bool) -> None:
    """Ask whether to do what was told, unless that was said beforehand."""
    if not yes:
        confirm("Go ahead? [y/N] ", ("y", "yes"), "YES=1 goes ahead without asking")


def _told(title: str, place: Place, lines: Iterable[tuple[str, str]]) -> str:
    head = f"{title}: stage {place.stage}, account {place.account}, region {place.region}\n\n"
    return head + "".join(f"  {name:<10}  {what}\n" for name, what in lines)


def confirm(question: str, answers: tuple[str, ...], option: str) -> None:
    """Ask, and go on only if the answer is one of these.

    Args:
        option: what to say where nobody can answer.

    Raises:
        Refused: it was another, or nobody answered.
    """
    try:
        answer = input(question).strip()
    except EOFError:
        print()
        raise Refused(f"nobody answered, so nothing was changed; {option}") from None
    if answer not in answers:
        raise Refused(f"the answer was {answer!r}, so nothing was changed; allowed: {', '.join(answers)}")
