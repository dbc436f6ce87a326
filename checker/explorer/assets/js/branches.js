// Ways that were taken once and left for another: they stay at hand while the page is open.

const KEY = "attorn-branches";
const MOST = 200;
const known = new Map(JSON.parse(stored() ?? "[]"));

const key = (where, number) => [where.world, where.start, ...where.labels.slice(0, number)].join("/");

/** Keep the rest of a run that is about to be replaced. */
export function keep(where, number) {
  const tail = where.labels.slice(number);
  if (!tail.length) return;
  const kept = (known.get(key(where, number)) ?? []).filter((each) => each[0] !== tail[0]);
  known.set(key(where, number), [...kept, tail].slice(-6));
  while (known.size > MOST) known.delete(known.keys().next().value);
  try {
    sessionStorage.setItem(KEY, JSON.stringify([...known]));
  } catch {
    // Without storage they last as long as the page.
  }
}

/** The other ways from a moment of a run, but for the one that it takes. */
export const others = (where, number) => (known.get(key(where, number)) ?? []).filter((tail) => tail[0] !== where.labels[number]);

function stored() {
  try {
    return sessionStorage.getItem(KEY);
  } catch {
    return null;
  }
}
