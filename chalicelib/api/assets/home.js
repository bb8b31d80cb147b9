// The page `/`: loads the data, draws it, and redraws it when the reader chooses.

import { KeyNeeded, columns, get, keepKey, newest, older, root } from "./api.js";
import { TimeCharts, drawCone } from "./charts.js";
import { renderForecast } from "./forecast.js";
import { zoomIn, zoomOut } from "./gestures.js";
import { ESTIMATORS, THRESHOLDS, WINDOWS, language, readState, writeState } from "./state.js";
import { renderCone, renderDays } from "./tables.js";
import { date, estimatorTitle, number, setLanguage, short, t } from "./text.js";
import * as words from "./words.js";

const $ = (id) => document.getElementById(id);
const YEAR = 365.25 * 86400;
const PERIODS = { "2y": 2, "5y": 5, "10y": 10, all: Infinity };

const iso = (time) => new Date(1000 * time).toISOString().slice(0, 10);

let state = readState();
let status = null;
let data = null; // columns
let cone = null; // rows of the cone, and `start`, the first day of its range
let forecast = null; // the answer
let run = 0; // number of the current load; an earlier one is dropped
let retry = () => {};

const charts = new TimeCharts(showDay, () => {
  [state.from, state.to] = [iso(charts.view.min), iso(charts.view.max)];
  label();
  clearTimeout(label.timer);
  label.timer = setTimeout(() => { writeState(state); renderTables(); }, 200);
});

// Texts

function label() {
  const range = { start: date(charts.view.min, "medium"), end: date(charts.view.max, "medium") };
  for (const host of charts.hosts) {
    const chart = t(host.closest("section").id);
    host.setAttribute("aria-label", t("chart_label", { chart, ...range }));
  }
}

function fill(select, values, text, value) {
  select.replaceChildren(...values.map((each) => new Option(text(each), each, false, each === value)));
}

function renderControls() {
  setLanguage(language(state), state.ticker);
  $("to_index").hidden = !state.ticker;
  $("language").value = language(state);
  fill($("estimator"), ESTIMATORS, estimatorTitle, state.estimator);
  fill($("window"), WINDOWS, (n) => t("sessions", { n }), state.window);
  fill($("unusual"), THRESHOLDS, (n) => t("unusual_option", { n: number(n, n % 1 ? 1 : 0) }), state.unusual);
  $("log").checked = state.log;
  for (const button of document.querySelectorAll("#periods button")) button.textContent = t(button.value);
  for (const button of document.querySelectorAll(".tools button")) {
    button.textContent = t(button.value);
    button.setAttribute("aria-label", t("of_chart", { tool: t(button.value), chart: t(button.closest("section").id) }));
  }
}

function render() {
  const rank = cone.rows.find((row) => row.window === state.window);
  const estimator = estimatorTitle(state.estimator);
  $("synthetic").hidden = !status.synthetic;
  if (status.synthetic) document.title = `${t("watermark")}: ${t("title")}`;
  $("freshness").textContent = state.ticker ? t("fresh", { date: date(status.as_of) }) : words.freshness(status);
  $("quality").textContent = state.ticker ? "" : words.quality(status);
  $("words").textContent = words.latest(data, rank, forecast.regime, state);
  $("figures").replaceChildren(...words.figures(data, rank, forecast.regime).map(([name, ...texts]) => {
    const pair = document.createElement("div");
    pair.dataset.name = name;
    pair.append(...definition(texts));
    return pair;
  }));
  $("unusual_note").textContent = t("unusual_note", { n: number(state.unusual, state.unusual % 1 ? 1 : 0) });
  $("volatility_legend").textContent = t("volatility_legend", { estimator, n: state.window });
  $("caveat").textContent = words.caveat(state) ?? "";
  $("caveat").hidden = !words.caveat(state);
  $("cone_note").textContent = t("cone_note", { estimator, start: date(cone.start), end: date(status.as_of) });
  const texts = { date, number: short, watermark: status.synthetic ? t("watermark") : null };
  charts.draw(data, words.marks(data, state.unusual), state.log, texts);
  drawCone(document.querySelector("#cone .plot"), cone.rows, texts);
  document.querySelector("#cone .plot").setAttribute("aria-label", `${t("cone")}. ${$("cone_note").textContent}`);
  $("forecast").hidden = Boolean(state.ticker);
  renderForecast(forecast);
  renderTables();
  label();
}

function renderTables() {
  renderCone(cone.rows);
  renderDays(data, words.marks(data, state.unusual).unusual, charts.view);
}

const definition = ([name, value]) => ["dt", "dd"].map((tag, i) =>
  Object.assign(document.createElement(tag), { textContent: [name, value][i] }));

function showDay(i, host, byKey) {
  const tip = $("tip");
  tip.hidden = i === null;
  if (byKey) $("day").textContent = "";
  if (i === null) return;
  const values = words.day(data, i, state);
  const list = document.createElement("dl");
  list.append(...values.flatMap(definition));
  tip.replaceChildren(Object.assign(document.createElement("strong"), { textContent: date(data.data[i]) }), list);
  host.append(tip);
  const { left } = host.chart.cursor;
  const x = left + host.chart.over.offsetLeft;
  tip.style.left = `${Math.max(0, x > host.clientWidth / 2 ? x - tip.offsetWidth - 14 : x + 14)}px`;
  if (byKey) $("day").textContent = [date(data.data[i]), ...values.map((pair) => pair.join(": "))].join(". ");
}

// Loading

function showProblem(text, again) {
  $("problem").hidden = !text;
  $("problem").firstElementChild.textContent = text;
  retry = again;
}

function fiveYearsBefore(day) {
  const start = new Date(day);
  start.setUTCFullYear(start.getUTCFullYear() - 5);
  return start.toISOString().slice(0, 10);
}

/** What the page needs to know about a ticker, from the answer with its newest rows. */
async function ofTicker(answer) {
  const { rows, meta } = await answer;
  return { as_of: rows[0]?.data ?? null, synthetic: meta.synthetic };
}

async function load() {
  run += 1;
  const mine = run;
  document.querySelector("main").setAttribute("aria-busy", "true");
  document.body.dataset.state = data ? "ready" : "loading";
  $("loading").hidden = false;
  $("loading").textContent = t("loading");
  showProblem("", load);
  try {
    const rows = newest(state);
    rows.catch(() => {}); // awaited below, unless the lake is empty
    const state_ = state.ticker ? await ofTicker(rows) : await get("status");
    if (mine !== run) return;
    if (!state_.as_of) return stop("empty", t("empty"));
    const start = fiveYearsBefore(state_.as_of);
    const [{ rows: first }, { rows: windows }, answer] = await Promise.all([
      rows,
      get(`${root(state)}/volatility/cone`, { estimator: state.estimator, start }),
      // The bounds of the regimes are the index's for a share too, which has no forecasts.
      get("ibov/volatility/forecast"),
    ]);
    if (mine !== run) return;
    [status, cone, forecast, data] = [state_, { rows: windows, start }, answer, columns(first)];
    if (state.from) charts.view ??= { min: Date.parse(state.from) / 1000, max: Date.parse(state.to) / 1000 };
    document.body.dataset.state = "ready";
    $("key").hidden = true;
    render();
    document.querySelector("main").setAttribute("aria-busy", "false");
    performance.mark("first-view");
    await loadOlder(mine);
  } catch (error) {
    if (mine !== run) return;
    if (error instanceof KeyNeeded) askForKey();
    else stop("failed", words.failure(error));
  }
}

async function loadOlder(mine) {
  const [oldest] = data.data;
  let end = "complete";
  $("loading").textContent = t("loading_older");
  try {
    for await (const rows of older(state, oldest)) {
      if (mine !== run) return;
      if (rows.length) data = columns(rows, data);
    }
  } catch (error) {
    if (error instanceof KeyNeeded) throw error;
    if (mine !== run) return;
    end = "partial";
    showProblem(`${t("older_failed", { date: date(oldest) })} ${words.failure(error)}`, load);
  }
  render();
  $("loading").hidden = true;
  document.body.dataset.state = end;
}

function stop(name, text) {
  document.body.dataset.state = name;
  $("loading").hidden = true;
  showProblem(text, load);
}

function askForKey() {
  document.body.dataset.state = "key";
  $("loading").hidden = true;
  const form = $("key");
  if (!form.hidden) showProblem(t("key_refused"), load);
  form.hidden = false;
  $("key_value").value = "";
  $("key_value").focus();
}

// The reader's choices

function choose(changes, anew) {
  Object.assign(state, changes);
  writeState(state);
  renderControls();
  if (anew) load();
  else if (data) render();
}

function showPeriod(name) {
  const last = data.time.at(-1);
  const min = Math.max(data.time[0], last - PERIODS[name] * YEAR);
  charts.show({ min, max: last + 5 * 86400 });
  charts.onView();
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
  $("problem").querySelector("button").addEventListener("click", () => { retry(); });
  $("key").addEventListener("submit", (event) => {
    event.preventDefault();
    keepKey($("key_value").value.trim());
    load();
  });
  for (const section of document.querySelectorAll(".chart")) addTools(section);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { if (data) render(); });
  window.addEventListener("hashchange", () => {
    state = readState();
    charts.view = null;
    renderControls();
    load();
  });
}

function addTools(section) {
  const tools = Object.assign(document.createElement("p"), { className: "tools" });
  for (const value of ["csv", "curl", "png"]) {
    const button = Object.assign(document.createElement("button"), { type: "button", value });
    button.addEventListener("click", async () => {
      const range = section.id === "cone" ? { start: cone.start, end: status.as_of } : { start: iso(charts.view.min), end: iso(Math.min(charts.view.max, data.time.at(-1))) };
      const { run: runTool } = await import("./export.js");
      $("done").textContent = await runTool(value, section, state, range, status.synthetic).catch(words.failure);
    });
    tools.append(button);
  }
  section.append(tools);
}

/** Show another ticker, or the index. @param {string|null} ticker */
function showTicker(ticker) {
  charts.view = null;
  choose({ ticker, from: null, to: null }, true);
}

if (document.body.dataset.market === "yes") import("./search.js").then(({ addSearch }) => { addSearch(showTicker); });
addControls();
renderControls();
load();
