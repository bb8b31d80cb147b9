// The tools of a section: CSV, a curl command and, of a chart, PNG. Loaded after the first view.

import { address, csv, readKey, root } from "./api.js";
import { t } from "./text.js";

/** Save a file. @param {Blob} blob @param {string} name */
export function save(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => { URL.revokeObjectURL(link.href); }, 60_000);
}

/** The request of a section's data. @param {string} chart @param {{start: string, end: string}} range */
function request(chart, state, range) {
  const { estimator, window } = state;
  if (chart === "cone") return address(`${root(state)}/volatility/cone`, { estimator, ...range });
  if (chart === "forecast") return address(`${root(state)}/volatility/forecast`);
  if (chart === "volatility") {
    return address(`${root(state)}/volatility`, { estimator, window, ...range, fields: "data,preco_fechamento,vol_anualizada", limit: 10000 });
  }
  // The default has 12 fields: at most 8,333 rows.
  return address(`${root(state)}/prices`, { ...range, limit: 8333 });
}

function curl(url) {
  // A reader who pastes the command elsewhere must not publish the key.
  const key = readKey() ? " -H \"x-api-key: $B3_API_KEY\"" : "";
  return `curl '${url}'${key}`;
}

/** The chart with its title, its legend and the label of synthetic data, as PNG. */
async function png(section, label) {
  const chart = section.querySelector("canvas");
  const scale = devicePixelRatio;
  const head = 44 * scale;
  const canvas = document.createElement("canvas");
  canvas.width = chart.width;
  canvas.height = chart.height + head;
  const context = canvas.getContext("2d");
  const { color, backgroundColor } = getComputedStyle(document.body);
  context.fillStyle = backgroundColor;
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(chart, 0, head);
  context.fillStyle = color;
  context.textBaseline = "middle";
  context.font = `600 ${15 * scale}px system-ui, sans-serif`;
  context.fillText(section.querySelector("h2").textContent, 10 * scale, 14 * scale);
  context.font = `${12 * scale}px system-ui, sans-serif`;
  context.fillText(label, 10 * scale, 33 * scale);
  return new Promise((resolve) => { canvas.toBlob(resolve, "image/png"); });
}

/**
 * Run a tool, and return what to tell the reader.
 * @param {"csv"|"curl"|"png"} tool @param {HTMLElement} section
 * @param {{start: string, end: string}} range
 */
export async function run(tool, section, state, range, synthetic) {
  const url = request(section.id, state, range);
  const file = [state.ticker?.toLowerCase() ?? "ibov", section.id, ...new Set(Object.values(range)), ...(synthetic ? ["synthetic"] : [])].join("-");
  if (tool === "curl") {
    const command = curl(url);
    try {
      await navigator.clipboard.writeText(command);
    } catch {
      return t("not_copied", { command });
    }
    return t("copied");
  }
  if (tool === "csv") {
    save(new Blob([await csv(url)], { type: "text/csv" }), `${file}.csv`);
    return t("saved", { file: `${file}.csv` });
  }
  const legend = [...section.querySelectorAll(".legend li")].map((item) => item.textContent).join(" · ");
  const label = [synthetic && t("synthetic_short").toUpperCase(), legend, `${range.start} – ${range.end}`].filter(Boolean).join(" · ");
  save(await png(section, label), `${file}.png`);
  return t("saved", { file: `${file}.png` });
}
