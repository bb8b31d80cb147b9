"""Official closes from B3's index statistics: a B3 on loopback that answers, refuses, lies and is slow."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
import trustme

from chalicelib.errors import SourceEmpty, SourceError, SourceMalformed, SourceRefused, SourceUnavailable
from chalicelib.ingest.sources.b3.http import LIMIT, PAUSE, Client
from chalicelib.ingest.sources.b3.limits import Limits
from chalicelib.ingest.sources.b3.online import Online
from tests.support.b3_server import B3Server, Reply, Request, in_turn
from tests.support.closes import Closes, answer, answer_body, year_closes

TODAY = date(2024, 5, 8)
PAGE = Reply(b"<html>The requested URL was rejected</html>", content_type="text/html")
UNKNOWN = Reply(b'{"min":null,"max":null,"results":null}')
ONCE = Limits(attempts=1)


def honest(request: Request) -> Reply:
    """Answer as B3 does, on 2024-05-08."""
    return Reply(answer_body(closes_of(request.year))) if 1968 <= request.year <= TODAY.year else UNKNOWN


def closes_of(year: int) -> dict[date, float]:
    return year_closes(year, min(TODAY, date(year, 12, 31)))


def online(server: B3Server, limits: Limits = ONCE, today: date = TODAY) -> Online:
    return Online(server.url, today, limits)


def test_a_request_is_compact_json_in_base64_and_looks_like_a_browsers():
    with B3Server(honest) as server:
        online(server).fetch(date(2022, 1, 1), date(2022, 12, 31))

    (request,) = server.requests
    assert request.token == {"language": "pt-br", "index": "IBOV", "year": "2022"}
    assert request.headers["User-Agent"].startswith("Mozilla/5.0")
    assert request.headers["Referer"].startswith(f"{server.url}/indexStatisticsPage/")


def test_the_days_of_a_request_decide_its_years():
    with B3Server(honest) as server:
        closes = online(server).fetch(date(2022, 12, 20), date(2024, 1, 10))
        years = [request.year for request in server.requests]

        since = online(server).fetch(None, date(1998, 12, 31))

    assert years == [2024, 2023, 2022]
    expected = [day for year in (2022, 2023, 2024) for day in closes_of(year)]
    assert closes["data"].dt.date.tolist() == [
        day for day in expected if date(2022, 12, 20) <= day <= date(2024, 1, 10)
    ]
    assert closes["completo"].all()
    assert since["data"].min().year == 1998


def test_no_days_before_1998_are_requested():
    with B3Server(honest) as server, pytest.raises(SourceEmpty, match="closes before 1998-01-01 are not read"):
        online(server).fetch(date(1990, 1, 1), date(1997, 12, 31))

    assert server.requests == []


@pytest.mark.parametrize(
    ("today", "years", "oldest"),
    [
        (date(2026, 5, 8), [2026], 1998),
        (date(2026, 1, 1), [2025], 1998),
        # The first session of 2026 is on 2 January, and not over that day.
        (date(2026, 1, 2), [2025], 1998),
        (date(2026, 1, 3), [2026, 2025], 1998),
        (date(2026, 1, 10), [2026, 2025], 1998),
        (date(2026, 1, 11), [2026], 1998),
    ],
)
def test_the_schedule_requests_this_year_and_in_january_the_year_before(today: date, years: list[int], oldest: int):
    source = Online("https://b3.invalid", today)

    assert source.due(all_years=False) == years
    assert source.due(all_years=True) == [*range(years[0], oldest - 1, -1)]


def without(closes: Closes, month: int) -> Closes:
    return {day: close for day, close in closes.items() if day.month != month}


def with_checksum(text: str) -> bytes:
    body = answer(closes_of(2022))
    body["max"]["rateValue3"] = text
    return json.dumps(body).encode()


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (Reply(), SourceMalformed, "B3's answer for 2022 is empty: that is how B3 answers a malformed request"),
        (UNKNOWN, SourceRefused, "B3's answer for 2022 has no results: B3 does not know the index or the year 2022"),
        (PAGE, SourceUnavailable, "B3's answer for 2022 is a page, not JSON"),
        (Reply(with_checksum("100.000,01")), SourceMalformed, "does not fit its checksum: max of month 3"),
        (Reply(answer_body(closes_of(2023))), SourceMalformed, "about another year than 2022"),
        (Reply(answer_body(without(closes_of(2022), 12))), SourceMalformed, "incomplete, or about another year"),
        (Reply(answer_body(without(closes_of(2022), 6))), SourceMalformed, "none in month 6"),
        (Reply(answer_body(closes_of(2022), "en-us")), SourceMalformed, "the form of pt-br"),
        (Reply(b" " * (LIMIT + 1)), SourceMalformed, "has more than 1,048,576 bytes"),
        (Reply(status=403), SourceUnavailable, "B3 refused the request for B3's answer for 2022: 403 Forbidden"),
        (Reply(status=429), SourceUnavailable, "429 Too Many Requests"),
        (Reply(status=503), SourceUnavailable, "503 Service Unavailable"),
        (Reply(status=520), SourceUnavailable, ": 520$"),
        (Reply(status=302, location="/blocked"), SourceUnavailable, "302 Found"),
        (Reply(status=404), SourceRefused, "404 Not Found"),
        (Reply(reset=True), SourceUnavailable, "B3 did not send B3's answer for 2022: "),
    ],
)
def test_what_is_not_an_answer_is_an_error(reply: Reply, error: type[SourceError], message: str):
    with B3Server(lambda _: reply) as server, pytest.raises(error, match=message) as raised:
        online(server).fetch(date(2022, 1, 1), date(2022, 12, 31))

    assert len(server.requests) == 1
    assert "curl.se" not in str(raised.value)


def test_a_close_after_today_is_an_error():
    expected = pytest.raises(SourceMalformed, match="a close of 2024-05-09, which is after today, 2024-05-08")
    with B3Server(lambda _: Reply(answer_body(year_closes(2024)))) as server, expected:
        online(server).fetch(date(2024, 1, 1), None)


def test_a_year_that_does_not_join_the_next_is_an_error():
    def other_index(request: Request) -> Reply:
        level = 50_000.0 if request.year == 2022 else 100_000.0
        return Reply(answer_body(year_closes(request.year, min(TODAY, date(request.year, 12, 31)), level)))

    expected = pytest.raises(SourceMalformed, match=r"answer for 2022 ends with .* another index or another year")
    with B3Server(other_index) as server, expected:
        online(server).fetch(date(2021, 1, 1), None)

    assert [request.year for request in server.requests] == [2024, 2023, 2022]


def client(server: B3Server, pauses: list[float], **limits: Any) -> Callable[[], bytes]:
    made = Client("https://b3.invalid", Limits(**limits), pauses.append)
    return lambda: made.get(Online(server.url, TODAY)._request_url(2024), "mine")


def test_refusals_and_resets_are_repeated_with_pauses():
    replies = [Reply(status=403), Reply(status=429), Reply(reset=True), Reply(b"{}")]
    pauses: list[float] = []
    with B3Server(in_turn(replies)) as server:
        assert client(server, pauses)() == b"{}"

    assert len(server.requests) == 4
    for number, pause in enumerate(pauses):
        assert PAUSE * 3**number / 2 <= pause <= PAUSE * 3**number
    assert len(pauses) == 3


def test_the_attempts_are_limited_and_a_lie_is_not_repeated():
    pauses: list[float] = []
    with B3Server(lambda _: Reply(status=503)) as server, pytest.raises(SourceUnavailable, match="503"):
        client(server, pauses)()
    assert (len(server.requests), len(pauses)) == (4, 3)

    with B3Server(lambda _: Reply(status=404)) as server, pytest.raises(SourceRefused, match="404"):
        client(server, pauses)()
    assert len(server.requests) == 1


def test_no_attempt_begins_after_the_limit_of_time():
    pauses: list[float] = []
    with B3Server(lambda _: Reply(status=503)) as server, pytest.raises(SourceUnavailable, match="503"):
        client(server, pauses, seconds=2.5)()

    # The first pause is 1 to 2 seconds, the second 3 to 6.
    assert (len(server.requests), len(pauses)) == (2, 1)


def test_a_slow_answer_is_given_up():
    slow = Reply(b"x" * 1000, drip=0.05)
    with B3Server(lambda _: slow) as server:
        began = time.monotonic()
        with pytest.raises(SourceUnavailable, match="B3 did not send mine: "):
            client(server, [], connect_seconds=0.2, request_seconds=0.5, attempts=1)()

    # The whole answer would take 50 s.
    assert time.monotonic() - began < 20


def test_a_certificate_that_nobody_trusts_is_refused():
    authority = trustme.CA()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with B3Server(honest, tls=context) as server, pytest.raises(SourceUnavailable, match="Certificate"):
        online(server).fetch(date(2022, 1, 1), date(2022, 12, 31))

    assert server.url.startswith("https://")
    assert server.requests == []


def test_the_limit_of_time_is_for_all_requests():
    clock = iter(float(second) for second in range(0, 10_000, 40))
    with B3Server(honest) as server:
        made = Client("https://b3.invalid", Limits(), lambda _: None, lambda: next(clock))
        url = Online(server.url, TODAY)._request_url(2024)
        made.get(url, "mine")
        with pytest.raises(SourceUnavailable, match="no time was left for mine: the limit is 75 s"):
            made.get(url, "mine")
