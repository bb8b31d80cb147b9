"""Chromium: the search of the page `/`, and the charts of a ticker, where the market is enabled."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from local.laptop import Laptop
from tests.support import shares
from tests.support.browser import chromium, chromium_path, serious_violations, watched

CHROMIUM = chromium_path()
CHART = "([id, i]) => document.querySelector(`#${id} .plot`).chart.data[i]"


@pytest.fixture(scope="module")
def browser(clean_environment: None) -> Iterator[Browser]:
    with chromium(CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="module")
def site(running: Laptop) -> Iterator[str]:
    """URL of the API over the index and five tickers."""
    with shares.served(running), running.serve(0) as server:
        yield server.url


@pytest.fixture(params=["en-US", "pt-BR"])
def page(request: Any, browser: Browser, site: str) -> Iterator[Page]:
    """The page of the index in a language. No test may leave an error behind."""
    problems: list[str] = []
    context = browser.new_context(locale=request.param, viewport={"width": 1280, "height": 800})
    page = watched(context, site, problems)
    page.goto(site)
    page.locator("body[data-state=complete]").wait_for()
    yield page
    context.close()
    assert problems == []


def is_english(page: Page) -> bool:
    return page.locator("html").get_attribute("lang") == "en"


def search(page: Page, text: str) -> None:
    page.locator("#ticker").fill(text)
    page.locator("#ticker").press("Enter")


def shown(page: Page, ticker: str) -> None:
    """Wait until the charts of a ticker are complete."""
    expect(page).to_have_title(f"{ticker} and its volatility" if is_english(page) else f"{ticker} e sua volatilidade")
    page.locator("body[data-state=complete]").wait_for()
    expect(page.locator("#freshness")).to_contain_text(ticker)


def test_a_name_shows_the_charts_of_its_most_traded_ticker(page: Page, site: str):
    search(page, "petrobras")
    shown(page, "PETR4")

    rows = requests.get(
        f"{site}/acoes/PETR4/volatility?limit=5000&sort=data&fields=data,preco_fechamento,drawdown", timeout=30
    ).json()["rows"]
    assert len(rows) == 499
    assert page.evaluate(CHART, ["index", 1]) == [row["preco_fechamento"] for row in rows]
    assert page.evaluate(CHART, ["drawdown", 1]) == [pytest.approx(100 * row["drawdown"]) for row in rows]
    close = f"{rows[-1]['preco_fechamento']:.2f}"
    expect(page.locator("#words")).to_contain_text(f"R$ {close if is_english(page) else close.replace('.', ',')}")
    expect(page.locator("#words")).not_to_contain_text("index")
    expect(page.locator("#index h2")).to_have_text("Price" if is_english(page) else "Preço")
    assert "ticker=PETR4" in page.url
    assert page.locator("#quality").text_content() == ""
    as_traded = "Prices are as traded" if is_english(page) else "Os preços são os negociados"
    expect(page.locator("#unusual_note")).to_contain_text(as_traded)


def test_a_link_to_a_ticker_shows_it_and_a_button_goes_back_to_the_index(page: Page, site: str):
    page.goto(f"{site}/#ticker=CEUA11&window=63")
    page.reload()
    shown(page, "CEUA11")
    page.locator("#to_index").click()

    expect(page).to_have_title("IBOVESPA and its volatility" if is_english(page) else "O IBOVESPA e sua volatilidade")
    page.locator("body[data-state=complete]").wait_for()
    assert "ticker" not in page.url
    assert "window=63" in page.url
    expect(page.locator("#to_index")).to_be_hidden()


def test_a_ticker_has_its_name_and_needs_nothing_of_the_index(page: Page, site: str):
    paths: list[str] = []
    page.on("request", lambda request: paths.append(urlsplit(request.url).path))
    page.evaluate("() => { location.hash = '#ticker=CEUA11' }")
    shown(page, "CEUA11")

    expect(page.locator("#name")).to_have_text("FII CÉU CI")
    expect(page.locator("#figures [data-name=close] dd")).to_contain_text(re.compile(r"^R\$ [\d.,]+$"))
    expect(page.locator("#forecast")).to_be_hidden()
    assert "/acoes/CEUA11/latest" in paths
    assert not [path for path in paths if path.startswith(("/ibov", "/status"))]


def test_back_returns_to_the_index_and_forward_to_the_ticker(page: Page):
    search(page, "VALE3")
    shown(page, "VALE3")
    page.go_back()

    expect(page).to_have_title(re.compile("IBOVESPA"))
    page.locator("body[data-state=complete]").wait_for()
    expect(page.locator("#forecast")).to_be_visible()
    expect(page.locator("#ticker")).to_have_value("")
    page.go_forward()
    shown(page, "VALE3")
    expect(page.locator("#ticker")).to_have_value("VALE3")


def test_the_button_to_the_index_leaves_the_focus_on_the_title(page: Page):
    search(page, "VALE3")
    shown(page, "VALE3")
    page.locator("#to_index").focus()
    page.keyboard.press("Enter")

    expect(page.locator("h1")).to_be_focused()


def test_a_link_to_an_unknown_ticker_names_similar_ones(page: Page, site: str):
    page.goto(f"{site}/#ticker=PETR9")
    problem = page.locator("#problem")
    no, near = ("has no ticker", "Similar") if is_english(page) else ("não tem o código", "Parecidos")

    expect(problem).to_contain_text(f"{no} PETR9. {near}: PETR")
    expect(problem.get_by_role("button")).to_be_hidden()
    search(page, "PETR4")
    shown(page, "PETR4")
    expect(problem).to_be_hidden()


def test_a_short_history_fills_the_charts(page: Page, site: str):
    search(page, "VVAR3")
    shown(page, "VVAR3")

    first = page.evaluate(CHART, ["index", 0])[0]
    assert page.evaluate("() => document.querySelector('#index .plot').chart.scales.x.min") == first


def test_a_market_without_data_says_what_adds_it(page: Page, site: str):
    empty = {"status": 503, "content_type": "application/problem+json", "body": '{"detail": "Nothing yet."}'}
    page.route("**/acoes?*", lambda route: route.fulfill(**empty))
    page.reload()

    expect(page.locator("#found")).to_contain_text("make market COTAHIST=")
    expect(page.locator("#ticker")).to_be_hidden()
    page.locator("body[data-state=complete]").wait_for()


def test_the_suggestions_before_a_name_are_the_most_traded_of_all(page: Page):
    expect(page.locator("#tickers option")).to_have_count(5)
    assert page.locator("#tickers option").first.get_attribute("value") == "PETR4"


def test_suggestions_are_the_most_traded_of_the_typed_name(page: Page):
    page.locator("#ticker").press_sequentially("petr")

    options = page.locator("#tickers option")
    expect(options).to_have_count(2)
    assert [option.get_attribute("value") for option in options.all()] == ["PETR4", "PETR3"]


def test_an_unknown_name_says_so_and_leaves_the_page(page: Page):
    search(page, "nothing")

    expect(page.locator("#found")).to_contain_text("nothing")
    assert "IBOVESPA" in page.title()


def test_an_estimator_of_a_share_has_no_caveat_about_yahoo(page: Page):
    search(page, "VALE3")
    shown(page, "VALE3")
    page.locator("#estimator").select_option("yang_zhang")
    page.locator("body[data-state=complete]").wait_for()

    assert page.locator("#caveat").is_hidden()
    assert "Yahoo" not in page.locator("main").inner_text()


def test_axe_finds_nothing_serious(page: Page):
    search(page, "PETR4")
    shown(page, "PETR4")

    assert serious_violations(page) == []
