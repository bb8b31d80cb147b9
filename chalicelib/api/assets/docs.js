// Send the request of each form, and show its response.
"use strict";

const key = document.querySelector("#key");
const maxLength = 20000; // of the part of a response that is shown, in characters

for (const form of document.querySelectorAll("form[data-path]")) {
  const address = form.querySelector(".address");
  const output = form.nextElementSibling;

  const url = () => {
    const parameters = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(parameters).toString();
    return new URL(form.dataset.path + (query && `?${query}`), location).href;
  };
  const show = () => { address.textContent = url(); };

  form.addEventListener("input", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const status = output.querySelector(".status");
    const body = output.querySelector("pre");
    button.disabled = true;
    output.hidden = false;
    status.textContent = "sending…";
    body.textContent = "";
    try {
      const startedAt = performance.now();
      const response = await fetch(url(), { headers: key.value ? { "x-api-key": key.value } : {} });
      const text = await response.text();
      const elapsed = Math.round(performance.now() - startedAt);
      const type = response.headers.get("content-type") || "";
      status.textContent = `${response.status} · ${elapsed} ms · ${text.length.toLocaleString()} characters · ${type}`;
      const full = type.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
      body.textContent = full.length > maxLength ? `${full.slice(0, maxLength)}\n… the rest is not shown` : full;
    } catch (error) {
      status.textContent = `no response: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
  show();
}
