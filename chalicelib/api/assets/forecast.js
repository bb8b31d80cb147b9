// The forecasts of volatility, each with its band and its score on the past.

import { fill, known } from "./tables.js";
import { date, number, percent, t } from "./text.js";

const SIGNIFICANT = 0.05; // a difference with a greater p-value is called not significant
const TITLES = { ewma: "EWMA", har: "HAR" };

/** The regime in a sentence. @param {{name: string|null, prev_har_21d_percentil: number}} regime */
const regimeText = ({ name, prev_har_21d_percentil: percentile }) =>
  (name ? t("forecast_regime", { regime: t(`regime_${name}`), n: number(percentile) }) : t("forecast_no_regime"));

/** The score of a row in words. @param {object} row @param {object[]} scores of the answer, by period */
function score(row, scores) {
  if (row.model === "ewma") return t("score_benchmark");
  if (row.p_value === null) return t("score_none");
  const apart = scores.find((each) => each.model === row.model && each.horizon === row.horizon && each.period === "2019 on");
  const p = number(row.p_value, 3);
  const later = apart?.p_value ?? null;
  if (later === null) return t(verdict(row), { p });
  const [first, second] = [verdict(row), verdict(apart)];
  if (first === second) return t(first, { p: p + t("score_apart", { text: number(later, 3) }) });
  return t(first, { p }) + t("score_apart", { text: t(second, { p: number(later, 3) }) });
}

/** The text of a comparison with EWMA. @param {{difference: number, p_value: number}} score */
function verdict({ difference, p_value }) {
  if (p_value > SIGNIFICANT) return "score_same";
  return difference < 0 ? "score_better" : "score_worse";
}

const volatility = (row) => (row.lower === null
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
      volatility(row), score(row, answer.scores), known(row.coverage, (value) => percent(value, 0)),
    ]),
  );
}
