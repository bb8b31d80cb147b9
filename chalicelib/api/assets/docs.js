// Send the request of each form of `/docs`, and show its response: rows as a table, and the whole of it as text.

import { keepKey, readKey } from "./api.js";

const key = document.querySelector("#key");
const maxLength = 20000; // of the part of a response that is shown, in characters
const maxRows = 100; // of the table

key.value = readKey();
key.addEventListener("input", () => { keepKey(key.value.trim()); });

const headers = () => (readKey() ? { "x-api-key": readKey() } : {});

/** Rows as a table, with a column for each name that a row has. */
function table(rows) {
  const names = [...new Set(rows.flatMap(Object.keys))];
  const element = document.createElement("table");
  const head = element.createTHead().insertRow();
  for (const name of names) head.append(Object.assign(document.createElement("th"), { scope: "col", textContent: name }));
  const body = element.createTBody();
  for (const row of rows.slice(0, maxRows)) {
    const line = body.insertRow();
    for (const name of names) line.insertCell().textContent = row[name] ?? "";
  }
  return element;
}

/** Save the CSV of a response. A plain link cannot send the API key. */
async function download(event) {
  if (!readKey()) return;
  event.preventDefault();
  const response = await fetch(event.target.href, { headers: headers() });
  const { save } = await import("./export.js");
  save(await response.blob(), event.target.download);
}

/** A checkbox for a value of a list. @param {string} name of the parameter @param {string} value */
function box(name, value) {
  const label = document.createElement("label");
  label.append(Object.assign(document.createElement("input"), { type: "checkbox", name, value }), value);
  return label;
}

for (const field of document.querySelectorAll("[data-choices]")) {
  const values = document.getElementById(`choices-${field.dataset.choices}`).content.textContent.split(" ");
  const { name } = field.dataset; // only a list has it; the other fields are selects
  field.append(...values.map((value) => (name ? box(name, value) : new Option(value))));
}

for (const form of document.querySelectorAll("form[data-path]")) {
  const address = form.querySelector(".address");
  const output = form.nextElementSibling;
  const [status, rows, link, body] = [".status", ".rows", "a.csv", "pre"].map((name) => output.querySelector(name));

  const url = (more = {}) => {
    const data = new FormData(form);
    const values = new Map([...new Set(data.keys())].map((name) => [name, data.getAll(name).join(",")]));
    // A parameter of the path is not one of the query.
    const path = form.dataset.path.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values.get(name);
      values.delete(name);
      return encodeURIComponent(value);
    });
    const known = { ...Object.fromEntries([...values].filter(([, value]) => value !== "")), ...more };
    const query = new URLSearchParams(known).toString().replaceAll("%2C", ",");
    return new URL(path + (query && `?${query}`), location).href;
  };
  const show = () => { address.textContent = url(); };

  link.addEventListener("click", download);
  form.addEventListener("input", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    button.disabled = true;
    output.hidden = false;
    status.textContent = "sending…";
    body.textContent = "";
    rows.replaceChildren();
    link.hidden = true;
    try {
      const startedAt = performance.now();
      const response = await fetch(url(), { headers: { Accept: "application/json", ...headers() } });
      const text = await response.text();
      const elapsed = Math.round(performance.now() - startedAt);
      const type = response.headers.get("content-type") || "";
      status.textContent = `${response.status} · ${elapsed} ms · ${text.length.toLocaleString()} characters · ${type}`;
      const answer = type.includes("json") ? JSON.parse(text) : null;
      const full = answer ? JSON.stringify(answer, null, 2) : text;
      body.textContent = full.length > maxLength ? `${full.slice(0, maxLength)}\n… the rest is not shown` : full;
      if (answer?.rows?.length) {
        rows.append(table(answer.rows));
        link.href = url({ format: "csv" });
        link.hidden = false;
      }
    } catch (error) {
      status.textContent = `no response: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
  show();
}
