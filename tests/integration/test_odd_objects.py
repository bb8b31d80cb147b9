"""Raw objects that once stopped every run of the job, in the local AWS."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pyarrow as pa

from chalicelib import layout
from chalicelib.refine import parquet
from chalicelib.schema import QUARANTINE
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import known_bars, raw_object
from tests.support.lake import RAW, REFINED, no_events
from tests.support.odd_objects import encode, good


def odd(column: str, values: pa.Array) -> bytes:
    """Return six good bars with these values in a column."""
    bars = good()["bars"][1]
    return encode(bars.set_column(bars.schema.get_field_index(column), column, values))


LATE = datetime(2200, 1, 2, 12, tzinfo=UTC)

ODD: dict[str, tuple[bytes, str]] = {
    "raw/date.parquet": (odd("data", pa.array([2**31 - 1] * 6, pa.int32()).view(pa.date32())), "objeto_corrompido"),
    "raw/time.parquet": (odd("coletado_em", pa.array([2**60] * 6).view(pa.timestamp("ms"))), "objeto_corrompido"),
    "raw/lists.parquet": (odd("preco_fechamento", pa.array([[1.0]] * 6)), "objeto_estranho"),
    "raw/struct.parquet": (odd("fonte", pa.array([{"x": "yahoo"}] * 6)), "objeto_estranho"),
    "raw/float16.parquet": (odd("ticker", pa.array(np.ones(6, np.float16))), "objeto_estranho"),
    "raw/view.parquet": (odd("fonte", pa.array(["yahoo"] * 6, pa.string_view())), "objeto_estranho"),
    "raw/footer.parquet": (odd("fonte", pa.array(["yahoo"] * 6))[:-9], "objeto_corrompido"),
    "raw/large.parquet": (bytes(layout.MAX_RAW_BYTES + 1), "objeto_corrompido"),
    layout.raw_key(LATE): (raw_object(known_bars(), collected_at=LATE)[1], "objeto_estranho"),
}


def test_a_run_over_odd_objects_refuses_each_and_commits_the_rest(laptop: Laptop, s3: Any):
    key, body = raw_object(known_bars())
    with no_events():
        for name, (bytes_, _) in ODD.items():
            s3.put_object(Bucket=RAW, Key=name, Body=bytes_, IfNoneMatch="*")

    s3.put_object(Bucket=RAW, Key=key, Body=body, IfNoneMatch="*")

    assert [run.state for run in laptop.refined()] == ["SUCCEEDED"]
    contents = laptop.contents()
    assert contents is not None
    assert (contents.rows, str(contents.as_of)) == (6, "2025-09-17")
    quarantine = parquet.decode(moto_state.read(REFINED, layout.QUARANTINE_KEY) or b"", QUARANTINE)
    assert dict(zip(quarantine["chave"], quarantine["motivo"], strict=True)) == {
        name: reason for name, (_, reason) in ODD.items()
    }
    assert (quarantine["nota"] != "").all()
