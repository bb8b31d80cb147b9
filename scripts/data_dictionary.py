"""Write docs/data-dictionary.md from the schema and the columns that the API computes: `make docs`."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.api.columns import COMPUTED, PERIODS
from chalicelib.estimators import ESTIMATORS
from chalicelib.schema import ACCEPTANCES, OFFICIAL_CLOSES, PARTITION, QUARANTINE, RAW, REFINED, SCHEMA_VERSION, Column
from common.paths import ROOT
from scripts.blocks import table

PATH = ROOT / "docs" / "data-dictionary.md"

INTRODUCTION = f"""# Data dictionary

Written by `make docs` from `chalicelib/schema.py`; schema version {SCHEMA_VERSION}. Types are Glue's.
Every column may be null; no number is ever NaN or infinite.

**Names.** A value of one session is a column, with the table's Portuguese name everywhere in the API: in `rows`, in
`fields` and `sort`, and in the days of `/ibov/summary`. The columns of `/ibov/periods` and the codes in columns
(`avisos`, `motivo`, `fonte`) are also Portuguese. Everything else is English: parameters, statistics, `meta`, `links`,
`/status` and errors.
"""


def section(title: str, introduction: str, columns: Sequence[Column]) -> str:
    """Return the section of one table of the lake, as markdown."""
    rows: list[tuple[object, ...]] = [
        (f"`{column.name}`", column.type, column.unit, column.description) for column in columns
    ]
    return f"\n## {title}\n\n{introduction}\n\n{table(('column', 'type', 'unit', 'meaning'), rows)}"


def estimators() -> str:
    """Return the section of the estimators of volatility, as markdown."""
    rows: list[tuple[object, ...]] = [
        (f"`{name}`", estimator.description, "yes" if estimator.uses_night else "no")
        for name, estimator in ESTIMATORS.items()
    ]
    return (
        "\n## Estimators of volatility\n\nFormulas, sources and worked examples are in `chalicelib/estimators.py`.\n\n"
        + table(("estimator", "computed from", "uses the night"), rows)
    )


def text() -> str:
    """Return the whole document."""
    return (
        INTRODUCTION
        + section(
            "Refined",
            "`b3_refined_db.ibov_refined`, one row a session, in order of date within a year. A window that is not "
            "full gives null.",
            [*REFINED, PARTITION],
        )
        + section("Computed for a response", "Columns of API responses that are not in the table.", COMPUTED)
        + section(
            "Periods",
            "The columns of `/ibov/periods`, one row a week, month, quarter or year. A period has the sessions of the "
            "requested range only, so its first and last row can be a part of a calendar period.",
            PERIODS,
        )
        + section(
            "Raw",
            "One row a bar, as the source gave it; of the source `remocao`, one row a session, without prices.",
            RAW,
        )
        + section(
            "Raw, official closes",
            "One row a session, as B3 gave its close. A raw object has either bars or official closes.",
            OFFICIAL_CLOSES,
        )
        + section("Raw, acceptances", "One row a raw object that a person accepted.", ACCEPTANCES)
        + section(
            "Quarantine", "One row a refused bar; one row a whole object that is refused or held back.", QUARANTINE
        )
        + estimators()
    )


if __name__ == "__main__":
    PATH.write_text(text(), encoding="utf-8")
