"""Precision and recall of `fechamento_suspeito` against B3's official closes: `make judge`.

The rule does not use official closes: it is for the sessions without one. It was tuned on 2008 to 2021; the years from
2022 on are the test set.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.instrument import IBOV
from chalicelib.refine.calendar import sessions
from chalicelib.refine.closes import suspect_closes
from chalicelib.refine.rule import since
from scripts.blocks import table
from scripts.real_data import HISTORY, history

PERIODS = (("2008", "2018"), ("2019", "2021"), ("2022", "2023"), ("2024", "2025"))
TUNED, TEST = ("2008", "2021"), ("2022", "2025")

PLAIN_BOUND = 5e-4

Flags = npt.NDArray[np.bool_]


def plain_rule(bars: pd.DataFrame, calendar: pd.DatetimeIndex) -> Flags:
    """Return which closes are more than 5 bp from the next open, on the next session of the calendar."""
    position = np.append(calendar.get_indexer(pd.DatetimeIndex(bars["data"])), -1)
    gap = (bars["preco_abertura"].shift(-1) / bars["preco_fechamento"] - 1).abs().to_numpy()
    flags: Flags = (np.diff(position) == 1) & (gap > PLAIN_BOUND)
    return flags


def judge(bars: pd.DataFrame) -> str:
    """Return the precision and recall of both rules by period, as a markdown table.

    Args:
        bars: the refined bars of the real history.
    """
    calendar = sessions(bars["data"].iloc[0].date(), bars["data"].iloc[-1].date())
    official = pd.read_csv(HISTORY, parse_dates=["date"]).set_index("date")["close_ok"]
    judged = bars.assign(
        wrong=official.reindex(bars["data"]).to_numpy(),
        plain=plain_rule(bars, calendar),
        ours=suspect_closes(bars, calendar, IBOV),
    )
    judged = judged[since(judged["data"], IBOV.opens_at_previous_close_since) & judged["wrong"].notna()].assign(
        wrong=judged["wrong"] == 0
    )
    rows: list[tuple[object, ...]] = []
    for (first, last), name in [
        *((period, " to ".join(period)) for period in PERIODS),
        (TUNED, "tuned: 2008 to 2021"),
        (TEST, "test: 2022 to 2025"),
        (("2008", "2025"), "all"),
    ]:
        within = judged[(judged["data"].dt.year >= int(first)) & (judged["data"].dt.year <= int(last))]
        rows += [_row(name, within, rule) for rule in ("plain", "ours")]
    return table(("years", "wrong closes", "rule", "flagged", "correct", "precision", "recall"), rows)


def _row(name: str, judged: pd.DataFrame, rule: str) -> tuple[object, ...]:
    flagged, wrong = int(judged[rule].sum()), int(judged["wrong"].sum())
    correct = int((judged[rule] & judged["wrong"]).sum())
    return name, wrong, rule, flagged, correct, f"{correct / max(flagged, 1):.3f}", f"{correct / wrong:.3f}"


if __name__ == "__main__":
    print(judge(history().bars), end="")
