// Tables: sort by a column, filter the rows.

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

/** A field that hides the items whose text lacks one of its words. */
function filter(before, items, label) {
  const field = make("input", { type: "search", "aria-label": label, placeholder: "Filter" });
  const count = make("span", { role: "status" });
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    let left = 0;
    for (const item of items) {
      const text = item.tagName === "DETAILS" ? item.querySelector("summary").textContent : item.textContent;
      item.hidden = !words.every((word) => text.toLowerCase().includes(word));
      left += !item.hidden;
    }
    count.textContent = words.length ? `${left} of ${items.length}` : "";
  });
  before.before(make("div", { class: "filter" }, field, count));
}
