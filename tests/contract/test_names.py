"""The names of the API: a value of one session is a column with a Portuguese name; all other names are English."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from msgspec.inspect import StructType, type_info

from chalicelib.api import openapi
from chalicelib.api.columns import COLUMNS, COMPUTED, TICKERS
from chalicelib.api.models import (
    AnswerMeta,
    ConeAnswer,
    Day,
    Depth,
    ForecastAnswer,
    ForecastRow,
    Links,
    ListedTicker,
    MarketMeta,
    Problem,
    RankedVolatility,
    SummaryAnswer,
)
from chalicelib.api.parameters import AnomaliesParameters
from chalicelib.api.regimes import Regime
from chalicelib.api.routes import documented
from chalicelib.api.summaries import ConeRow
from chalicelib.schema import REFINED

OF_A_SESSION: dict[type, set[str]] = {
    ConeRow: {"data"},
    Day: {"data", "retorno_log", "retorno_pct"},
    Depth: {"data", "drawdown"},
    ForecastAnswer: {"data"},
    ForecastRow: {"data"},
    Regime: {"prev_har_21d_percentil"},
    RankedVolatility: {"vol_anualizada"},
    ListedTicker: {column.name for column in TICKERS} - {"ticker"},
    MarketMeta: {"data"},
}
"""The fields that are columns, in the classes with values of one session."""

# The words of all English names. A new name needs its words here.
WORDS = """
above allowed as at because behind below best by calm caveats class close closes code collected column confirmed
corrected count coverage current cursor date day deepest degraded detail difference drawdown end errors estimator
etag expected expired expires fall fields first format freshness gaps horizon id instance last lease limit links
lower max mean median meta method min model name near next of official opens order overdue p p25 p75 parameter peak
per percentile period periods previous q qlike quality rank reason received refused regime revisions routes rows run
schema scores sd self session sessions settled since sort start state status std synthetic tense threshold ticker
title total trough type unconfirmed unit updated upper url value version volatility warnings window worst writing
year
"""

ENGLISH = set(WORDS.split())

COLUMN_NAMES = {column.name for column in (*REFINED, *COMPUTED, *TICKERS)}


def structs(kind: Any) -> Iterator[type]:
    """Yield the classes that a type contains."""
    if isinstance(kind, StructType):
        yield kind.cls
        for field in kind.fields:
            yield from structs(field.type)
        return
    for name in getattr(kind, "__struct_fields__", ()):
        inner = getattr(kind, name)
        for each in inner if isinstance(inner, tuple) else (inner,):
            if isinstance(each, msgspec.inspect.Type):
                yield from structs(each)


ANSWERS = sorted(
    {
        cls
        for kind in (Problem, *(route.model for route in documented().values() if route.model))
        for cls in structs(type_info(kind))
    },
    key=lambda cls: cls.__name__,
)
PARAMETERS = sorted({route.parameters for route in documented().values()}, key=lambda cls: cls.__name__)


def test_every_class_of_a_response_is_checked():
    assert {AnswerMeta, Links, Problem, ConeAnswer, SummaryAnswer, *OF_A_SESSION} <= set(ANSWERS)


@pytest.mark.parametrize("cls", [*ANSWERS, *PARAMETERS])
def test_names_that_are_not_columns_are_english(cls: Any):
    names = {field.encode_name for field in msgspec.structs.fields(cls)}
    columns = OF_A_SESSION.get(cls, set())

    assert columns <= names & COLUMN_NAMES
    assert {word for name in names - columns for word in name.split("_")} <= ENGLISH


def test_the_columns_of_rows_are_those_of_the_table_and_the_computed_ones():
    computed = {column.name for column in COMPUTED}

    assert set(COLUMNS) - {column.name for column in REFINED} == {"vol_anualizada"} <= computed
    assert set(AnomaliesParameters.allowed_fields) - set(COLUMNS) == {"escore"} <= computed


def test_the_document_does_not_have_the_old_name_of_vol_anualizada():
    assert not re.search(r"\bvolatilidade\b", json.dumps(openapi.document()))
