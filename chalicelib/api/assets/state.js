// The reader's choices, which the fragment of the URL holds, so that a view can be shared.

/**
 * @typedef {object} State
 * @property {string} estimator
 * @property {number} window in sessions
 * @property {number} unusual a day is unusual if its `vol_zscore` is above this
 * @property {boolean} log whether the index has a logarithmic scale
 * @property {string|null} from first day of the view; null for the last two years
 * @property {string|null} to last day of the view
 * @property {string|null} ticker null for the index
 * @property {string|null} lang null for the language of the browser
 */

export const ESTIMATORS = [
  "close_to_close", "parkinson", "garman_klass", "garman_klass_yang_zhang", "rogers_satchell", "yang_zhang",
];
export const WINDOWS = [5, 10, 21, 42, 63, 126, 252];
export const THRESHOLDS = [1.5, 2, 3, 4];

/** @type {State} */
const DEFAULTS = {
  estimator: "close_to_close", window: 21, unusual: 3, log: false, from: null, to: null, ticker: null, lang: null,
};

const day = (text) => (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) ? text : null);
/** A ticker, if the deployment has the market. */
const ticker = (text) => (document.body.dataset.market === "yes" && /^[A-Z0-9]{1,12}$/.test(text) ? text : null);
const one = (allowed) => (text) => allowed.find((value) => `${value}` === text) ?? null;

const READERS = {
  estimator: one(ESTIMATORS), window: one(WINDOWS), unusual: one(THRESHOLDS), log: (text) => text === "true",
  from: day, to: day, ticker, lang: one(["en", "pt"]),
};

/**
 * Read the state from the URL. Unknown names and values are ignored.
 * @returns {State}
 */
export function readState() {
  const state = { ...DEFAULTS };
  for (const [name, text] of new URLSearchParams(location.hash.slice(1))) {
    const value = READERS[name]?.(text) ?? null;
    if (value !== null) state[name] = value;
  }
  if (!state.from || !state.to || state.from >= state.to) state.from = state.to = null;
  return state;
}

/** Write to the URL what differs from the defaults. @param {State} state @param {"replaceState"|"pushState"} method */
export function writeState(state, method = "replaceState") {
  const changed = Object.entries(state).filter(([name, value]) => value !== DEFAULTS[name]);
  const hash = new URLSearchParams(changed).toString();
  // With <base>, a bare fragment would be relative to the base.
  history[method](null, "", location.pathname + location.search + (hash && `#${hash}`));
}

/** @param {State} state */
export function language(state) {
  return state.lang ?? (navigator.language.toLowerCase().startsWith("pt") ? "pt" : "en");
}
