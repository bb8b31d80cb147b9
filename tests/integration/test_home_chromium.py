"""Chromium: the page `/` over a lake of 700 generated sessions."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect

from infra.stage.throttling import BURST, OPEN_BURST
from local.laptop import Laptop
from tests.support.bars import raw_object, session_bars
from tests.support.browser import chromium, chromium_path, serious_violations, watched
from tests.support.lake import fill

CHROMIUM = chromium_path()
SESSIONS, FIRST_VIEW = 700, 504
ENGLISH = {"locale": "en-US", "viewport": {"width": 1280, "height": 800}}
PHONE = {"locale": "pt-BR", "viewport": {"width": 390, "height": 844}, "color_scheme": "dark", "has_touch": True}

CHART = "([id, i]) => document.querySelector(`#${id} .plot`).chart.data[i]"

Open = Callable[..., Page]


@pytest.fixture(scope="module")
def browser(clean_environment: None) -> Iterator[Browser]:
    with chromium(CHROMIUM) as browser:
        yield browser


@pytest.fixture(scope="module")
def site(running: Laptop) -> Iterator[str]:
    """URL of the API."""
    running.aws.reset()
    running.create_stack()
    fill(raw_object(session_bars("2022-10-03", SESSIONS)))
    with running.serve(0) as server:
        yield server.url
    running.aws.reset()


@pytest.fixture(scope="module")
def rows(site: str) -> list[dict[str, Any]]:
    """Rows of the API, in order of date, with `vol_anualizada` of the default estimator and window."""
    fields = "data,preco_fechamento,vol_anualizada,drawdown,vol_zscore,avisos"
    answer = requests.get(f"{site}/ibov/volatility?limit=5000&sort=data&fields={fields}", timeout=30).json()
    return list(answer["rows"])


@pytest.fixture
def open_page(browser: Browser, site: str) -> Iterator[Open]:
    """Function that opens the page in a new context, and waits for a state. No test may leave an error behind."""
    contexts: list[BrowserContext] = []
    problems: list[str] = []

    def open_page(
        fragment: str = "",
        state: str = "complete",
        routes: dict[str, Callable[[Route], None]] | None = None,
        path: str = "/",
        prepare: Callable[[Page], None] = lambda page: None,
        **options: Any,
    ) -> Page:
        context = browser.new_context(**{**ENGLISH, **options})
        contexts.append(context)
        for pattern, handle in (routes or {}).items():
            context.route(pattern, handle)
        page = watched(context, site, problems)
        prepare(page)
        page.goto(f"{site}{path}{fragment}")
        page.locator(f"body[data-state={state}]").wait_for()
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


def values(page: Page, chart: str, series: int = 1) -> list[Any]:
    return list(page.evaluate(CHART, [chart, series]))


def percent(rows: list[dict[str, Any]], name: str) -> list[Any]:
    return [None if row[name] is None else pytest.approx(100 * row[name]) for row in rows]


def answering(status: int, body: Any) -> Callable[[Route], None]:
    return lambda route: route.fulfill(status=status, content_type="application/json", body=json.dumps(body))


def test_the_charts_have_the_values_of_the_api(open_page: Open, rows: list[dict[str, Any]]):
    page = open_page()

    assert values(page, "index") == [row["preco_fechamento"] for row in rows]
    assert values(page, "volatility") == percent(rows, "vol_anualizada")
    assert values(page, "drawdown") == percent(rows, "drawdown")
    assert page.title() == "IBOVESPA and its volatility"
    assert page.locator("html").get_attribute("lang") == "en"
    assert page.locator("#caveat").is_hidden()
    assert page.locator("#synthetic").is_hidden()


def test_a_cold_page_fits_into_the_bursts_of_api_gateway(open_page: Open):
    requested: list[str] = []

    def record(page: Page) -> None:
        page.on("request", lambda request: requested.append(urlsplit(request.url).path))

    open_page(prepare=record)

    free = [path for path in requested if not re.match("/(ibov|status)", path)]
    assert free[0] == "/"
    # Two pages at once, and a third, take no more than a burst of each method.
    assert 10 < len(free) <= 15
    assert max(Counter("assets" if path.startswith("/assets") else path for path in free).values()) * 3 <= OPEN_BURST
    assert len(requested) - len(free) < BURST


def test_the_first_view_is_small_and_the_rest_loads_after_it(open_page: Open):
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    sizes: list[int] = []

    def measure(page: Page) -> None:
        page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))

    page = open_page(state="ready", routes={"**/*end=*": hold}, prepare=measure)

    assert len(values(page, "index")) == FIRST_VIEW
    assert len(sizes) < 18
    assert sum(sizes) < 300_000
    expect(page.locator("#loading")).to_have_text("Loading the older sessions…")
    held.pop().continue_()
    page.locator("body[data-state=complete]").wait_for()
    assert len(values(page, "index")) == SESSIONS
    expect(page.locator("#loading")).to_be_hidden()


def test_the_words_and_figures_are_those_of_the_last_session(open_page: Open, site: str, rows: list[dict[str, Any]]):
    page = open_page()
    start = f"{int(rows[-1]['data'][:4]) - 5}{rows[-1]['data'][4:]}"
    cone = requests.get(f"{site}/ibov/volatility/cone?start={start}", timeout=30).json()["rows"]
    (month,) = (row for row in cone if row["window"] == 21)
    reading = "calm" if month["percentile"] < 0.33 else "tense" if month["percentile"] > 0.8 else "usual"

    figures = {name: page.locator(f"#figures [data-name={name}] dd").inner_text() for name in ("close", "percentile")}
    assert figures == {
        "close": f"{rows[-1]['preco_fechamento']:,.0f} points",
        "percentile": f"{100 * month['percentile']:.0f}",
    }
    assert page.locator("#figures [data-name=reading] dd").inner_text() == reading
    words = page.locator("#words").inner_text()
    assert f"{100 * month['current']:.2f}% a year" in words
    assert f"of the {month['count']} values" in words
    assert f"which is {reading}." in words
    for series, name in enumerate(("min", "p25", "median", "p75", "max", "current"), 1):
        assert values(page, "cone", series) == percent(cone, name)
    assert page.locator("#cone tbody tr").count() == 7


def table(page: Page, section: str) -> list[list[str]]:
    rows = [row.locator("th, td").all_inner_texts() for row in page.locator(f"#{section} tbody tr").all()]
    return [[text.replace("\u00a0", " ") for text in row] for row in rows]


def claim(row: dict[str, Any], scores: list[dict[str, Any]]) -> str:
    """Return what the page says of the score of a forecast."""
    if row["model"] == "ewma":
        return "the benchmark"
    key = (row["model"], row["horizon"], "2019 on")
    (apart,) = (each for each in scores if (each["model"], each["horizon"], each["period"]) == key)
    (first, p), (second, later) = ((verdict(each), probability(each["p_value"])) for each in (row, apart))
    if first == second:
        return f"{first} ({p}; from 2019 on {later})"
    return f"{first} ({p}); from 2019 on {second} ({later})"


def probability(p: float) -> str:
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}"


def verdict(score: dict[str, Any]) -> str:
    significant = "better" if score["difference"] < 0 else "worse"
    return significant if score["p_value"] <= 0.05 else "no significant difference"


def test_the_forecasts_and_their_scores_are_those_of_the_api(open_page: Open, site: str, rows: list[dict[str, Any]]):
    answer = requests.get(f"{site}/ibov/volatility/forecast", timeout=30).json()
    expected = []
    for row in sorted(answer["rows"], key=lambda row: int(row["horizon"])):
        band = f" ({100 * row['lower']:.1f}% to {100 * row['upper']:.1f}%)" if row["lower"] is not None else ""
        expected.append([
            "1 session" if row["horizon"] == 1 else f"{row['horizon']} sessions",
            row["model"].upper(),
            f"{100 * row['volatility']:.1f}%{band}",
            claim(row, answer["scores"]),
            f"{100 * row['coverage']:.0f}%" if row["coverage"] is not None else "–",
        ])  # fmt: skip

    page = open_page()

    assert table(page, "forecast") == expected
    assert answer["data"] == rows[-1]["data"]
    percentile = answer["regime"]["prev_har_21d_percentil"]
    words = page.locator("#forecast_words")
    expect(words).to_contain_text(f"The regime is {answer['regime']['name']}: HAR's forecast for 21 sessions is at ")
    expect(words).to_contain_text(f"at percentile {percentile:.0f} of its last 1,260.")
    page.select_option("#language", "pt")
    expect(words).to_contain_text("percentil")
    assert all(row[3] == "a referência" for row in table(page, "forecast")[::2])


@pytest.mark.parametrize(
    ("difference", "p_value", "later", "text"),
    [
        (-0.03, 0.007, None, "better (p = 0.007)"),
        (-0.03, 0.0004, 0.001, "better (p < 0.001; from 2019 on p = 0.001)"),
        (0.03, 0.05, None, "worse (p = 0.050)"),
        (-0.03, 0.051, None, "no significant difference (p = 0.051)"),
        (-0.03, 0.051, 0.3, "no significant difference (p = 0.051; from 2019 on p = 0.300)"),
        (-0.03, 0.007, 0.3, "better (p = 0.007); from 2019 on no significant difference (p = 0.300)"),
        (None, None, None, "too few forecasts to score"),
    ],
)
def test_nothing_is_claimed_that_is_not_significant(
    open_page: Open, site: str, difference: float | None, p_value: float | None, later: float | None, text: str
):
    answer = requests.get(f"{site}/ibov/volatility/forecast", timeout=30).json()
    for row in answer["rows"]:
        row |= {"difference": difference, "p_value": p_value, "lower": None, "coverage": None}
    for score in answer["scores"]:
        score |= {"difference": difference, "p_value": later}
    answer["regime"] = {"name": None, "prev_har_21d_percentil": None, "calm_below": 0, "tense_above": 0}

    page = open_page(routes={"**/ibov/volatility/forecast": answering(200, answer)})

    assert [row[3:] for row in table(page, "forecast") if row[1] == "HAR"] == [[text, "–"]] * 3
    expect(page.locator("#forecast_words")).to_contain_text("too few forecasts")
    # The page reads the bounds of the regimes from the answer.
    assert page.locator("#figures [data-name=reading] dd").inner_text() == "tense"


def test_the_forecasts_can_be_taken_as_csv_and_curl(open_page: Open, site: str, rows: list[dict[str, Any]]):
    page = open_page(permissions=["clipboard-read", "clipboard-write"])
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV: Forecast of volatility", exact=True).click()
    page.get_by_role("button", name="Copy as curl: Forecast of volatility").click()
    expect(page.locator("#done")).to_have_text("The command is copied.")

    assert download.value.suggested_filename == f"ibov-forecast-{rows[-1]['data']}.csv"
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    assert lines == requests.get(f"{site}/ibov/volatility/forecast?format=csv", timeout=30).text.splitlines()
    assert len(lines) == 7
    assert page.evaluate("() => navigator.clipboard.readText()") == f"curl '{site}/ibov/volatility/forecast'"
    assert page.locator("#forecast .tools button").count() == 2


@pytest.mark.parametrize("locale", ["en-US", "pt-BR"])
def test_a_phone_shows_the_forecasts_without_scrolling(open_page: Open, locale: str):
    page = open_page(**{**PHONE, "locale": locale})

    widths = page.locator("#forecast .scroll").evaluate("(each) => [each.scrollWidth, each.clientWidth]")
    assert widths[0] == widths[1]


def test_a_choice_changes_charts_caveat_and_url(open_page: Open, site: str):
    page = open_page()
    page.select_option("#estimator", "parkinson")
    page.select_option("#window", "63")

    fields = "fields=data,vol_anualizada&limit=5000&sort=data"
    url = f"{site}/ibov/volatility?estimator=parkinson&window=63&{fields}"
    expected = percent(requests.get(url, timeout=30).json()["rows"], "vol_anualizada")
    expect(page.locator("#volatility_legend")).to_have_text("Parkinson, 63 sessions, % a year")
    page.locator("body[data-state=complete]").wait_for()
    assert values(page, "volatility") == expected
    expect(page.locator("#caveat")).to_contain_text("misses the night")
    assert "estimator=parkinson&window=63" in page.url
    page.select_option("#estimator", "yang_zhang")
    expect(page.locator("#caveat")).to_contain_text("overnight term is small")
    page.reload()
    expect(page.locator("#estimator")).to_have_value("yang_zhang")
    expect(page.locator("#window")).to_have_value("63")


def test_periods_keys_and_pointer_move_the_view_and_the_url(open_page: Open):
    page = open_page()
    view = "() => { const {min, max} = document.querySelector('#drawdown .plot').chart.scales.x; return [min, max] }"
    recent = page.evaluate(view)
    page.get_by_role("button", name="All").click()
    first, last = page.evaluate(view)
    assert first == values(page, "index", 0)[0]
    assert last == recent[1]
    page.wait_for_url("**#from=2022-10-03&*")

    plot = page.locator("#index .plot")
    plot.focus()
    page.keyboard.press("+")
    assert page.evaluate(view)[1] - page.evaluate(view)[0] < last - first
    page.keyboard.press("0")
    assert page.evaluate(view) == recent
    box = plot.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + 400, box["y"] + 100, steps=2)
    page.mouse.up()
    moved = page.evaluate(view)
    assert moved[0] < recent[0]
    assert moved[1] - moved[0] == pytest.approx(recent[1] - recent[0])


def test_marks_and_the_day_in_words(open_page: Open, rows: list[dict[str, Any]]):
    warned = next(i for i, row in enumerate(rows) if row["avisos"] == "sessao_curta")
    page = open_page()
    page.locator("#volatility .plot").focus()
    page.keyboard.press("Home")
    for _ in range(warned):
        page.keyboard.press("ArrowRight")

    day = page.locator("#day")
    expect(day).to_contain_text("short session (Ash Wednesday)")
    expect(day).to_contain_text(f"Close: {rows[warned]['preco_fechamento']:,.0f} points")
    expect(page.locator("#tip")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#tip")).to_be_hidden()

    for threshold in ("1.5", "4"):
        page.select_option("#unusual", threshold)
        expected = [i for i, row in enumerate(rows) if (row["vol_zscore"] or 0) > float(threshold)]
        marks = "() => document.querySelector('#index .plot').marks"
        flags = page.evaluate(marks)
        assert [i for i, flag in enumerate(flags["unusual"]) if flag] == expected
        assert [i for i, flag in enumerate(flags["warned"]) if flag] == [
            i for i, row in enumerate(rows) if row["avisos"]
        ]


def test_portuguese_by_browser_and_by_choice(open_page: Open, rows: list[dict[str, Any]]):
    page = open_page(**PHONE)

    assert (page.title(), page.locator("html").get_attribute("lang")) == ("O IBOVESPA e sua volatilidade", "pt-BR")
    close = f"{rows[-1]['preco_fechamento']:,.0f}".replace(",", ".")
    expect(page.locator("#figures [data-name=close] dd")).to_have_text(f"{close} pontos")
    assert page.evaluate("() => document.documentElement.scrollWidth") == 390
    page.select_option("#language", "en")
    assert (page.title(), page.locator("html").get_attribute("lang")) == ("IBOVESPA and its volatility", "en")
    assert page.url.endswith("#lang=en")


def test_a_failing_api_shows_and_can_be_tried_again(open_page: Open):
    failing = True

    def handle(route: Route) -> None:
        if failing:
            answering(500, {"detail": "An internal error."})(route)
        else:
            route.continue_()

    page = open_page(state="failed", routes={"**/ibov/volatility/cone*": handle})
    problem = page.locator("#problem")
    expect(problem).to_contain_text("The API did not answer this request (500). An internal error.")
    expect(page.locator("main")).to_be_hidden()
    failing = False
    problem.get_by_role("button").click()
    page.locator("body[data-state=complete]").wait_for()
    expect(problem).to_be_hidden()


def test_older_sessions_that_fail_leave_the_first_view(open_page: Open):
    page = open_page(state="partial", routes={"**/*end=*": lambda route: route.abort()})

    expect(page.locator("#problem")).to_contain_text("The API cannot be reached")
    assert len(values(page, "index")) == FIRST_VIEW


def test_an_empty_lake_says_what_to_do(open_page: Open):
    page = open_page(state="empty", routes={"**/status": answering(200, {"state": "empty", "as_of": None})})

    expect(page.locator("#problem")).to_contain_text("Run the ingest")


def test_the_key_is_asked_for_once(open_page: Open):
    keys: set[str | None] = set()

    def handle(route: Route) -> None:
        keys.add(route.request.headers.get("x-api-key"))
        if route.request.headers.get("x-api-key") == "secret":
            route.continue_()
        else:
            answering(403, {"detail": "the header x-api-key is missing"})(route)

    page = open_page(state="key", routes={"**/ibov/**": handle, "**/status": handle})
    page.get_by_label("This deployment needs an API key").fill("wrong")
    page.get_by_role("button", name="Use this key").click()
    expect(page.locator("#problem")).to_contain_text("The API refused this key")
    page.locator("#key_value").fill("secret")
    page.keyboard.press("Enter")
    page.locator("body[data-state=complete]").wait_for()
    expect(page.locator("#key")).to_be_hidden()
    assert keys == {None, "wrong", "secret"}

    keys.clear()
    page.goto(page.url.partition("#")[0] + "docs")
    expect(page.locator("#key")).to_have_value("secret")


def test_synthetic_data_is_unmistakable(open_page: Open, site: str):
    status = requests.get(f"{site}/status", timeout=30).json() | {"synthetic": True}
    page = open_page(routes={"**/status": answering(200, status)})

    expect(page.locator("#synthetic")).to_contain_text("Every number on this page is generated")
    assert page.title().startswith("SYNTHETIC")
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG: Index").click()
    assert download.value.suggested_filename.endswith("-synthetic.png")


def test_a_chart_can_be_taken_as_csv_curl_and_png(open_page: Open, site: str, rows: list[dict[str, Any]]):
    page = open_page("#from=2023-01-02&to=2023-03-31", permissions=["clipboard-read", "clipboard-write"])
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV: Volatility", exact=True).click()
    lines = download.value.path().read_text(encoding="utf-8").splitlines()
    shown = [row for row in rows if "2023-01-02" <= row["data"] <= "2023-03-31"]
    assert lines[0] == "data,preco_fechamento,vol_anualizada"
    assert [line.split(",")[0] for line in lines[1:]] == [row["data"] for row in reversed(shown)]
    page.get_by_role("button", name="Copy as curl: Drawdown").click()
    expect(page.locator("#done")).to_have_text("The command is copied.")
    command = page.evaluate("() => navigator.clipboard.readText()")
    assert command == f"curl '{site}/ibov/prices?start=2023-01-02&end=2023-03-31&limit=8333'"
    with page.expect_download() as download:
        page.get_by_role("button", name="PNG: Volatility cone").click()
    assert download.value.path().read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("options", [ENGLISH, PHONE], ids=["desktop light", "phone dark"])
def test_axe_finds_nothing_serious(open_page: Open, options: dict[str, Any]):
    assert serious_violations(open_page(**options)) == []


def test_reduced_motion_is_honoured(open_page: Open):
    animations = "() => document.getAnimations().length"
    still = open_page(state="ready", routes={"**/*end=*": lambda route: None}, reduced_motion="reduce")
    moving = open_page(state="ready", routes={"**/*end=*": lambda route: None})

    assert (still.evaluate(animations), moving.evaluate(animations)) == (0, 1)


def test_the_page_works_behind_a_stage(open_page: Open, site: str):
    def handle(route: Route) -> None:
        path = route.request.url.removeprefix(f"{site}/prod")
        response = route.fetch(url=f"{site}{path}")
        body = response.text().replace('<base href="/">', '<base href="/prod/">')
        route.fulfill(response=response, body=body)

    page = open_page(path="/prod/", routes={f"{site}/prod/**": handle})
    page.get_by_role("button", name="5 years").click()

    page.wait_for_url(f"{site}/prod/#from=*")
    assert len(values(page, "index")) == SESSIONS
