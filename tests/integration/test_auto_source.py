"""The timeouts of Yahoo with `SOURCE=auto`: short for the first response, longer for the bars."""

from __future__ import annotations

import socket
import threading
from datetime import date
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from chalicelib.errors import SourceUnavailable
from local.sources import Bounded, Contact
from tests.conftest import NOWHERE
from tests.support.bars import known_bars
from tests.support.processes import SECONDS, run_command

FETCH = """
from chalicelib.ingest.sources import yahoo
from local import sources

# A second attempt would come after this.
yahoo.PAUSE = (600.0, 600.0)
first, _ = sources.candidates("auto")
try:
    first.fetch(None, None)
except Exception as error:
    print(type(error).__name__, error)
"""


def failure(proxy: str) -> str:
    """Return the error of the first source of `auto`, in a separate process that uses this proxy."""
    # yfinance leaves a database open in the thread of the fetch.
    return str(run_command(python=("-c", FETCH), HTTPS_PROXY=proxy).stdout)


def test_a_network_that_sends_nothing_fails_after_two_seconds():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        silent.settimeout(SECONDS)

        line = failure(f"http://127.0.0.1:{silent.getsockname()[1]}")

        silent.accept()[0].close()
    assert line == "SourceUnavailable yahoo did not answer within 2 s\n"


def test_a_refused_connection_fails_at_once():
    assert failure(NOWHERE).startswith("SourceUnavailable Yahoo did not answer: ")


class Slow:
    """A source whose first response arrives at once, and its bars when `go_on` is set."""

    name = "yahoo"

    def __init__(self, contact: Contact) -> None:
        self.session = contact.watch(SimpleNamespace(request=lambda: "429"))
        self.go_on = threading.Event()

    def fetch(self, start: date | None, end: date | None) -> pd.DataFrame:
        self.session.request()
        self.go_on.wait(30)
        return known_bars()


def test_after_the_first_response_the_timeout_of_the_bars_applies():
    contact: Any = Contact()
    source = Slow(contact)
    threading.Timer(0.3, source.go_on.set).start()

    assert len(Bounded(source, contact, 0.1, 30.0).fetch(None, None)) == 6


def test_a_source_that_sends_no_bars_times_out():
    contact = Contact()
    source = Slow(contact)

    with pytest.raises(SourceUnavailable, match="yahoo sent no bars within 0 s"):
        Bounded(source, contact, 30.0, 0.1).fetch(None, None)

    source.go_on.set()
