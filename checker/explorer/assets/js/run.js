// The run so far, and what follows of it: every step with what it changed.

import { h, refill, sign, spoken } from "./dom.js";

const list = document.getElementById("run");
const slider = document.getElementById("slider");
const count = document.getElementById("run-length");

/** Show the run of a moment; `branches` tells the other ways that were taken from a moment. */
export function showRun(shown, act) {
  const { view, facts, cells, where } = shown;
  const parties = new Map(facts.actions.map((action) => [action.name, action.party]));
  const last = view.steps.length;
  slider.max = last;
  slider.value = view.at;
  slider.setAttribute("aria-valuetext", view.at ? `after step ${view.at} of ${last}` : `initial state of a run of ${last} steps`);
  count.textContent = last ? `step ${view.at} of ${last}` : "at the start";
  const items = [initial(view, facts, act)];
  items.push(...otherWays(shown, 0, act));
  view.steps.forEach((step, index) => {
    const number = index + 1;
    if (where.loop !== null && index === where.loop) items.push(h("li", { class: "loop" }, "from here for ever"));
    items.push(stepItem(step, number, view, parties, cells, act), ...otherWays(shown, number, act));
  });
  if (where.loop !== null && where.loop < last) items.push(h("li", { class: "loop" }, sign("↺"), ` and again from step ${where.loop + 1}`));
  if (where.loop !== null && where.loop === last) items.push(h("li", { class: "loop" }, "rests here for ever"));
  if (view.halt) items.push(halt(view.halt));
  refill(list, h("ol", { class: "steps", "data-walk": true }, items));
}

/** Scroll to the moment shown; once all is drawn, as it needs the layout. */
export const reveal = () => list.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest" });

function initial(view, facts, act) {
  const current = view.at === 0;
  const choose = facts.starts > 1 && h(
    "span",
    { class: "starts", role: "group", "aria-label": "Choice of the initial state" },
    h("button", { class: "small", "data-key": "start-", "aria-label": "Initial state before", onclick: () => act.start(view.start - 1), disabled: view.start === 0 }, "‹"),
    h("span", { class: "number" }, `${view.start + 1} of ${facts.starts}`),
    h("button", { class: "small", "data-key": "start+", "aria-label": "Next initial state", onclick: () => act.start(view.start + 1), disabled: view.start + 1 >= facts.starts }, "›"),
  );
  return h(
    "li",
    { class: "step" },
    h("div", { class: "initial" },
      h("button", { class: "go", "data-key": "step0", "aria-current": current && "step", onclick: () => act.to(0) }, h("span", { class: "number" }, "0"), h("span", { class: "label" }, "initial state")),
      choose),
  );
}

function stepItem(step, number, view, parties, cells, act) {
  const current = view.at === number;
  const name = step.label.slice(0, step.action.length);
  const seen = step.changes.filter(([cell]) => !cells.ghost[cell]);
  return h(
    "li",
    { class: `step${number > view.at ? " later" : ""}` },
    h(
      "button",
      { class: "go", "data-key": `step${number}`, "aria-current": current && "step", onclick: () => act.to(number) },
      h("span", { class: "number" }, number),
      h("span", { class: "label" }, h("b", {}, name), h("span", { class: "args" }, step.label.slice(name.length).replaceAll(",", ", "))),
      h("span", { class: "party" }, parties.get(step.action)),
      step.note && h("span", { class: "noted" }, step.note),
      step.breaks.length > 0 && h("span", { class: "bad" }, sign("✗"), ` breaks ${step.breaks.join(", ")}`),
    ),
    current && h(
      "ul",
      { class: "changes", "aria-label": "Changed by this step" },
      seen.map(([cell, old, now]) => h("li", {}, sign("◆", "changed"), h("code", {}, cells.names[cell]), h("span", {}, `${old} → `, h("b", {}, now)))),
      seen.length === 0 && h("li", { class: "faint" }, step.changes.length ? "only ghost fields" : "nothing"),
    ),
  );
}

function otherWays(shown, number, act) {
  return shown.branches(number).map((tail) =>
    h("li", { class: "branch" },
      h("button", { class: "small", "data-key": `branch${number}${tail[0]}`, onclick: () => act.branch(number, tail) }, sign("↳"), spoken("other way: "), tail[0], tail.length > 1 && ` and ${tail.length - 1} more`)));
}

function halt(found) {
  return h(
    "li",
    { class: "halt", role: "alert" },
    h("p", {}, sign("✗"), ` Step ${found.number}, `, h("code", {}, found.label), `, cannot be taken: ${found.says}.`),
    found.clauses.map((clause) => h("p", { class: "faint" }, h("code", {}, clause.text), " is false ", `(${clause.where})`)),
  );
}

/** Let the slider move along the run. */
export function onSlide(act) {
  slider.addEventListener("input", () => act.to(Number(slider.value), { quiet: true }));
}
