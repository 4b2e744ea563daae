"use strict";
(function () {
  var byId = function (name) { return document.getElementById(name); };
  var people = null, back = byId("back"), steps = 0, firstRows = 100;

  function names() {
    if (!people && byId("people")) people = JSON.parse(byId("people").textContent);
    return people || [];
  }
  function make(tag, text, shape) {
    var made = document.createElement(tag);
    if (text !== undefined && text !== null) made.textContent = text;
    for (var key in shape || {}) made.setAttribute(key, shape[key]);
    return made;
  }
  // The same escapes as the program writes: places of people are made from their numbers.
  function place(text) {
    return text.replace(/[^A-Za-z0-9_.-]/gu, function (one) { return "~" + one.codePointAt(0).toString(16) + "~"; });
  }
  function part(attribute, value) {
    var found = document.querySelectorAll("script[" + attribute + "]");
    for (var one of found) if (one.getAttribute(attribute) === value) return JSON.parse(one.textContent);
    return null;
  }
  function table(columns, numbers) {
    var made = make("table", null, { class: "stack" }), row = make("tr"), head = make("thead");
    columns.forEach(function (name, at) { row.append(make("th", name, numbers.has(at) ? { scope: "col", class: "n" } : { scope: "col" })); });
    head.append(row); made.append(head, make("tbody"));
    return made;
  }
  function rowLine(data, row) {
    var name = typeof row[0] === "number" ? names()[row[0]] : row[0];
    var line = make("tr"), numbers = new Set(data.numbers), entered = make("td", null, { "data-label": "Entered as", class: "entered" });
    line.append(make("th", name, { scope: "row", class: "t" }));
    row[1].forEach(function (text, at) {
      var cell = make("td", text, { "data-label": data.columns[at] });
      if (numbers.has(at)) cell.className = "n"; else cell.dir = "auto";
      line.append(cell);
    });
    row[2].forEach(function (ref, at) {
      if (at) entered.append("; ");
      entered.append(typeof ref === "string"
        ? make("a", "log entry", { href: "#" + ref, "data-person": name })
        : make("a", data.labels[ref[0]], { href: "#v-" + place(name) + "/" + data.ways[ref[1]] }));
    });
    line.append(entered);
    return line;
  }
  function showRows(anchor, box) {
    var data = part("data-rows", anchor);
    if (!data) return false;
    var numbers = new Set(data.numbers.map(function (n) { return n + 1; }));
    var made = table(["Participant"].concat(data.columns, ["Entered as"]), numbers), body = made.tBodies[0];
    var wide = make("div", null, { class: "wide", tabindex: "0", role: "region", "aria-label": data.title });
    var label = make("label", "Participant "), find = make("input", null, { type: "search" });
    var more = make("button", null, { type: "button" }), shown = 0, rows = data.rows;
    function next() {
      rows.slice(shown, shown + firstRows).forEach(function (row) { body.append(rowLine(data, row)); });
      shown = Math.min(rows.length, shown + firstRows);
      more.textContent = "Show more: " + shown + " of " + rows.length + " rows are shown";
      more.hidden = shown >= rows.length;
    }
    find.addEventListener("input", function () {
      var wanted = find.value.trim().toLowerCase();
      rows = data.rows.filter(function (row) { return String(typeof row[0] === "number" ? names()[row[0]] : row[0]).toLowerCase().includes(wanted); });
      body.replaceChildren(); shown = 0; next();
    });
    more.addEventListener("click", next);
    label.append(find); wide.append(made);
    box.replaceChildren(make("h4", data.title + ": " + data.rows.length), label);
    if (data.note) box.append(make("p", data.note, { class: "soft" }));
    box.append(wide, more); next();
    return true;
  }
  function stroke(entries, one, shown) {
    var alone = typeof one === "number", e = entries[alone ? one : one[0]], made = make("div");
    made.append([String(e[0]).slice(0, 19).replace("T", " "), e[1]].filter(Boolean).join(" ") + (e[2] ? " (" + e[2].replace(/_/g, " ") + ")" : "") + ": ");
    made.append(make("b", alone ? shown : one[1], { dir: "auto" }));
    if (e[3]) made.append(", reason: ", make("bdi", e[3]));
    if (e[4]) made.append(", log " + e[4]);
    made.append(make("br"), make("span", e[5], { class: "hash" }));
    return made;
  }
  function answerLine(cells, strokes, entries, shown, anchor) {
    var row = make("tr", null, { id: anchor }), log = make("td", null, { "data-label": "Log" });
    row.append(make("td", cells[0], { "data-label": "Where" }), make("th", cells[1], { scope: "row" }), make("td", shown, { "data-label": "Now", dir: "auto" }));
    strokes.forEach(function (one) { log.append(stroke(entries, one, shown)); });
    row.append(log);
    return row;
  }
  function showPerson(at, box) {
    var step = Number(byId("people").dataset.step), data = part("data-people", String(Math.floor(at / step)));
    var own = data.people[at % step], name = names()[at], made = table(["Where", "Item", "Now", "Log entries"], new Set());
    own.answers.forEach(function (one) {
      var kind = data.kinds[one[0]];
      made.tBodies[0].append(answerLine([kind[1], kind[2]], one[2], own.entries, one[1], "v-" + place(name) + "/" + kind[0]));
    });
    own.others.forEach(function (one) { made.tBodies[0].append(answerLine(["", one[1]], one[2], own.entries, "", one[0])); });
    var wide = make("div", null, { class: "wide", tabindex: "0", role: "region", "aria-label": "Answers of " + name });
    wide.append(made);
    box.replaceChildren(make("h4", name + ": answers and log entries"), wide);
  }
  function personOf(anchor) {
    if (anchor.indexOf("v-") === 0) {
      var wanted = anchor.slice(2).split("/")[0];
      return names().findIndex(function (name) { return place(name) === wanted; });
    }
    var link = document.querySelector('a[href="#' + CSS.escape(anchor) + '"][data-person]');
    if (link) return names().indexOf(link.dataset.person);
    var found = -1, step = Number(byId("people").dataset.step);
    document.querySelectorAll("script[data-people]").forEach(function (one) {
      if (found >= 0 || !one.textContent.includes('"' + anchor + '"')) return;
      JSON.parse(one.textContent).people.forEach(function (own, at) {
        if (own.others.some(function (other) { return other[0] === anchor; })) found = Number(one.dataset.people) * step + at;
      });
    });
    return found;
  }
  function layOut(anchor) {
    var box = byId("opened");
    if (!box || byId(anchor)) return;
    if (anchor.indexOf("rows-") === 0) { showRows(anchor, box); return; }
    if (anchor.indexOf("v-") !== 0 && anchor.indexOf("e-") !== 0) return;
    var at = personOf(anchor);
    if (at >= 0) showPerson(at, box);
  }
  function opened() {
    var anchor = decodeURIComponent(location.hash.slice(1));
    if (!anchor) return;
    layOut(anchor);
    var at = byId(anchor) || (anchor.indexOf("rows-") === 0 ? byId("opened") : null);
    document.querySelectorAll(".here").forEach(function (one) { one.classList.remove("here"); });
    if (!at) return;
    for (var box = at; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
    at.classList.add("here");
    at.scrollIntoView({ block: at.tagName === "TR" ? "center" : "start" });
    var focus = at.tagName === "DETAILS" ? at.querySelector("summary") : at;
    if (focus.tabIndex < 0) focus.setAttribute("tabindex", "-1");
    focus.focus({ preventScroll: true });
  }
  addEventListener("hashchange", function () {
    steps = /^#(rows|v|e)-/.test(location.hash) ? steps : 0;
    back.hidden = !steps;
    opened();
  });
  document.addEventListener("click", function (event) {
    var link = event.target.closest ? event.target.closest('a[href^="#"]') : null;
    if (!link) return;
    if (/^#(rows|v|e)-/.test(link.getAttribute("href"))) {
      if (!link.closest("#data")) { steps = 0; link.setAttribute("data-left", ""); document.querySelectorAll("[data-left]").forEach(function (one) { if (one !== link) one.removeAttribute("data-left"); }); }
      steps += 1; back.hidden = false;
      if (link.getAttribute("href") === location.hash) opened();
    }
  });
  back.querySelector("button").addEventListener("click", function () {
    var left = document.querySelector("[data-left]");
    back.hidden = true; steps = 0;
    if (!left) { history.back(); return; }
    history.replaceState(null, "", location.pathname + location.search);
    document.querySelectorAll(".here").forEach(function (one) { one.classList.remove("here"); });
    for (var box = left; box; box = box.parentElement) if (box.tagName === "DETAILS") box.open = true;
    left.scrollIntoView({ block: "center" }); left.focus({ preventScroll: true });
  });
  if (location.hash) opened();
  if (matchMedia("(max-width: 52rem)").matches) document.querySelector("nav.contents details").open = false;
  var closed = [];
  addEventListener("beforeprint", function () {
    var all = byId("print-data") && byId("print-data").checked;
    document.body.classList.toggle("with-data", !!all);
    closed = [];
    document.querySelectorAll("main details:not([open])").forEach(function (one) {
      if (one.classList.contains("paper") || (all && one.closest("#data"))) { one.open = true; closed.push(one); }
    });
  });
  addEventListener("afterprint", function () { closed.forEach(function (one) { one.open = false; }); });
})();
