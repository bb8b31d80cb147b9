"""Random queries over the real history: the local Athena agrees with pandas, and refuses the wrong ones."""

from __future__ import annotations

import io
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from chalicelib.ingest.sources.csv_file import CsvFile
from local import moto_state
from local.athena.engine import Engine
from local.athena.errors import InvalidRequest, QueryFailure
from local.athena.text import from_csv
from local.laptop import Laptop
from tests.support.athena import DATABASE
from tests.support.generated import Generated, right, wrong

BUCKET = "b3-dataflow-refined"
QUERIES, WRONG = 300, 150


@dataclass(frozen=True, slots=True)
class Real:
    """The engine, and the refined table of the real history as pandas reads it."""

    engine: Engine
    table: pd.DataFrame


@pytest.fixture(scope="module")
def real(running: Laptop, real_csv: Path) -> Iterator[Real]:
    running.aws.reset()
    running.create_stack()
    running.ingest(CsvFile(str(real_csv)))
    assert [run.state for run in running.refined()] == ["SUCCEEDED"]
    frames = []
    for stored in moto_state.objects(BUCKET, "refined/"):
        body = moto_state.read(BUCKET, stored.key)
        if body and stored.key.endswith(".parquet"):
            year = int(stored.key.split("year=")[1].split("/")[0])
            frames.append(pd.read_parquet(io.BytesIO(body), dtype_backend="numpy_nullable").assign(year=year))
    table = pd.concat(frames, ignore_index=True)
    yield Real(running.aws.engine, table.assign(data=table["data"].astype(str)))
    running.aws.reset()


def compare(real: Real, generated: Generated) -> None:
    result = from_csv(real.engine.run(generated.sql, (), DATABASE).body)
    assert len(result) == len(generated.rows), generated.sql
    for index, name in enumerate(generated.rows.columns):
        actual = result.column(index).to_pylist()
        expected = generated.rows[name]
        if name == "data":
            assert actual == expected.tolist(), generated.sql
        else:
            np.testing.assert_allclose(
                [np.nan if value is None else float(value) for value in actual],
                expected.astype("Float64").to_numpy(float, na_value=np.nan),
                rtol=1e-9,
                atol=1e-9,
                err_msg=f"{name} of {generated.sql}",
            )


@pytest.mark.parametrize("seed", range(10))
def test_a_random_query_agrees_with_pandas(real: Real, seed: int):
    rng = random.Random(seed)  # noqa: S311 - the same queries in every run
    for _ in range(QUERIES // 10):
        compare(real, right(rng, real.table))


def test_a_random_wrong_query_is_refused(real: Real):
    rng = random.Random(0)  # noqa: S311 - the same queries in every run
    for _ in range(WRONG):
        sql, code = wrong(rng, real.table)
        try:
            real.engine.run(sql, (), DATABASE)
        except InvalidRequest:
            actual = "syntax"
        except QueryFailure as error:
            actual = error.code
        else:
            actual = "answered"
        assert actual == code, sql
