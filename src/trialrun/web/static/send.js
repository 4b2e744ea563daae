// Requests to our own server. Nothing happens when this is loaded: pages import it as often as they like.

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
