// Elements of the page, and what cells say.

const SVG = "http://www.w3.org/2000/svg";
const numeric = /^[-+<]?\d/;

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
