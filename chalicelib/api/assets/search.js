// The search for a ticker of the market. Loaded where the deployment has the market.

import { get } from "./api.js";
import { t } from "./text.js";
import { failure } from "./words.js";

const PAUSE = 200; // milliseconds without a key before a request
const SUGGESTIONS = 10;

const $ = (id) => document.getElementById(id);

/** The tickers that a text selects, or all if it is empty, the most traded first. @param {string} text */
const search = async (text) => (await get("acoes", { q: text || null, sort: "-volume_mediano", limit: SUGGESTIONS })).rows;

/** Show the search. @param {(ticker: string|null) => void} show */
export function addSearch(show) {
  const [form, input, found] = [$("search"), $("ticker"), $("found")];
  let timer = 0;
  let latest = 0; // number of the last request; an earlier answer is dropped

  const suggest = async () => {
    latest += 1;
    const mine = latest;
    const rows = await search(input.value.trim());
    if (mine === latest) $("tickers").replaceChildren(...rows.map(({ ticker, nome }) => new Option(nome ?? "", ticker)));
  };
  form.hidden = false;
  input.addEventListener("focus", () => { input.select(); });
  input.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => { suggest().catch(() => {}); }, PAUSE);
  });
  $("to_index").addEventListener("click", () => {
    show(null);
    document.querySelector("h1").focus(); // the button is hidden now
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = input.value.trim();
    found.textContent = "";
    try {
      const rows = await search(text);
      const { ticker } = rows.find((row) => row.ticker === text.toUpperCase()) ?? rows[0] ?? {};
      if (ticker) show(ticker);
      else found.textContent = t("not_found", { text });
    } catch (error) {
      found.textContent = failure(error);
    }
  });
  suggest().catch((error) => {
    if (error.status !== 503) return; // the rest of the page shows other errors
    form.dataset.empty = "";
    found.textContent = t("no_market");
  });
}
