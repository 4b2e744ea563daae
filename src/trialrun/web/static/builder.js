// While an entry is written, the server says what it thinks of each field. Saving says the same without this.
import { send } from "./send.js";

const form = document.querySelector("form[data-look]");
let waiting = 0;
let asked = 0;
let changed = false;

async function look() {
  const number = ++asked;
  const answer = await send(form.dataset.look, new FormData(form));
  // An older answer must not stand beside newer words.
  if (number !== asked || !answer.fields) return;
  for (const place of form.querySelectorAll("[data-said]")) {
    const name = place.dataset.said.slice(2);
    say(place, answer.fields[name]);
  }
}

function say(place, found) {
  const lines = [];
  if (found?.message) lines.push(line("error", found.message));
  if (found?.message && found.remedy) lines.push(line("remedy", found.remedy));
  if (found?.words) lines.push(line("words", found.words));
  place.replaceChildren(...lines);
}

function line(kind, text) {
  const one = document.createElement("p");
  one.className = kind;
  one.dir = "auto";
  one.textContent = text;
  return one;
}

if (form) {
  form.addEventListener("input", (event) => {
    if (event.target.name?.startsWith("try.")) return;
    changed = true;
    if (!form.dataset.look) return;
    window.clearTimeout(waiting);
    waiting = window.setTimeout(look, 400);
  });
  document.addEventListener("submit", () => { changed = false; });
  window.addEventListener("beforeunload", (event) => { if (changed) event.preventDefault(); });
}
