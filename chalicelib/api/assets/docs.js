// Makes each form of the page ask its route, and shows what came back.
"use strict";

const key = document.querySelector("#key");
const longest = 20000; // characters of an answer that are shown

for (const form of document.querySelectorAll("form[data-path]")) {
  const address = form.querySelector(".address");
  const answer = form.nextElementSibling;

  const url = () => {
    const given = [...new FormData(form)].filter(([, value]) => value !== "");
    const query = new URLSearchParams(given).toString();
    return new URL(form.dataset.path + (query && `?${query}`), location).href;
  };
  const show = () => { address.textContent = url(); };

  form.addEventListener("input", show);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const said = answer.querySelector(".said");
    const body = answer.querySelector("pre");
    button.disabled = true;
    answer.hidden = false;
    said.textContent = "asking…";
    body.textContent = "";
    try {
      const began = performance.now();
      const response = await fetch(url(), { headers: key.value ? { "x-api-key": key.value } : {} });
      const text = await response.text();
      const took = Math.round(performance.now() - began);
      const type = response.headers.get("content-type") || "";
      said.textContent = `${response.status} · ${took} ms · ${text.length.toLocaleString()} characters · ${type}`;
      const whole = type.includes("json") ? JSON.stringify(JSON.parse(text), null, 2) : text;
      body.textContent = whole.length > longest ? `${whole.slice(0, longest)}\n… the rest is not shown here` : whole;
    } catch (error) {
      said.textContent = `no answer: ${error.message}`;
    } finally {
      button.disabled = false;
    }
  });
  show();
}
