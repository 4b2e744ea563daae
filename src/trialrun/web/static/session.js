// The end of a session: a warning in time, and what is typed kept for its owner before the page goes.
import { send } from "./send.js";

const WARN = 180; // seconds before the end
const KEEP = 20; // seconds before the end: what is typed is handed over, then the page goes
const dialog = document.getElementById("session-ending");
let ends = Date.now() + 1000 * Number(document.body.dataset.secondsLeft);
let asked = false;
let leaving = false;

/** Ask the server how much is left: another window may have kept the session open. */
async function look() {
  try {
    const answer = await fetch("/session", { headers: { accept: "application/json" }, credentials: "same-origin" });
    if (answer.status === 401) return 0;
    return (await answer.json()).seconds;
  } catch {
    return null; // not reached: say nothing, look again
  }
}

function changed(form) {
  return [...form.elements].some((field) => {
    if (!field.name || field.name.startsWith("_") || ["hidden", "password", "submit", "button"].includes(field.type)) return false;
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.options) return [...field.options].some((option) => option.selected !== option.defaultSelected && (option.selected || field.multiple));
    return field.value !== field.defaultValue;
  });
}

/** Keep the form that was being filled in; pages that keep drafts of their own say so with data-keeps-draft. */
async function keep() {
  const form = [...document.forms].find((one) => one.method === "post" && !one.dataset.keepsDraft && changed(one));
  if (!form) return false;
  const values = new FormData(form);
  for (const [name, value] of [...values]) if (typeof value !== "string") values.delete(name);
  values.set("unsent_path", new URL(form.action).pathname);
  values.set("unsent_page", location.pathname + location.search);
  return (await send("/unsent", new URLSearchParams(values))).kept === true;
}

async function leave() {
  leaving = true;
  const kept = await keep();
  location.assign(`/sign-in?next=${encodeURIComponent(kept ? "/unsent" : location.pathname + location.search)}`);
}

async function tick() {
  if (leaving) return;
  let left = Math.round((ends - Date.now()) / 1000);
  if (left <= WARN && !asked) {
    asked = true;
    const seconds = await look();
    if (seconds !== null) ends = Date.now() + 1000 * seconds;
    left = Math.round((ends - Date.now()) / 1000);
  }
  if (left > WARN) {
    asked = false;
    if (dialog.open) dialog.close();
    return;
  }
  if (left <= KEEP) {
    asked = false;
    const seconds = await look();
    if (seconds !== null && seconds > WARN) { ends = Date.now() + 1000 * seconds; return; }
    await leave();
    return;
  }
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[data-left]").textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

dialog.querySelector("[data-stay]").addEventListener("click", async () => {
  await send("/session", {});
  const seconds = await look();
  if (seconds !== null) ends = Date.now() + 1000 * seconds;
  asked = false;
  dialog.close();
});
window.setInterval(tick, 1000);

// Back at the window after a while: clocks may have stood still meanwhile (a closed lid), so ask.
window.addEventListener("focus", async () => {
  if (leaving) return;
  const seconds = await look();
  if (seconds !== null) ends = Date.now() + 1000 * seconds;
  await tick();
});
