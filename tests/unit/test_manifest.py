from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from chalicelib.lake import manifest
from chalicelib.lake.manifest import Lease, Ledger, Manifest, YearObject, version_of

NOW = datetime(2025, 10, 14, 1, 30, tzinfo=UTC)


def test_a_lease_expires_after_the_timeout_of_the_job():
    lease = Lease("jr_1", NOW)

    assert not lease.has_expired(NOW + timedelta(minutes=9, seconds=59))
    assert lease.has_expired(NOW + timedelta(minutes=10))


def test_a_lease_dated_in_the_future_is_not_live_for_hours():
    """The clock of the run that holds it is ahead of ours."""
    assert not Lease("jr_1", NOW + timedelta(minutes=10)).has_expired(NOW)
    assert Lease("jr_1", NOW + timedelta(minutes=10, seconds=1)).has_expired(NOW)
    assert Lease("jr_1", NOW + timedelta(days=365)).has_expired(NOW)


def test_a_manifest_is_equal_after_encoding_and_decoding():
    written = Manifest("writing", Lease("jr_1", NOW), None)

    assert Manifest.decode(written.encode()) == written
    assert Ledger.decode(Ledger({"raw/a.parquet": '"e"'}).encode()).merged == {"raw/a.parquet": '"e"'}


@pytest.mark.parametrize("body", [b"", b"{}", b'{"state":"done","claim":null,"contents":null}'])
def test_bytes_that_are_not_a_manifest_are_refused(body):
    with pytest.raises(msgspec.DecodeError):
        Manifest.decode(body)


def test_the_version_depends_on_the_bytes_and_the_schema_only(monkeypatch):
    years = {"2024": YearObject('"e1"', 250, "aa"), "2025": YearObject('"e2"', 190, "bb")}
    version = version_of(years)

    assert version_of(dict(reversed(years.items()))) == version
    assert version_of(years | {"2025": YearObject('"other"', 1, "bb")}) == version
    assert version_of(years | {"2025": YearObject('"e2"', 190, "cc")}) != version
    assert version_of({"2024": years["2024"]}) != version
    monkeypatch.setattr(manifest, "SCHEMA_VERSION", 999)
    assert version_of(years) != version


def test_the_code_version_is_that_of_the_source():
    assert manifest.code_version() == manifest.code_version.__wrapped__()
    assert len(manifest.code_version()) == 16
