"""The command of `make run`, run as a process."""

from __future__ import annotations

import http.client
import os
import re
import runpy
import signal
import socket
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from common.paths import ROOT
from local import cli
from tests.conftest import NOWHERE
from tests.support.bars import csv_text, known_bars
from tests.support.processes import SECONDS, command_error, get, make_run, run_command


def test_it_prints_its_steps_serves_and_leaves_nothing_running(tmp_path: Path):
    path = tmp_path / "six.csv"
    path.write_text(csv_text(known_bars()))
    with make_run("--source", f"csv:{path}") as running:
        api = running.wait_for(r"API +(http://127\.0\.0\.1:\d+)\n")
        aws = running.wait_for(r"AWS_ENDPOINT_URL=(\S+)")

        assert get(f"{api}/ibov/volatility")["meta"]["count"] == 6
        # `make market` fills it.
        assert "/acoes" in get(f"{api}/")["links"]
        assert_head_has_no_body(api)
        assert re.search(rf"Ready in .* s\.\n\n  page +{api}/\n", running.output)
        urls = re.findall(r"curl '([^']+)'", running.output)
        assert len(urls) == 3
        for url in urls:
            assert get(url)

        assert running.stop() == 0

    for number, name in enumerate(("AWS", "stack", "ingest", "event", "Glue job", "API"), 1):
        assert re.search(rf"^  {number}/6  {name} +\d+\.\d s  \S", running.output, re.MULTILINE), running.output
    assert "6 bars from csv, 2025-09-10 to 2025-09-17" in running.output
    assert "6 rows in, 0 refused, 6 sessions in 1 year, to 2025-09-17" in running.output
    assert "SYNTHETIC" not in running.output
    assert running.output.rstrip().endswith("stopped: nothing is left running")
    assert "Traceback" not in running.output
    # It ran in its own process group, which is empty now.
    with pytest.raises(ProcessLookupError):
        os.killpg(running.process.pid, 0)
    for url in (api, aws):
        with pytest.raises(urllib.error.URLError, match="refused"):
            get(url)


def assert_head_has_no_body(api: str) -> None:
    """HEAD has the Content-Length of GET and no body, and the connection serves the next request."""
    connection = http.client.HTTPConnection(api.removeprefix("http://"), timeout=SECONDS)
    connection.request("GET", "/ibov/prices")
    body = connection.getresponse().read()
    connection.request("HEAD", "/ibov/prices")
    head = connection.getresponse()
    assert (head.status, head.read(), head.headers["Content-Length"]) == (200, b"", str(len(body)))
    connection.request("GET", "/status")
    assert connection.getresponse().read().startswith(b'{"ticker"')
    connection.close()


def test_without_yahoo_the_sample_is_used_and_announced():
    with make_run(HTTPS_PROXY=NOWHERE) as running:
        api = running.wait_for(r"API +(http://127\.0\.0\.1:\d+)\n")
        running.wait_for("curl .*status")

        assert get(f"{api}/status")["synthetic"] is True
        prices = get(f"{api}/ibov/prices?limit=1")
        assert prices["meta"]["synthetic"] is True
        assert prices["rows"][0]["fonte"] == "sample"
        assert running.stop(signal.SIGTERM) == 0

    assert "Yahoo did not answer" in running.output
    assert running.output.count("SYNTHETIC DATA") == 2


def test_ctrl_c_during_the_start_stops_it():
    with make_run("--source", "sample") as running:
        running.wait_for("2/6")
        assert running.stop() == 0

    assert "stopped: nothing is left running" in running.output
    assert "Traceback" not in running.output


@pytest.fixture
def used_port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        yield listening.getsockname()[1]


def backfill(aws: str, *arguments: str) -> str:
    """Return the output of a backfill that must succeed."""
    process = run_command("backfill", "--aws-port", aws.rpartition(":")[2], *arguments)
    assert process.returncode == 0, process.stderr
    return str(process.stdout)


def test_a_backfill_adds_days_while_it_runs(tmp_path: Path):
    path, more = tmp_path / "five.csv", tmp_path / "six.csv"
    path.write_text(csv_text(known_bars().drop(3)))
    more.write_text(csv_text(known_bars()))
    days = ("--start", "2025-09-15", "--end", "2025-09-16", "--source", f"csv:{more}")
    with make_run("--source", f"csv:{path}") as running:
        api = running.wait_for(r"API +(http://127\.0\.0\.1:\d+)\n")
        aws = running.wait_for(r"AWS_ENDPOINT_URL=(\S+)")
        running.wait_for("curl .*status")

        assert command_error("backfill", "--aws-port", aws.rpartition(":")[2], *days, "--source", "auto") == (
            "error: source is 'auto'; allowed: yahoo, sample, csv:<path>, b3, b3:<path> or cotahist:<path>"
        )

        changes = backfill(aws, *days, "--dry-run")
        assert "2025-09-15  new: open 142292.0, high 144194.0, low 142292.0, close 143547.0" in changes
        assert "2025-09-16  equal: 1 bar\n" in changes
        assert changes.endswith("1 changed, 1 equal, 0 not used, 0 refused; nothing was written\n")
        assert get(f"{api}/ibov/prices")["meta"]["count"] == 5

        output = backfill(aws, *days)
        assert "2 bars from csv, 2025-09-15 to 2025-09-16, added as raw/" in output
        assert output.startswith(changes.partition("1 changed")[0])
        assert output.endswith("merged: the API shows the sessions within 5 seconds: 1 changed\n")
        deadline = time.monotonic() + SECONDS
        while get(f"{api}/ibov/prices")["meta"]["count"] == 5 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert get(f"{api}/ibov/prices")["meta"]["count"] == 6

        changes = backfill(aws, *days, "--as-correction", "--dry-run")
        assert "2025-09-16  changed: source csv → correcao" in changes

        sunday = tmp_path / "sunday.csv"
        sunday.write_text("date,open,high,low,close,volume\n2025-09-14,1,1,1,1,1\n")
        output = backfill(aws, "--start", "2025-09-14", "--end", "2025-09-14", "--source", f"csv:{sunday}")
        assert "  2025-09-14  refused: sem_pregao, the calendar has no session that day" in output
        assert output.endswith("merged: no session changed, and the API shows what it showed before\n")


def test_a_backfill_without_a_lake_is_one_clear_line(used_port: int):
    days = ("--start", "2025-09-15", "--end", "2025-09-16")
    assert re.fullmatch(
        r"error: no local AWS answers on http://127\.0\.0\.1:9: start `make run`, or set another port with --aws-port",
        command_error("backfill", *days, "--aws-port", "9"),
    )


def test_a_port_in_use_is_one_clear_line(used_port: int):
    assert command_error("--aws-port", str(used_port), "--port", "0", "--source", "sample") == (
        f"error: cannot listen on 127.0.0.1:{used_port}: Address already in use; choose another with AWS_PORT="
    )
    assert f"127.0.0.1:{used_port}: Address already in use; choose another with PORT=" in command_error(
        "--port", str(used_port), "--aws-port", "0", "--source", "sample"
    )


def test_one_port_for_both_is_one_clear_line():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        free = str(probe.getsockname()[1])

    assert command_error("--port", free, "--aws-port", free, "--source", "sample") == (
        f"error: PORT and AWS_PORT are both {free}; allowed: two ports, or 0 for a free one"
    )


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["--port", "65536"], "error: argument --port: '65536' is not a port; allowed: 0 to 65535"),
        (["--aws-port=-1"], "error: argument --aws-port: '-1' is not a port; allowed: 0 to 65535"),
        (["--port", "http"], "error: argument --port: 'http' is not a port; allowed: 0 to 65535"),
        (
            ["--athena-latency", "-0.5"],
            "error: argument --athena-latency: '-0.5' is not a number of seconds; allowed: 0 or more",
        ),
        (
            ["--athena-latency", "inf"],
            "error: argument --athena-latency: 'inf' is not a number of seconds; allowed: 0 or more",
        ),
        (["--sauce=sample"], "error: unrecognized arguments: --sauce=sample"),
        (["backfill"], "error: the following arguments are required: --start, --end"),
        (
            ["backfill", "--start", "2025-02-30", "--end", "2025-03-01"],
            "error: argument --start: '2025-02-30' is not a date; allowed: YYYY-MM-DD",
        ),
    ],
)
def test_an_invalid_command_line_is_one_clear_line(arguments: list[str], line: str, capsys: Any):
    with pytest.raises(SystemExit) as raised:
        cli._parse(arguments)

    assert raised.value.code == 2
    assert capsys.readouterr() == ("", f"{line}\n")


@pytest.mark.parametrize("command", [[], ["backfill", "--start", "2025-09-15", "--end", "2025-09-16"]])
def test_an_invalid_setting_is_one_clear_line_before_the_first_step(command: list[str]):
    process = run_command(*command, B3_TABLE="9")

    assert (process.returncode, process.stdout) == (1, "")
    assert re.fullmatch(r"error: B3_TABLE is '9'; allowed: .*\n", process.stderr)


def test_a_python_without_the_packages_names_the_right_one():
    # -S hides the installed packages.
    assert re.fullmatch(
        r"error: this Python lacks the package \w+; use `make run` or `\.venv/bin/python -m local`",
        command_error(python=("-S", "-m", "local")),
    )


@pytest.mark.parametrize("version", [(3, 10, 12), (3, 14, 0)])
def test_another_python_is_one_clear_line(version: tuple[int, ...], monkeypatch: Any):
    monkeypatch.setattr(sys, "version_info", version)

    with pytest.raises(SystemExit, match=r"^error: b3-dataflow needs Python 3\.11, 3\.12 or 3\.13; this is 3\.1"):
        runpy.run_module("local", run_name="__main__")


def test_a_job_that_fails_is_one_clear_line(tmp_path: Path):
    script, bars = tmp_path / "glue" / "b3_etl_job.py", tmp_path / "six.csv"
    script.parent.mkdir()
    script.write_text("raise ValueError('the reason')\n")
    bars.write_text(csv_text(known_bars()))
    with_script = (
        "import functools, pathlib, sys; from local import cli, laptop; root, *rest = sys.argv[1:]; "
        "laptop.LocalAws = functools.partial(laptop.LocalAws, root=pathlib.Path(root)); sys.exit(cli.main(rest))"
    )
    ports = ("--port", "0", "--aws-port", "0")

    line = command_error(str(tmp_path), *ports, "--source", f"csv:{bars}", python=("-c", with_script))

    assert line == "error: the Glue job ended FAILED: ValueError: the reason"


def test_a_job_that_refuses_all_bars_is_one_clear_line(tmp_path: Path):
    sunday = tmp_path / "sunday.csv"
    sunday.write_text("date,open,high,low,close,volume\n2025-01-05,1,1,1,1,1\n")

    line = command_error("--port", "0", "--aws-port", "0", "--source", f"csv:{sunday}")

    assert line.startswith("error: the job refused all rows (1): sem_pregao 1 (the calendar has no session that day")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--remove", "--source", "csv:a.csv"), "--remove does not take --source"),
        (("--accept", "raw/a.parquet", "--as-correction"), "--accept does not take --as-correction, --start, --end"),
        (("--source", "cotahist:a.zip"), "--source cotahist:… does not take --start, --end"),
    ],
)
def test_options_that_a_decision_would_ignore_are_refused(arguments: tuple[str, ...], message: str):
    days = ("--start", "2025-09-15", "--end", "2025-09-16")

    process = run_command("backfill", *days, *arguments)

    assert process.returncode == 2
    assert process.stderr.endswith(f"error: {message}\n")


def test_an_invalid_source_is_one_clear_line(tmp_path: Path):
    ports = ("--port", "0", "--aws-port", "0")
    assert command_error(*ports, "--source", "nasdaq") == (
        "error: source is 'nasdaq'; allowed: auto, yahoo, sample or csv:<path>"
    )
    assert "source is 'csv:'" in command_error(*ports, "--source", "csv:")
    assert re.search(
        r"cannot read .*absent\.csv: No such file", command_error(*ports, "--source", f"csv:{tmp_path}/absent.csv")
    )
    # A missing file is noticed before the ports are.
    assert "cannot read absent.csv" in command_error("--port", "1", "--aws-port", "1", "--source", "csv:absent.csv")
    days = ("--start", "2025-01-02", "--end", "2025-01-02")
    assert "cannot read absent.csv" in command_error("backfill", "--aws-port", "1", *days, "--source", "csv:absent.csv")
    malformed = tmp_path / "malformed.csv"
    malformed.write_text("date,open,high,low,close,volume\n2025-01-02,1,1,1,x,1\n")
    assert re.search(
        r"malformed\.csv, line 2, close: 'x'; allowed", command_error(*ports, "--source", f"csv:{malformed}")
    )


def test_help_names_every_option():
    process = run_command("--help")

    assert process.returncode == 0
    for option in ("--source", "--port", "--aws-port", "csv:<path>", "4566", "8000"):
        assert option in process.stdout


def test_the_file_that_checks_the_version_has_no_newer_syntax():
    source = (ROOT / "local" / "__main__.py").read_text()

    for newer in ('f"', "f'", ":=", "match ", "->", "print("):
        assert newer not in source
    compile(source, "__main__.py", "exec")
