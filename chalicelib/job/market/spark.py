"""The two stages on Spark. Tasks read and write S3 by boto3, so that Spark needs no connector of S3.

A task makes its own client. What is sent to it is names and functions of this library, which each machine has.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache, partial
from typing import Any

import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from py4j.protocol import Py4JError
from pyspark.errors import PySparkException
from pyspark.sql import SparkSession

from chalicelib.errors import BackendUnavailable
from chalicelib.job.market import slices
from chalicelib.job.market.parsing import parse_file
from chalicelib.job.market.refining import RESULT, SLICE, refine_slices
from chalicelib.lake.store import Lake
from chalicelib.refine import parquet
from chalicelib.shares import BARS

_SPARK_TYPES = {
    pa.int32(): "int",
    pa.int64(): "bigint",
    pa.float64(): "double",
    pa.string(): "string",
    pa.date32(): "date",
    pa.binary(): "binary",
    pa.timestamp("us", "UTC"): "timestamp",
}

_PYTHON_ERROR = re.compile(r"^(?!org\.|java\.|py4j\.)[\w.]+: .+$", re.MULTILINE)
"""The last line of a traceback of Python, in the text of an error of Spark."""

_LAST_FAILURE = re.compile(r"most recent failure: .*?\): (.+?)(?:\. |$)", re.MULTILINE)
"""The first sentence of the cause in an error of Spark that has no traceback of Python: its process was killed."""

_TASKS_A_CORE = 3
"""More tasks than cores, so that a long one is not alone at the end."""


def start(master: str = "") -> SparkSession:
    """Start Spark, or return the session that runs.

    Args:
        master: where Spark runs, such as local[2] for two cores of this machine; empty on Glue, which decides it.
    """
    builder = SparkSession.builder.appName("b3-market-job")
    if master:
        options: dict[str, bool | float | int | str | None] = {
            "spark.log.level": "ERROR",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
        }
        builder = builder.master(master).config(map=options)
        # By default the tasks run in whichever python3 is first on the PATH.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = builder.getOrCreate()
    session.conf.set("spark.sql.session.timeZone", "UTC")
    return session


@contextmanager
def failures() -> Iterator[None]:
    """Raise an error of a stage as an error of this library.

    Raises:
        BackendUnavailable: a task failed as often as Spark repeats it.
    """
    try:
        yield
    except (PySparkException, Py4JError) as error:
        lines = _PYTHON_ERROR.findall(str(error)) or _LAST_FAILURE.findall(str(error))
        reason = lines[-1] if lines else type(error).__name__
        raise BackendUnavailable(f"a task of Spark failed, so the run ends; retry later: {reason}") from error


def parse_files(spark: SparkSession, lake: Lake, files: Sequence[tuple[str, str, datetime]]) -> None:
    """Parse files of COTAHIST, each in a task.

    Args:
        files: the key and the ETag of each file, and when it was stored.
    """
    if not files:
        return
    task = partial(_parse, lake.raw_bucket, lake.refined_bucket)
    context = spark.sparkContext
    with failures():
        context.parallelize(files, len(files)).map(task).collect()


def refine_bars(
    spark: SparkSession,
    lake: Lake,
    prefix: str,
    keys: Sequence[str],
    *,
    firsts: Sequence[str],
    calendar: pd.DatetimeIndex,
) -> list[dict[str, Any]]:
    """Refine the bars of all files and write the table. Return the rows of `refining.RESULT`.

    Args:
        prefix: of the table in the refined bucket.
        keys: the objects of parsed bars.
        firsts: the first ticker of each slice.
        calendar: the sessions with trading.
    """
    names = (lake.raw_bucket, lake.refined_bucket)
    readers = min(len(keys), _TASKS_A_CORE * spark.sparkContext.defaultParallelism)
    schema = parquet.arrow_schema(BARS).append(pa.field(SLICE, pa.int32()))
    with failures():
        bars = (
            spark.createDataFrame([(number, key) for number, key in enumerate(keys)], "number int, key string")
            .repartitionById(readers, "number")
            .mapInArrow(partial(_read, names, firsts), _ddl(schema))
        )
        refined = bars.repartitionById(len(firsts), SLICE).mapInArrow(
            partial(_refine, names, prefix, calendar), _ddl(RESULT)
        )
        return [row.asDict() for row in refined.collect()]


def _ddl(schema: pa.Schema) -> str:
    return ", ".join(f"`{field.name}` {_SPARK_TYPES[field.type]}" for field in schema)


@cache
def _lake(raw_bucket: str, refined_bucket: str) -> Lake:
    """Return the lake of a task. One client for all tasks of a process."""
    return Lake(boto3.Session().client("s3"), raw_bucket, refined_bucket)


def _parse(raw_bucket: str, refined_bucket: str, file: tuple[str, str, datetime]) -> str:
    return parse_file(_lake(raw_bucket, refined_bucket), *file)


def _read(names: tuple[str, str], firsts: Sequence[str], batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    for batch in batches:
        for key in batch["key"].to_pylist():
            bars = pq.read_table(pa.BufferReader(_lake(*names).read_refined(key)))
            number = slices.numbers(bars["ticker"], firsts)
            yield from bars.append_column(SLICE, number).to_batches(max_chunksize=100_000)


def _refine(
    names: tuple[str, str], prefix: str, calendar: pd.DatetimeIndex, batches: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    received = list(batches)
    if received:
        bars = pa.Table.from_batches(received)
        del received
        yield from refine_slices(_lake(*names), prefix, calendar, bars)
