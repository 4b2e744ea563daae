// Drawing a signature: strokes in a box of 600 by 200 become path data in a hidden field.
// Without this script the typed name alone is the signature.
const WIDTH = 600, HEIGHT = 200, LONGEST = 40000, NEAR = 3;

function pad(root) {
  const box = root.querySelector("svg");
  const line = root.querySelector("path");
  const field = root.querySelector("input");
  let strokes = "", last = null;

  function point(event) {
    const frame = box.getBoundingClientRect();
    const within = (value, most) => Math.max(0, Math.min(most, Math.round(value)));
    return [
      within(((event.clientX - frame.left) / frame.width) * WIDTH, WIDTH),
      within(((event.clientY - frame.top) / frame.height) * HEIGHT, HEIGHT),
    ];
  }
  function show() {
    line.setAttribute("d", strokes);
    field.value = strokes;
  }
  function start(event) {
    if (!event.isPrimary || event.button > 0) return;
    event.preventDefault();
    box.setPointerCapture(event.pointerId);
    last = point(event);
    // A dot is a stroke too: a line of no length, drawn round.
    strokes += `M${last[0]} ${last[1]}L${last[0]} ${last[1]}`;
    show();
  }
  function move(event) {
    if (!last || strokes.length > LONGEST - 100) return;
    for (const one of event.getCoalescedEvents?.().length ? event.getCoalescedEvents() : [event]) {
      const next = point(one);
      if (Math.abs(next[0] - last[0]) + Math.abs(next[1] - last[1]) < NEAR) continue;
      strokes += `L${next[0]} ${next[1]}`;
      last = next;
    }
    show();
  }
  function end() {
    last = null;
  }
  box.addEventListener("pointerdown", start);
  box.addEventListener("pointermove", move);
  box.addEventListener("pointerup", end);
  box.addEventListener("pointercancel", end);
  root.querySelector("[data-clear]").addEventListener("click", () => {
    strokes = "";
    last = null;
    show();
  });
  root.hidden = false;
}

document.querySelectorAll("[data-pad]").forEach(pad);
