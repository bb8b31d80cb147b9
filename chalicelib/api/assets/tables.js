// Tables: the forecasts of volatility with their scores, the cone, and the unusual days of the period.

import { date, number, percent, price, t } from "./text.js";

const LIMIT = 10; // of the unusual days that are listed
const SIGNIFICANT = 0.05; // a difference with a greater p-value is called not significant
const TITLES = { ewma: "EWMA", har: "HAR" };

const cell = (tag, textContent, more) => Object.assign(document.createElement(tag), { textContent, ...more });

/** Fill a table. The first value of each row is its heading. @param {string[]} heads @param {string[][]} rows */
function fill(table, heads, rows) {
  table.replaceChildren();
  table.createTHead().insertRow().append(...heads.map((text) => cell("th", text, { scope: "col" })));
  const body = table.createTBody();
  for (const [heading, ...values] of rows) {
    body.insertRow().append(cell("th", heading, { scope: "row" }), ...values.map((text) => cell("td", text)));
  }
}

/** A value as text, or a dash if there is none. */
const known = (value, show) => (value === null ? "–" : show(value));

/** @param {object[]} rows of the cone */
export function renderCone(rows) {
  const names = { min: "minimum", p25: "p25", median: "median", p75: "p75", max: "maximum", current: "current" };
  fill(
    document.querySelector("#cone table"), ["window", ...Object.values(names)].map((name) => t(name)),
    rows.map((row) => [`${row.window}`, ...Object.keys(names).map((name) => known(row[name], (value) => percent(value, 1)))]),
  );
}

/**
 * List the latest unusual days of the period.
 * @param {Record<string, any[]>} columns @param {boolean[]} unusual @param {{min: number, max: number}} view
 */
export function renderDays(columns, unusual, view) {
  const days = columns.time.map((time, i) => (unusual[i] && time >= view.min && time <= view.max ? i : -1)).filter((i) => i >= 0);
  const latest = days.slice(-LIMIT).reverse();
  document.querySelector("#days").hidden = false;
  document.querySelector("#days_note").textContent = t(days.length ? "days_note" : "days_none", { n: number(latest.length), all: number(days.length) });
  document.querySelector("#days .scroll").hidden = !days.length;
  fill(document.querySelector("#days table"), [t("date"), t("close"), t("change"), "σ"], latest.map((i) => [
    date(columns.data[i], "numeric"), price(columns.preco_fechamento[i]),
    known(columns.retorno_log[i], (value) => percent(Math.expm1(value))), number(columns.vol_zscore[i], 1),
  ]));
}

/** The regime in a sentence. @param {{name: string|null, prev_har_21d_percentil: number}} regime */
const regimeText = ({ name, prev_har_21d_percentil: percentile }) =>
  (name ? t("forecast_regime", { regime: t(`regime_${name}`), n: number(percentile) }) : t("forecast_no_regime"));

/** A p-value with three decimals, on one line. It is never 0. @param {number} p */
const probability = (p) => (p < 0.001 ? `p < ${number(0.001, 3)}` : `p = ${number(p, 3)}`).replaceAll(" ", "\u00a0");

/** The score of a row in words. @param {object} row @param {object[]} scores of the answer, by period */
function score(row, scores) {
  if (row.model === "ewma") return t("score_benchmark");
  if (row.p_value === null) return t("score_none");
  const apart = scores.find((each) => each.model === row.model && each.horizon === row.horizon && each.period === "2019 on");
  const p = probability(row.p_value);
  const later = apart?.p_value ?? null;
  if (later === null) return t(verdict(row), { p });
  const [first, second] = [verdict(row), verdict(apart)];
  if (first === second) return t(first, { p: p + t("score_apart", { text: probability(later) }) });
  return t(first, { p }) + t("score_apart", { text: t(second, { p: probability(later) }) });
}

/** The text of a comparison with EWMA. @param {{difference: number, p_value: number}} score */
function verdict({ difference, p_value }) {
  if (p_value > SIGNIFICANT) return "score_same";
  return difference < 0 ? "score_better" : "score_worse";
}

const forecastText = (row) => (row.lower === null
  ? known(row.volatility, (value) => percent(value, 1))
  : t("forecast_range", { volatility: percent(row.volatility, 1), lower: percent(row.lower, 1), upper: percent(row.upper, 1) }));

/** Fill the section. @param {object} answer of `/ibov/volatility/forecast` */
export function renderForecast(answer) {
  const section = document.querySelector("#forecast");
  const rows = answer.rows.toSorted((a, b) => a.horizon - b.horizon);
  section.querySelector("#forecast_words").textContent =
    `${t("forecast_words", { date: date(answer.data) })} ${regimeText(answer.regime)}`;
  fill(
    section.querySelector("table"),
    ["forecast_next", "forecast_model", "forecast_volatility", "forecast_score", "forecast_coverage"].map((name) => t(name)),
    rows.map((row) => [
      t(row.horizon === 1 ? "forecast_session" : "sessions", { n: row.horizon }), TITLES[row.model],
      forecastText(row), score(row, answer.scores), known(row.coverage, (value) => percent(value, 0)),
    ]),
  );
}
