"""`make bench`: run the benchmarks, print their tables, and write them to `benchmarks/results.md`."""

from __future__ import annotations

from pathlib import Path

from benchmarks import answers, cotahist, first_run, glue_costs, laptop, market, questions, volatility
from benchmarks.report import machine
from common.console import activity

BENCHMARKS = (
    answers.cold,
    answers.warm,
    answers.kept_alive,
    questions.first_answers,
    first_run.first_json,
    laptop.start,
    laptop.athena,
    volatility.comparison,
    volatility.growth,
    cotahist.parsing,
    cotahist.features,
    market.whole,
    glue_costs.costs_of_this_run,
)

RESULTS = Path(__file__).with_name("results.md")


def main() -> None:
    text = f"# Benchmarks\n\nWritten by `make bench`: {machine()}.\n"
    print(text)
    for benchmark in BENCHMARKS:
        with activity(f"{benchmark.__module__}.{benchmark.__name__}"):
            table = benchmark()
        print(table, flush=True)
        text += f"\n{table}"
    RESULTS.write_text(text)


if __name__ == "__main__":
    main()
