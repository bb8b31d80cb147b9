"""Write the tables of docs/data-quality.md: each rule and how often it applies to the real history. `make docs`."""

from __future__ import annotations

from chalicelib.instrument import IBOV
from chalicelib.refine.confirmation import GIVEN
from chalicelib.refine.quality import REASONS
from chalicelib.refine.refinery import Refined
from chalicelib.refine.warnings import WARNINGS
from chalicelib.schema import CLOSE
from common.paths import ROOT
from scripts import close_errors, estimators, judge_closes, margins
from scripts.blocks import fill, table
from scripts.real_data import HISTORY, history

PATH = ROOT / "docs" / "data-quality.md"


def text() -> str:
    """Return the document with its generated tables."""
    refined, corrected = history(), history(with_closes=True)
    first, last = refined.bars["data"].iloc[0].date(), refined.bars["data"].iloc[-1].date()
    refused, warned = refined.refused(), (refined.warnings, corrected.warnings)
    summary = (
        f"Yahoo's history of ^BVSP from {first} to {last} has {refined.rows:,} rows: {len(refined.quarantine)} are\n"
        f"refused, {len(refined.bars):,} accepted. {refined.opens_at_previous_close:,} of the bars open exactly at the "
        "previous close.\n"
    )
    return fill(
        PATH.read_text(encoding="utf-8"),
        {
            "summary": summary,
            "refusals": table(
                ("reason", "meaning", "rows"),
                [(f"`{rule.name}`", rule.meaning, f"{refused[rule.name]:,}") for rule in REASONS],
            ),
            "warnings": table(
                ("warning", "meaning", "bars", "with official closes"),
                [(f"`{rule.name}`", rule.meaning, *(f"{count[rule.name]:,}" for count in warned)) for rule in WARNINGS],
            ),
            "margins": margins.margins(refined.bars, IBOV.scale) if IBOV.scale else "",
            "closes": _closes(corrected),
            "close-errors": close_errors.text(refined.bars, corrected.bars),
            "estimators": estimators.table(refined.bars),
            "judge": judge_closes.judge(refined.bars),
            "gaps": table(
                ("session", "reason"), [(day, reason or "") for day, reason in refined.coverage.missing.items()]
            ),
        },
    )


def _closes(refined: Refined) -> str:
    """Return the effect of the official closes on the real history, in a sentence."""
    counts = refined.official
    widened = (refined.bars[list(GIVEN.values())] != refined.bars[list(GIVEN)].to_numpy()).drop(columns=GIVEN[CLOSE])
    return (
        f"With the official closes of B3 from {IBOV.official_closes_since:%Y} on, {counts.confirmed:,} closes of this "
        f"history are confirmed and\n{counts.corrected} corrected; high or low is widened on "
        f"{widened.any(axis=1).sum()}. The other {counts.unconfirmed:,} are of earlier years.\n"
    )


if __name__ == "__main__":
    if HISTORY.exists():
        PATH.write_text(text(), encoding="utf-8")
    else:
        print(f"{PATH.name} is unchanged: its tables need the real history, which is not on this machine")
