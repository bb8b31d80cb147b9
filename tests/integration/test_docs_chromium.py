"""Chromium: the page `/docs` over a lake of 300 generated sessions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.support.browser import chromium, chromium_path, serious_violations, watched

CHROMIUM = chromium_path()
FORM = 'form[data-path="/ibov/prices"]'


@pytest.fixture(scope="module")
def browser(clean_environment: None) -> Iterator[Browser]:
    with chromium(CHROMIUM) as browser:
        yield browser


@pytest.fixture(params=["light", "dark"])
def page(request: Any, browser: Browser, url: str) -> Iterator[Page]:
    """The page, which leaves no error and no violation of the Content-Security-Policy behind."""
    problems: list[str] = []
    context = browser.new_context(color_scheme=request.param)
    page = watched(context, url, problems)
    page.goto(f"{url}/docs")
    yield page
    context.close()
    assert problems == []


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_fields_are_picked_and_rows_are_a_table_with_a_csv(page: Page):
    form = page.locator(FORM)
    form.get_by_text("choose").click()
    form.get_by_label("data", exact=True).check()
    form.get_by_label("preco_fechamento", exact=True).check()
    form.get_by_label("limit").fill("3")
    expect(form.locator(".address")).to_contain_text("/ibov/prices?limit=3&fields=data,preco_fechamento")
    form.get_by_role("button").click()

    answer = form.locator("xpath=following-sibling::div[1]")
    expect(answer.locator(".status")).to_contain_text("200")
    expect(answer.locator("thead th")).to_have_text(["data", "preco_fechamento"])
    expect(answer.locator("tbody tr")).to_have_count(3)
    expect(answer.locator("pre")).to_contain_text('"synthetic": false')
    with page.expect_download() as download:
        answer.get_by_role("link", name="CSV").click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines[0] == "data,preco_fechamento"
    assert len(lines) == 4


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_the_sort_has_every_column_of_the_route(page: Page):
    form = page.locator('form[data-path="/acoes/{ticker}/volatility"]')
    expect(form.locator("input[name=ticker]").first).to_have_value("PETR4")
    form.get_by_label("sort").select_option("-noites_21")
    form.get_by_text("choose").click()
    form.get_by_label("negocios", exact=True).check()

    expect(form.locator(".address")).to_contain_text("/acoes/PETR4/volatility?sort=-noites_21&fields=negocios")
    assert page.locator(FORM).locator("option[value=-noites_21]").count() == 0


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_the_columns_that_only_a_ticker_has_are_listed_and_fit_a_phone(page: Page):
    page.set_viewport_size({"width": 390, "height": 844})
    name = page.locator("#columns th", has_text="volume_financeiro")

    expect(name).to_be_visible()
    box = name.bounding_box()
    assert box is not None
    assert box["height"] < 40
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390


@pytest.mark.parametrize("page", ["light"], indirect=True)
def test_the_key_is_sent_with_rows_and_csv_and_kept_for_the_tab(page: Page):
    keys: list[str | None] = []

    def handle(route: Route) -> None:
        keys.append(route.request.headers.get("x-api-key"))
        route.continue_()

    page.route("**/ibov/**", handle)
    page.locator("#key").fill("secret")
    form = page.locator(FORM)
    form.get_by_role("button").click()
    answer = form.locator("xpath=following-sibling::div[1]")
    with page.expect_download():
        answer.get_by_role("link", name="CSV").click()
    page.get_by_role("link", name="The index and its volatility as charts").click()
    page.locator("body[data-state=complete]").wait_for()

    assert set(keys) == {"secret"}


def test_axe_finds_nothing_serious(page: Page):
    form = page.locator(FORM)
    form.get_by_text("choose").click()
    form.get_by_role("button").click()
    expect(form.locator("xpath=following-sibling::div[1]").locator("tbody tr")).to_have_count(100)

    assert page.locator("html").get_attribute("lang") == "en"
    assert page.title() == "b3-dataflow: the API"
    assert serious_violations(page) == []
