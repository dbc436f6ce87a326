// The address of a state: /WORLD/START/STEP/STEP?at=N&loop=N, after the # of the URL.

/** A place: world, number of the initial state, labels of the steps, the moment shown, where a loop begins. */
export function place(world, start = 0, labels = [], at = labels.length, loop = null) {
  return { world, start, labels, at: Math.max(0, Math.min(at, labels.length)), loop };
}

/** The place that a fragment names, and what else it says; null where it names none. */
export function parse(fragment) {
  const [path, query = ""] = fragment.replace(/^#/, "").split("?");
  const said = new URLSearchParams(query);
  const [empty, world, start = "", ...labels] = path.split("/").map(unescaped);
  if (empty !== "" || !world) return { place: null, said };
  const at = number(said.get("at"), labels.length);
  return { place: place(world, start === "" ? null : number(start, 0), labels, at, number(said.get("loop"), null)), said };
}

/** The fragment of a place. */
export function format(where) {
  const path = ["", where.world, where.start ?? 0, ...where.labels].map(escaped).join("/");
  const said = [];
  if (where.at !== where.labels.length) said.push(`at=${where.at}`);
  if (where.loop !== null) said.push(`loop=${where.loop}`);
  return `#${path}${said.length ? `?${said.join("&")}` : ""}`;
}

const number = (text, otherwise) => (/^\d+$/.test(text ?? "") ? Number(text) : otherwise);
const escaped = (text) => encodeURIComponent(text).replace(/%2C/g, ",").replace(/%3D/g, "=");

function unescaped(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
