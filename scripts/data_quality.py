"""Write the tables of docs/data-quality.md: each rule and how often it applies to the real history. `make docs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from chalicelib.refine.quality import REASONS
from chalicelib.refine.rule import Rule
from chalicelib.refine.warnings import WARNINGS
from common.paths import ROOT
from scripts import estimators, judge_closes
from scripts.blocks import fill, table
from scripts.real_data import HISTORY, history

PATH = ROOT / "docs" / "data-quality.md"


def text() -> str:
    """Return the document with its generated tables."""
    refined = history()
    first, last = refined.bars["data"].iloc[0].date(), refined.bars["data"].iloc[-1].date()
    summary = (
        f"Yahoo's history of ^BVSP from {first} to {last} has {refined.rows:,} rows: {len(refined.quarantine)} are\n"
        f"refused, {len(refined.bars):,} accepted. {refined.opens_at_previous_close:,} of the bars open exactly at the "
        "previous close.\n"
    )
    return fill(
        PATH.read_text(encoding="utf-8"),
        {
            "summary": summary,
            "refusals": _rules(("reason", "meaning", "rows"), REASONS, refined.refused()),
            "warnings": _rules(("warning", "meaning", "bars"), WARNINGS, refined.warnings),
            "estimators": estimators.table(refined.bars),
            "judge": judge_closes.judge(refined.bars),
            "gaps": table(
                ("session", "reason"), [(day, reason or "") for day, reason in refined.coverage.missing.items()]
            ),
        },
    )


def _rules(names: tuple[str, ...], rules: Sequence[Rule], counts: Mapping[str, int]) -> str:
    return table(names, [(f"`{rule.name}`", rule.meaning, f"{counts[rule.name]:,}") for rule in rules])


if __name__ == "__main__":
    if HISTORY.exists():
        PATH.write_text(text(), encoding="utf-8")
    else:
        print(f"{PATH.name} is unchanged: its tables need the real history, which is not on this machine")
