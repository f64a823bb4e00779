// Runs: the order of trials, and configurations as parallel coordinates.

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
