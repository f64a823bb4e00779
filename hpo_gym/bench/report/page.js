"use strict";
(() => {
  const SVG = "http://www.w3.org/2000/svg";
  const FEW = 6; // rows from which a table has a filter
  const SHOWN = 12; // lines of a tip
  const numeric = /^[-+<]?\d/;

  // ------------------------------------------------------------------ elements
  function make(name, attributes = {}, ...children) {
    const one = document.createElement(name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    one.append(...children);
    return one;
  }

  function draw(parent, name, attributes, text) {
    const one = document.createElementNS(SVG, name);
    for (const [key, value] of Object.entries(attributes)) one.setAttribute(key, value);
    if (text !== undefined) one.textContent = text;
    parent.append(one);
    return one;
  }

  const rowsOf = (table) => [...table.tBodies[0].rows];
  const first = (cell) => (cell.querySelector(".gain span") || cell).childNodes;
  /** The text of a cell without what stands in small print. */
  const said = (cell) => [...first(cell)].filter((n) => n.nodeName !== "SMALL" && n.nodeName !== "I").map((n) => n.textContent).join("").trim();
  const valueOf = (cell) => (numeric.test(said(cell)) ? parseFloat(said(cell).replace("<", "")) : NaN);

  // ------------------------------------------------------------------ tables: sort and filter
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

  // ------------------------------------------------------------------ figures: read the values
  function readable(figure) {
    const table = document.getElementById(figure.dataset.values);
    const plot = figure.querySelector(".plot");
    const svg = plot.querySelector("svg");
    const [left, right, top, bottom] = figure.dataset.frame.split(" ").map(Number);
    const box = svg.viewBox.baseVal;
    const trials = [...table.tHead.rows[0].cells].slice(1).map((cell) => Number(cell.textContent));
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
      tip.replaceChildren(make("b", {}, `after trial ${trials[at]}`), ...lines, ...more);
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
      if (to === undefined || event.target !== figure) return;
      event.preventDefault();
      show(to);
    });
  }

  // ------------------------------------------------------------------ runs: order and configurations
  /** Where a value stands on its axis, 0 at the low end and 1 at the high one; NaN where it is inactive. */
  function placer(row) {
    const [, scale, low, high] = [...row.cells].map((cell) => cell.textContent);
    const choices = JSON.parse(row.dataset.choices);
    if (choices.length) return (text) => (text === "" ? NaN : (choices.indexOf(text) + 0.5) / choices.length);
    const on = (text) => (scale === "log" ? Math.log(Number(text)) : Number(text));
    const span = on(high) - on(low);
    return (text) => (text === "" ? NaN : span === 0 ? 0.5 : Math.min(Math.max((on(text) - on(low)) / span, 0), 1));
  }

  /** In which fifth of the run's scores each is, 0 the worst; -1 where the trial failed. */
  function fifths(scores) {
    const known = scores.filter((s) => !isNaN(s)).sort((a, b) => a - b);
    const most = Math.max(...known.map((s) => known.indexOf(s)), 0);
    return scores.map((s) => (isNaN(s) ? -1 : most === 0 ? 4 : Math.min(4, Math.floor((5 * known.indexOf(s)) / most))));
  }

  function read(run) {
    const table = run.querySelector("table");
    const count = Number(run.dataset.first);
    const heads = [...table.tHead.rows[0].cells].map((cell) => cell.textContent);
    const rows = rowsOf(table);
    const space = Object.fromEntries(
      rowsOf(document.getElementById(run.parentElement.dataset.space)).map((row) => [row.cells[0].textContent, row]));
    const scores = rows.map((row) => valueOf(row.cells[1]));
    const test = heads.indexOf("test score");
    return {
      rows, scores, fifth: fifths(scores), given: Number(run.dataset.given),
      tests: test > 0 && test < count ? rows.map((row) => valueOf(row.cells[test])) : [],
      axes: heads.slice(count).map((name, i) => {
        const place = placer(space[name]);
        return {
          name, low: space[name].cells[2].textContent, high: space[name].cells[3].textContent,
          choices: JSON.parse(space[name].dataset.choices),
          at: rows.map((row) => place(row.cells[count + i].textContent)),
          text: rows.map((row) => row.cells[count + i].textContent),
        };
      }),
    };
  }

  const kind = (fifth) => (fifth < 0 ? "lost" : `f${fifth}`);
  /** Of a long name such as "forest:depth" what stands behind the colon; all of it is in the tip. */
  const brief = (name, most) => short(name.length > most ? name.split(":").pop() : name, most);
  const short = (text, most) => (text.length > most ? `${text.slice(0, most - 1)}…` : text);

  /** About four round numbers between two. */
  function ticks(low, high) {
    const raw = (high - low) / 4;
    const unit = 10 ** Math.floor(Math.log10(raw));
    const step = [1, 2, 5, 10].map((m) => m * unit).find((s) => s >= raw);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const out = [];
    for (let i = Math.ceil(low / step); i * step <= high; i += 1) out.push([i * step, (i * step).toFixed(Math.min(digits, 12))]);
    return out;
  }

  /** The score of each trial in order; returns what shows each trial. */
  function drawOrder(svg, data, width, height) {
    const [left, right, top, bottom] = [64, width - 12, 10, height - 30];
    const n = data.scores.length;
    const every = [...data.scores, ...data.tests].filter((s) => !isNaN(s));
    const [low, high] = every.length ? [Math.min(...every), Math.max(...every)] : [0, 1];
    const pad = (high - low || Math.abs(high) || 1) * 0.06;
    const x = (trial) => left + ((right - left) * (trial - 0.5)) / n;
    const y = (score) => bottom - ((bottom - top) * (score - low + pad)) / (high - low + 2 * pad);
    if (data.given) draw(svg, "rect", { class: "given", x: left, y: top, width: x(data.given + 0.5) - left, height: bottom - top });
    for (const [value, text] of ticks(low - pad, high + pad)) {
      draw(svg, "line", { class: "axis", x1: left, x2: right, y1: y(value), y2: y(value), opacity: 0.4 });
      draw(svg, "text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, text);
    }
    draw(svg, "line", { class: "axis", x1: left, x2: right, y1: bottom, y2: bottom });
    const step = [1, 5, 10, 20, 50, 100, n].find((s) => (n / s) * 34 <= right - left);
    for (let t = 1; t <= n; t += t === 1 && step > 1 ? step - 1 : step) {
      draw(svg, "text", { x: x(t), y: bottom + 17, "text-anchor": "middle" }, t);
    }
    let best = -Infinity;
    let path = "";
    data.scores.forEach((score, i) => {
      if (score > best) best = score;
      if (best > -Infinity) path += `${path ? `H${x(i + 1)}V${y(best)}` : `M${x(i + 1)} ${y(best)}`}`;
    });
    if (path) draw(svg, "path", { class: "best", d: `${path}H${right}` });
    data.tests.forEach((score, i) => {
      if (!isNaN(score)) draw(svg, "path", { class: "test", d: `M${x(i + 1)} ${y(score) - 4}l4 4l-4 4l-4-4z` });
    });
    return data.scores.map((score, i) => {
      if (isNaN(score)) return draw(svg, "path", { class: "lost", d: `M${x(i + 1) - 4} ${bottom - 10}l8 8m0-8l-8 8` });
      return draw(svg, "circle", { class: kind(data.fifth[i]), cx: x(i + 1), cy: y(score), r: 4 });
    });
  }

  /** A line for each configuration, broken where a hyperparameter is inactive; returns the group of each. */
  function drawLines(svg, data, width, height) {
    const many = data.axes.length > 7;
    const [top, bottom, left, right] = [22, height - (many ? 100 : 44), 46, width - 46];
    const x = (j) => (data.axes.length < 2 ? width / 2 : left + ((right - left) * j) / (data.axes.length - 1));
    const y = (share) => bottom - (bottom - top) * share;
    data.axes.forEach((axis, j) => {
      draw(svg, "line", { class: "axis", x1: x(j), x2: x(j), y1: top, y2: bottom });
      const ends = axis.choices.length ? [axis.choices[0], axis.choices[axis.choices.length - 1]] : [axis.low, axis.high];
      draw(svg, "text", { x: x(j), y: top - 8, "text-anchor": "middle" }, short(ends[1], 8));
      draw(svg, "text", { x: x(j), y: bottom + 15, "text-anchor": "middle" }, short(ends[0], 8));
      const turned = many ? { "text-anchor": "end", transform: `rotate(-40 ${x(j)} ${bottom + 32})` } : { "text-anchor": "middle" };
      const name = draw(svg, "text", { x: x(j), y: bottom + 34, "font-weight": 600, ...turned }, brief(axis.name, many ? 16 : 14));
      draw(name, "title", {}, axis.name);
    });
    const order = data.scores.map((_, i) => i).sort((a, b) => data.fifth[a] - data.fifth[b]);
    const out = [];
    for (const i of order) {
      let path = "";
      let open = false;
      const group = draw(svg, "g", {});
      data.axes.forEach((axis, j) => {
        if (isNaN(axis.at[i])) { open = false; return; }
        path += `${open ? "L" : "M"}${x(j)} ${y(axis.at[i])}`;
        open = true;
        draw(group, "circle", { class: kind(data.fifth[i]), cx: x(j), cy: y(axis.at[i]), r: 2.2 });
      });
      if (path) group.prepend(draw(group, "path", { class: `line ${kind(data.fifth[i])}`, d: path }));
      out[i] = group;
    }
    return out;
  }

  function legend(data) {
    const entry = (shape, attributes, text) => {
      const mark = document.createElementNS(SVG, "svg");
      mark.setAttribute("viewBox", "0 0 12 12");
      mark.setAttribute("aria-hidden", "true");
      draw(mark, shape, attributes);
      return make("span", {}, mark, text);
    };
    const words = ["worst fifth of the scores", "second", "third", "fourth", "best fifth"];
    const out = words.map((text, i) => entry("circle", { class: `f${i}`, cx: 6, cy: 6, r: 4.5 }, text));
    if (data.fifth.includes(-1)) out.push(entry("path", { class: "lost", d: "M2 2l8 8m0-8l-8 8" }, "failed"));
    if (data.tests.length) out.push(entry("path", { class: "test", d: "M6 1l5 5l-5 5l-5-5z" }, "test score"));
    return make("div", { class: "legend" }, ...out);
  }

  function openRun(run) {
    const data = read(run);
    const box = make("div", { class: "drawings" });
    const told = make("p", { class: "said", role: "status" }, "Point at a trial, or use the arrow keys, to see what was tried.");
    const views = [["Score of each trial in order, and best so far", drawOrder, 250, 0], ["Configurations", drawLines, 330, 64]];
    const shown = views.map(([title]) => make("div", { class: "drawing", tabindex: 0, role: "group", "aria-label": `${title}; arrow keys move through the trials` }));
    let marks = [];
    let chosen = -1;

    function choose(i) {
      chosen = i;
      marks.forEach((of) => of.forEach((mark, k) => {
        for (const one of [mark, ...mark.children]) one.classList.toggle("chosen", k === i);
      }));
      data.rows.forEach((row, k) => row.classList.toggle("chosen", k === i));
      if (i < 0) return;
      marks[1][i].parentElement.append(marks[1][i]); // on top
      const config = data.axes.filter((axis) => axis.text[i] !== "").map((axis) => `${axis.name} ${axis.text[i]}`);
      const test = data.tests.length && !isNaN(data.tests[i]) ? `, test ${data.tests[i]}` : "";
      const score = isNaN(data.scores[i]) ? "failed" : `score ${data.scores[i]}${test}`;
      told.textContent = `Trial ${i + 1}${i < data.given ? " (given)" : ""}: ${score}. ${config.join(", ")}`;
    }

    function redraw() {
      const room = box.clientWidth;
      marks = views.map(([title, how, height, least], k) => {
        const width = Math.max(room, k ? least * data.axes.length : 320);
        const svg = document.createElementNS(SVG, "svg");
        for (const [key, value] of Object.entries({ width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": title })) svg.setAttribute(key, value);
        shown[k].replaceChildren(make("h4", {}, title), svg);
        const made = how(svg, data, width, height);
        made.forEach((mark, i) => {
          for (const kind of ["pointerenter", "pointerdown"]) mark.addEventListener(kind, () => choose(i));
        });
        return made;
      });
      choose(chosen);
    }

    for (const drawing of shown) {
      drawing.addEventListener("keydown", (event) => {
        const last = data.rows.length - 1;
        const to = { ArrowRight: chosen + 1, ArrowLeft: chosen < 0 ? last : chosen - 1, Home: 0, End: last }[event.key];
        if (to === undefined) return;
        event.preventDefault();
        choose(Math.min(Math.max(to, 0), last));
      });
    }
    data.rows.forEach((row, i) => row.addEventListener("pointerenter", () => choose(i)));
    box.append(...shown, legend(data), told);
    run.querySelector("summary").after(box);
    redraw();
    let width = box.clientWidth;
    new ResizeObserver(() => {
      if (box.clientWidth && box.clientWidth !== width) { width = box.clientWidth; redraw(); }
    }).observe(box);
    sortable(run.querySelector("table"));
  }

  // ------------------------------------------------------------------ the page
  for (const table of document.querySelectorAll("table.data")) {
    if (table.closest(".run")) continue;
    sortable(table);
    const rows = rowsOf(table);
    if (rows.length >= FEW) filter(table.parentElement, rows, `Filter rows: ${table.getAttribute("aria-label")}`);
  }
  for (const figure of document.querySelectorAll("figure[data-values]")) readable(figure);
  const runs = [...document.querySelectorAll("details.run")];
  for (const run of runs) run.addEventListener("toggle", () => run.open && !run.querySelector(".drawings") && openRun(run));
  if (runs.length >= FEW) filter(document.querySelector(".runs").previousElementSibling, runs, "Filter runs by optimizer");

  function follow() {
    const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    const closed = target && target.closest("details");
    if (closed) { closed.open = true; target.scrollIntoView(); }
  }
  addEventListener("hashchange", follow);
  follow();
})();
