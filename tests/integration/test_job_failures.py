"""Runs of the job that fail or are killed: the state that they leave, and its repair by the next run."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from chalicelib import layout
from chalicelib.errors import BackendUnavailable
from chalicelib.job import merge
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import JOB_TIMEOUT, Contents, Manifest
from chalicelib.lake.store import Lake
from chalicelib.refine import parquet
from chalicelib.schema import REVISIONS
from local import moto_state
from local.laptop import Laptop
from tests.support.job import (
    BUCKET,
    THREE,
    YEARS,
    Killed,
    before_call,
    empty,
    failing_before_write,
    once,
    put,
    registered,
    rival,
    stored,
)
from tests.support.lake import NOW, RAW


@pytest.fixture
def before(lake: Lake, run: Any, rebuilt: Any) -> Contents:
    """Contents of the lake after the first of the three raw objects. The other two are not merged yet."""
    put(lake, THREE[0])
    contents: Contents = run()
    put(lake, *THREE[1:])
    return contents


def manifest(lake: Lake) -> Manifest | None:
    return lake.manifest()[0]


def fail(error: BaseException) -> Any:
    raise error


ERRORS = [RuntimeError("a bug"), SystemExit(1), KeyboardInterrupt()]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_a_run_that_fails_before_it_writes_leaves_the_lake_unchanged(
    lake: Lake, run: Any, before: Contents, rebuilt: Any, error: BaseException
):
    objects = stored()
    encode = parquet.encode

    def encode_but_revisions(rows: Any, columns: Any) -> bytes:
        return fail(error) if columns is REVISIONS else encode(rows, columns)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parquet, "encode", encode_but_revisions)
        with pytest.raises(type(error)):
            run()

    assert manifest(lake) == Manifest("ready", None, before)
    assert stored() == objects
    assert (run().version, stored()) == (rebuilt[1], rebuilt[0])


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: type(error).__name__)
def test_the_next_run_repairs_the_lake_after_a_run_that_failed_while_it_wrote(
    lake: Lake, run: Any, before: Contents, rebuilt: Any, error: BaseException
):
    with (
        before_call(lake, "PutObject", once(layout.refined_key(2024), lambda: fail(error))),
        pytest.raises(type(error)),
    ):
        run()

    assert manifest(lake) == Manifest("writing", None, before)
    assert layout.refined_key(2023) in stored()
    assert (run().version, stored()) == (rebuilt[1], rebuilt[0])


def not_returned(lake: Lake, error: Exception) -> Any:
    """Fail instead of the GET of the first raw object."""
    return before_call(lake, "GetObject", once(THREE[0][0], lambda: fail(error)))


@pytest.mark.parametrize(
    "error",
    [
        ClientError({"Error": {"Code": "AccessDenied", "Message": "Access Denied"}}, "GetObject"),
        ClientError({"Error": {"Code": "SlowDown", "Message": "Please reduce your request rate."}}, "GetObject"),
        EndpointConnectionError(endpoint_url="http://s3"),
    ],
    ids=lambda error: str(error)[:50],
)
def test_an_object_that_s3_does_not_return_ends_the_run_and_is_not_refused(
    lake: Lake, run: Any, before: Contents, rebuilt: Any, error: Exception
):
    objects = stored()

    with not_returned(lake, error), pytest.raises(BackendUnavailable, match=r"/ibov-20251014T013000Z\.parquet was not"):
        run()

    assert manifest(lake) == Manifest("ready", None, before)
    assert stored() == objects
    assert (run().version, stored()) == (rebuilt[1], rebuilt[0])


def test_an_object_that_changes_between_the_list_and_the_download_starts_the_run_over(
    lake: Lake, run: Any, before: Contents, rebuilt: Any
):
    key, body = THREE[1]
    moto_state.write(RAW, key, b"somebody's")

    with before_call(lake, "GetObject", once(key, lambda: moto_state.write(RAW, key, body))):
        assert (run().version, stored()) == (rebuilt[1], rebuilt[0])


def test_a_failure_before_the_first_commit_leaves_no_lease(lake: Lake, run: Any):
    put(lake, THREE[0])

    with not_returned(lake, EndpointConnectionError(endpoint_url="http://s3")), pytest.raises(BackendUnavailable):
        run()

    assert manifest(lake) == Manifest("ready", None, None)


def test_a_later_failure_does_not_set_the_manifest_to_ready(lake: Lake, run: Any, before: Contents):
    hook = once(layout.refined_key(2024), lambda: fail(RuntimeError("a bug")))
    with before_call(lake, "PutObject", hook), pytest.raises(RuntimeError, match="a bug"):
        run()

    with not_returned(lake, EndpointConnectionError(endpoint_url="http://s3")), pytest.raises(BackendUnavailable):
        run()

    assert manifest(lake) == Manifest("writing", None, before)


def test_the_last_commit_is_preserved_when_a_run_starts_over_and_fails(
    lake: Lake, run: Any, before: Contents, monkeypatch: Any, capsys: Any
):
    key = layout.refined_key(2024)
    hook = once(key, lambda: rival().s3.put_object(Bucket=BUCKET, Key=key, Body=b"of somebody else"))
    refine, count = merge.refine, itertools.count()
    monkeypatch.setattr(
        merge, "refine", lambda *args: refine(*args) if next(count) == 0 else fail(RuntimeError("a bug"))
    )

    with before_call(lake, "PutObject", hook), pytest.raises(RuntimeError, match="a bug"):
        run()

    assert "starting over" in capsys.readouterr().out
    assert manifest(lake) == Manifest("writing", None, before)


def test_a_lease_that_cannot_be_released_does_not_hide_the_error(
    lake: Lake, run: Any, before: Contents, monkeypatch: Any, capsys: Any
):
    def unreachable(params: Any) -> None:
        if b'"claim": null' in params["Body"]:
            raise EndpointConnectionError(endpoint_url="s3")

    monkeypatch.setattr(merge, "refine", lambda *_: fail(RuntimeError("a bug")))
    with before_call(lake, "PutObject", unreachable), pytest.raises(RuntimeError, match="a bug"):
        run()

    assert (
        f"warning: the lease in s3://{BUCKET}/manifests/ibov.json holds until it expires: Could not connect"
        in capsys.readouterr().out
    )


def test_the_next_run_repairs_the_lake_whichever_write_a_run_was_killed_before(
    laptop: Laptop, lake: Lake, catalog: Catalog, run: Any, rebuilt: Any, s3: Any, glue: Any
):
    for number in itertools.count():
        empty(laptop, s3)
        put(lake, THREE[0])
        run()
        put(lake, *THREE[1:])
        try:
            with failing_before_write(number, s3.meta.events, catalog.session.events):
                run()
        except Killed:
            run(NOW + JOB_TIMEOUT)
            assert stored() == rebuilt[0], f"killed before write {number}"
            assert registered(glue) == YEARS
            manifest, _ = lake.manifest()
            assert manifest is not None
            assert manifest.state == "ready"
            assert len(moto_state.objects(BUCKET, layout.LEDGER_PREFIX)) == 1
        else:
            break

    # the lease, three years, quarantine, revisions, a partition, the ledger, the commit, the old ledger
    assert number == 10
