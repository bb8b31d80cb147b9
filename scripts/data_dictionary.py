"""Writes docs/data-dictionary.md from the schema and the API's own columns: `make docs`."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.api.parameters import COMPUTED
from chalicelib.schema import PARTITION, QUARANTINE, RAW, REFINED, SCHEMA_VERSION, Column
from common.paths import ROOT

PATH = ROOT / "docs" / "data-dictionary.md"

INTRODUCTION = f"""# Data dictionary

Written by `make docs` from `chalicelib/schema.py`; schema version {SCHEMA_VERSION}. Types are Glue's.
Every column may be null; no number is ever NaN or infinite.

**Names.** What is said of one session is a column, and has the table's name, Portuguese, wherever it stands in the API:
in `rows`, in `fields` and `sort`, and in the days that `/ibov/summary` names. The codes in columns (`avisos`, `motivo`,
`fonte`) are Portuguese too. All else is English: parameters, statistics, `meta`, `links`, `/status` and errors.
"""


def table(title: str, where: str, columns: Sequence[Column]) -> str:
    """One table of the lake as markdown."""
    rows = "\n".join(
        f"| `{column.name}` | {column.type} | {column.unit} | {column.description} |" for column in columns
    )
    return f"\n## {title}\n\n{where}\n\n| column | type | unit | meaning |\n| --- | --- | --- | --- |\n{rows}\n"


def text() -> str:
    """The whole document."""
    return (
        INTRODUCTION
        + table(
            "Refined",
            "`b3_refined_db.ibov_refined`, one row a session, in order of date within a year. A window that is not "
            "full gives null.",
            [*REFINED, PARTITION],
        )
        + table("Computed for an answer", "In answers of the API, and not in the table by these names.", COMPUTED)
        + table("Raw", "One row a bar, as the source gave it.", RAW)
        + table("Quarantine", "One row a bar that was refused.", QUARANTINE)
    )


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
