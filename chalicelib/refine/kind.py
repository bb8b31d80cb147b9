"""Real or synthetic: a lake is of one kind, and objects of the other are refused. Takes and returns DataFrames."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pandas as pd

from chalicelib.refine.quality import FOREIGN
from chalicelib.refine.quarantine import as_quarantine
from chalicelib.refine.raw import RawRows, no_closes
from chalicelib.sources import REMOVAL, SYNTHETIC


@dataclass(frozen=True, slots=True)
class OneKind:
    """The rows of a lake's kind.

    Attributes:
        raw: the rows of raw; those of objects of the other kind are in its `refused`.
        synthetic: whether the bars are generated.
        strangers: the number of objects of bars of the other kind.
    """

    raw: RawRows
    synthetic: bool
    strangers: int

    def degraded(self) -> list[str]:
        """Return that objects are refused, in a sentence; empty if none is."""
        if not self.strangers:
            return []
        kinds = ("real", "synthetic") if self.synthetic else ("synthetic", "real")
        return [f"raw objects of {kinds[0]} bars are refused, because the lake is {kinds[1]}: {self.strangers}"]


def one_kind(raw: RawRows) -> OneKind:
    """Return the rows without the objects of another kind than the first readable object of bars, in order of key.

    An object has bars of one kind: `raw.read` refuses others. Removals have no bar and are of any kind; official
    closes are real.
    """
    bars = raw.rows[raw.rows["fonte"] != REMOVAL.name]
    if bars.empty:
        return OneKind(raw, False, 0)
    generated = bars["fonte"].isin(SYNTHETIC)
    synthetic = bool(generated[bars["chave"] == bars["chave"].min()].any())
    keys = bars.loc[generated != synthetic, "chave"].drop_duplicates()
    kinds = "real bars, and the lake is synthetic" if synthetic else "synthetic bars, and the lake is real"
    refused = [raw.refused, _refused(keys, f"{kinds}; allowed: one kind, that of its first object")]
    closes = raw.closes
    if synthetic:
        note = "official closes in a lake of synthetic bars; allowed: none"
        refused.append(_refused(closes["chave"].drop_duplicates(), note))
        closes = no_closes()
    rows = raw.rows[~raw.rows["chave"].isin(keys)] if len(keys) else raw.rows
    kept = replace(raw, rows=rows, closes=closes, refused=pd.concat(refused, ignore_index=True))
    return OneKind(kept, synthetic, len(keys))


def _refused(keys: pd.Series[str], note: str) -> pd.DataFrame:
    return as_quarantine(keys.to_frame("chave"), FOREIGN.name, note)
