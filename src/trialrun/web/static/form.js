// A form while it is filled in: checked by the server as it is typed, kept as a draft, driven by the keyboard.
// All rules live on the server; without this script everything still works, one save at a time.
import { send } from "./send.js";

const form = document.getElementById("entry");
const save = document.getElementById("save");
const CHECK_AFTER = 350;
const DRAFT_AFTER = 4000;

/** The words a template gave, with its {name} filled in. */
function words(key, values = {}) {
  return (form.dataset[key] ?? "").replace(/\{(\w+)\}/g, (_all, name) => values[name] ?? "");
}

function entryOf(element) {
  return element.closest(".entry");
}

function fieldsOf(entry) {
  return [...entry.querySelectorAll("[name^='v.']")].filter((one) => one.type !== "hidden");
}

/** Whether an entry holds a value or a reason for its absence. */
function filled(entry) {
  const missing = entry.querySelector("[name^='m.']");
  if (missing?.value) return true;
  return fieldsOf(entry).some((one) => (["radio", "checkbox"].includes(one.type) ? one.checked && one.value : one.value));
}

// --- what the server says about it --------------------------------------------------------------

let checking = null;
let timer = 0;

function tell(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

function showProblems(found) {
  for (const entry of form.querySelectorAll(".entry")) {
    const name = entry.dataset.item;
    const problem = found.problems[name] ?? "";
    const doubts = found.findings.filter((one) => one.item === name).map((one) => one.message).join(" ");
    tell(document.getElementById(`e-${name}`), problem);
    tell(document.getElementById(`w-${name}`), doubts);
    const converted = found.converted[name] ?? "";
    tell(document.getElementById(`c-${name}`), converted ? `= ${converted}` : "");
    entry.classList.toggle("wrong", Boolean(problem));
    entry.classList.toggle("doubtful", Boolean(doubts) && !problem);
    for (const field of fieldsOf(entry)) {
      if (problem) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }
}

/** Conditional items appear and disappear; one that holds a value never does. */
function showAsked(asked) {
  let hidden = 0;
  for (const entry of form.querySelectorAll(".entry[data-asked]")) {
    const said = asked ? asked[entry.dataset.item] : { yes: true, no: false, unknown: null }[entry.dataset.asked];
    const away = (said === false || (said === null && entry.dataset.here === "yes")) && !filled(entry);
    entry.hidden = away && !entry.contains(document.activeElement);
    hidden += entry.hidden ? 1 : 0;
  }
  const line = document.getElementById("hidden-count");
  line.hidden = hidden === 0;
  tell(line, hidden === 1 ? words("hiddenOne") : words("hiddenMany", { count: hidden }));
}

function showScores(found) {
  const scores = document.getElementById("scores");
  if (!scores || !found.scores) return;
  const before = new Map([...scores.querySelectorAll(".score")].map((one) => [one.dataset.derived, one.dataset.value]));
  const fresh = new DOMParser().parseFromString(found.scores, "text/html");
  scores.replaceChildren(...fresh.body.childNodes);
  for (const one of scores.querySelectorAll(".score")) {
    one.classList.toggle("changed", before.has(one.dataset.derived) && before.get(one.dataset.derived) !== one.dataset.value);
  }
}

function state(text, loud = false) {
  const line = document.getElementById("draft-state");
  tell(line, text);
  line?.classList.toggle("error", loud);
}

/** Ask the server what saving would lead to; writes nothing. */
async function check() {
  checking?.abort();
  const mine = new AbortController();
  checking = mine;
  const found = await send(`${form.dataset.address}/check`, new FormData(form), { signal: mine.signal });
  if (mine.signal.aborted) return null;
  if (found.error) {
    state(found.status === 401 ? words("signedOut") : words("unsaved"), true);
    return found;
  }
  showProblems(found);
  showAsked(found.asked);
  showScores(found);
  if (found.others.length) state(words("others", { who: found.others.join(", ") }), true);
  delete form.dataset.pending;
  return found;
}

function checkSoon() {
  form.dataset.pending = "yes";
  window.clearTimeout(timer);
  timer = window.setTimeout(check, CHECK_AFTER);
}

// --- the draft ----------------------------------------------------------------------------------

let dirty = false;
let leaving = false;
let keeping = null;
let draftTimer = 0;

async function keep() {
  window.clearTimeout(draftTimer);
  if (!dirty || leaving) return;
  dirty = false;
  keeping = new AbortController();
  const answer = await send(`${form.dataset.address}/draft`, new FormData(form), { signal: keeping.signal });
  if (leaving) return;
  if (answer.error) {
    dirty = true;
    state(answer.status === 401 ? words("signedOut") : words("unsaved"), true);
  } else {
    state(answer.kept ? words("kept", { time: answer.at }) : "");
  }
}

function keepOnLeaving() {
  if (!dirty || leaving) return;
  dirty = false;
  navigator.sendBeacon(`${form.dataset.address}/draft`, new FormData(form));
}

function changed(event) {
  if (!event.target.name || event.target.closest(".settle")) return;
  dirty = true;
  window.clearTimeout(draftTimer);
  draftTimer = window.setTimeout(keep, DRAFT_AFTER);
  exclusive(event.target);
  checkSoon();
}

/** A value and a reason for having none exclude each other: the later one stands, the other waits in sight. */
function exclusive(field) {
  const entry = entryOf(field);
  const missing = entry?.querySelector("[name^='m.']");
  if (!missing) return;
  if (field.name.startsWith("v.") && field.value && field.type !== "hidden") missing.value = "";
}

// --- keys ---------------------------------------------------------------------------------------

function stops() {
  return [...form.querySelectorAll(".entry")]
    .filter((entry) => !entry.hidden)
    .map((entry) => entry.querySelector("input:not([type='hidden']):checked, input:not([type='hidden']):not([disabled]), select:not([disabled]), textarea:not([disabled])"))
    .filter(Boolean);
}

function toNext(from) {
  const entries = stops();
  const here = entryOf(from);
  const at = entries.findIndex((one) => entryOf(one) === here);
  const next = entries[at + 1] ?? save;
  next.focus();
  if (next.select && next.type === "text") next.select();
}

function toProblem() {
  const wrong = [...form.querySelectorAll(".entry.wrong, .entry.doubtful")].filter((one) => !one.hidden);
  if (!wrong.length) return;
  const at = wrong.indexOf(entryOf(document.activeElement));
  const next = wrong[(at + 1) % wrong.length];
  (next.querySelector("input:not([type='hidden']), select, textarea") ?? next).focus();
}

function chooseByDigit(event) {
  const group = event.target.closest("[data-group='radio']");
  const digit = "0123456789".indexOf(event.key) >= 0 ? Number(event.key) : plainDigit(event.key);
  if (!group || event.ctrlKey || event.altKey || event.metaKey || digit === null) return false;
  const radios = [...group.querySelectorAll("input[type='radio']")];
  const chosen = digit === 0 ? radios.at(-1) : radios.slice(0, -1)[digit - 1];
  if (!chosen || chosen.disabled) return false;
  chosen.focus();
  if (!chosen.checked) chosen.click();
  return true;
}

/** Persian and Arabic digits count as digits. */
function plainDigit(key) {
  const code = key.length === 1 ? key.charCodeAt(0) : 0;
  if (code >= 0x6f0 && code <= 0x6f9) return code - 0x6f0;
  if (code >= 0x660 && code <= 0x669) return code - 0x660;
  return null;
}

function onKey(event) {
  const wantsSave = (event.ctrlKey || event.metaKey) && (event.key === "s" || event.key === "Enter");
  if (wantsSave && save) {
    event.preventDefault();
    form.requestSubmit(event.target.closest?.(".settle")?.querySelector("button") ?? save);
  } else if (event.key === "F8") {
    event.preventDefault();
    toProblem();
  } else if (event.key === "Enter" && event.target.matches("input, select") && entryOf(event.target)) {
    event.preventDefault();
    toNext(event.target);
  } else if (event.target.matches?.("input[type='radio']") && chooseByDigit(event)) {
    event.preventDefault();
  }
}

// --- saving -------------------------------------------------------------------------------------

let confirmed = false;

/** Before it is sent: is the server there and the session alive? If not, nothing typed is given up. */
async function beforeSending(event) {
  if (confirmed) {
    leaving = true;
    return;
  }
  event.preventDefault();
  window.clearTimeout(timer);
  window.clearTimeout(draftTimer);
  const button = event.submitter;
  const found = await check();
  if (found?.error && (found.status === 401 || found.status === 0)) return;
  leaving = true;
  keeping?.abort();
  confirmed = true;
  form.requestSubmit(button ?? save);
}

if (form) {
  showAsked(null);
  if (save) {
    form.addEventListener("input", changed);
    form.addEventListener("change", changed);
    form.addEventListener("submit", beforeSending);
    document.addEventListener("keydown", onKey);
    window.addEventListener("pagehide", keepOnLeaving);
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") keepOnLeaving(); });
    window.addEventListener("pageshow", () => { leaving = false; confirmed = false; });
    const settle = document.getElementById("settle");
    if (settle) settle.focus();
  }
  form.dataset.ready = "yes";
}
