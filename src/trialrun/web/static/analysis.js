// A page that waits for an analysis: says each step, and shows the result when there is one.
const place = document.querySelector("[data-wait]");
const words = place?.querySelector("[data-step]");

async function look() {
  try {
    const answer = await fetch(place.dataset.wait, { headers: { accept: "application/json" } });
    if (!answer.ok) return;
    const now = await answer.json();
    if (now.state !== "running") location.reload();
    else if (words.textContent !== now.step) words.textContent = now.step;
  } catch {
    // The network is gone for a moment; the next look may find it again.
  }
}

if (place) setInterval(look, 1500);
