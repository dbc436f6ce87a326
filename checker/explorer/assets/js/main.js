// The page: where one is, how one moves, and what is shown then.

import { format, parse, place } from "./address.js";
import { keep, others } from "./branches.js";
import { laidOut } from "./cells.js";
import { isOpen, openFind, openHelp, openJump, openLandmark, openShare } from "./dialogs.js";
import { h, refill } from "./dom.js";
import { showHolds } from "./holds.js";
import { showNext } from "./next.js";
import { onSlide, reveal, showRun } from "./run.js";
import { Refused, facts, keepToken, landmark, view, worlds } from "./server.js";
import { onSwitches, showState } from "./state.js";
import { cycleTheme } from "./theme.js";

const element = (id) => document.getElementById(id);
const main = element("main");
const status = element("status");

let offered = [];
let shown = null;
let pinned = null;
let asking = null;
let playing = null;

// ---- moving

/** Show a place; `how.quiet` replaces the entry of the browser's history instead of adding one. */
async function go(where, how = {}) {
  asking?.abort();
  asking = new AbortController();
  const { signal } = asking;
  main.setAttribute("aria-busy", "true");
  try {
    const about = await facts(where.world);
    const seen = await view(where, pinned?.where.world === where.world ? pinned.where : null, signal);
    if (signal.aborted) return;
    const reached = place(where.world, seen.start, where.labels.slice(0, seen.halt ? seen.steps.length : undefined), seen.at, where.loop);
    if (pinned && pinned.where.world !== reached.world) pinned = null;
    shown = { where: reached, view: seen, facts: about, cells: shown?.facts === about ? shown.cells : laidOut(about), pinned, branches: (number) => others(reached, number), command: offered.find((each) => each.name === reached.world)?.command };
    const fragment = format(reached);
    if (how.quiet || location.hash === fragment) history.replaceState(null, "", fragment);
    else history.pushState(null, "", fragment);
    draw();
    say(how.says ?? summary());
  } catch (error) {
    if (error.name === "AbortError") return;
    if (!(error instanceof Refused)) throw error;
    trouble(error);
  } finally {
    if (!signal.aborted) main.setAttribute("aria-busy", "false");
  }
}

const act = {
  to: (number, how) => shown && go({ ...shown.where, at: Math.max(0, Math.min(number, shown.where.labels.length)) }, { quiet: true, ...how }),
  take(label) {
    const { where } = shown;
    if (where.labels[where.at] === label) return act.to(where.at + 1);
    keep(where, where.at);
    return go(place(where.world, where.start, [...where.labels.slice(0, where.at), label]));
  },
  branch(number, tail) {
    const { where } = shown;
    keep(where, number);
    return go(place(where.world, where.start, [...where.labels.slice(0, number), ...tail], number + 1));
  },
  extend(labels, says) {
    const { where } = shown;
    keep(where, where.at);
    return go(place(where.world, where.start, [...where.labels.slice(0, where.at), ...labels]), { says });
  },
  start(number) {
    keep(shown.where, 0);
    return go(place(shown.where.world, number, []), { quiet: true });
  },
  world: (name) => go(place(name)),
  run(world, found) {
    if (shown?.where.world === world) keep(shown.where, 0);
    return go(place(world, found.start, found.labels, found.labels.length, found.loop), { says: found.says });
  },
  async played(found) {
    offered = await worlds();
    await facts(found.world, true);
    return go(place(found.world, found.start, found.labels, 0), { says: found.says });
  },
  landmark: (name) => openLandmark(shown, offered, act, name),
  find: (text) => openFind(shown, act, text),
  pinned: () => go(pinned.where),
  unpin: () => togglePin(false),
};

// ---- showing

function draw() {
  main.dataset.shown = Number(main.dataset.shown ?? 0) + 1;
  element("world-name").textContent = shown.where.world;
  element("world-shape").textContent = shown.facts.shape;
  refill(element("about"), about());
  document.title = `${shown.where.world}${shown.view.at ? ` · step ${shown.view.at}` : ""} · attorn explore`;
  showRun(shown, act);
  showState(shown, act);
  showHolds(shown, act);
  showNext(shown, act);
  for (const [name, off] of [["first", !shown.view.at], ["back", !shown.view.at], ["forward", atEnd()], ["last", atEnd()], ["play", !shown.view.steps.length]]) {
    main.querySelector(`[data-command=${name}]`).disabled = off;
  }
  reveal();
}

/** What this world is. */
function about() {
  const offer = offered.find((each) => each.name === shown.where.world);
  const told = [offer?.group === "hazards" && h("b", {}, `${offer.title}. `), offer?.says || shown.facts.says];
  return told.filter(Boolean);
}

const atEnd = () => shown.view.at >= shown.view.steps.length;

function summary() {
  const { view: seen } = shown;
  const step = seen.at ? seen.steps[seen.at - 1] : null;
  const violated = seen.properties.filter((each) => each.holds === false).map((each) => each.name);
  const told = [step ? `Step ${seen.at}: ${step.label.replaceAll(",", ", ")}.` : "Initial state."];
  if (seen.halt) told.push(`The run could be followed for ${seen.steps.length} of its steps only.`);
  told.push(`${seen.ahead.length} steps can be taken.`, violated.length ? `Violated: ${violated.join(", ")}.` : seen.ending === "deadlock" ? "Deadlock." : "All properties hold.");
  return told.join(" ");
}

function say(text) {
  status.textContent = text;
}

function trouble(error) {
  const advice = error.status === 401 ? "This page has no token, or that of an explorer that has ended. Open the address that attorn explore printed." : error.message;
  status.replaceChildren(h("span", { class: "bad" }, advice));
  if (!shown) element("next").replaceChildren(h("p", { class: "trouble", role: "alert" }, advice));
}

function togglePin(on = !pinned) {
  const { where, view: seen } = shown;
  pinned = on ? { where, values: seen.values, title: seen.at ? `the state after step ${seen.at}` : "the initial state", short: seen.at ? `step ${seen.at}` : "start" } : null;
  shown.pinned = pinned;
  element("pin").setAttribute("aria-pressed", String(Boolean(pinned)));
  go(where, { quiet: true, says: pinned ? `Compared with ${pinned.title} from now on. Go to another state to see what differs.` : "The comparison has ended." });
}

function play(on = !playing) {
  clearInterval(playing);
  playing = null;
  if (on && shown.view.steps.length) {
    if (atEnd()) act.to(0);
    playing = setInterval(() => (atEnd() ? play(false) : act.to(shown.view.at + 1)), 900);
  }
  element("play").setAttribute("aria-pressed", String(Boolean(playing)));
  element("play").textContent = playing ? "Pause" : "Play";
}

// ---- commands and keys

const commands = {
  find: () => openFind(shown, act),
  jump: () => openJump(shown, offered, act),
  pin: () => togglePin(),
  open: () => {
    openJump(shown, offered, act);
    element("log").click();
  },
  share: () => openShare(shown),
  theme: () => say(cycleTheme()),
  help: () => openHelp(HELP),
  first: () => act.to(0),
  back: () => act.to(shown.view.at - 1),
  forward: () => act.to(shown.view.at + 1),
  last: () => act.to(shown.view.steps.length),
  play: () => play(),
  next: () => focusIn("next"),
  run: () => focusIn("run"),
  holds: () => focusIn("holds"),
  fields: () => toggle("only-changed"),
  ghosts: () => toggle("ghosts"),
};

const KEYS = {
  "/": "find", g: "jump", c: "pin", o: "open", y: "share", t: "theme", "?": "help", Home: "first", ArrowLeft: "back", ArrowRight: "forward", End: "last",
  " ": "play", n: "next", r: "run", p: "holds", f: "fields", x: "ghosts",
};

const HELP = [
  [["1", "…", "9"], "take the step with that number"],
  [["←", "→"], "one step back, one step forward along the run"],
  [["Home", "End"], "to the initial state, to the end of the run"],
  [["Space"], "play the run, or pause"],
  [["n", "r", "p"], "to what can happen next, to the run, to the properties"],
  [["↑", "↓"], "in a list, to the entry above or below; Enter takes it"],
  [["/"], "find a state by a condition"],
  [["g"], "jump to a goal, counterexample, known failure or other instance"],
  [["c"], "compare other states with this one"],
  [["f", "x"], "only changed fields; ghost fields"],
  [["o"], "play a log: a trace, or a run in ITF"],
  [["y"], "share this state"],
  [["t"], "light, dark, or as the system"],
  [["?"], "this help"],
];

function focusIn(name) {
  const target = element(name).querySelector('[data-walk] [tabindex="0"], [data-walk] button, [data-walk] summary');
  (target ?? element(name)).focus();
}

function toggle(name) {
  element(name).checked = !element(name).checked;
  showState(shown, act);
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-command]");
  if (button && (shown || ["help", "theme"].includes(button.dataset.command))) commands[button.dataset.command]();
  const skip = event.target.closest("[data-skip]");
  if (skip) {
    event.preventDefault();
    focusIn(skip.dataset.skip);
  }
});

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || isOpen() || !shown) return;
  const typing = event.target.matches("input[type=text]");
  const sliding = event.target.matches("input[type=range]") && ["ArrowLeft", "ArrowRight", "Home", "End"].includes(event.key);
  const pressing = event.target.matches("button, summary, input") && event.key === " ";
  if (typing || sliding || pressing) return;
  if (/^[1-9]$/.test(event.key)) {
    const step = shown.view.ahead[Number(event.key) - 1];
    if (step && !step.fault) act.take(step.label);
  } else if (KEYS[event.key]) {
    event.preventDefault();
    commands[KEYS[event.key]]();
  }
});

// ---- beginning

/** Go where the address says; a new one may bring a token, or ask for the run that decides something. */
async function arrive() {
  const { place: where, said } = parse(location.hash);
  if (said.has("token")) {
    keepToken(said.get("token"));
    history.replaceState(null, "", where ? format(where) : "#");
  }
  try {
    if (!offered.length) offered = await worlds();
    const target = where ?? place(offered[0].name);
    if (said.has("to")) {
      const found = await landmark(target.world, said.get("to"));
      if (found.outcome === "found") return go(place(target.world, found.start, found.labels, found.labels.length, found.loop), { quiet: true, says: found.says });
      return go(target, { quiet: true, says: found.says });
    }
    return go(target, { quiet: true });
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    trouble(error);
    main.setAttribute("aria-busy", "false");
  }
}

window.addEventListener("popstate", () => arrive());
onSlide(act);
onSwitches(() => shown && showState(shown, act));
arrive();
