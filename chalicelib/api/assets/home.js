// The page `/`: loads the data, draws it, and redraws it when the reader chooses.

import { KeyNeeded, columns, get, keepKey, newest, older, root } from "./api.js";
import { TimeCharts } from "./charts.js";
import { zoomIn, zoomOut } from "./gestures.js";
import { readState, writeState } from "./state.js";
import { date, t } from "./text.js";
import { labelCharts, render, renderControls, renderPeriod, showDay } from "./view.js";
import { failure } from "./words.js";

const $ = (id) => document.getElementById(id);
const YEAR = 365.25 * 86400;
const PERIODS = { "2y": 2, "5y": 5, "10y": 10, all: Infinity };

const iso = (time) => new Date(1000 * time).toISOString().slice(0, 10);

/** @type {import("./view.js").Loaded} */
const page = { state: readState(), status: null, data: null, cone: null, forecast: null };
let run = 0; // number of the current load; an earlier one is dropped
let writing = 0; // timer

const charts = new TimeCharts((...day) => { showDay(page, ...day); }, () => {
  [page.state.from, page.state.to] = [iso(charts.view.min), iso(charts.view.max)];
  labelCharts(charts);
  clearTimeout(writing);
  writing = setTimeout(() => { writeState(page.state); renderPeriod(page, charts); }, 200);
});

// Loading

function showProblem(text, canRetry = true) {
  const [words, button] = $("problem").children;
  $("problem").hidden = !text;
  words.textContent = text;
  button.hidden = !canRetry;
}

function fiveYearsBefore(day) {
  const start = new Date(day);
  start.setUTCFullYear(start.getUTCFullYear() - 5);
  return start.toISOString().slice(0, 10);
}

/** The status of the index. For a ticker, the same members from its newest session, its name and the bounds of the regimes. */
async function statusOf(state) {
  if (!state.ticker) return get("status");
  const { session, regime, meta } = await get(`${root(state)}/latest`);
  return { as_of: session?.data ?? null, synthetic: meta.synthetic, name: session?.nome ?? "", regime };
}

async function load() {
  run += 1;
  const mine = run;
  const { state } = page;
  document.querySelector("main").setAttribute("aria-busy", "true");
  document.body.dataset.state = page.data ? "ready" : "loading";
  $("loading").hidden = false;
  $("loading").textContent = t("loading");
  showProblem("");
  try {
    const rows = newest(state);
    rows.catch(() => {}); // awaited below, unless the lake is empty
    const status = await statusOf(state);
    if (mine !== run) return;
    if (!status.as_of) return stop("empty", t("empty"));
    const start = fiveYearsBefore(status.as_of);
    const [{ rows: first }, { rows: windows }, forecast] = await Promise.all([
      rows,
      get(`${root(state)}/volatility/cone`, { estimator: state.estimator, start }),
      state.ticker ? null : get("ibov/volatility/forecast"), // there are no forecasts of shares
    ]);
    if (mine !== run) return;
    Object.assign(page, { status, cone: { rows: windows, start }, forecast, data: columns(first) });
    if (state.from) charts.view ??= { min: Date.parse(state.from) / 1000, max: Date.parse(state.to) / 1000 };
    document.body.dataset.state = "ready";
    $("key").hidden = true;
    render(page, charts);
    document.querySelector("main").setAttribute("aria-busy", "false");
    performance.mark("first-view");
    await loadOlder(mine);
  } catch (error) {
    if (mine !== run) return;
    if (error instanceof KeyNeeded) askForKey();
    else stop("failed", failure(error), !error.near);
  }
}

async function loadOlder(mine) {
  const [oldest] = page.data.data;
  let end = "complete";
  $("loading").textContent = t("loading_older");
  try {
    for await (const rows of older(page.state, oldest)) {
      if (mine !== run) return;
      if (rows.length) page.data = columns(rows, page.data);
    }
  } catch (error) {
    if (error instanceof KeyNeeded) throw error;
    if (mine !== run) return;
    end = "partial";
    showProblem(`${t("older_failed", { date: date(oldest) })} ${failure(error)}`);
  }
  render(page, charts);
  $("loading").hidden = true;
  document.body.dataset.state = end;
}

function stop(name, text, canRetry) {
  document.body.dataset.state = name;
  $("loading").hidden = true;
  showProblem(text, canRetry);
}

function askForKey() {
  document.body.dataset.state = "key";
  $("loading").hidden = true;
  const form = $("key");
  if (!form.hidden) showProblem(t("key_refused"));
  form.hidden = false;
  $("key_value").value = "";
  $("key_value").focus();
}

// The reader's choices

function choose(changes, anew) {
  Object.assign(page.state, changes);
  writeState(page.state);
  renderControls(page.state);
  if (anew) load();
  else if (page.data) render(page, charts);
}

function showPeriod(name) {
  const last = page.data.time.at(-1);
  const min = Math.max(page.data.time[0], last - PERIODS[name] * YEAR);
  charts.show({ min, max: last + 5 * 86400 });
  charts.onView();
}

/** Show another state, with the view of its period. */
function show(state) {
  page.state = state;
  charts.view = null;
  $("ticker").value = state.ticker ?? "";
  renderControls(state);
  load();
}

/** Show another ticker, or the index; the browser's Back returns. @param {string|null} ticker */
function showTicker(ticker) {
  const state = { ...page.state, ticker, from: null, to: null };
  writeState(state, "pushState");
  show(state);
}

function addControls() {
  document.body.append(Object.assign(document.createElement("div"), { id: "tip", hidden: true }));
  $("tip").setAttribute("aria-hidden", "true");
  $("language").addEventListener("change", (event) => { choose({ lang: event.target.value }, false); });
  $("estimator").addEventListener("change", (event) => { choose({ estimator: event.target.value }, true); });
  $("window").addEventListener("change", (event) => { choose({ window: Number(event.target.value) }, true); });
  $("unusual").addEventListener("change", (event) => { choose({ unusual: Number(event.target.value) }, false); });
  $("log").addEventListener("change", (event) => { choose({ log: event.target.checked }, false); });
  for (const name of Object.keys(PERIODS)) {
    const button = Object.assign(document.createElement("button"), { type: "button", value: name });
    button.addEventListener("click", () => { showPeriod(name); });
    $("periods").append(button);
  }
  $("closer").addEventListener("click", () => { charts.show(zoomIn(charts.view)); charts.onView(); });
  $("farther").addEventListener("click", () => { charts.show(zoomOut(charts.view)); charts.onView(); });
  $("problem").querySelector("button").addEventListener("click", load);
  $("key").addEventListener("submit", (event) => {
    event.preventDefault();
    keepKey($("key_value").value.trim());
    load();
  });
  for (const section of document.querySelectorAll(".chart")) addTools(section, ["csv", "curl", "png"]);
  addTools($("forecast"), ["csv", "curl"]);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (page.data) render(page, charts); });
  window.addEventListener("hashchange", () => { show(readState()); });
}

/** The first and the last day of what a section shows. */
function rangeOf(section) {
  if (section.id === "forecast") return { start: page.forecast.data, end: page.forecast.data };
  if (section.id === "cone") return { start: page.cone.start, end: page.status.as_of };
  return { start: iso(charts.view.min), end: iso(Math.min(charts.view.max, page.data.time.at(-1))) };
}

function addTools(section, names) {
  const tools = Object.assign(document.createElement("p"), { className: "tools" });
  for (const value of names) {
    const button = Object.assign(document.createElement("button"), { type: "button", value });
    button.addEventListener("click", async () => {
      const { run: runTool } = await import("./export.js");
      $("done").textContent =
        await runTool(value, section, page.state, rangeOf(section), page.status.synthetic).catch(failure);
    });
    tools.append(button);
  }
  section.append(tools);
}

if (document.body.dataset.market === "yes") import("./search.js").then(({ addSearch }) => { addSearch(showTicker); });
addControls();
$("ticker").value = page.state.ticker ?? "";
renderControls(page.state);
load();
