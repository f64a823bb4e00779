// What is done when the page has been read.

const FEW = 6; // rows from which a table has a filter

for (const table of document.querySelectorAll("table.data")) {
  if (table.closest(".run")) continue;
  sortable(table);
  const rows = rowsOf(table);
  if (rows.length >= FEW) filter(table.parentElement, rows, `Filter rows: ${table.getAttribute("aria-label")}`);
}
for (const plot of document.querySelectorAll(".plot[data-frame]")) readable(plot.closest("figure"), plot);
const runs = [...document.querySelectorAll("details.run")];
if (runs.length >= FEW) filter(document.querySelector(".runs").previousElementSibling, runs, "Filter runs by optimizer");

function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const closed = target && target.closest("details");
  if (closed) { closed.open = true; target.scrollIntoView(); }
}
addEventListener("hashchange", follow);
follow();
