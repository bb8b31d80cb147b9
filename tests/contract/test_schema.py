"""The version of the schema changes with its columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence

import pytest

from chalicelib.schema import (
    ACCEPTANCES,
    OFFICIAL_CLOSES,
    PARTITION,
    QUARANTINE,
    RAW,
    REFINED,
    REVISIONS,
    SCHEMA_VERSION,
    Column,
)
from common.paths import ROOT

PATH = ROOT / "tests" / "contract" / "schema.json"

TABLES: Mapping[str, Sequence[Column]] = {
    "refined": [*REFINED, PARTITION],
    "raw": RAW,
    "official closes": OFFICIAL_CLOSES,
    "acceptances": ACCEPTANCES,
    "quarantine": QUARANTINE,
    "revisions": REVISIONS,
}


def digest() -> str:
    """Return a digest of the names, types and units of all columns, in order. Descriptions may change."""
    columns = {name: [(column.name, column.type, column.unit) for column in table] for name, table in TABLES.items()}
    return hashlib.sha256(json.dumps(columns).encode()).hexdigest()


def test_a_change_of_the_columns_raises_the_schema_version():
    digests: dict[str, str] = json.loads(PATH.read_text(encoding="utf-8"))
    last = max(map(int, digests))

    if digest() != digests[str(last)]:
        assert last + 1 == SCHEMA_VERSION, (
            f"the columns differ from schema version {last}: raise SCHEMA_VERSION in chalicelib/schema.py to {last + 1}"
        )
        pytest.fail(f'add "{SCHEMA_VERSION}": "{digest()}" to tests/contract/schema.json, and run make docs')
    assert last == SCHEMA_VERSION, (
        f"SCHEMA_VERSION is {SCHEMA_VERSION}, but the columns are those of version {last}: set it to {last} or, if the "
        f'meaning of a column changed, add "{SCHEMA_VERSION}": "{digest()}" to tests/contract/schema.json'
    )
