// Questions to the server, with the token that its address gave to this browser.

const KEY = "attorn-token";

/** What the server refused, in its words; status 401 where the token is missing. */
export class Refused extends Error {
  constructor(status, says) {
    super(says);
    this.status = status;
  }
}

/** Keep the token of this server; other tabs of this address know it too. */
export function keepToken(token) {
  try {
    localStorage.setItem(KEY, token);
  } catch {
    memory = token;
  }
}

let memory = "";

function token() {
  try {
    return localStorage.getItem(KEY) ?? memory;
  } catch {
    return memory;
  }
}

async function ask(path, body, signal) {
  let answer;
  try {
    answer = await fetch(`api/${path}`, {
      method: body === undefined ? "GET" : "POST",
      body: body === undefined ? undefined : JSON.stringify(body),
      headers: { "X-Attorn-Token": token() },
      signal,
    });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Refused(0, "The explorer does not answer. Is attorn explore still running?");
  }
  const said = await answer.json().catch(() => ({ error: `The explorer answers ${answer.status}.` }));
  if (!answer.ok) throw new Refused(answer.status, said.error);
  return said;
}

const known = new Map();

export const worlds = () => ask("worlds");
export const view = (where, pinned, signal) =>
  ask("view", { world: where.world, start: where.start ?? 0, labels: where.labels, at: where.at, against: pinned && { start: pinned.start, labels: pinned.labels.slice(0, pinned.at) } }, signal);
export const landmark = (world, name, signal) => ask("landmark", { world, name }, signal);
export const seek = (where, condition, signal) =>
  ask("seek", { world: where.world, start: where.start, labels: where.labels.slice(0, where.at), condition }, signal);

export const play = (name, text) => ask("play", { name, text });

/** What there is to know of a world; asked for once. */
export async function facts(world, anew = false) {
  if (anew) known.delete(world);
  if (!known.has(world)) known.set(world, await ask(`world?name=${encodeURIComponent(world)}`));
  return known.get(world);
}
