// Dialogs: find a state, jump to a run, share a state, help.

import { h, refill, sign } from "./dom.js";
import { Refused, landmark, play, seek } from "./server.js";

const element = (id) => document.getElementById(id);
const [findDialog, jumpDialog, shareDialog, helpDialog] = ["find", "jump", "share", "help"].map((name) => element(`${name}-dialog`));
let waiting = null;

for (const dialog of document.querySelectorAll("dialog")) {
  dialog.addEventListener("close", () => waiting?.abort());
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog || event.target.closest("[data-close]")) dialog.close();
  });
}

const open = (dialog) => dialog.open || dialog.showModal();

/** Whether some dialog is open. */
export const isOpen = () => Boolean(document.querySelector("dialog[open]"));

async function searching(answer, search) {
  waiting?.abort();
  waiting = new AbortController();
  const mine = waiting;
  answer.replaceChildren(h("p", {}, h("span", { class: "busy", "aria-hidden": "true" }), " Searching breadth-first … ", h("button", { type: "button", class: "small", onclick: () => mine.abort() }, "Stop")));
  try {
    return await search(mine.signal);
  } catch (error) {
    if (error.name === "AbortError") answer.replaceChildren(h("p", {}, "Stopped; nothing is determined."));
    else if (error instanceof Refused) answer.replaceChildren(h("pre", { class: "refusal" }, error.message));
    else throw error;
    return null;
  } finally {
    if (waiting === mine) waiting = null;
  }
}

// ---- find a state

const findText = element("find-text");
const findAnswer = element("find-answer");

/** Let the user write a condition, and go to the nearest state where it holds. */
export function openFind(shown, act, text) {
  const examples = ownExamples(shown);
  element("find-examples").replaceChildren(...examples.map((each) => h("button", { type: "button", class: "small", onclick: () => { findText.value = each; findText.focus(); } }, h("code", {}, each))));
  if (text !== undefined) findText.value = text;
  else if (!findText.value) findText.placeholder = examples[0] ?? "";
  findAnswer.replaceChildren();
  element("find-form").onsubmit = (event) => {
    event.preventDefault();
    find(shown, act);
  };
  open(findDialog);
  findText.select();
  if (text !== undefined) find(shown, act);
}

async function find(shown, act) {
  const condition = findText.value.trim() || findText.placeholder;
  if (!condition) return;
  const found = await searching(findAnswer, (signal) => seek(shown.where, condition, signal));
  if (!found) return;
  findAnswer.replaceChildren(h("p", { class: found.outcome }, sign({ found: "✓", none: "–", undetermined: "?" }[found.outcome]), ` ${found.says}`));
  if (found.outcome === "found" && found.labels.length) {
    findDialog.close();
    act.extend(found.labels, found.says);
  }
}

/** Conditions over the fields of this very machine. */
function ownExamples({ facts, cells, view }) {
  const named = facts.goals.filter((each) => each.kind === "goal" && each.stages.length === 1).map((each) => each.name);
  const field = cells.fields.find((each) => !each.ghost && each.index.length === 1 && each.values.name !== "Bool" && each.values.values.length > 2);
  const found = [];
  if (field) found.push(`${field.name}[${field.index[0].values[0]}] = ${field.values.values.at(-1)}`);
  const pair = cells.fields.find((each) => !each.ghost && each.index.length === 1 && each.index[0].values.length > 1);
  if (pair) found.push(`exists a, b in ${pair.index[0].name}: ${pair.name}[a] != ${pair.name}[b]`);
  if (facts.properties.length) found.push(`not ${(facts.properties.find((each) => each.kind === "invariant") ?? facts.properties[0]).name}`);
  return [...found, ...named.slice(0, 1)].slice(0, 4);
}

// ---- jump to a run

const jumpText = element("jump-text");
const jumpList = element("jump-list");
const jumpAnswer = element("jump-answer");
let choices = [];
let chosen = 0;
let jumpOn = null;

/** Let the user choose a run that decides something, or another world. */
export function openJump(shown, worlds, act) {
  choices = [...landmarks(shown), ...elsewhere(worlds, shown)];
  jumpOn = { act, world: shown?.where.world };
  jumpText.value = "";
  jumpAnswer.replaceChildren();
  chosen = 0;
  listed();
  open(jumpDialog);
  jumpText.focus();
}

function landmarks(shown) {
  if (!shown) return [];
  const { facts } = shown;
  const goals = facts.goals.map((each) => ({ group: each.kind === "goal" ? "Goals of this world" : "Promises of this world", name: each.name, says: each.sentence, aim: each.name, verb: each.kind === "goal" ? "reach" : "break" }));
  const stated = facts.properties.map((each) => ({ group: "Properties of this world: a violation, if there is one", name: each.name, says: each.sentence, aim: each.name, verb: "break" }));
  const deadlock = { group: "Properties of this world: a violation, if there is one", name: "no_deadlock", says: "Every state has a way on, or is a legal end.", aim: "no_deadlock", verb: "break" };
  return [...goals.filter((each) => each.verb === "reach"), ...stated, deadlock, ...goals.filter((each) => each.verb !== "reach")];
}

function elsewhere(worlds, shown) {
  const title = { logs: "Logs", chosen: "Worlds", instances: "Worlds", hazards: "Known failures of real systems" };
  return worlds.map((each) => ({
    group: title[each.group] ?? each.group, name: each.name, says: each.group === "hazards" ? `${each.title}: ${each.says}` : `${each.title}. ${each.says}`,
    world: each.name, aim: each.aim, here: each.name === shown?.where.world,
  }));
}

function listed() {
  const words = jumpText.value.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = choices.filter((each) => words.every((word) => `${each.name} ${each.says} ${each.group}`.toLowerCase().includes(word)));
  fits.sort((a, b) => groupOrder(a) - groupOrder(b));
  const exact = fits.findIndex((each) => each.name.toLowerCase() === jumpText.value.trim().toLowerCase());
  chosen = Math.max(0, exact >= 0 ? exact : Math.min(chosen, fits.length - 1));
  let group = "";
  const rows = fits.flatMap((each, index) => {
    const title = each.group === group ? [] : [h("div", { class: "group", role: "presentation" }, (group = each.group))];
    return [...title, h("div", { role: "option", id: `option${index}`, class: "option", title: each.says, "aria-selected": String(index === chosen), onclick: () => jump(each), onmousemove: () => select(index) },
      h("b", {}, each.name), each.here && h("span", { class: "tag" }, "here"), h("span", { class: "faint" }, each.says))];
  });
  refill(jumpList, rows.length ? rows : h("p", { class: "faint" }, "Nothing is called so."));
  jumpList.fits = fits;
  mark();
}

const groupOrder = (each) => choices.findIndex((other) => other.group === each.group);

function select(index) {
  if (index === chosen) return;
  jumpList.querySelector(`#option${chosen}`)?.setAttribute("aria-selected", "false");
  chosen = index;
  jumpList.querySelector(`#option${chosen}`)?.setAttribute("aria-selected", "true");
  mark();
}

function mark() {
  const option = jumpList.querySelector(`#option${chosen}`);
  jumpText.setAttribute("aria-activedescendant", option ? option.id : "");
  option?.scrollIntoView({ block: "nearest" });
}

jumpText.addEventListener("input", () => { chosen = 0; listed(); });
jumpText.addEventListener("keydown", (event) => {
  const last = (jumpList.fits?.length ?? 0) - 1;
  const to = { ArrowDown: chosen + 1, ArrowUp: chosen - 1, PageDown: chosen + 8, PageUp: chosen - 8 }[event.key];
  if (to !== undefined) {
    event.preventDefault();
    select(Math.max(0, Math.min(to, last)));
  } else if (event.key === "Enter") {
    event.preventDefault();
    if (jumpList.fits?.[chosen]) jump(jumpList.fits[chosen]);
  }
});

async function jump(choice) {
  const { act, world } = jumpOn;
  if (choice.world && !choice.aim) {
    jumpDialog.close();
    act.world(choice.world);
    return;
  }
  const where = choice.world ?? world;
  const found = await searching(jumpAnswer, (signal) => landmark(where, choice.aim, signal));
  if (!found) return;
  if (found.outcome === "found") {
    jumpDialog.close();
    act.run(where, found);
  } else {
    jumpAnswer.replaceChildren(h("p", { class: found.outcome }, sign(found.outcome === "none" ? "✓" : "?"), ` ${found.says}`));
  }
}

element("log").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  jumpAnswer.replaceChildren(h("p", {}, `Reading ${file.name} …`));
  try {
    const played = await play(file.name, await file.text());
    jumpDialog.close();
    jumpOn.act.played(played);
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    jumpAnswer.replaceChildren(h("pre", { class: "refusal" }, error.message));
  } finally {
    event.target.value = "";
  }
});

/** Search for the run that decides a goal or a property, and go there. */
export function openLandmark(shown, worlds, act, name) {
  openJump(shown, worlds, act);
  jumpText.value = name;
  listed();
  jump({ aim: name });
}

// ---- share and help

/** Show how others get to this state. */
export function openShare(shown) {
  element("share-link").value = location.href;
  element("share-command").value = `${shown.command} --at '${location.hash.slice(1)}'`;
  element("share-answer").textContent = "";
  open(shareDialog);
  element("share-link").select();
}

for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", async () => {
    const source = element(button.dataset.copy);
    source.select();
    try {
      await navigator.clipboard.writeText(source.value);
      element("share-answer").textContent = "Copied.";
    } catch {
      element("share-answer").textContent = "Selected; copy it with the keyboard.";
    }
  });
}

/** Show what keys do. */
export function openHelp(keys) {
  element("help-keys").replaceChildren(...keys.map(([names, says]) => h("div", {}, h("dt", {}, names.map((name) => h("kbd", {}, name))), h("dd", {}, says))));
  open(helpDialog);
}
