// What can happen next, and what keeps the rest from happening.

import { folded, h, refill, sign, spoken } from "./dom.js";

const place = document.getElementById("next");
const preview = document.getElementById("preview");
const count = document.getElementById("next-count");
const opened = new Set();

/** Show the steps of a moment. */
export function showNext(shown, act) {
  const { view, facts, cells } = shown;
  const actions = new Map(facts.actions.map((action) => [action.name, action]));
  count.textContent = `${view.ahead.length} of ${view.ahead.length + view.blocked.length} steps`;
  const ahead = view.ahead.map((step, index) => aheadItem(step, index, actions, view, cells, act));
  const groups = Map.groupBy ? Map.groupBy(view.blocked, (step) => step.action) : grouped(view.blocked);
  refill(
    place,
    view.ending && h("p", { class: `ending ${view.ending}` }, view.ending === "deadlock" ? [sign("✗"), " Nothing can happen here, and this is no legal end."] : "Nothing more can happen: a legal end."),
    h("ul", { class: "ahead", "data-walk": true, "aria-label": "Steps that can be taken" }, ahead),
    h("h3", { class: "blocked-title" }, "Cannot happen here"),
    h("ul", { class: "blocked", "data-walk": true, "aria-label": "Steps that cannot be taken" }, [...groups].map(([name, steps]) => blockedItem(name, steps, actions.get(name)))),
  );
  explain(null, actions, cells);
}

function grouped(steps) {
  const found = new Map();
  for (const step of steps) found.set(step.action, [...(found.get(step.action) ?? []), step]);
  return found;
}

function aheadItem(step, index, actions, view, cells, act) {
  const taken = view.steps[view.at]?.label;
  const args = step.label.slice(step.action.length).replaceAll(",", ", ");
  const shown = () => explain(step, actions, cells);
  return h(
    "li",
    {},
    h(
      "button",
      {
        class: `take${step.label === taken ? " taken" : ""}${step.breaks.length ? " breaking" : ""}`,
        "data-key": step.label,
        "data-step": step.label,
        disabled: Boolean(step.fault),
        onclick: () => act.take(step.label),
        onfocus: shown,
        onmouseenter: shown,
      },
      index < 9 ? h("kbd", { "aria-hidden": "true" }, index + 1) : h("span"),
      h("span", { class: "label" }, h("b", {}, step.action), h("span", { class: "args" }, args), notes(step, view)),
      h("span", { class: "party" }, actions.get(step.action).party),
    ),
  );
}

function notes(step, view) {
  const taken = step.label === view.steps[view.at]?.label;
  return [
    step.breaks.length > 0 && h("span", { class: "note bad" }, sign("✗"), " breaks a property", spoken(`: ${step.breaks.join(", ")}`)),
    step.fault && h("span", { class: "note bad" }, sign("✗"), " not well defined"),
    taken && h("span", { class: "note" }, "as in this run"),
    !taken && step.known !== null && h("span", { class: "note" }, sign("↺"), step.known === view.at ? " stays here" : [spoken("leads back"), step.known ? ` to step ${step.known}` : " to the start"]),
  ];
}

function explain(step, actions, cells) {
  if (!step) {
    preview.replaceChildren(h("p", { class: "faint" }, "Point at a step to see what it would change."));
    return;
  }
  const action = actions.get(step.action);
  const seen = step.changes.filter(([cell]) => !cells.ghost[cell]);
  const told = seen.map(([cell, , now]) => h("span", { class: "would" }, h("code", {}, cells.names[cell]), " → ", h("b", {}, now)));
  preview.replaceChildren(
    h("p", {}, action.sentence),
    step.fault ? h("p", { class: "bad" }, step.fault) : h("p", { class: "would-all" }, told.length ? told : h("span", { class: "faint" }, step.changes.length ? "changes only ghost fields" : "changes nothing")),
    step.breaks.length > 0 && h("p", { class: "bad" }, sign("✗"), ` would break ${step.breaks.join(", ")}`),
  );
}

function blockedItem(name, steps, action) {
  const first = steps[0].clauses[0];
  const summary = [h("b", {}, name), steps.length > 1 && h("span", { class: "times" }, ` ×${steps.length}`), first && h("span", { class: "first-clause" }, h("code", {}, first.text))];
  return h("li", {}, folded(`blocked-${name}`, opened, summary, () => [
    h("p", { class: "faint" }, action.sentence),
    steps.map((step) => h(
      "div",
      { class: "obstacle" },
      h("p", {}, h("code", {}, step.label.replaceAll(",", ", ")), spoken(" is blocked by:")),
      h("ul", {}, step.clauses.map((clause) => h("li", {}, clauseView(clause)))),
    )),
  ]));
}

/** A false clause with its witness and the values that make it false. */
export function clauseView(clause) {
  return [
    sign("✗", "bad"),
    h("code", {}, clause.text),
    clause.witness.length > 0 && h("span", { class: "witness" }, ` for ${clause.witness.map(([name, value]) => `${name} = ${value}`).join(", ")}`),
    clause.values.length > 0 && h("span", { class: "values" }, clause.values.map(([cell, value]) => h("span", { class: "unit" }, h("code", {}, cell), " is ", h("b", {}, value)))),
    h("span", { class: "where" }, clause.where),
  ];
}
