// What the data says, in words: pure functions from columns and answers to texts.

import { date, estimatorTitle, number, percent, price, t } from "./text.js";

/**
 * The reading of a percentile rank, a fraction.
 * @param {{calm_below: number, tense_above: number}} bounds of the regimes, percentiles
 */
export const reading = (rank, bounds) =>
  (100 * rank < bounds.calm_below ? "calm" : 100 * rank > bounds.tense_above ? "tense" : "usual");

/** The flags of the sessions that are marked. */
export function marks(columns, threshold) {
  return {
    unusual: columns.vol_zscore.map((score) => score !== null && score > threshold),
    warned: columns.avisos.map((warnings) => Boolean(warnings)),
  };
}

const warningTexts = (names) => names.split(",").map((name) => t(name)).join("; ");

function change(logReturn) {
  if (logReturn === null) return t("first");
  if (logReturn === 0) return t("same");
  return t(logReturn > 0 ? "up" : "down", { n: percent(Math.abs(Math.expm1(logReturn))) });
}

/** The latest session, in sentences. `rank` is the cone's row of the window, `bounds` are those of the regimes. */
export function latest(columns, rank, bounds, state) {
  const last = (name) => columns[name].at(-1);
  const estimator = estimatorTitle(state.estimator);
  const sentences = [t("words_close", {
    date: date(last("data")), close: price(last("preco_fechamento")), change: change(last("retorno_log")),
  })];
  if (rank?.percentile === null || rank?.percentile === undefined || last("vol_anualizada") === null) {
    sentences.push(t("words_no_volatility", { estimator, n: state.window }));
  } else {
    sentences.push(t("words_volatility", {
      estimator, n: state.window, volatility: percent(last("vol_anualizada")), share: percent(rank.percentile, 0),
      count: number(rank.count), reading: t(reading(rank.percentile, bounds)),
    }));
  }
  sentences.push(last("drawdown") < 0 ? t("words_drawdown", { n: percent(-last("drawdown")) }) : t("words_highest"));
  if (last("vol_zscore") !== null && last("vol_zscore") > state.unusual) sentences.push(t("words_unusual"));
  if (last("avisos")) sentences.push(t("words_warnings", { warnings: warningTexts(last("avisos")) }));
  return sentences.join(" ");
}

/** The figures of the latest session: label, value and name of each. */
export function figures(columns, rank, bounds) {
  const last = (name) => columns[name].at(-1);
  const known = (value, show) => (value === null || value === undefined ? "–" : show(value));
  return [
    ["close", t("close"), t("priced", { value: price(last("preco_fechamento")) })],
    ["change", t("change"), known(last("retorno_log"), (value) => percent(Math.expm1(value)))],
    ["volatility_year", t("volatility_year"), known(last("vol_anualizada"), percent)],
    ["percentile", t("percentile"), known(rank?.percentile, (value) => number(100 * value))],
    ["reading", t("reading"), known(rank?.percentile, (value) => t(reading(value, bounds)))],
    ["drawdown", t("drawdown"), known(last("drawdown"), percent)],
  ];
}

/** The values and warnings of a day: label and value of each. */
export function day(columns, i, state) {
  const known = (name, label, show) => (columns[name][i] === null ? [] : [[label, show(columns[name][i])]]);
  const withUnit = (value) => t("priced", { value: Number.isInteger(value) ? price(value) : number(value, 2) });
  return [
    ...known("preco_fechamento", t("close"), withUnit),
    ...known("preco_abertura", t("open"), withUnit),
    ...known("preco_maximo", t("high"), withUnit),
    ...known("preco_minimo", t("low"), withUnit),
    ...known("retorno_log", t("change"), (value) => percent(Math.expm1(value))),
    ...known("vol_anualizada", t("volatility_year"), (value) => percent(value)),
    ...known("drawdown", t("drawdown"), (value) => percent(value)),
    ...known("volume_negociado", t("volume"), (value) => number(value)),
    ...(columns.vol_zscore[i] > state.unusual ? [[t("unusual"), `${number(columns.vol_zscore[i], 1)} σ`]] : []),
    ...(columns.avisos[i] ? [[t("warnings"), warningTexts(columns.avisos[i])]] : []),
  ];
}

/** The freshness of the data. @param {object} status the answer of `/status` */
export function freshness(status) {
  const { sessions_behind: n } = status.freshness;
  return t(n === 0 ? "fresh" : n === 1 ? "behind_one" : "behind", { date: date(status.as_of), n: number(n) });
}

/** The quality of the data. */
export function quality({ quality: found, rows }) {
  if (found.degraded) return t("degraded", { reasons: found.degraded_because.join("; ") });
  const warned = Object.values(found.warnings).reduce((sum, n) => sum + n, 0);
  return t("good", { n: number(rows), warned: number(warned), gaps: number(found.gaps.length) });
}

/** What the estimator does not see, or null. @param {{estimator: string, ticker: string|null}} state */
export function caveat({ estimator, ticker }) {
  const night = ["yang_zhang", "garman_klass_yang_zhang"].includes(estimator);
  // The small overnight term is one of Yahoo's opens of the index.
  if (estimator === "close_to_close" || (ticker && night)) return null;
  return t(night ? "small_night" : "misses_night", { estimator: estimatorTitle(estimator) });
}

/** What to say of an error. @param {Error & {status?: number, near?: string[]}} error */
export function failure(error) {
  if (error.status === 0) return t("unreachable");
  if (error.near) return [t("unknown_ticker"), error.near.length ? t("near", { near: error.near.join(", ") }) : ""].join(" ").trim();
  return t("failed", { status: error.status ?? error.name, detail: error.message });
}
