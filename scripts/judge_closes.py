"""How well `fechamento_suspeito` finds wrong closes: `make judge`.

B3's official closes are in the real data only, and nowhere else in the project is that column read: the rule must not
know what it is judged by. It was tuned on 2008 to 2021; what it does from 2022 on it was not tuned for.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pandas as pd

from chalicelib.refine.calendar import sessions
from chalicelib.refine.warnings import CLOSES_SINCE, suspect_closes
from scripts.blocks import table
from scripts.real_data import HISTORY, history

ERAS = (("2008", "2018"), ("2019", "2021"), ("2022", "2023"), ("2024", "2025"))
TUNED, APART = ("2008", "2021"), ("2022", "2025")

PLAIN_BOUND = 5e-4

Flags = npt.NDArray[np.bool_]


def plain_rule(bars: pd.DataFrame, calendar: pd.DatetimeIndex) -> Flags:
    """The next open, on the next session of the calendar, is more than 5 bp from the close."""
    position = np.append(calendar.get_indexer(pd.DatetimeIndex(bars["data"])), -1)
    gap = (bars["preco_abertura"].shift(-1) / bars["preco_fechamento"] - 1).abs().to_numpy()
    flags: Flags = (np.diff(position) == 1) & (gap > PLAIN_BOUND)
    return flags


def judge(bars: pd.DataFrame) -> str:
    """Both rules by era, as markdown.

    Args:
        bars: the refined bars of the real history.
    """
    calendar = sessions(bars["data"].iloc[0].date(), bars["data"].iloc[-1].date())
    official = pd.read_csv(HISTORY, parse_dates=["date"]).set_index("date")["close_ok"]
    judged = bars.assign(
        wrong=official.reindex(bars["data"]).to_numpy(),
        plain=plain_rule(bars, calendar),
        ours=suspect_closes(bars, calendar),
    )
    judged = judged[(judged["data"] >= CLOSES_SINCE) & judged["wrong"].notna()].assign(wrong=judged["wrong"] == 0)
    rows: list[tuple[object, ...]] = []
    for era, name in [
        *((era, " to ".join(era)) for era in ERAS),
        (TUNED, "tuned: 2008 to 2021"),
        (APART, "apart: 2022 to 2025"),
        (("2008", "2025"), "all"),
    ]:
        within = judged[(judged["data"].dt.year >= int(era[0])) & (judged["data"].dt.year <= int(era[1]))]
        rows += [_row(name, within, rule) for rule in ("plain", "ours")]
    return table(("years", "wrong closes", "rule", "flagged", "rightly", "precision", "recall"), rows)


def _row(name: str, judged: pd.DataFrame, rule: str) -> tuple[object, ...]:
    flagged, wrong = int(judged[rule].sum()), int(judged["wrong"].sum())
    right = int((judged[rule] & judged["wrong"]).sum())
    return name, wrong, rule, flagged, right, f"{right / max(flagged, 1):.3f}", f"{right / wrong:.3f}"


if __name__ == "__main__":
    print(judge(history().bars), end="")
