// What every page shares: requests to our own server, and the menu on small screens.

/** The token that shows a request came from our own page. */
export function token() {
  return document.querySelector('meta[name="csrf"]')?.content ?? "";
}

/** Send values to the server and read its JSON answer; `error` is set when it refused or was not reached. */
export async function send(address, values, options = {}) {
  try {
    const answer = await fetch(address, {
      method: "POST",
      headers: { accept: "application/json", "x-csrftoken": token() },
      body: values instanceof FormData ? values : new URLSearchParams(values),
      credentials: "same-origin",
      ...options,
    });
    const body = await answer.json().catch(() => ({}));
    return answer.ok ? body : { error: body.message ?? `${answer.status}`, status: answer.status, ...body };
  } catch (problem) {
    return { error: String(problem), status: 0 };
  }
}

const menu = document.querySelector("details.menu");
if (menu) {
  const wide = window.matchMedia("(min-width: 60rem)");
  const fit = () => { menu.open = wide.matches; };
  fit();
  wide.addEventListener("change", fit);
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !wide.matches) menu.open = false;
  });
}

// A form is sent once, however often its button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post" || event.defaultPrevented) return;
  if (form.dataset.sent) { event.preventDefault(); return; }
  form.dataset.sent = "yes";
  window.setTimeout(() => { delete form.dataset.sent; }, 4000);
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
