// What a search can be narrowed by is open beside the results, and closed above them on a small screen; so are the
// fields beyond the words, for what they ask for is also told below them.
const wide = window.matchMedia("(min-width: 60rem)");
const facets = document.querySelector("details.facets");
const fields = document.querySelector("form.search details.fields");
const fit = () => {
  if (facets) facets.open = wide.matches;
  if (fields && !wide.matches) fields.open = false;
};
fit();
wide.addEventListener("change", fit);

// Fields left empty ask for nothing and need not stand in the address.
for (const form of document.querySelectorAll("form.search, form.plain-search")) {
  form.addEventListener("submit", () => {
    for (const field of form.elements) if (field.name && field.value === "") field.disabled = true;
  });
}
window.addEventListener("pageshow", () => {
  for (const field of document.querySelectorAll("form.search :disabled, form.plain-search :disabled")) field.disabled = false;
});
