"""The commit of the job, run in this process: the objects that it writes, for any order of raw objects."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import b3_etl_job
import boto3
import pytest

from chalicelib import layout
from chalicelib.errors import LakeError
from chalicelib.job import commit, merge
from chalicelib.job.merge import update_refined
from chalicelib.lake.catalog import Catalog
from chalicelib.lake.manifest import Lease, Manifest
from chalicelib.lake.store import Lake
from chalicelib.refine import parquet
from chalicelib.schema import PRICES, QUARANTINE, REFINED
from local import moto_state
from tests.integration.test_local_athena import query
from tests.support.bars import COLLECTED, known_bars, raw_object, session_bars
from tests.support.job import BUCKET, THREE, YEARS, modified, put, registered, stored
from tests.support.lake import NOW


def test_a_run_writes_the_years_registers_them_and_commits(lake: Lake, run: Any, glue: Any):
    put(lake, *THREE)

    contents = run()

    assert sorted(contents.years) == YEARS == registered(glue)
    manifest, _ = lake.manifest()
    assert manifest is not None
    assert (manifest.state, manifest.lease, manifest.contents) == ("ready", None, contents)
    assert contents.rows == sum(year.rows for year in contents.years.values())
    assert (contents.run.rows_in, contents.run.rows_out, contents.run.rows_refused) == (111, contents.rows, 1)
    assert contents.ledger in [entry.key for entry in moto_state.objects(BUCKET, layout.LEDGER_PREFIX)]
    assert lake.ledger(contents.ledger).merged == lake.raw_objects()
    assert lake.refined_objects("refined/") == {
        layout.refined_key(int(year)): entry.etag for year, entry in contents.years.items()
    }


def test_sessions_ahead_reach_400_days_past_the_run(lake: Lake, run: Any):
    put(lake, raw_object(known_bars()))

    ahead = run().sessions_ahead

    assert ahead[0].isoformat() == "2025-09-18"
    assert NOW.date() + timedelta(days=390) < ahead[-1] <= NOW.date() + timedelta(days=400)
    assert all(day.weekday() < 5 for day in ahead)
    assert datetime(2025, 12, 25).date() not in ahead


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
def test_any_order_of_objects_and_runs_results_in_a_clean_rebuild(lake: Lake, run: Any, rebuilt: Any, order: Any):
    for step, number in enumerate(order):
        put(lake, THREE[number])
        for _ in range(step % 3):  # no run, one, two
            run()

    assert run().version == rebuilt[1]
    assert stored() == rebuilt[0]


def test_a_second_run_rewrites_no_year(lake: Lake, run: Any):
    put(lake, *THREE)
    first = run()
    written = {entry.key: entry for entry in moto_state.objects(BUCKET, "refined/")}
    times = modified()

    second = run(NOW + timedelta(hours=1))

    assert second.version == first.version
    assert second.years == first.years
    assert {entry.key: entry for entry in moto_state.objects(BUCKET, "refined/")} == written
    assert modified() == times


def test_a_new_session_changes_the_object_of_its_year_only(lake: Lake, run: Any):
    put(lake, *THREE)
    run()
    times = modified()

    put(lake, raw_object(session_bars("2025-01-02", 21), collected_at=COLLECTED + timedelta(days=2)))
    run()

    rewritten = {key for key, time in modified().items() if times.get(key) != time}
    assert rewritten == {layout.refined_key(2025)}


def test_a_warning_on_decembers_last_bar_changes_two_years(lake: Lake, run: Any):
    bars = session_bars("2024-11-01", 50)
    last = int(bars.index[bars["data"].dt.year == 2024][-1])
    close = bars["preco_fechamento"].iloc[last]
    bars.loc[last + 1, list(PRICES[:3])] = [round(close * share) for share in (0.998, 1.01, 0.99)]
    put(lake, raw_object(bars.head(last + 1)))
    run()
    times = modified()

    put(lake, raw_object(bars.head(last + 2), collected_at=COLLECTED + timedelta(days=1)))
    run()

    rewritten = {key for key, time in modified().items() if times.get(key) != time}
    assert rewritten == {layout.refined_key(2024), layout.refined_key(2025)}


def test_a_damaged_object_is_written_again(lake: Lake, run: Any, rebuilt: Any):
    put(lake, *THREE)
    run()
    lake.s3.put_object(Bucket=BUCKET, Key=layout.refined_key(2024), Body=b"spoilt")
    lake.s3.delete_object(Bucket=BUCKET, Key=layout.refined_key(2025))
    lake.s3.put_object(Bucket=BUCKET, Key=layout.refined_key(1999), Body=b"a year that raw does not have")

    run()

    assert stored() == rebuilt[0]


def test_a_foreign_object_gets_a_warning_and_stays(lake: Lake, run: Any, capsys: Any):
    put(lake, *THREE)
    lake.s3.put_object(Bucket=BUCKET, Key="refined/year=2024/other.parquet", Body=b"x")

    run()

    assert (
        "warning: s3://b3-dataflow-refined/refined/year=2024/other.parquet is not part of this lake"
        in capsys.readouterr().out
    )
    assert moto_state.read(BUCKET, "refined/year=2024/other.parquet") == b"x"


def test_refused_bars_are_in_quarantine_with_reason_and_key(lake: Lake, run: Any):
    bars = known_bars()
    bars.loc[1, "preco_maximo"] = float("nan")
    bars.loc[4, "preco_fechamento"] = -1.0
    key, body = raw_object(bars)
    put(lake, (key, body))

    contents = run()

    assert contents.rows == 4
    counts = {reason: count for reason, count in contents.quality.refused.items() if count}
    assert counts == {"preco_nulo": 1, "preco_nao_positivo": 1}
    refused = parquet.decode(moto_state.read(BUCKET, layout.QUARANTINE_KEY) or b"", QUARANTINE)
    assert refused["motivo"].tolist() == ["preco_nulo", "preco_nao_positivo"]
    assert refused["chave"].tolist() == [key, key]
    assert refused["preco_abertura"].tolist() == ["142349.0", "143547.0"]


def test_the_manifest_has_the_last_commit_while_a_run_writes(lake: Lake, catalog: Catalog, run: Any):
    put(lake, THREE[0])
    before = run()
    put(lake, THREE[1])
    manifests: list[Manifest | None] = []

    def refine_and_record(*args: Any) -> Any:
        manifests.append(lake.manifest()[0])
        return original_refine(*args)

    original_refine = merge.refine
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "refine", refine_and_record)
        after = run()

    (manifest,) = manifests
    assert manifest is not None
    assert (manifest.state, manifest.contents) == ("writing", before)
    assert manifest.lease == Lease("jr_1", NOW)
    assert after.version != before.version


def test_a_broken_object_does_not_stop_a_run(lake: Lake, run: Any):
    broken = "raw/year=2025/month=10/day=15/ibov-x.parquet"
    put(lake, THREE[0], (broken, b"not parquet"))

    contents = run()

    assert contents.rows == 60
    assert contents.quality.refused["objeto_corrompido"] == 1
    assert broken in lake.ledger(contents.ledger).merged
    refused = parquet.decode(moto_state.read(BUCKET, layout.QUARANTINE_KEY) or b"", QUARANTINE)
    assert refused[["motivo", "chave"]].to_numpy().tolist() == [["objeto_corrompido", broken]]


def test_without_raw_objects_a_run_does_nothing(lake: Lake, run: Any):
    assert run() is None
    assert lake.manifest() == (None, None)


def test_a_missing_database_is_named(lake: Lake):
    put(lake, *THREE)
    catalog = Catalog(boto3.Session(), "absent", "ibov_refined", f"s3://{BUCKET}/refined/")

    with pytest.raises(LakeError, match="the Glue database 'absent' does not exist"):
        update_refined(lake, catalog, "jr_1", lambda: NOW)


def test_a_raw_object_that_arrives_during_a_run_is_merged_by_it(lake: Lake, run: Any, rebuilt: Any):
    put(lake, *THREE[:2])
    original = merge.refine
    later = [THREE[2]]

    def refine_while_raw_grows(*arguments: Any) -> Any:
        while later:
            put(lake, later.pop())
        return original(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge, "refine", refine_while_raw_grows)
        contents = run()

    assert contents.version == rebuilt[1]
    assert stored() == rebuilt[0]


def test_columns_that_a_release_adds_appear_in_every_year_and_partition(
    lake: Lake, catalog: Catalog, run: Any, glue: Any, athena: Any, monkeypatch: Any
):
    """A lake without volatility columns has them after the next run."""
    put(lake, *THREE)
    added = [column.name for column in REFINED if column.name.startswith(("vol_", "atr", "retorno", "drawdown"))]
    fewer = tuple(column for column in REFINED if column.name not in added)
    assert len(added) == 49
    with monkeypatch.context() as patch:
        patch.setattr(commit, "REFINED", fewer)
        old = update_refined(lake, replace(catalog, columns=fewer), "jr_old", lambda: NOW)
    assert old is not None

    new = run()

    assert new.version != old.version
    names = [column.name for column in REFINED]
    table = glue.get_table(DatabaseName="b3_refined_db", Name="ibov_refined")["Table"]
    assert [column["Name"] for column in table["StorageDescriptor"]["Columns"]] == names
    for partition in glue.get_partitions(DatabaseName="b3_refined_db", TableName="ibov_refined")["Partitions"]:
        assert [column["Name"] for column in partition["StorageDescriptor"]["Columns"]] == names
    counts = query(athena, f"SELECT {', '.join(f'count({name})' for name in added)} FROM ibov_refined")
    assert all(
        int(count or 0) > 0
        for name, count in zip(added, counts[0], strict=True)
        if "_126d" not in name and "_252d" not in name
    )
    by_year = query(athena, "SELECT year, count(retorno_log) FROM ibov_refined GROUP BY year ORDER BY year")
    assert [year for year, _ in by_year] == YEARS


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "--RAW_PATH"),
        (
            ["--RAW_PATH", "/raw", "--REFINED_PATH", "s3://b/refined/"],
            "--RAW_PATH is '/raw'; allowed: s3://bucket/",
        ),
        (["--RAW_PATH", "s3://b/raw/", "--REFINED_PATH", "s3:///refined/"], "--REFINED_PATH is 's3:///refined/'"),
        (
            ["--RAW_PATH", "s3://b/raw/", "--REFINED_PATH", "s3://b/elsewhere/"],
            "--REFINED_PATH is 's3://b/elsewhere/'; allowed: s3://bucket/refined/",
        ),
        (["--RAW_PATH", "s3://b/raw/", "--REFINED_PATH", "s3://b/refined"], "--REFINED_PATH is 's3://b/refined'"),
        (["--RAW_PATH", "s3://b/raw/", "--REFINED_PATH", "http://b/refined/"], "--REFINED_PATH is 'http://b/"),
    ],
)
def test_invalid_arguments_are_refused(argv: list[str], message: str, capsys: Any):
    with pytest.raises(SystemExit) as raised:
        b3_etl_job.parse(argv)

    assert raised.value.code == 2
    assert message in capsys.readouterr().err


def test_arguments_added_by_glue_are_ignored():
    command_line = (
        "--JOB_NAME b3-etl-job --RAW_PATH s3://a/raw/k --REFINED_PATH s3://b/refined/ --JOB_ID j_1 true "
        "--job-bookmark-option job-bookmark-disable --TempDir s3://t/ --JOB_RUN_ID jr_1 --DATABASE db"
    )

    arguments = b3_etl_job.parse(command_line.split())

    assert (arguments.RAW_PATH, arguments.JOB_RUN_ID, arguments.DATABASE) == ("s3://a/raw/k", "jr_1", "db")
