"""Concurrent runs of the job: one without the lease writes nothing, and the result is a clean rebuild."""

from __future__ import annotations

import itertools
import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib import layout
from chalicelib.errors import RunInProgress
from chalicelib.job import merge
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import JOB_TIMEOUT, Contents, Lease, Ledger, Manifest
from chalicelib.lake.store import Lake
from local import moto_state
from local.laptop import Laptop
from tests.support.job import (
    BUCKET,
    THREE,
    WRITES,
    YEARS,
    before_call,
    empty,
    modified,
    once,
    put,
    registered,
    rival,
    stored,
)
from tests.support.lake import NOW

LATER = NOW + JOB_TIMEOUT
KEY = layout.refined_key(2024)


def take_over_as_rival() -> None:
    """Acquire the lease, as another run does after it has expired."""
    manifest, etag = rival().manifest()
    contents = manifest.contents if manifest else None
    rival().put_manifest(Manifest("writing", Lease("jr_rival", LATER), contents), etag)


def test_a_lease_is_respected_until_it_expires_and_then_taken_over(lake: Lake, run: Any):
    put(lake, *THREE)
    lake.put_manifest(Manifest("writing", Lease("jr_other", NOW), None), None)

    with pytest.raises(RunInProgress, match="run jr_other has been writing since 2025-10-15 01:30:00 UTC"):
        run(NOW + JOB_TIMEOUT - timedelta(seconds=1))
    assert stored() == {}

    assert sorted(run(NOW + JOB_TIMEOUT).years) == YEARS
    manifest, _ = lake.manifest()
    assert manifest is not None
    assert manifest.state == "ready"


def test_the_lease_of_a_run_that_has_ended_is_taken_over_at_once(lake: Lake, catalog: Catalog, rebuilt: Any):
    put(lake, *THREE)
    lake.put_manifest(Manifest("writing", Lease("jr_killed", NOW), None), None)

    contents = update_refined(lake, catalog, "jr_1", lambda: NOW, has_ended={"jr_killed"}.__contains__)

    assert contents is not None
    assert lake.manifest()[0] == Manifest("ready", None, contents)
    assert stored() == rebuilt[0]


def test_two_concurrent_runs_never_overwrite_each_other(lake: Lake, catalog: Catalog, rebuilt: Any):
    put(lake, *THREE)
    outcomes: list[object] = []

    def work(number: int) -> None:
        try:
            outcomes.append(update_refined(rival(), catalog, f"jr_{number}", lambda: NOW))
        except RunInProgress as error:
            outcomes.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert any(isinstance(outcome, Contents) for outcome in outcomes)
    assert all(isinstance(outcome, Contents | RunInProgress) for outcome in outcomes)
    assert stored() == rebuilt[0]


@pytest.mark.parametrize("before", [[], THREE[:1]], ids=["a new year", "a year that is stored"])
@pytest.mark.parametrize("moment", ["while we compute", "as we write"])
def test_a_year_written_by_another_run_starts_the_run_over(
    lake: Lake, run: Any, rebuilt: Any, moment: str, before: Any, capsys: Any, monkeypatch: Any
):
    if before:
        put(lake, *before)
        run()
    put(lake, *THREE[len(before) :])
    refine, pending = merge.refine, [KEY]

    def write() -> None:
        rival().s3.put_object(Bucket=BUCKET, Key=pending.pop(), Body=b"of somebody else")

    def refine_meanwhile(*arguments: Any) -> Any:
        if pending:
            write()
        return refine(*arguments)

    if moment == "while we compute":
        monkeypatch.setattr(merge, "refine", refine_meanwhile)
        contents = run()
    else:
        with before_call(lake, "PutObject", once(KEY, write)):
            contents = run()

    assert f"starting over: s3://{BUCKET}/{KEY} was expected" in capsys.readouterr().out
    assert contents.version == rebuilt[1]
    assert stored() == rebuilt[0]


def test_a_run_that_loses_its_lease_writes_nothing_more(
    laptop: Laptop, lake: Lake, catalog: Catalog, run: Any, s3: Any
):
    for number in itertools.count():
        empty(laptop, s3)
        put(lake, THREE[0])
        before = run()
        put(lake, *THREE[1:])
        s3.put_object(Bucket=BUCKET, Key=layout.refined_key(1999), Body=b"a year that raw does not have")
        operations: list[str] = []

        def count(
            model: Any, http_response: Any, number: int = number, operations: list[str] = operations, **_: Any
        ) -> None:
            if model.name in WRITES and http_response.status_code < 300:
                operations.append(model.name)
                if len(operations) == number + 1:
                    take_over_as_rival()

        for events in (s3.meta.events, catalog.session.events):
            events.register("after-call", count, unique_id="count")
        try:
            with pytest.raises(RunInProgress, match="run jr_rival has been writing"):
                run()
        finally:
            for events in (s3.meta.events, catalog.session.events):
                events.unregister("after-call", unique_id="count")
        assert len(operations) == number + 1
        assert rival().manifest()[0] == Manifest("writing", Lease("jr_rival", LATER), before)
        if operations[-1] == "PutObject" and "DeleteObject" in operations:
            break

    # the lease, three years, quarantine, revisions, a partition, the obsolete year, the ledger
    assert number == 8


def test_a_slow_run_does_not_overwrite_the_commit_of_another(
    lake: Lake, catalog: Catalog, run: Any, rebuilt: Any, glue: Any, monkeypatch: Any, capsys: Any
):
    """The slow run has read fewer raw objects than the run that took over."""
    put(lake, THREE[0])
    refine, pending = merge.refine, [THREE[1:]]
    committed: list[Any] = []

    def sleep(*arguments: Any) -> Any:
        if pending:
            put(rival(), *pending.pop())
            contents = update_refined(rival(), catalog, "jr_rival", lambda: LATER)
            committed.extend([contents, modified()])
        return refine(*arguments)

    monkeypatch.setattr(merge, "refine", sleep)
    contents = run()

    assert "starting over: s3://b3-dataflow-refined/manifests/ibov.json was expected at" in capsys.readouterr().out
    assert modified() == committed[1]
    assert contents.years == committed[0].years
    assert (contents.version, stored()) == (rebuilt[1], rebuilt[0])
    assert registered(glue) == YEARS


def test_of_two_runs_that_acquire_the_lease_at_once_one_ends(lake: Lake, run: Any):
    put(lake, *THREE)

    with (
        before_call(lake, "PutObject", once(layout.MANIFEST_KEY, take_over_as_rival)),
        pytest.raises(RunInProgress, match="run jr_rival has been writing"),
    ):
        run()

    assert stored() == {}
    assert rival().manifest()[0] == Manifest("writing", Lease("jr_rival", LATER), None)


@pytest.mark.parametrize(
    ("operation", "key"),
    [
        ("PutObject", layout.MANIFEST_KEY),
        ("PutObject", KEY),
        ("DeleteObject", layout.refined_key(1999)),
    ],
)
@pytest.mark.parametrize("code", ["ConditionalRequestConflict", "PreconditionFailed"])
def test_a_run_starts_over_when_s3_refuses_a_conditional_write(
    lake: Lake, run: Any, rebuilt: Any, operation: str, key: str, code: str, capsys: Any
):
    put(lake, *THREE)
    lake.s3.put_object(Bucket=BUCKET, Key=layout.refined_key(1999), Body=b"a year that raw does not have")

    def conflict() -> None:
        raise ClientError({"Error": {"Code": code}}, operation)

    with before_call(lake, operation, once(key, conflict)):
        contents = run()

    assert f"starting over: s3://{BUCKET}/{key} was expected" in capsys.readouterr().out
    assert (contents.version, stored()) == (rebuilt[1], rebuilt[0])
    manifest, _ = lake.manifest()
    assert manifest == Manifest("ready", None, contents)


def test_an_obsolete_year_may_be_deleted_already(lake: Lake, run: Any, rebuilt: Any, capsys: Any):
    put(lake, *THREE)
    old = layout.refined_key(1999)
    lake.s3.put_object(Bucket=BUCKET, Key=old, Body=b"a year that raw does not have")

    with before_call(lake, "DeleteObject", once(old, lambda: rival().s3.delete_object(Bucket=BUCKET, Key=old))):
        contents = run()

    assert "starting over" not in capsys.readouterr().out
    assert (contents.version, stored()) == (rebuilt[1], rebuilt[0])


def test_an_obsolete_year_written_by_another_run_starts_the_run_over(lake: Lake, run: Any, capsys: Any):
    put(lake, *THREE)
    old = layout.refined_key(1999)
    lake.s3.put_object(Bucket=BUCKET, Key=old, Body=b"a year that raw does not have")
    hook = once(old, lambda: rival().s3.put_object(Bucket=BUCKET, Key=old, Body=b"anew"))

    with before_call(lake, "DeleteObject", hook):
        run()

    assert f"starting over: s3://{BUCKET}/{old} was expected" in capsys.readouterr().out


def test_only_ledgers_from_before_the_lease_are_removed(lake: Lake, run: Any):
    put(lake, THREE[0])
    old = run().ledger
    put(lake, *THREE[1:])
    other = f"{layout.LEDGER_PREFIX}of-the-next-run.json"

    def write_ledger(params: Any) -> None:
        if params["Key"].startswith(layout.REFINED_PREFIX):
            rival().s3.put_object(Bucket=BUCKET, Key=other, Body=Ledger({}).encode())

    with before_call(lake, "PutObject", write_ledger):
        contents = run()

    assert old != contents.ledger
    assert [entry.key for entry in moto_state.objects(BUCKET, layout.LEDGER_PREFIX)] == sorted([contents.ledger, other])
