"""The cost table agrees with the deployment, and its formulas with its values."""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime, timedelta

import pytest
from chalice.test import Client

from chalicelib.api import assets
from common.paths import ROOT
from local.laptop import Laptop
from scripts import costs
from scripts.bill import Item, Usage, total
from scripts.costs import items
from scripts.market_month import MarketUsage, market_items
from scripts.prices import PRICES, REGIONS
from scripts.worst_month import SIZES_KB, worst_items
from tests.support.cron import runs
from tests.support.template import stacks


def test_the_document_is_that_of_the_code():
    document = costs.PATH.read_text(encoding="utf-8")

    assert costs.text(document) == document, "run make docs"


def test_the_assumptions_about_the_system_are_what_is_deployed(laptop: Laptop):
    main = stacks("dev")["main"]
    functions = json.loads((ROOT / ".chalice" / "config.json").read_text())["lambda_functions"]
    begin = datetime(2026, 1, 5, tzinfo=UTC)
    usage = Usage()

    assert usage.runs == len(list(runs(laptop.app.SCHEDULE, begin, begin + timedelta(weeks=1)))) * 52 / 12
    assert usage.alarms == len(main.of("AWS::CloudWatch::Alarm"))
    assert usage.traced == main.resources["SamplingRule"]["Properties"]["SamplingRule"]["FixedRate"]
    assert usage.workers == main.resources["Job"]["Properties"]["NumberOfWorkers"]
    memory = [usage.api_gb, usage.ingest_gb, usage.start_refine_gb]
    assert [gigabytes * 1024 for gigabytes in memory] == [
        functions[handler]["lambda_memory_size"] for handler in ("api_handler", "ingest", "start_refine")
    ]


@pytest.mark.parametrize(
    "item",
    [*items(Usage(runs=40)), *worst_items(Usage()), *market_items(MarketUsage(runs=20, ingests=40))],
    ids=lambda item: item.what,
)
def test_a_formula_is_the_product_of_its_factors(item: Item):
    *factors, price = item.formula().split(" · ")

    # "75 s/3,600" is 75/3600, and "2 DPU" is 2.
    values = [
        math.prod(float(number.replace(",", "")) ** (-1 if divides else 1) for divides, number in numbers)
        for numbers in (re.findall(r"(/?)([\d,]*\d(?:\.\d+)?)", factor) for factor in factors)
    ]
    assert price == f"price of one {PRICES[item.price].unit}"
    assert math.prod(values) * PRICES[item.price].by_region["us-east-1"] == pytest.approx(item.amount("us-east-1"))


def test_a_run_of_the_job_is_charged_for_at_least_a_minute():
    def job(seconds: float) -> float:
        return items(Usage(runs=1, job_seconds=seconds))[0].amount("us-east-1")

    assert job(75) == pytest.approx(2 * 75 / 3600 * 0.308)
    assert job(20) == job(60) == pytest.approx(0.01027, abs=1e-5)


def test_a_month_costs_one_to_two_dollars_in_the_free_tier_and_two_to_three_outside():
    bill = items(Usage())

    assert total(bill, "us-east-1", free_tier=True) == pytest.approx(1.2, abs=0.1)
    assert total(bill, "us-east-1", free_tier=False) == pytest.approx(2.3, abs=0.1)
    assert total(bill, "sa-east-1", free_tier=True) == pytest.approx(1.65, abs=0.1)
    assert total(bill, "sa-east-1", free_tier=False) == pytest.approx(2.8, abs=0.1)
    # The budget is well above the expected cost of every region.
    budget = stacks("dev")["main"].outputs["MonthlyBudget"]
    assert total(bill, "sa-east-1", free_tier=False) < 0.8 * float(budget)


def test_the_market_costs_about_a_dollar():
    market = stacks("dev", Market="yes")["market"]
    usage = MarketUsage()

    assert usage.workers == market.resources["MarketJob"]["Properties"]["NumberOfWorkers"]
    assert len(market.of("AWS::CloudWatch::Alarm")) == 1
    assert market_items(usage)[0].amount("us-east-1") == pytest.approx(5 * 52 / 12 * 2 * 100 / 3600 * 0.308)
    assert total(market_items(usage), "us-east-1", free_tier=False) == pytest.approx(0.85, abs=0.1)
    assert total(market_items(usage), "sa-east-1", free_tier=False) < 2


def test_the_worst_month_costs_at_most_20_dollars():
    whole = [*items(Usage()), *worst_items(Usage())]

    for region in REGIONS:
        assert 10 < total(whole, region, free_tier=False) <= 20
        assert total(worst_items(Usage(), origin="none"), region, free_tier=False) < total(
            worst_items(Usage()), region, free_tier=False
        )


def test_the_sizes_are_those_of_the_largest_responses(laptop: Laptop):
    paths = {path: [path] for path in SIZES_KB if "{" not in path}
    paths["/assets/{version}/{name}"] = [f"/{assets.path()}/{name}" for name in assets._files()]
    for path, urls in paths.items():
        with Client(laptop.app.app) as client:
            answers = [client.http.get(url, headers={"Accept": "text/html, */*"}) for url in urls]
        assert {answer.status_code for answer in answers} == {200}
        largest = max(len(answer.body) for answer in answers) / 1000
        assert largest < SIZES_KB[path] < 1.2 * largest + 1, path


def test_glue_6_costs_30_percent_less():
    # 0.44 and 0.69 dollars were the prices of the versions before.
    prices = PRICES["dpu_hour"]

    assert prices.by_region == {"us-east-1": pytest.approx(0.7 * 0.44), "sa-east-1": pytest.approx(0.7 * 0.69)}
    assert prices.unchecked == ("sa-east-1",)


def test_every_price_has_every_region_and_is_used():
    for price in PRICES.values():
        assert set(price.by_region) == set(REGIONS)
    assert {item.price for item in items(Usage())} == set(PRICES)


def test_a_region_without_prices_is_an_error(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="no prices for 'eu-west-1'; allowed: us-east-1, sa-east-1"):
        costs.main(["eu-west-1"])

    costs.main(["sa-east-1"])
    assert "| what | formula | sa-east-1 |" in capsys.readouterr().out
