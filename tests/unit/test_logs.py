"""The lines of the pipeline's log: JSON with the keys of an invocation on AWS, the message alone elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest

from chalicelib.errors import SourceUnavailable
from chalicelib.logs import correlate, in_lambda, invocation, log

KEY = "raw/year=2025/month=09/day=17/ibov-20250917T223000Z.parquet"


pytestmark = pytest.mark.usefixtures("text_log")


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_elsewhere_a_line_is_the_message(capsys: pytest.CaptureFixture[str]):
    with invocation("start_refine", structured=False, function_request_id="1"):
        correlate(KEY)
        log.debug("started")
        log.info("added %s", KEY)
        log.warning("one\ntwo")

    assert capsys.readouterr().out == f"added {KEY}\nwarning: one\ntwo\n"


def test_on_aws_each_line_is_a_json_object_with_the_keys_of_the_invocation(capsys: pytest.CaptureFixture[str]):
    with invocation("start_refine", structured=True, function_request_id="1", job_run_id=None):
        log.debug("before")
        correlate(KEY)
        log.warning("two\nlines, ção")

    first, second = lines(capsys)
    assert {name: first[name] for name in ("level", "message", "service", "function_request_id")} == {
        "level": "DEBUG",
        "message": "before",
        "service": "start_refine",
        "function_request_id": "1",
    }
    assert not {"correlation_id", "job_run_id"} & first.keys()
    assert (second["level"], second["message"], second["correlation_id"]) == ("WARNING", "two\nlines, ção", KEY)
    assert second["timestamp"].endswith("Z") or second["timestamp"].endswith("+0000")


def test_an_invocation_has_no_keys_of_the_one_before(capsys: pytest.CaptureFixture[str]):
    with invocation("start_refine", structured=True, function_request_id="1"):
        correlate(KEY)
    with invocation("start_refine", structured=True, function_request_id="2"):
        log.info("second")

    (line,) = lines(capsys)
    assert line["function_request_id"] == "2"
    assert "correlation_id" not in line


def test_an_exception_is_logged_once_with_its_id_and_raised(capsys: pytest.CaptureFixture[str]):
    def ingest() -> None:
        with invocation("ingest", structured=True):
            correlate(KEY)
            raise SourceUnavailable("yahoo answered 429")

    with pytest.raises(SourceUnavailable):
        ingest()

    (line,) = lines(capsys)
    assert (line["level"], line["message"]) == ("ERROR", "SourceUnavailable: yahoo answered 429")
    assert (line["correlation_id"], line["exception_name"]) == (KEY, "SourceUnavailable")
    assert "Traceback" in line["exception"]


def test_elsewhere_an_exception_is_only_raised(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SourceUnavailable), invocation("ingest", structured=False):
        raise SourceUnavailable("yahoo answered 429")

    assert capsys.readouterr().out == ""


def test_each_line_is_written_once(capsys: pytest.CaptureFixture[str]):
    for _ in range(2):
        with invocation("ingest", structured=True):
            log.info("once")

    assert [line["message"] for line in lines(capsys)] == ["once", "once"]
    # Lambda's own handler is on the root logger.
    assert not log.propagate


def test_a_function_on_aws_is_known_by_the_variable_of_lambda(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("AWS_LAMBDA_FUNCTION_NAME", raising=False)
    assert not in_lambda()

    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "b3-dataflow-dev-ingest")
    assert in_lambda()
