// What holds at a moment: properties with their conjuncts, goals, and promises to be kept.

import { folded, h, refill, sign, spoken } from "./dom.js";
import { clauseView } from "./next.js";

const place = document.getElementById("holds");
const count = document.getElementById("holds-count");
const verdict = document.getElementById("verdict");
const opened = new Set();

/** Show the properties of a moment. */
export function showHolds(shown, act) {
  const { view, facts } = shown;
  const violated = view.properties.filter((each) => each.holds === false);
  count.textContent = `${view.properties.length - violated.length} of ${view.properties.length} hold`;
  const amiss = [...violated.map((each) => `${each.name} violated`), ...unkept(shown)];
  verdict.className = `verdict ${amiss.length ? "bad" : "good"}`;
  refill(verdict, sign(amiss.length ? "✗" : "✓"), ` ${amiss.length ? amiss.join(" · ") : "all properties hold here"}`);
  const stated = new Map(facts.properties.map((each) => [each.name, each]));
  const aims = new Map(facts.goals.map((each) => [each.name, each]));
  const order = [...violated, ...view.properties.filter((each) => each.holds !== false)];
  refill(
    place,
    h("ul", { class: "properties", "data-walk": true, "aria-label": "Properties" }, order.map((each) => propertyItem(each, stated.get(each.name), act))),
    view.goals.length > 0 && h("h3", {}, "Goals and promises"),
    h("ul", { class: "properties", "data-walk": true, "aria-label": "Goals and promises" }, view.goals.map((each) => goalItem(each, aims.get(each.name), act))),
  );
}

/** What is wrong with a run that ends here, or goes on like this for ever. */
function unkept({ view, where }) {
  const told = view.ending === "deadlock" ? ["deadlock"] : [];
  const forEver = where.loop !== null && view.at === view.steps.length;
  if (forEver || view.ending) told.push(...view.goals.filter((each) => each.owed.length).map((each) => `${each.name} never comes about`));
  return told;
}

function propertyItem(each, facts, act) {
  const key = `property-${each.name}`;
  const [mark, kind, words] = each.holds === false ? ["✗", "bad", "violated here"] : each.holds ? ["✓", "good", "holds"] : ["–", "faint", "asked of steps"];
  const reasons = new Map(each.false);
  const summary = [sign(mark, kind), h("span", { class: "name" }, each.name), h("span", { class: kind === "bad" ? "note bad" : "note" }, words)];
  return h("li", {}, folded(key, opened, summary, () => [
    h("p", {}, facts.sentence),
    h("ol", { class: "conjuncts" }, facts.conjuncts.map(([text, where], number) =>
      h("li", {}, reasons.has(number) ? clauseView(reasons.get(number)) : [sign(each.holds === null ? "–" : "✓", "good"), h("code", {}, text), h("span", { class: "where" }, where)]))),
    about(facts),
    h("div", { class: "buttons left" },
      h("button", { class: "small", "data-key": `violate-${each.name}`, onclick: () => act.landmark(each.name) }, "Search for a violation"),
      facts.kind === "invariant" && h("button", { class: "small", "data-key": `find-${each.name}`, onclick: () => act.find(`not ${each.name}`) }, "… from here")),
  ], each.holds === false));
}

function goalItem(each, facts, act) {
  const [mark, kind, words] = progress(each, facts);
  const summary = [sign(mark, kind), h("span", { class: "name" }, each.name), h("span", { class: "note" }, words)];
  return h("li", {}, folded(`goal-${each.name}`, opened, summary, () => [
    h("p", {}, facts.sentence),
    facts.kind === "progress"
      ? h("p", { class: "stages" }, h("code", {}, facts.stages[0]), h("span", {}, " leads to "), h("code", {}, facts.stages[1]))
      : h("ol", { class: "stages" }, facts.stages.map((text, number) => h("li", {}, sign(number < each.stages ? "✓" : "·", number < each.stages ? "good" : ""), h("code", {}, text), number < each.stages && spoken(" passed")))),
    each.owed.map(([given, since]) => h("p", { class: "owed" }, sign("○"), ` ${given ? `for ${given}: ` : ""}to be kept since ${since ? `step ${since}` : "the start"}`)),
    about(facts),
    h("div", { class: "buttons left" }, h("button", { class: "small", "data-key": `reach-${each.name}`, onclick: () => act.landmark(each.name) }, facts.kind === "goal" ? "Go to a run that reaches it" : "Search for a violation")),
  ]));
}

function progress(each, facts) {
  if (facts.kind === "goal") {
    const done = each.stages === facts.stages.length;
    if (facts.stages.length === 1) return done ? ["✓", "good", "reached by this run"] : ["·", "", "not yet reached"];
    return [done ? "✓" : "·", done ? "good" : "", done ? "reached by this run" : `${each.stages} of ${facts.stages.length} stages`];
  }
  if (facts.kind === "possible") return each.holds ? ["✓", "good", "is so here"] : ["·", "", "not so here"];
  return each.owed.length ? ["○", "", "to be kept"] : ["✓", "good", "nothing owed"];
}

function about(facts) {
  const told = [facts.kind, facts.where, facts.claim && `claim ${[...facts.claim].join(" ")}`, ...(facts.hazards ?? [])].filter(Boolean);
  return h("p", { class: "where" }, told.join(" · "));
}
