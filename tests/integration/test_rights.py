"""Each role allows the calls of its code, and nothing else. The calls are recorded on all paths of the code."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import unquote, urlsplit

import b3_etl_job
import boto3
import pandas as pd
import pytest
from chalice.app import S3EventConfig
from chalice.test import Client
from msgspec.structs import replace as replace_field
from yfinance.data import YfData

from chalicelib import wiring
from chalicelib.api.queries import Query
from chalicelib.api.routes import ROUTES
from chalicelib.errors import QueryTimeout, RunInProgress
from chalicelib.ingest import backfill
from chalicelib.ingest.sources.yahoo import Yahoo
from chalicelib.lake.manifest import Lease, Manifest
from chalicelib.lake.store import Lake
from common.paths import ROOT
from infra.stage.project import stage_config
from local import moto_state
from local.laptop import Laptop
from local.moto_state import ACCOUNT
from tests.support import market
from tests.support.bars import COLLECTED, csv_text, known_bars, raw_object, session_bars
from tests.support.events import SCHEDULE
from tests.support.job import CORRECTION
from tests.support.rights import CALLS, NO_RESOURCE, ROLES, Names, Recorder, Right, allowed, covers, objects, required
from tests.support.template import Stack, all_outputs, stack, stacks
from tests.support.yahoo_server import YahooServer, chart

# More than one page of Athena's results.
HISTORY = raw_object(session_bars("2020-01-02", 1300))
CORRECTED = raw_object(pd.concat([known_bars(), CORRECTION]), "correcao", COLLECTED + timedelta(hours=2))
SERVICES = {"athena", "glue", "s3"}


@pytest.fixture(scope="module")
def dev() -> dict[str, Stack]:
    return stacks("dev")


@pytest.fixture(scope="module")
def main(dev: dict[str, Stack]) -> Stack:
    return dev["main"]


@pytest.fixture(scope="module")
def with_market() -> Stack:
    return stacks("dev", Market="yes")["main"]


@pytest.fixture
def patterns(role: str, main: Stack, with_market: Stack) -> set[Right]:
    """What the template allows to a role. The calls of restart_refine are recorded with the job of the market."""
    return allowed(ROLES[role], with_market if role == "restart_refine" else main)


@pytest.fixture(scope="module")
def names(dev: dict[str, Stack]) -> Names:
    return Names.of(dev)


class Deployment:
    """The laptop with the names of a stage. Its parts run on all their paths, and a recorder records their calls."""

    def __init__(self, running: Laptop, names: Names, recorder: Recorder) -> None:
        self.running = running
        self.names = names
        self.recorder = recorder
        # A separate session: calls of the test itself are not recorded.
        self.session = boto3.session.Session()
        self.s3: Any = self.session.client("s3")
        self.glue: Any = self.session.client("glue")

    def put(self, key: str, body: bytes) -> dict[str, Any]:
        """Put a raw object. Returns the event that S3 would send."""
        # Not by a client: the policy of the bucket does not let one replace an object.
        moto_state.write(self.names.raw, key, body)
        (stored,) = moto_state.objects(self.names.raw, key)
        entry = {"key": key, "eTag": stored.etag}
        return {"Records": [{"s3": {"bucket": {"name": self.names.raw}, "object": entry}}]}

    def job(self) -> None:
        paths = ["--RAW_PATH", f"s3://{self.names.raw}/raw/", "--REFINED_PATH", f"s3://{self.names.refined}/refined/"]
        names = ["--DATABASE", self.names.database, "--TABLE", self.names.table, "--JOB_NAME", self.names.job]
        with self.recorder.acting("job"):
            b3_etl_job.main([*paths, *names])

    def start_refine(self, event: dict[str, Any]) -> str | None:
        with self.recorder.acting("start_refine"):
            run_id: str | None = self.running.app.start_refine(event, None)["job_run_id"]
        return run_id

    def restart_refine(self) -> str | None:
        with self.recorder.acting("restart_refine"):
            run_id: str | None = self.running.app.restart_refine({}, None)["job_run_id"]
        return run_id

    def restart_market(self) -> str:
        """Let an event of the market's job start it. Return the id of the run, after it has ended."""
        with self.recorder.acting("restart_refine"):
            event = {"detail": {"jobName": self.names.market_job}}
            run_id: str = self.running.app.restart_refine(event, None)["job_run_id"]
        assert self.running.aws.jobs.wait(run_id, 30.0).job["Name"] == self.names.market_job
        return run_id

    def ingest(self, event: dict[str, Any]) -> Any:
        with self.recorder.acting("ingest"):
            return self.running.app.ingest(event, None)

    def get(self, path: str, status: int = 200) -> None:
        with self.recorder.acting("api"), Client(self.running.app.app) as client:
            assert client.http.get(path).status_code == status, path

    def fill(self) -> None:
        """Query an empty lake, run the job, and run it again on a lake in which everything has to change."""
        self.get("/status")
        self.get("/ibov/prices", 503)
        self.job()
        assert self.start_refine(self.put(*HISTORY)) is not None
        assert [run.error for run in self.running.refined()] == [None]
        self.glue.delete_table(DatabaseName=self.names.database, Name=self.names.table)
        self.job()
        self._disturb()
        event = self.put(*CORRECTED)
        self.job()
        assert self.start_refine(event) is None
        assert self.restart_refine() is None

    def _disturb(self) -> None:
        """Add differences that the next run repairs: an extra column, a wrong location, an old year."""
        arguments: dict[str, Any] = {"DatabaseName": self.names.database, "TableName": self.names.table}
        table = self.glue.get_table(DatabaseName=self.names.database, Name=self.names.table)["Table"]
        settings = {key: table[key] for key in ("Name", "PartitionKeys", "Parameters", "TableType")}
        storage = table["StorageDescriptor"]
        columns = [*storage["Columns"], {"Name": "old", "Type": "int"}]
        self.glue.update_table(
            DatabaseName=self.names.database,
            TableInput={**settings, "StorageDescriptor": {**storage, "Columns": columns}},
        )
        elsewhere = {"Values": ["2021"], "StorageDescriptor": {**storage, "Location": "s3://elsewhere/"}}
        self.glue.update_partition(**arguments, PartitionValueList=["2021"], PartitionInput=elsewhere)
        self.glue.create_partition(**arguments, PartitionInput={"Values": ["1990"], "StorageDescriptor": storage})
        self.s3.put_object(Bucket=self.names.refined, Key="refined/year=1990/ibov.parquet", Body=b"old")

    def ask(self) -> None:
        """Request every route, a response longer than a page of results, and a query that times out."""
        # Start without a cached manifest.
        wiring.clear_caches()
        for path in ROUTES:
            self.get(path)
        self.get("/ibov/prices?limit=1200&fields=data")
        with self.recorder.acting("api"):
            api = wiring.api_dependencies()
            api.index.manifest.refresh()
            self.running.aws.executions._latency = 60.0
            with pytest.raises(QueryTimeout):
                replace(api.athena, clock=iter([0.0, 1.0, 26.0]).__next__).rows(Query("SELECT 1 AS one"))
        self.running.aws.executions._latency = 0.0

    def collect(self, monkeypatch: Any) -> None:
        """Run the scheduled ingest, each kind of backfill, and an event during a run of the job."""
        self.s3.put_object(Bucket=self.names.raw, Key="backfill/mine.csv", Body=csv_text(known_bars()).encode())
        days = {"start": "2025-09-10", "end": "2025-09-17"}
        with YahooServer(lambda request: chart([("2025-09-18", 145500.0, 146399.0, 145495.0, 145500.0, 1)])) as server:
            monkeypatch.setattr(backfill, "Yahoo", lambda: Yahoo(server.session))
            self.ingest(SCHEDULE)
        mine = {**days, "source": f"csv:s3://{self.names.raw}/backfill/mine.csv"}
        assert self.ingest({"backfill": {**mine, "dry_run": True}})["dry_run"]
        key = self.ingest({"backfill": {**mine, "as_correction": True}})["added"]["key"]
        self.s3.put_object(Bucket=self.names.raw, Key="backfill/market.txt", Body=market.file(market.record()))
        self.ingest({"backfill": {"source": f"cotahist:s3://{self.names.raw}/backfill/market.txt"}})
        lake = wiring.lake()
        manifest, etag = lake.manifest()
        assert manifest is not None
        lease = Lease("jr_other", datetime.now(UTC))
        lake.put_manifest(type(manifest)("writing", lease, manifest.contents), etag)
        another = self.put(key, b"another")
        with pytest.raises(RunInProgress):
            self.start_refine(another)
        with pytest.raises(RunInProgress):
            self.restart_refine()
        # While a run writes, the API lists the years.
        wiring.clear_caches()
        self.get("/ibov/prices")
        self._take_over(lake)
        self._fail_market()

    def _take_over(self, lake: Lake) -> None:
        """Start the job again after a run that Glue reports as ended, and let the job take over its lease."""
        (ended, *_) = self.running.refined()
        manifest, etag = lake.manifest()
        assert manifest is not None
        lake.put_manifest(replace_field(manifest, lease=Lease(ended.id, datetime.now(UTC))), etag)
        self.job()
        self.put("raw/later.parquet", b"another")
        assert self.restart_refine() is not None
        self.running.refined()

    def _fail_market(self) -> None:
        """Start the market's job after a run that failed, and after one that has ended and left its lease."""
        self.s3.put_object(Bucket=self.names.athena, Key="script.py", Body=b"")
        command = {"Name": "glueetl", "ScriptLocation": f"s3://{self.names.athena}/script.py"}
        self.glue.create_job(Name=self.names.market_job, Role="any", Command=command)
        ended = self.restart_market()
        lease = Lease(ended, datetime.now(UTC))
        wiring.market_lake().put_manifest(Manifest("writing", lease, None), None)
        assert self.restart_market() != ended


@pytest.fixture(scope="module")
def recorder(running: Laptop, names: Names, tmp_path_factory: Any) -> Iterator[Recorder]:
    """Record the calls of all code in the stage dev."""
    running.aws.reset()
    # Import the app before the names change: it reads them at import, and other tests use it.
    assert running.app
    folder = str(tmp_path_factory.mktemp("yfinance"))
    with pytest.MonkeyPatch.context() as monkeypatch, Recorder() as recorder:
        for name in ("raw", "refined", "athena"):
            monkeypatch.setenv(f"B3_{name.upper()}_BUCKET", getattr(names, name))
        for name in ("database", "table", "job", "market_job", "workgroup"):
            monkeypatch.setenv(f"B3_{name.upper()}", getattr(names, name))
        (on_s3_event,) = (source for source in running.app.app.event_sources if isinstance(source, S3EventConfig))
        monkeypatch.setattr(on_s3_event, "bucket", names.raw)
        monkeypatch.setattr("tempfile.gettempdir", lambda: folder)
        type(YfData)._instances.pop(YfData, None)
        wiring.clear_caches()
        running.create_stack()
        deployment = Deployment(running, names, recorder)
        deployment.s3.put_bucket_notification_configuration(Bucket=names.raw, NotificationConfiguration={})
        deployment.fill()
        deployment.ask()
        deployment.collect(monkeypatch)
        yield recorder
    type(YfData)._instances.pop(YfData, None)
    running.aws.reset()
    wiring.clear_caches()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_all_that_its_code_does(recorder: Recorder, names: Names, patterns: set[Right], role: str):
    assert recorder.calls[role]
    missing = {right for right in required(role, recorder, names) if not any(covers(each, right) for each in patterns)}
    assert missing == set()


@pytest.mark.parametrize("role", ROLES)
def test_a_role_allows_nothing_more(recorder: Recorder, names: Names, patterns: set[Right], role: str):
    rights = required(role, recorder, names)

    unused = {each for each in patterns if not any(covers(each, right) for right in rights)}
    assert unused == set()


def test_no_action_is_a_pattern_and_no_resource_is_a_wildcard():
    with_crawler = stacks("dev", Crawler="yes")["main"]

    assert set(with_crawler.of("AWS::IAM::Role")) == {*ROLES.values(), "CrawlerRole"}
    for role in with_crawler.of("AWS::IAM::Role"):
        for action, resource in allowed(role, with_crawler):
            assert "*" not in action, role
            assert resource != "*" or action in NO_RESOURCE, (role, action)


def test_the_api_never_reads_raw(main: Stack, names: Names):
    assert not [right for right in allowed("ApiRole", main) if names.raw in right[1]]


def test_the_api_may_read_what_the_addresses_of_files_name(recorder: Recorder, main: Stack, names: Names):
    # A presigned address has the rights of the role, and making it is no call that a recorder sees.
    lake = Lake(boto3.client("s3"), names.raw, names.refined)
    url = urlsplit(lake.refined_url(2025, timedelta(minutes=15)))

    key = unquote(url.path).removeprefix(f"/{names.refined}/")
    right = ("s3:GetObject", objects(names.refined, key))
    patterns = [pattern for pattern in allowed("ApiRole", main) if covers(pattern, right)]

    assert key == "refined/year=2025/ibov.parquet"
    assert patterns == [("s3:GetObject", objects(names.refined, "refined/*"))]


def test_each_role_has_one_service(main: Stack):
    for role, name in ROLES.items():
        (statement,) = main.resources[name]["Properties"]["AssumeRolePolicyDocument"]["Statement"]
        service = "glue" if role == "job" else "lambda"
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
        # No other account can let the service act with the role.
        assert statement["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_every_role_has_the_boundary_of_the_stage():
    boundary = f"arn:aws:iam::{ACCOUNT}:policy/bound"
    bound = stacks("dev", Crawler="yes", PermissionsBoundary=boundary)["main"].of("AWS::IAM::Role")
    free = stacks("dev", Crawler="yes")["main"].of("AWS::IAM::Role")
    account = stack("account", PermissionsBoundary=boundary).of("AWS::IAM::Role")

    assert set(bound) == {*ROLES.values(), "CrawlerRole"}
    assert {role["PermissionsBoundary"] for role in [*bound.values(), *account.values()]} == {boundary}
    assert not any("PermissionsBoundary" in role for role in free.values())


def test_chalice_creates_no_role():
    config = json.loads((ROOT / ".chalice" / "config.json").read_text(encoding="utf-8"))

    assert config["manage_iam_role"] is False
    deployed = stage_config(config, "dev", dict.fromkeys(all_outputs(stacks("dev")), "x"), "x86_64", reserve=True)
    assert all(function["iam_role_arn"] for function in deployed["lambda_functions"].values())


def source() -> Iterator[ast.AST]:
    """Yield every node of the code that runs on AWS."""
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py"), *(ROOT / "glue").rglob("*.py")]:
        yield from ast.walk(ast.parse(path.read_text(encoding="utf-8")))


# Calls of Glue by awswrangler's functions.
AWSWRANGLER = {
    "create_parquet_table": {"glue.GetTable", "glue.CreateTable"},
    "add_parquet_partitions": {"glue.BatchCreatePartition"},
    "delete_partitions": {"glue.BatchDeletePartition"},
}


def test_no_call_in_the_source_goes_unrecorded(recorder: Recorder):
    create: Any = boto3.client
    operations: dict[str, str] = {}
    for service in SERVICES:
        methods = create(service).meta.method_to_api_mapping
        operations |= {name: f"{service}.{operation}" for name, operation in methods.items()}
    named = set()
    for node in source():
        if isinstance(node, ast.Attribute) and ast.unparse(node.value).startswith("wr."):
            named |= AWSWRANGLER[node.attr]
        # A method of a client, or the name of one: `_call("get_query_results", …)`, `get_paginator(…)`.
        text = node.attr if isinstance(node, ast.Attribute) else getattr(node, "value", None)
        if isinstance(text, str) and text in operations:
            named.add(operations[text])

    assert named == recorder.operations() == set(CALLS)


def test_no_client_has_another_service():
    calls = [node for node in source() if isinstance(node, ast.Call)]
    makers = [call for call in calls if ast.unparse(call.func).endswith((".client", ".resource"))]
    services = {ast.literal_eval(call.args[0]) for call in makers}

    assert services == SERVICES
