// Requests to the API of this page, with the API key of this browser tab, and rows as columns.

const KEY = "b3-dataflow-key";
const FIRST_VIEW = 504; // sessions, two years
const ATTEMPTS = 3;
const LONGEST_WAIT = 5; // seconds between two attempts

const FIELDS = [
  "data", "preco_abertura", "preco_maximo", "preco_minimo", "preco_fechamento", "volume_negociado", "retorno_log",
  "vol_anualizada", "drawdown", "vol_zscore", "avisos",
];

const LARGEST_PAGE = Math.min(10_000, Math.floor(100_000 / FIELDS.length)); // the limits of the API

/** The API refuses the request without a valid key. */
export class KeyNeeded extends Error {}

/** The API cannot answer. `status` is 0 without a response; `near` has the tickers similar to an unknown one. */
class ApiError extends Error {
  /** @param {number} status @param {string} detail @param {string[]|null} near */
  constructor(status, detail, near = null) {
    super(detail);
    Object.assign(this, { status, near });
  }
}

export const readKey = () => sessionStorage.getItem(KEY) ?? "";
/** @param {string} key */
export const keepKey = (key) => (key ? sessionStorage.setItem(KEY, key) : sessionStorage.removeItem(KEY));

/** The URL of a route. @param {string} path @param {object} parameters those that are null are left out */
export function address(path, parameters = {}) {
  const known = Object.entries(parameters).filter(([, value]) => value !== null);
  const url = new URL(path, document.baseURI);
  url.search = new URLSearchParams(known).toString().replaceAll("%2C", ",");
  return url;
}

/**
 * Send a request, again if the API is throttled.
 * @param {URL} url @param {string} accept a media type
 * @returns {Promise<Response>}
 */
export async function send(url, accept = "application/json") {
  const key = readKey();
  const headers = { Accept: accept, ...(key && { "x-api-key": key }) };
  for (let attempt = 1; ; attempt += 1) {
    const response = await fetch(url, { headers }).catch((error) => { throw new ApiError(0, error.message); });
    if (response.ok) return response;
    const wait = Number(response.headers.get("Retry-After") ?? 1);
    if (response.status === 429 && attempt < ATTEMPTS && wait <= LONGEST_WAIT) {
      await new Promise((resolve) => { setTimeout(resolve, 1000 * wait); });
      continue;
    }
    if (response.status === 401 || response.status === 403) throw new KeyNeeded();
    const problem = await response.json().catch(() => ({}));
    throw new ApiError(response.status, problem.detail ?? "", problem.near);
  }
}

/** @param {string} path @param {object} parameters */
export const get = async (path, parameters) => (await send(address(path, parameters))).json();

/** The path of the routes of the index or of a ticker. @param {{ticker: string|null}} state */
export const root = (state) => (state.ticker ? `acoes/${state.ticker}` : "ibov");

const rows = (state, limits) =>
  get(`${root(state)}/volatility`, { estimator: state.estimator, window: state.window, fields: FIELDS.join(), ...limits });

/** The newest rows, enough for the first view. */
export const newest = (state) => rows(state, { limit: FIRST_VIEW });

/**
 * All rows before a day, newest first, in pages.
 * @param {string} day
 */
export async function* older(state, day) {
  const end = new Date(Date.parse(day) - 864e5).toISOString().slice(0, 10);
  let answer = await rows(state, { end, limit: LARGEST_PAGE });
  yield answer.rows;
  while (answer.links.next) {
    answer = await (await send(new URL(answer.links.next, location.origin))).json();
    yield answer.rows;
  }
}

/** All pages of a route as one CSV text. @param {URL} url */
export async function csv(url) {
  let text = "";
  for (let next = url; next;) {
    const response = await send(next, "text/csv");
    const page = await response.text();
    text += text ? page.slice(page.indexOf("\n") + 1) : page;
    const link = /<([^>]+)>; rel="next"/.exec(response.headers.get("Link") ?? "");
    next = link && new URL(link[1], location.origin);
  }
  return text;
}

/**
 * Rows, newest first, as arrays in order of date, before those of `later`. `time` is in seconds.
 * @returns {Record<string, any[]>}
 */
export function columns(newestFirst, later = null) {
  const ordered = newestFirst.toReversed();
  const result = { time: ordered.map((row) => Date.parse(row.data) / 1000) };
  for (const name of FIELDS) result[name] = ordered.map((row) => row[name]);
  if (later) for (const name in result) result[name] = result[name].concat(later[name]);
  return result;
}
