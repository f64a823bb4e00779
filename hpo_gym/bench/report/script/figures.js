// Figures: read their values by pointer or arrow keys.

const SHOWN = 12; // lines of a tip

function readable(figure, plot) {
  const table = document.getElementById(figure.dataset.values);
  const svg = plot.querySelector("svg");
  const [left, right, top, bottom] = plot.dataset.frame.split(" ").map(Number);
  const box = svg.viewBox.baseVal;
  const trials = [...table.tHead.rows[0].cells].slice(1).map((cell) => Number(cell.textContent));
  const cost = Number(figure.dataset.cost); // the budget in cost, NaN where it is in trials
  const last = Math.max(trials[trials.length - 1], 2);
  const place = (trial) => left + ((right - left) * (trial - 1)) / (last - 1);
  const line = draw(svg, "line", { class: "pointer", y1: top * box.height, y2: bottom * box.height, visibility: "hidden" });
  const tip = make("div", { class: "tip", role: "status" });
  tip.hidden = true;
  figure.append(tip);
  let at = -1;

  function show(i) {
    at = Math.min(Math.max(i, 0), trials.length - 1);
    const x = place(trials[at]);
    for (const end of ["x1", "x2"]) line.setAttribute(end, x * box.width);
    line.setAttribute("visibility", "visible");
    const rows = rowsOf(table).map((row) => [said(row.cells[0]), row.cells[at + 1], row.querySelector(".key")]);
    rows.sort((a, b) => valueOf(a[1]) - valueOf(b[1]));
    const lines = rows.slice(0, SHOWN).map(([name, cell, key]) =>
      make("div", {}, key ? key.cloneNode() : make("i", { class: "key" }), make("span", {}, name), said(cell)));
    const more = rows.length > SHOWN ? [make("div", {}, `and ${rows.length - SHOWN} more in the table`)] : [];
    const spent = +((cost * trials[at]) / last).toPrecision(3);
    const when = cost ? `after ${spent} mean cost${spent === 1 ? "" : "s"}` : `after trial ${trials[at]}`;
    tip.replaceChildren(make("b", {}, when), ...lines, ...more);
    tip.hidden = false;
    const drawn = svg.getBoundingClientRect();
    const outer = figure.getBoundingClientRect();
    const mid = drawn.left - outer.left + x * drawn.width;
    const before = mid + 14 + tip.offsetWidth > outer.width;
    tip.style.left = `${Math.max(4, before ? mid - 14 - tip.offsetWidth : mid + 14)}px`;
  }

  function hide() {
    tip.hidden = true;
    at = -1;
    line.setAttribute("visibility", "hidden");
  }

  function point(event) {
    const drawn = svg.getBoundingClientRect();
    const share = (event.clientX - drawn.left) / drawn.width;
    const [low, high] = [(event.clientY - drawn.top) / drawn.height, share];
    if (high < left - 0.03 || high > right + 0.03 || low < top || low > bottom) return hide();
    const trial = 1 + ((share - left) / (right - left)) * (last - 1);
    show(trials.reduce((best, t, i) => (Math.abs(t - trial) < Math.abs(trials[best] - trial) ? i : best), 0));
  }

  svg.addEventListener("pointermove", point);
  svg.addEventListener("pointerdown", point);
  svg.addEventListener("pointerleave", (event) => event.pointerType === "mouse" && hide());
  figure.addEventListener("blur", hide);
  figure.addEventListener("keydown", (event) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at < 0 ? trials.length - 1 : at - 1, Home: 0, End: trials.length - 1 }[event.key];
    if (event.key === "Escape") hide();
    if (to === undefined || event.target !== figure || !plot.clientWidth) return;
    event.preventDefault();
    show(to);
  });
}
