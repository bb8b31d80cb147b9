"""The versions of the schemas change with their columns."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

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
from chalicelib.shares import BARS, REFUSED, SHARES, SHARES_VERSION
from common.paths import ROOT

CONTRACT = ROOT / "tests" / "contract"


@dataclass(frozen=True, slots=True)
class Schema:
    """The tables of a lake, their version with its name and module, and the file with the digest of each version."""

    tables: Mapping[str, Sequence[Column]]
    version: int
    name: str
    module: str
    path: Path

    def digest(self) -> str:
        """Return a digest of the names, types and units of all columns, in order. Descriptions may change."""
        columns = {
            name: [(column.name, column.type, column.unit) for column in table] for name, table in self.tables.items()
        }
        return hashlib.sha256(json.dumps(columns).encode()).hexdigest()


INDEX = Schema(
    {
        "refined": [*REFINED, PARTITION],
        "raw": RAW,
        "official closes": OFFICIAL_CLOSES,
        "acceptances": ACCEPTANCES,
        "quarantine": QUARANTINE,
        "revisions": REVISIONS,
    },
    SCHEMA_VERSION,
    "SCHEMA_VERSION",
    "chalicelib/schema.py",
    CONTRACT / "schema.json",
)
MARKET = Schema(
    {"shares": [*SHARES, PARTITION], "bars": BARS, "refused": REFUSED},
    SHARES_VERSION,
    "SHARES_VERSION",
    "chalicelib/shares.py",
    CONTRACT / "shares.json",
)


@pytest.mark.parametrize("schema", [INDEX, MARKET], ids=["index", "market"])
def test_a_change_of_the_columns_raises_the_schema_version(schema: Schema):
    digests: dict[str, str] = json.loads(schema.path.read_text(encoding="utf-8"))
    last = max(map(int, digests))
    digest = schema.digest()
    file = schema.path.relative_to(ROOT)

    if digest != digests[str(last)]:
        assert last + 1 == schema.version, (
            f"the columns differ from version {last}: raise {schema.name} in {schema.module} to {last + 1}"
        )
        pytest.fail(f'add "{schema.version}": "{digest}" to {file}, and run make docs')
    assert last == schema.version, (
        f"{schema.name} is {schema.version}, but the columns are those of version {last}: set it to {last} or, if the "
        f'meaning of a column changed, add "{schema.version}": "{digest}" to {file}'
    )
