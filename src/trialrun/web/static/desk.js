// What a search can be narrowed by is open beside the results, and closed above them on a small screen.
const facets = document.querySelector("details.facets");
if (facets) {
  const wide = window.matchMedia("(min-width: 60rem)");
  const fit = () => { facets.open = wide.matches; };
  fit();
  wide.addEventListener("change", fit);
}
