// Draws the page from what `home.js` has loaded.

import { drawCone } from "./charts.js";
import { ESTIMATORS, THRESHOLDS, WINDOWS, language } from "./state.js";
import { renderCone, renderDays, renderForecast } from "./tables.js";
import { date, estimatorTitle, number, setLanguage, short, t } from "./text.js";
import * as words from "./words.js";

/**
 * @typedef {object} Loaded
 * @property {import("./state.js").State} state
 * @property {object} status the answer of `/status`; for a ticker `as_of`, `synthetic`, `name` and `regime`
 * @property {Record<string, any[]>} data columns
 * @property {{rows: object[], start: string}} cone with the first day of its range
 * @property {object|null} forecast the answer; null for a ticker
 */

const $ = (id) => document.getElementById(id);

const create = (tag, properties) => Object.assign(document.createElement(tag), properties);

const definition = ([name, value]) => [create("dt", { textContent: name }), create("dd", { textContent: value })];

function fill(select, values, text, value) {
  select.replaceChildren(...values.map((each) => new Option(text(each), each, false, each === value)));
}

/** Write the texts and the choices. @param {import("./state.js").State} state */
export function renderControls(state) {
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

/** Draw all sections. @param {Loaded} page @param {import("./charts.js").TimeCharts} charts */
export function render(page, charts) {
  const { state, status, data, cone, forecast } = page;
  const { regime } = forecast ?? status;
  const rank = cone.rows.find((row) => row.window === state.window);
  const estimator = estimatorTitle(state.estimator);
  $("name").textContent = status.name ?? "";
  $("synthetic").hidden = !status.synthetic;
  if (status.synthetic) document.title = `${t("watermark")}: ${t("title")}`;
  $("freshness").textContent = state.ticker ? t("fresh", { date: date(status.as_of) }) : words.freshness(status);
  $("quality").textContent = state.ticker ? "" : words.quality(status);
  $("words").textContent = words.latest(data, rank, regime, state);
  $("figures").replaceChildren(...words.figures(data, rank, regime).map(([name, ...texts]) => {
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
  $("forecast").hidden = !forecast;
  if (forecast) renderForecast(forecast);
  renderCone(cone.rows);
  renderPeriod(page, charts);
}

/** Draw the parts that depend on the period. @param {Loaded} page @param {import("./charts.js").TimeCharts} charts */
export function renderPeriod({ state, data }, charts) {
  renderDays(data, words.marks(data, state.unusual).unusual, charts.view);
  labelCharts(charts);
}

/** Name the charts with their period. @param {import("./charts.js").TimeCharts} charts */
export function labelCharts(charts) {
  const range = { start: date(charts.view.min, "medium"), end: date(charts.view.max, "medium") };
  for (const host of charts.hosts) {
    const chart = t(host.closest("section").id);
    host.setAttribute("aria-label", t("chart_label", { chart, ...range }));
  }
}

/**
 * Show the values of a day beside it, or nothing.
 * @param {Loaded} page @param {number|null} i index of the day @param {HTMLElement} host of the chart
 * @param {boolean} byKey whether to announce the day, which the reader chose by a key
 */
export function showDay({ state, data }, i, host, byKey) {
  const tip = $("tip");
  tip.hidden = i === null;
  if (byKey) $("day").textContent = "";
  if (i === null) return;
  const values = words.day(data, i, state);
  const list = document.createElement("dl");
  list.append(...values.flatMap(definition));
  tip.replaceChildren(create("strong", { textContent: date(data.data[i]) }), list);
  host.append(tip);
  const { left } = host.chart.cursor;
  const x = left + host.chart.over.offsetLeft;
  tip.style.left = `${Math.max(0, x > host.clientWidth / 2 ? x - tip.offsetWidth - 14 : x + 14)}px`;
  if (byKey) $("day").textContent = [date(data.data[i]), ...values.map((pair) => pair.join(": "))].join(". ");
}
