// The criteria follow what is saved in other windows: asked again whenever this one is looked at.

const part = document.getElementById("criteria");
const said = document.getElementById("refreshed");
let asking = false;

async function follow() {
  if (!part || asking || document.visibilityState !== "visible") return;
  asking = true;
  try {
    const answer = await fetch(part.dataset.now, { credentials: "same-origin", redirect: "error" });
    const version = answer.headers.get("x-version");
    if (!answer.ok || !version || version === part.dataset.version) return;
    const opened = new Set([...part.querySelectorAll("article details[open]")].map((one) => one.closest("article").id));
    part.innerHTML = await answer.text();
    for (const id of opened) part.querySelector(`#${CSS.escape(id)} details`)?.setAttribute("open", "");
    part.dataset.version = version;
    said.textContent = said.dataset.words;
    stale();
  } catch {
    // Not reached, or signed out: the page stays as it is, and the next look asks again.
  } finally {
    asking = false;
  }
}

// A sign-off made for older values is refused by the server; say so before somebody presses the button.
function stale() {
  const form = document.querySelector("form.signing");
  if (!form || form.dataset.version === part.dataset.version || form.querySelector(".error")) return;
  form.prepend(Object.assign(document.createElement("p"), { className: "error", textContent: form.dataset.stale }));
}

window.addEventListener("focus", follow);
document.addEventListener("visibilitychange", follow);
window.addEventListener("pageshow", follow);
