"""The market's job on Spark, in this process: from files of COTAHIST to the table of shares."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import awswrangler as wr
import b3_market_job
import pandas as pd
import pytest

from chalicelib import layout
from chalicelib.job.market import spark as stages
from chalicelib.refine import parquet
from chalicelib.shares import REFUSED
from scripts.cotahist import write
from scripts.generate_market import Market
from tests.integration.test_local_athena import query
from tests.support import spark as support
from tests.support.job import Killed, failing_before_write
from tests.support.lake import create_stack
from tests.support.market import file, history, market_sessions, record, stocks

pytestmark = pytest.mark.filterwarnings(
    # pyspark leaves the closing of its sockets to the garbage collector.
    "ignore:Exception ignored in. <socket:pytest.PytestUnraisableExceptionWarning",
    "ignore:unclosed <socket:ResourceWarning",
)

SLICE = 800
"""The number of bars of a slice in these tests, so that the market has several."""


@pytest.fixture(scope="module")
def market(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Files of about 5,000 records in two years, half of them bars."""
    folder = tmp_path_factory.mktemp("market")
    generated = Market.of(5_000, seed=5, cash=0.5)
    generated.days = market_sessions()[market_sessions() < pd.Timestamp("2025-03-31")][-len(generated.days) :]
    paths = [folder / f"COTAHIST_A{year}.ZIP" for year in (2024, 2025)]
    for path, (year, block) in zip(paths, generated.years(), strict=True):
        write(path, [block], date(year, 12, 31), year=year)
    return [path.read_bytes() for path in paths]


def day(number: int, close: int, generated: date = date(2025, 12, 31)) -> bytes:
    """Return a file of one session of PETR4 in December 2025."""
    return file(record(DATA=20251200 + number, PREULT=close), generated=generated)


def test_the_table_is_that_of_the_functions_that_refine(laptop: Any, spark: Any, athena: Any, market: list[bytes]):
    files = {support.put(body): body for body in market}
    assert len(files) == 2

    contents = support.run(spark, slice_bars=SLICE)

    expected = support.expected(files)
    pd.testing.assert_frame_equal(support.table(contents), expected, check_exact=True)
    assert (contents.rows, contents.as_of) == (len(expected), expected["data"].max().date())
    (row,) = query(athena, "SELECT count(*), count(DISTINCT ticker), sum(vol_yang_zhang_21d) FROM acoes_refined")
    assert (int(row[0] or 0), int(row[1] or 0)) == (len(expected), expected["ticker"].nunique())
    assert float(row[2] or 0) == pytest.approx(expected["vol_yang_zhang_21d"].sum(), rel=1e-9)


def test_real_histories_written_as_cotahist(laptop: Any, spark: Any, shared_data: Path):
    frames = stocks(shared_data, 3)
    files = {}
    for year in (2025, 2026):
        records = [
            history(frame[frame["date"].dt.year == year].reset_index(drop=True), ticker)
            for ticker, frame in frames.items()
        ]
        body = file(*records, suffix=".zip", generated=date(2026, 5, 29))
        files[support.put(body, datetime(2026, 6, 1, tzinfo=UTC))] = body

    contents = support.run(spark)

    assert sorted(contents.years) == ["2025", "2026"]
    pd.testing.assert_frame_equal(support.table(contents), support.expected(files), check_exact=True)


def test_repeated_reordered_and_divided_runs_write_the_same_bytes(laptop: Any, spark: Any, market: list[bytes]):
    first, second = market
    support.put(first)
    support.run(spark, slice_bars=SLICE)
    support.put(second, support.STORED + timedelta(seconds=1))
    whole = support.run(spark, slice_bars=SLICE)
    objects = support.stored(whole.years["2025"].prefix)
    quarantine = support.stored(layout.SHARES_QUARANTINE_KEY)
    create_stack(laptop)
    # The other order, at once, in tasks of another number, one of which runs twice.
    support.put(second, support.STORED + timedelta(seconds=1))
    support.put(first)
    spark.conf.set("spark.sql.shuffle.partitions", 3)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stages, "_TASKS_A_CORE", 1)
        again = support.run(spark, slice_bars=SLICE)

    assert (again.version, again.years) == (whole.version, whole.years)
    assert support.stored(again.years["2025"].prefix) == objects
    assert support.stored(layout.SHARES_QUARANTINE_KEY) == quarantine
    assert len(objects) > 2 * len(whole.years)


def test_a_run_without_new_files_writes_nothing(laptop: Any, spark: Any):
    support.put(day(1, 3600))
    first = support.run(spark)
    before = modified()

    second = support.run(spark)

    assert second == first
    assert modified() == before


def test_a_foreign_object_is_named_and_does_not_let_every_run_write(laptop: Any, spark: Any, s3: Any, caplog: Any):
    support.put(day(1, 3600))
    first = support.run(spark)
    key = f"{first.years['2025'].prefix}year=2025/mine.parquet"
    s3.put_object(Bucket=support.REFINED, Key=key, Body=b"mine")
    before = modified()

    assert support.run(spark) == first

    assert modified() == before
    assert f"s3://b3-dataflow-refined/{key} is not part of this lake, and Athena may read it" in caplog.text


def modified() -> dict[str, Any]:
    """Return when each object of the refined bucket was written, the manifest too."""
    return {key: (listed.etag, listed.modified) for key, listed in support.lake().refined_listing("").items()}


def test_another_day_costs_the_parsing_of_that_day(laptop: Any, spark: Any, capsys: Any):
    support.put(day(1, 3600))
    support.put(day(2, 3650))
    support.run(spark)
    parsed = modified_below(layout.PARSED_PREFIX)
    capsys.readouterr()
    support.put(day(3, 3660))

    contents = support.run(spark)

    assert "cotahist: 3 files, 1 of them parsed now" in capsys.readouterr().out
    assert parsed.items() < modified_below(layout.PARSED_PREFIX).items()
    assert support.table(contents)["preco_fechamento"].tolist() == [36.0, 36.5, 36.6]


def modified_below(prefix: str) -> dict[str, Any]:
    return {key: entry for key, entry in modified().items() if key.startswith(prefix)}


def test_a_newer_header_corrects_a_bar_whatever_the_order(laptop: Any, spark: Any):
    support.put(day(2, 3670, date(2025, 12, 30)))
    support.put(day(2, 3650, date(2025, 12, 29)), support.STORED + timedelta(hours=1))

    contents = support.run(spark)

    assert support.table(contents)["preco_fechamento"].tolist() == [36.7]


def test_a_session_without_trading_is_neither_a_gap_nor_part_of_a_pause(laptop: Any, spark: Any):
    # 1995-04-13, Maundy Thursday, is in the calendar and had no trading.
    support.put(file(record(DATA=19950406), record(DATA=19950418), generated=date(1995, 12, 29)))

    contents = support.run(spark)

    assert support.table(contents)["evento"].tolist() == [False, False]
    assert [gap.session.day for gap in contents.quality.gaps] == [7, 10, 11, 12, 17]


def test_a_table_with_generated_prices_is_synthetic(laptop: Any, spark: Any):
    support.put(file(record(DATA=20251201)))
    real = support.run(spark)
    support.put(file(record(DATA=20251202), origin="SAMPLE"))

    assert (real.synthetic, support.run(spark).synthetic) == (False, True)


def test_refused_records_and_files_are_in_the_quarantine_and_stop_nothing(laptop: Any, spark: Any):
    cut = support.put(day(3, 3660)[:-300])
    future = support.put(day(4, 3660, date(2199, 1, 1)))
    support.put(file(record(DATA=20251201), record(DATA=20251202, FATCOT=0)))
    support.put(file(record(DATA=20251205, PREULT=3651)))
    support.put(file(record(DATA=20251205, PREULT=3652)))

    contents = support.run(spark)

    (body,) = support.stored(layout.SHARES_QUARANTINE_KEY).values()
    refused = parquet.decode(body, REFUSED)
    whole = refused[refused["motivo"] == "arquivo_invalido"]
    assert set(whole["chave"]) == {cut, future}
    assert contents.quality.refused == {"arquivo_invalido": 2, "registro_contraditorio": 2, "sem_fator": 1}
    assert contents.quality.degraded
    assert support.table(contents)["data"].dt.day.tolist() == [1]


def test_a_lake_of_refused_files_only(laptop: Any, spark: Any):
    support.put(day(3, 3660)[:-300])

    contents = support.run(spark)

    assert (contents.rows, contents.years, contents.as_of) == (0, {}, None)
    assert support.run(spark) == contents


@pytest.mark.parametrize(
    ("raw", "refined", "message"),
    [
        ("/cotahist", "s3://b/acoes/", "--RAW_PATH is '/cotahist'; allowed: s3://bucket/"),
        ("s3://b/cotahist/", "s3://b/refined/", "--REFINED_PATH is 's3://b/refined/'; allowed: s3://bucket/acoes/"),
    ],
)
def test_invalid_locations_are_refused(raw: str, refined: str, message: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as raised:
        b3_market_job.parse(["--RAW_PATH", raw, "--REFINED_PATH", refined])

    assert raised.value.code == 2
    assert message in capsys.readouterr().err


def test_arguments_added_by_glue_are_ignored():
    line = "--JOB_NAME b3-market-job-dev --RAW_PATH s3://a/cotahist/ --REFINED_PATH s3://b/acoes/ --JOB_ID j_1 true"

    arguments = b3_market_job.parse(line.split())

    assert (arguments.raw_bucket, arguments.refined_bucket, arguments.TABLE) == ("a", "b", "acoes_refined")
    assert (arguments.JOB_NAME, arguments.MASTER) == ("b3-market-job-dev", "")


def test_without_files_nothing_is_written(laptop: Any, spark: Any):
    assert support.run_with(spark, support.own_lake(), support.own_catalog()) is None
    assert modified() == {}


@pytest.fixture(scope="module")
def small(running: Any, spark: Any) -> Any:
    """The contents of a lake of two days, in one run."""
    create_stack(running)
    support.put(day(1, 3600))
    support.put(day(2, 3650))
    return support.run(spark)


@pytest.mark.parametrize("number", range(5))
def test_a_run_that_is_killed_before_any_of_its_writes_heals(small: Any, laptop: Any, spark: Any, number: int):
    """The writes of the driver: the lease, the partitions, the ledger, the manifest, and the deletion of a ledger."""
    support.put(day(1, 3600))
    support.run(spark)
    support.put(day(2, 3650))
    lake, catalog = support.own_lake(), support.own_catalog()

    with failing_before_write(number, lake.s3.meta.events, catalog.session.events), pytest.raises(Killed):
        support.run_with(spark, lake, catalog)
    manifest, _ = support.lake().manifest()
    assert manifest is not None
    contents = support.run(spark, has_ended=lambda _: True)

    assert (contents.version, contents.years) == (small.version, small.years)
    pd.testing.assert_frame_equal(support.table(contents), support.table(small))
    assert support.catalog().folders() == {2025: f"{small.years['2025'].prefix.removeprefix('acoes/')}year=2025/"}


@pytest.mark.parametrize("damaged", ["object", "quarantine", "ledger", "partition"])
def test_what_is_damaged_or_missing_is_written_again(laptop: Any, spark: Any, s3: Any, glue: Any, damaged: str):
    support.put(day(1, 3600))
    contents = support.run(spark)
    before = support.stored("")
    (key,) = support.stored()
    if damaged == "object":
        s3.put_object(Bucket=support.REFINED, Key=key, Body=b"damaged")
    elif damaged == "partition":
        glue.delete_partition(DatabaseName="b3_refined_db", TableName="acoes_refined", PartitionValues=["2025"])
    else:
        missing = contents.ledger if damaged == "ledger" else layout.SHARES_QUARANTINE_KEY
        s3.delete_object(Bucket=support.REFINED, Key=missing)

    assert support.run(spark).version == contents.version
    after = support.stored("")
    assert before.keys() == after.keys()
    assert {key for key in before if before[key] != after[key]} <= {layout.SHARES_MANIFEST_KEY}
    assert support.catalog().folders() == {2025: f"{key.split('/')[1]}/year=2025/"}


def test_a_task_that_fails_once_is_repeated_and_writes_the_same_bytes(laptop: Any, spark: Any, market: list[bytes]):
    for body in market:
        support.put(body)
    whole = support.run(spark, slice_bars=SLICE)
    objects = support.stored(whole.years["2025"].prefix)
    for prefix in (layout.SHARES_PREFIX, layout.PARSED_PREFIX, layout.SHARES_MANIFEST_KEY):
        support.lake().delete_all_refined([*support.stored(prefix)])

    # The server refuses the first two writes of each stage, whichever process sends them.
    with support.refused_writes(layout.PARSED_PREFIX, 2), support.refused_writes(whole.years["2025"].prefix, 2):
        again = support.run(spark, slice_bars=SLICE)

    assert (again.version, again.years) == (whole.version, whole.years)
    assert support.stored(again.years["2025"].prefix) == objects


def test_earlier_tables_go_a_day_after_they_were_superseded(laptop: Any, spark: Any):
    support.put(day(1, 3600))
    first = support.run(spark, support.now())
    support.put(day(2, 3650))
    second = support.run(spark, support.now())
    old, new = (contents.years["2025"].prefix for contents in (first, second))
    assert support.stored(old)
    assert support.stored(new)

    support.run(spark, support.now() + timedelta(hours=23))
    assert support.stored(old)
    support.run(spark, support.now() + timedelta(hours=25))
    assert not support.stored(old)
    assert support.stored(new)


def test_a_reader_of_the_location_of_the_table_gets_the_rows_of_the_newest_run(laptop: Any, spark: Any):
    """Earlier tables are in folders beside it for a day."""
    for number in (1, 2):
        support.put(day(number, 3600))
        contents = support.run(spark)

    rows = wr.s3.read_parquet_table(database="b3_refined_db", table="acoes_refined", boto3_session=support.SESSION)

    assert sorted(rows["data"]) == [date(2025, 12, 1), date(2025, 12, 2)]
    location = wr.catalog.get_table_location("b3_refined_db", "acoes_refined", boto3_session=support.SESSION)
    assert location == f"s3://{support.REFINED}/{contents.years['2025'].prefix}"


def test_the_ledger_names_the_tables_that_queries_may_still_read(laptop: Any, spark: Any):
    prefixes = []
    for number, hours in ((1, 0), (2, 30), (3, 60)):
        support.put(day(number, 3600))
        contents = support.run(spark, support.now() + timedelta(hours=hours))
        prefixes.append(contents.years["2025"].prefix)
        assert support.lake().ledger(contents.ledger).superseded.keys() == set(prefixes[-2:-1])

    assert [bool(support.stored(prefix)) for prefix in prefixes] == [False, True, True]


def test_a_question_about_a_ticker_reads_under_5_percent_of_the_bytes(laptop: Any, spark: Any, tmp_path: Path):
    """B3 has far more than these tickers, each of which is then a smaller part of the table."""
    market = Market.of(200_000, seed=3, cash=1.0)
    market.days = market.days[market.days.year == 2025]
    ((year, block),) = market.years()
    write(tmp_path / "COTAHIST_A2025.ZIP", [block], date(2025, 12, 31), year=year)
    support.put((tmp_path / "COTAHIST_A2025.ZIP").read_bytes())
    contents = support.run(spark, slice_bars=15_000)
    objects = support.stored(contents.years["2025"].prefix)
    total = sum(len(body) for body in objects.values())
    tickers = support.table(contents)["ticker"].unique()
    assert len(tickers) == 147

    read = [sum(support.bytes_read(body, ticker) for body in objects.values()) for ticker in tickers]

    assert max(len(body) for body in objects.values()) <= 256 * 2**20
    assert max(read) < 0.05 * total
