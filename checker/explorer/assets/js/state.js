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
    h("div", { class: "fields" }, tables(cells, view.values, before)),
    h("p", { class: "faint none-shown" }, "No field is changed here."),
  );
}

/** The server's own markup, as elements. */
function parsed(markup) {
  return [...new DOMParser().parseFromString(markup, "text/html").body.childNodes];
}

function isShown(field) {
  return ghosts.checked || !field.ghost;
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

/** All fields: those with the same last index in one table, which has a column for each of its values. */
function tables(cells, values, before) {
  const groups = new Map();
  for (const field of cells.fields.filter(isShown)) {
    const across = field.index.at(-1);
    const key = across ? across.name : "";
    const group = groups.get(key) ?? { across, rows: [] };
    groups.set(key, group);
    group.rows.push(...rowsOf(field, values, before, cells));
  }
  return [...groups.values()].map(({ across, rows }) => table(across, rows)).filter(Boolean);
}

/** The rows of a field, one for each combination of its indices but the last. */
function rowsOf(field, values, before, cells) {
  const wide = field.index.at(-1)?.values.length ?? 1;
  return combinations(field.index.slice(0, -1).map((sort) => sort.values)).map((fixed, row) => {
    const first = field.first + row * wide;
    const all = Array.from({ length: wide }, (_, column) => first + column);
    const label = fixed.length ? `${field.name}[${fixed.join(", ")}, ·]` : field.name;
    return {
      changed: all.some((cell) => before.has(cell)),
      made: h("tr", {},
        h("th", { scope: "row", title: field.says }, label, field.ghost && h("span", { class: "tag" }, "ghost")),
        all.map((cell) => cellView(values[cell], before.get(cell), cells.names[cell]))),
    };
  });
}

function table(across, rows) {
  const kept = onlyChanged.checked ? rows.filter((row) => row.changed) : rows;
  if (!kept.length) return null;
  const head = h("tr", { class: across ? "" : "hidden" }, h("td", {}), (across ? across.values : ["value"]).map((name) => h("th", { scope: "col" }, name)));
  const caption = h("caption", {}, across ? across.name : "single values");
  return h("div", { class: "wide" }, h("table", { class: "cells" }, caption, h("thead", {}, head), h("tbody", {}, kept.map((row) => row.made))));
}

function cellView(value, old, name) {
  const changed = old !== undefined;
  const quiet = value === "none" || value === "no";
  return h(
    "td",
    { class: `value${quiet ? " quiet" : ""}${changed ? " changed" : ""}`, title: changed ? `${name}: was ${old}` : name, "data-cell": name },
    changed && sign("◆", "changed"), value, changed && spoken(`, was ${old}`),
  );
}

/** Show the state again when what is to be shown of it changes. */
export function onSwitches(again) {
  for (const each of [onlyChanged, ghosts]) each.addEventListener("change", again);
}
