"""Fills the tables of docs/data-quality.md with what each rule does to the real history: `make docs`."""

from __future__ import annotations

from collections.abc import Mapping

from chalicelib.refine import quality, warnings
from common.paths import ROOT
from scripts import estimators, judge_closes
from scripts.blocks import fill, table
from scripts.real_data import HISTORY, history

PATH = ROOT / "docs" / "data-quality.md"

REFUSALS: Mapping[str, str] = {
    quality.CORRUPT: "the object is no parquet file: it is refused whole, and the run goes on",
    quality.FOREIGN: "the object lacks a column, or has another ticker or an unknown source: it is refused whole",
    quality.WRONG_TYPE: "a value is of no type that fits, or the date is missing",
    quality.NON_FINITE: "a price is infinite, or not a number (null is another matter)",
    quality.NULL_PRICE: "a price is null: Yahoo fills such sessions days later",
    quality.FUTURE: "the date is after the day on which the bar was collected, in São Paulo",
    quality.LIVE: "the session was still going on, or its bar not yet settled",
    quality.NO_SESSION: "the calendar has no session that day; the note says whether the bar copies the session before",
    quality.NON_POSITIVE_PRICE: "a price is 0 or less",
    quality.HIGH_LOW: "the high is below, or the low above, another price",
}

WARNINGS: Mapping[str, str] = {
    warnings.NO_VOLUME: "no volume, from 2007 on (before September 2006 Yahoo has none on nearly all days)",
    warnings.COPY: "all four prices are those of the session before",
    warnings.JUMP: "the close is far from the one before: see below",
    warnings.SHORT_SESSION: "Ash Wednesday: trading begins in the afternoon",
    warnings.FRACTIONAL: "prices that are not whole, which Yahoo still gave twelve hours later",
    warnings.SUSPECT_CLOSE: "the open of the next session tells of another close: see below",
}


def text() -> str:
    """The document as it should be."""
    found = history()
    first, last = found.bars["data"].iloc[0].date(), found.bars["data"].iloc[-1].date()
    summary = (
        f"Yahoo's history of ^BVSP from {first} to {last} has {found.rows:,} rows: {len(found.quarantine)} are\n"
        f"refused, {len(found.bars):,} kept. {found.opens_at_previous_close:,} of the bars open at the close before, "
        "to the cent.\n"
    )
    return fill(
        PATH.read_text(encoding="utf-8"),
        {
            "summary": summary,
            "refusals": _rules(("reason", "when", "rows"), REFUSALS, found.refused()),
            "warnings": _rules(("warning", "when", "bars"), WARNINGS, found.warnings),
            "estimators": estimators.table(found.bars),
            "judge": judge_closes.judge(found.bars),
            "gaps": table(
                ("session", "reason"), [(day, reason or "") for day, reason in found.coverage.missing.items()]
            ),
        },
    )


def _rules(names: tuple[str, ...], meanings: Mapping[str, str], counts: Mapping[str, int]) -> str:
    return table(names, [(f"`{name}`", meaning, f"{counts[name]:,}") for name, meaning in meanings.items()])


if __name__ == "__main__":
    if HISTORY.exists():
        PATH.write_text(text(), encoding="utf-8")
    else:
        print(f"{PATH.name} is as it was: the real history that it counts is not here")
