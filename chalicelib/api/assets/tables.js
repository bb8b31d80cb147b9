// Tables: the cone, and the unusual days of the period.

import { date, number, percent, price, t } from "./text.js";

const LIMIT = 10; // of the unusual days that are listed

const cell = (tag, textContent, more) => Object.assign(document.createElement(tag), { textContent, ...more });

/** Fill a table. The first value of each row is its heading. @param {string[]} heads @param {string[][]} rows */
export function fill(table, heads, rows) {
  table.replaceChildren();
  table.createTHead().insertRow().append(...heads.map((text) => cell("th", text, { scope: "col" })));
  const body = table.createTBody();
  for (const [heading, ...values] of rows) {
    body.insertRow().append(cell("th", heading, { scope: "row" }), ...values.map((text) => cell("td", text)));
  }
}

/** A value as text, or a dash if there is none. */
export const known = (value, show) => (value === null ? "–" : show(value));

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
