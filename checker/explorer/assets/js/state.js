// The state: its picture where the specification has one, and all its fields.

import { h, refill, sign, spoken } from "./dom.js";
import { combinations } from "./cells.js";

const place = document.getElementById("state");
const title = document.getElementById("state-title");
const onlyChanged = document.getElementById("only-changed");
const ghosts = document.getElementById("ghosts");

/** Show a state; what the last step changed, or what differs from the state compared with, is marked. */
export function showState(shown, act) {
  const { view, cells, pinned } = shown;
  const before = new Map();
  if (pinned) view.values.forEach((value, cell) => value !== pinned.values[cell] && before.set(cell, pinned.values[cell]));
  else if (view.at) for (const [cell, old] of view.steps[view.at - 1].changes) before.set(cell, old);
  title.textContent = view.at ? `State after step ${view.at}` : "Initial state";
  refill(
    place,
    view.picture && h("figure", { class: "picture" }, parsed(view.picture)),
    view.picture && h("p", { class: "passed" }, view.passed && [sign("◀"), ` point of no return: ${view.passed}`]),
    pinned && comparison(pinned, before, cells, view, act),
    h("div", { class: "fields" }, cells.fields.filter((field) => isShown(field, before)).map((field) => fieldTable(field, view.values, before))),
    h("p", { class: "faint none-shown" }, "No field is changed here."),
  );
}

/** The server's own markup, as elements. */
function parsed(markup) {
  return [...new DOMParser().parseFromString(markup, "text/html").body.childNodes];
}

function isShown(field, before) {
  if (field.ghost && !ghosts.checked) return false;
  if (!onlyChanged.checked) return true;
  for (let cell = field.first; cell < field.first + field.count; cell++) if (before.has(cell)) return true;
  return false;
}

function comparison(pinned, before, cells, view, act) {
  const rows = [...before].filter(([cell]) => !cells.ghost[cell] || ghosts.checked);
  return h(
    "section",
    { class: "comparison", "aria-label": "Comparison of two states" },
    h("p", {}, h("b", {}, rows.length ? `${rows.length} cell${rows.length === 1 ? "" : "s"} differ` : "No cell differs"), ` from ${pinned.title} `,
      h("button", { class: "small", "data-key": "pinned-go", onclick: act.pinned }, "Go there"),
      h("button", { class: "small", "data-key": "pinned-end", onclick: act.unpin }, "End comparison")),
    rows.length > 0 && h("table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "cell"), h("th", { scope: "col" }, pinned.short), h("th", { scope: "col" }, "here"))),
      h("tbody", {}, rows.map(([cell, old]) => h("tr", {}, h("th", { scope: "row" }, cells.names[cell]), h("td", {}, old), h("td", {}, h("b", {}, view.values[cell])))))),
  );
}

function fieldTable(field, values, before) {
  const value = (cell, tag = "dd") => cellView(values[cell], before.get(cell), tag);
  const name = h("div", { class: "field-name", title: field.says }, h("code", {}, field.name), field.ghost && h("span", { class: "tag" }, "ghost"), spoken(`: ${field.says}`));
  return h("section", { class: "field" }, name, layout(field, value));
}

/** One value, a row of values, or a table with the last index across. */
function layout(field, value) {
  const sorts = field.index;
  if (sorts.length === 0) return h("dl", { class: "cells" }, h("div", {}, h("dt", { class: "hidden" }, field.name), value(field.first)));
  if (sorts.length === 1) {
    return h("dl", { class: "cells" }, sorts[0].values.map((name, number) => h("div", {}, h("dt", {}, name), value(field.first + number))));
  }
  const across = sorts.at(-1).values;
  const down = combinations(sorts.slice(0, -1).map((sort) => sort.values));
  return h(
    "table",
    { class: "cells" },
    h("thead", {}, h("tr", {}, h("td", {}), across.map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, down.map((names, row) =>
      h("tr", {}, h("th", { scope: "row" }, names.join(", ")), across.map((_, column) => value(field.first + row * across.length + column, "td"))))),
  );
}

function cellView(value, old, tag) {
  const changed = old !== undefined;
  const quiet = value === "none" || value === "no";
  return h(
    tag,
    { class: `value${quiet ? " quiet" : ""}${changed ? " changed" : ""}`, title: changed ? `was ${old}` : null },
    changed && sign("◆", "changed"), value, changed && spoken(`, was ${old}`),
  );
}

/** Show the state again when what is to be shown of it changes. */
export function onSwitches(again) {
  for (const each of [onlyChanged, ghosts]) each.addEventListener("change", again);
}
