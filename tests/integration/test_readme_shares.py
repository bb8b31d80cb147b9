"""The README's examples of the shares, run unchanged against a running API with a market."""

from __future__ import annotations

import json

from local.laptop import Laptop
from tests.integration.test_readme_clients import example, outputs
from tests.support import shares


def test_curl_of_the_shares(running: Laptop):
    with shares.served(running), running.serve(0) as server:
        lines = example("sh", server.url, "Add B3's shares").splitlines()
        tickers, volatility, ranking = outputs([line for line in lines if server.url in line])

    assert [row["ticker"] for row in json.loads(tickers)["rows"]] == ["PETR3", "PETR4"]
    assert len(json.loads(volatility)["rows"]) == 63
    values = [row["vol_close_to_close_21d"] for row in json.loads(ranking)["rows"]]
    assert values == sorted(values, reverse=True)
    assert len(values) == 3
