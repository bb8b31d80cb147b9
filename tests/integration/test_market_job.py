"""The market's job on Spark, in this process: from files of COTAHIST to the table of shares."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from scripts.generate_market import generate
from tests.support import spark as support

pytestmark = pytest.mark.filterwarnings(
    # pyspark leaves the closing of its sockets to the garbage collector.
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed <socket:ResourceWarning",
)


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Files of about 12,000 records of three years, a quarter of them bars."""
    folder = tmp_path_factory.mktemp("market")
    generate(folder, 12_000, seed=5)
    return support.years_of(folder)


def test_the_table_is_that_of_the_functions_that_refine(laptop: Any, spark: Any, market: list[bytes]):
    files = {support.put(body): body for body in market}

    contents = support.run(spark, slice_bars=500)

    assert contents is not None
    pd.testing.assert_frame_equal(support.table(contents), support.expected(files), check_exact=True)
