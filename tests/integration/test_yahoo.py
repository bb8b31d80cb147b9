"""The real yfinance against a fake Yahoo on loopback."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from yfinance.data import YfData

from chalicelib import wiring
from chalicelib.errors import SourceEmpty, SourceError, SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest import backfill
from chalicelib.ingest.ingest import ingest
from chalicelib.ingest.sources.yahoo import ATTEMPTS, PAUSE, Yahoo
from chalicelib.ingest.sources.yahoo_responses import REQUESTS
from chalicelib.refine import parquet
from chalicelib.schema import RAW
from local import moto_state
from local.laptop import Laptop
from tests.support.bars import known_bars, raw_object
from tests.support.events import SCHEDULE
from tests.support.lake import fill
from tests.support.yahoo_server import Answer, YahooServer, as_json, chart

BARS = [
    ("2018-11-05", 88419.0, 89598.0, 88419.0, 89598.0, 5_000_000),
    ("2018-11-06", None, None, None, None, None),
    ("2018-11-07", 88668.0, 88668.0, 87714.0, 87714.0, None),
    ("2018-11-08", 87714.0, 87810.0, 85620.0, 85620.34375, 0),
]


@pytest.fixture(autouse=True)
def new_yfinance(tmp_path: Path, monkeypatch: Any) -> Iterator[None]:
    """Reset yfinance, which caches cookies, crumbs and time zones in singletons and in a folder."""
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    type(YfData)._instances.pop(YfData, None)
    yield
    type(YfData)._instances.pop(YfData, None)


def yahoo(server: YahooServer, **more: Any) -> Yahoo:
    return Yahoo(server.session, **{"sleep": lambda seconds: None, **more})


def fetch(answer: Any, start: date | None = None) -> pd.DataFrame:
    with YahooServer(answer) as server:
        return yahoo(server).fetch(start, None)


def test_bars_are_unchanged_with_their_dates_in_sao_paulo():
    bars = fetch(lambda request: chart(BARS))

    assert bars["data"].dt.date.tolist() == [date(2018, 11, day) for day in (5, 6, 7, 8)]
    assert bars["preco_fechamento"].tolist()[2:] == [87714.0, 85620.34375]
    assert bars["preco_abertura"].isna().tolist() == [False, True, False, False]
    # yfinance turns a null volume into 0.
    assert bars["volume_negociado"].tolist() == [5_000_000, 0, 0, 0]
    assert str(bars["volume_negociado"].dtype) == "Int64"


def test_a_day_whose_midnight_did_not_exist_keeps_its_date():
    # Summer time began at midnight of 2018-11-04, 2017-10-15 and 2016-10-16 in São Paulo.
    days = ["2016-10-14", "2016-10-16", "2017-10-15", "2018-11-04"]

    bars = fetch(lambda request: chart([(day, 1.0, 1.0, 1.0, 1.0, 1) for day in days]))

    assert bars["data"].dt.strftime("%Y-%m-%d").tolist() == days


def test_the_whole_history_and_a_window_are_one_chart_each():
    with YahooServer(lambda request: chart(BARS)) as server:
        source = yahoo(server)
        source.fetch(None, None)
        # yfinance requests the time zone first unless it is cached.
        *_, whole = server.charts()
        server.requests.clear()
        source.fetch(date(2018, 11, 5), date(2018, 11, 8))
        (window,) = server.charts()

    assert int(whole.parameters["period1"]) < 0
    assert datetime.fromtimestamp(int(window.parameters["period1"]), UTC) == datetime(2018, 11, 5, 2, tzinfo=UTC)
    for request in (whole, window):
        assert (request.host, request.path) == ("query2.finance.yahoo.com", "/v8/finance/chart/%5EBVSP")
        assert request.parameters["interval"] == "1d"


def test_prices_are_those_of_the_day_not_adjusted_for_dividends():
    bars = fetch(lambda request: chart(BARS, adjusted=0.5))

    assert bars["preco_fechamento"].tolist()[2:] == [87714.0, 85620.34375]
    assert bars["preco_maximo"].tolist()[2:] == [88668.0, 87810.0]


def test_a_revision_by_yahoo_is_not_hidden_by_a_cache():
    span = date(2018, 11, 5), date(2018, 11, 8)
    revised = [*BARS[:2], ("2018-11-07", 88668.0, 88668.0, 87714.0, 87700.0, None), BARS[3]]
    answers = iter([chart(BARS), chart(revised)])
    with YahooServer(lambda request: next(answers)) as server:
        first, second = (yahoo(server).fetch(*span)["preco_fechamento"].tolist()[2] for _ in range(2))

    assert (first, second) == (87714.0, 87700.0)


def test_every_request_has_the_timeout():
    with YahooServer(lambda request: chart(BARS)) as server:
        yahoo(server, timeout=7.5).fetch(None, None)

    assert len(server.timeouts) == len(server.requests) > 1
    assert set(server.timeouts) == {7.5}


def test_a_run_sends_few_requests():
    with YahooServer(lambda request: chart(BARS)) as server:
        yahoo(server).fetch(None, None)

        assert len(server.requests) <= 5


HTML = Answer(200, "text/html", b"<html><body>Please accept our cookies</body></html>")
DOWN = Answer(200, "text/html", b"<html><title>Yahoo</title><body>Will be right back...</body></html>")
LIMITED = Answer(429, "text/plain", b"Too Many Requests\r\n")
EDGE = Answer(429, "text/plain", b"Edge: Too Many Requests")
NOT_FOUND = as_json(
    404,
    {"chart": {"result": None, "error": {"code": "Not Found", "description": "No data found, symbol may be delisted"}}},
)
UNAUTHORIZED = as_json(
    401, {"finance": {"result": None, "error": {"code": "Unauthorized", "description": "Invalid Crumb"}}}
)
TEXT_200 = Answer(200, "text/html", b"Too Many Requests\r\n")
TEXT_999 = Answer(200, "text/html", b"Unable to process request at this time -- error 999")
TRUNCATED = Answer(200, "application/json", b'{"chart": {"result": [{"meta"')


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (LIMITED, SourceUnavailable, "429 Too Many Requests"),
        (EDGE, SourceUnavailable, "429 Too Many Requests"),
        (DOWN, SourceUnavailable, "Yahoo is down"),
        (NOT_FOUND, SourceRefused, "No data found, symbol may be delisted"),
        (UNAUTHORIZED, SourceUnavailable, "401 Unauthorized, starting with .*Unauthorized"),
        (
            HTML,
            SourceMalformed,
            "cannot be read: 200 OK, starting with '<html><body>Please accept our .*JSONDecodeError",
        ),
        (TEXT_200, SourceUnavailable, "refused the request: 200 OK, starting with 'Too Many Requests'$"),
        (TEXT_999, SourceUnavailable, "200 OK, starting with 'Unable to process request at this time -- error 999'$"),
        (chart(BARS, dataGranularity="1wk"), SourceMalformed, "dataGranularity '1wk'; expected '1d'"),
        (chart([(*BARS[0][:5], 1 << 64), *BARS[1:]]), SourceMalformed, "OverflowError"),
        (TRUNCATED, SourceMalformed, "JSONDecodeError"),
        (Answer(200, "application/json", b"[]"), SourceError, "Yahoo"),
        (Answer(200, "application/json", b"{}"), SourceError, "Yahoo"),
        (Answer(500, "text/plain", b"oops"), SourceUnavailable, "500 Internal Server Error, starting with 'oops'$"),
        (chart([]), SourceEmpty, "empty"),
        (chart(BARS, symbol="PETR4.SA"), SourceMalformed, "symbol 'PETR4.SA'; expected '\\^BVSP'"),
        (chart(BARS, currency="USD"), SourceMalformed, "currency 'USD'; expected 'BRL'"),
        (chart(BARS, exchangeTimezoneName="America/New_York"), SourceMalformed, "expected 'America/Sao_Paulo'"),
        (chart(BARS, dataGranularity="1mo"), SourceMalformed, "dataGranularity '1mo'; expected '1d'"),
        (chart(BARS, dataGranularity="1h"), SourceMalformed, "dataGranularity '1h'; expected '1d'"),
    ],
)
def test_an_unusable_response_is_an_error_and_writes_nothing(laptop: Laptop, answer: Answer, error: Any, message: str):
    fill(raw_object(known_bars()))
    before = {bucket: moto_state.objects(bucket, "") for bucket in ("b3-dataflow-raw", "b3-dataflow-refined")}

    with YahooServer(lambda request: answer) as server, pytest.raises(error, match=message):
        ingest(yahoo(server), wiring.lake(), datetime.now(UTC))

    assert {bucket: moto_state.objects(bucket, "") for bucket in before} == before
    assert len(server.charts()) <= 2 * ATTEMPTS
    assert len(server.requests) <= REQUESTS * ATTEMPTS


@pytest.mark.parametrize("answer", [LIMITED, DOWN])
def test_an_error_that_may_pass_is_retried_once_after_a_random_pause(answer: Answer):
    pauses: list[float] = []
    answers = iter([answer, answer] if answer is LIMITED else [answer])
    with YahooServer(lambda request: next(answers, chart(BARS))) as server:
        bars = yahoo(server, sleep=pauses.append).fetch(date(2018, 11, 5), None)

    assert len(bars) == 4
    assert len(pauses) == 1
    assert PAUSE[0] <= pauses[0] <= PAUSE[1]


@pytest.mark.parametrize("everything", [False, True], ids=["the bars", "all requests"])
@pytest.mark.parametrize(
    ("status", "named"),
    [
        (403, "403 Forbidden"),
        (429, "429 Too Many Requests"),
        (500, "500 Internal Server Error"),
        (502, "502 Bad Gateway"),
        (503, "503 Service Unavailable"),
        (504, "504 Gateway Timeout"),
        (999, "999, "),
    ],
)
@pytest.mark.parametrize("body", [b"", b"<html>no</html>", b"{}", b'{"chart": {"result": null, "error": null}}'])
def test_a_status_that_may_pass_is_named_and_retried_once(status: int, named: str, body: bytes, everything: bool):
    pauses: list[float] = []
    refused = Answer(status, "text/html", body)
    with (
        YahooServer(lambda request: refused, everything=everything) as server,
        pytest.raises(SourceUnavailable, match=f"Yahoo refused the request: {named}"),
    ):
        yahoo(server, sleep=pauses.append).fetch(date(2018, 11, 5), None)

    assert len(pauses) == ATTEMPTS - 1
    assert len(server.requests) <= REQUESTS * ATTEMPTS


@pytest.mark.parametrize("answer", [NOT_FOUND, TRUNCATED, chart(BARS, currency="USD")])
def test_other_errors_are_not_retried(answer: Answer):
    pauses: list[float] = []
    with YahooServer(lambda request: answer) as server, pytest.raises(SourceError):
        yahoo(server, sleep=pauses.append).fetch(date(2018, 11, 5), None)

    assert pauses == []


def test_a_server_that_never_answers_times_out():
    silence = threading.Event()

    def never(request: Any) -> Answer:
        silence.wait(30)
        return chart(BARS)

    began = time.monotonic()
    with YahooServer(never, everything=True) as server:
        with pytest.raises(SourceUnavailable, match="Yahoo did not answer"):
            yahoo(server, timeout=0.2).fetch(date(2018, 11, 5), None)
        silence.set()

    assert time.monotonic() - began < 15


def test_a_refused_connection_is_unavailable():
    with YahooServer(lambda request: chart(BARS)) as server:
        gone = yahoo(server)

    with pytest.raises(SourceUnavailable, match="Yahoo did not answer"):
        gone.fetch(None, None)


def test_the_shape_of_a_real_response(shared_data: Path):
    body = (shared_data / "yahoo_chart" / "petr4_daily_real.json").read_bytes().replace(b"PETR4.SA", b"^BVSP")

    bars = fetch(lambda request: Answer(200, "application/json", body))

    assert len(bars) == 22
    assert bars["data"].dt.strftime("%Y-%m-%d").tolist()[::21] == ["2022-11-23", "2022-12-22"]
    assert bars["preco_fechamento"].iloc[-1] == 23.989999771118164
    assert bars["volume_negociado"].iloc[-1] == 81894800


def test_a_real_empty_response(shared_data: Path):
    body = (shared_data / "yahoo_chart" / "grnd3_empty_real.json").read_bytes().replace(b"GRND3.SA", b"^BVSP")

    with pytest.raises(SourceError, match="Yahoo returned no bars"):
        fetch(lambda request: Answer(200, "application/json", body))


def test_bars_of_yahoo_are_in_raw_unchanged(laptop: Laptop):
    now = datetime(2018, 11, 9, 1, 30, tzinfo=UTC)
    with YahooServer(lambda request: chart(BARS)) as server:
        added = ingest(yahoo(server), wiring.lake(), now)

    assert (added.bars, added.first, added.last) == (4, date(2018, 11, 5), date(2018, 11, 8))
    assert added.key == "raw/year=2018/month=11/day=08/ibov-20181109T013000Z.parquet"
    raw = parquet.decode(moto_state.read("b3-dataflow-raw", added.key) or b"", RAW)
    assert raw["fonte"].tolist() == ["yahoo"] * 4
    assert raw["ticker"].tolist() == ["IBOV"] * 4
    assert raw["coletado_em"].tolist() == [now] * 4
    assert raw["preco_fechamento"].iloc[-1] == 85620.34375
    assert raw["preco_abertura"].isna().tolist() == [False, True, False, False]


def test_the_age_of_the_data_is_logged_also_when_yahoo_refuses(laptop: Laptop, monkeypatch: Any, capsys: Any):
    with YahooServer(lambda request: Answer(429, "text/plain", b"Too Many Requests"), everything=True) as server:
        monkeypatch.setattr(backfill, "Yahoo", lambda: yahoo(server))
        with pytest.raises(SourceUnavailable):
            laptop.app.ingest(SCHEDULE, None)
        empty = capsys.readouterr().out
        fill(raw_object(known_bars()))
        capsys.readouterr()
        with pytest.raises(SourceUnavailable):
            laptop.app.ingest(SCHEDULE, None)

    # Before the first commit there is no data and no age.
    assert empty == ""
    line = json.loads(capsys.readouterr().out)
    assert line["Bucket"] == "b3-dataflow-refined"
    assert line["SessionsBehind"][0] > 2
    assert line["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "b3-dataflow"


def test_the_schedules_handler_ingests_from_yahoo(laptop: Laptop, monkeypatch: Any):
    with YahooServer(lambda request: chart(BARS)) as server:
        monkeypatch.setattr(Yahoo, "fetch", lambda self, start, end: yahoo(server)._request(start, end))

        added = laptop.app.ingest(SCHEDULE, None)["added"]

    assert added["bars"] == 4
    assert (added["first"], added["last"]) == ("2018-11-05", "2018-11-08")
    assert [entry.key for entry in moto_state.objects("b3-dataflow-raw", "")] == [added["key"]]
    laptop.refined()


JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.integers(), max_size=2),
    st.sampled_from([1e308, -1, 1.5, 1 << 64, {}, [None], "140.680"]),
)  # fmt: skip


def paths(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each node of a document."""
    items = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path, *(each for name, child in items for each in paths(child, (*path, name)))]


@st.composite
def mutated(draw: Any) -> bytes:
    """Draw a chart with one node replaced or removed. Python writes and reads NaN, though it is not JSON."""
    document = json.loads(chart(BARS).body)
    *parents, last = draw(st.sampled_from(paths(document)[1:]))
    node = document
    for name in parents:
        node = node[name]
    if draw(st.booleans()):
        del node[last]
    else:
        node[last] = draw(JUNK)
    return json.dumps(document).encode()


def outcome(server: YahooServer) -> set[str] | SourceError:
    """Return the columns of the bars, or the error of the source. Any other error fails the test."""
    try:
        return {str(name) for name in yahoo(server).fetch(date(2018, 11, 5), None).columns}
    except SourceError as error:
        return error


# yfinance fills object columns of odd responses, which pandas deprecates; only tests turn that into an error.
@pytest.mark.filterwarnings("ignore:Downcasting object dtype arrays:FutureWarning")
def test_a_response_of_any_form_gives_bars_or_an_error_of_a_source():
    bodies = [chart(BARS).body]

    @settings(max_examples=100, deadline=None)
    @given(mutated())
    def check(body: bytes) -> None:
        bodies.append(body)
        result = outcome(server)
        if isinstance(result, SourceError):
            assert "Yahoo" in str(result)
            assert "did not answer" not in str(result)
        else:
            assert {"data", "preco_fechamento", "volume_negociado"} <= result

    with YahooServer(lambda request: Answer(200, "application/json", bodies[-1])) as server:
        check()
