// The search for a ticker of the market. Loaded where the deployment has the market.

import { get } from "./api.js";
import { t } from "./text.js";
import { failure } from "./words.js";

const PAUSE = 200; // milliseconds without a key before a request
const SUGGESTIONS = 10;

const $ = (id) => document.getElementById(id);

/** The tickers that a text selects, those with the largest trades first. @param {string} q */
const search = async (q) => (await get("acoes", { q, sort: "-volume_mediano", limit: SUGGESTIONS })).rows;

/** Show the search. @param {(ticker: string|null) => void} show */
export function addSearch(show) {
  const [form, input, found] = [$("search"), $("ticker"), $("found")];
  let timer = 0;
  let latest = 0; // number of the last request; an earlier answer is dropped

  const suggest = async () => {
    latest += 1;
    const mine = latest;
    const q = input.value.trim();
    const rows = q ? await search(q).catch(() => []) : [];
    if (mine === latest) $("tickers").replaceChildren(...rows.map(({ ticker, nome }) => new Option(nome ?? "", ticker)));
  };

  form.hidden = false;
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(suggest, PAUSE);
  });
  $("to_index").addEventListener("click", () => { input.value = ""; show(null); });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    found.textContent = "";
    try {
      const rows = await search(text);
      const { ticker } = rows.find((row) => row.ticker === text.toUpperCase()) ?? rows[0] ?? {};
      if (!ticker) { found.textContent = t("not_found", { text }); return; }
      input.value = ticker;
      show(ticker);
    } catch (error) {
      found.textContent = failure(error);
    }
  });
}
