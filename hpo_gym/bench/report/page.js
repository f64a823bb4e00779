"use strict";
// Tables: sort by a column, filter the rows.

const FEW = 6; // rows from which a table has a filter
const numeric = /^[-+<]?\d/;

function make(name, attributes = {}, ...children) {
  const one = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
  one.append(...children);
  return one;
}

const rowsOf = (table) => [...table.tBodies[0].rows];
/** The text of a cell without what stands in small print. */
const said = (cell) => [...(cell.querySelector(".gain span") || cell).childNodes].filter((n) => n.nodeName !== "SMALL").map((n) => n.textContent).join("").trim();
const valueOf = (cell) => (numeric.test(said(cell)) ? parseFloat(said(cell).replace("<", "")) : NaN);

function sortable(table) {
  const order = rowsOf(table);
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    const button = make("button", { type: "button" }, ...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(table, order, head, column));
  });
}

/** Sort up, then down, then as it was; what has no number comes last either way. */
function sort(table, order, head, column) {
  const next = { ascending: "descending", descending: "none" }[head.getAttribute("aria-sort")] || "ascending";
  for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
  if (next !== "none") head.setAttribute("aria-sort", next);
  const sign = next === "descending" ? -1 : 1;
  const words = head.classList.contains("text");
  const compare = (a, b) => {
    const [x, y] = [a.cells[column], b.cells[column]];
    if (words) return sign * said(x).localeCompare(said(y), "en", { numeric: true });
    const [u, v] = [valueOf(x), valueOf(y)];
    if (isNaN(u) || isNaN(v)) return isNaN(u) - isNaN(v) || said(x).localeCompare(said(y), "en", { numeric: true });
    return sign * (u - v);
  };
  table.tBodies[0].append(...(next === "none" ? order : [...order].sort(compare)));
}

/** A field that hides the rows whose text lacks one of its words. */
function filter(before, rows, label) {
  const field = make("input", { type: "search", "aria-label": label, placeholder: "Filter" });
  const count = make("span", { role: "status" });
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) row.hidden = !words.every((word) => row.textContent.toLowerCase().includes(word));
    count.textContent = words.length ? `${rows.filter((row) => !row.hidden).length} of ${rows.length}` : "";
  });
  before.before(make("div", { class: "filter" }, field, count));
}

for (const table of document.querySelectorAll("table.data")) {
  if (table.closest(".run")) continue;
  sortable(table);
  const rows = rowsOf(table);
  if (rows.length >= FEW) filter(table.parentElement, rows, `Filter rows: ${table.getAttribute("aria-label")}`);
}
