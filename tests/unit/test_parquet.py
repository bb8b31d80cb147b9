from __future__ import annotations

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from chalicelib.refine import parquet
from chalicelib.refine.features import add_features
from chalicelib.schema import RAW, REFINED
from tests.support.bars import known_bars, raw_rows


def refined_bars() -> pd.DataFrame:
    return add_features(raw_rows(known_bars())).assign(
        avisos="", fechamento_oficial=float("nan"), fonte_fechamento="yahoo"
    )


def test_the_same_frame_gives_the_same_bytes_whatever_its_index_and_order_of_columns():
    frame = refined_bars()
    other = frame[frame.columns[::-1]].set_index(pd.Index(range(100, 106)))

    assert parquet.encode(frame, REFINED) == parquet.encode(other, REFINED)


def test_the_file_has_the_schema_and_no_metadata_of_pandas():
    file = pq.ParquetFile(pa.BufferReader(parquet.encode(refined_bars(), REFINED)))

    assert file.schema_arrow.equals(parquet.arrow_schema(REFINED))
    assert set(file.metadata.metadata or {}) <= {b"ARROW:schema"}
    assert file.schema_arrow.field("month").type == pa.int32()
    assert file.schema_arrow.field("volume_negociado").type == pa.int64()
    assert file.schema_arrow.field("data").type == pa.date32()
    assert "year" not in file.schema_arrow.names


def test_nan_is_null_in_the_file_and_integers_stay_integers():
    frame = raw_rows(known_bars())
    frame.loc[0, "preco_abertura"] = float("nan")
    frame.loc[1, "volume_negociado"] = pd.NA

    body = parquet.encode(frame, RAW)
    table = pq.read_table(pa.BufferReader(body))

    assert table["preco_abertura"].null_count == 1
    assert table["volume_negociado"].to_pylist()[1] is None
    back = parquet.decode(body, RAW)
    assert back["volume_negociado"].dtype == pd.Int64Dtype()
    pd.testing.assert_frame_equal(back, frame[back.columns], check_dtype=False)


@pytest.mark.parametrize("body", [b"", b"not parquet", b"PAR1PAR1"])
def test_bytes_that_are_not_parquet_are_refused(body):
    with pytest.raises(pa.ArrowInvalid):
        parquet.decode(body, RAW)
