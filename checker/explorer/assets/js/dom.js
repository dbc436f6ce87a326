// Elements from plain data, and lists that a keyboard can walk.

/** An element: attributes, `on…` listeners, and children that are elements, text, or nothing. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else made.setAttribute(name, value === true ? "" : String(value));
  }
  made.append(...children.flat(Infinity).filter((child) => child !== undefined && child !== null && child !== false));
  return made;
}

/** Text that is only read aloud. */
export const spoken = (text) => h("span", { class: "hidden" }, text);

/** A sign that is only seen. */
export const sign = (text, kind = "") => h("span", { "aria-hidden": "true", class: `sign ${kind}` }, text);

/** What is folded away until it is asked for, and only then made; `open` remembers what was asked for by its key. */
export function folded(key, open, summary, body, shown = false) {
  const made = h("details", { open: shown || open.has(key) }, h("summary", { "data-key": key }, summary));
  const fill = () => made.childElementCount === 1 && made.append(...body().flat(Infinity).filter(Boolean));
  if (made.open) fill();
  made.addEventListener("toggle", () => {
    if (!made.open) open.delete(key);
    else if (!shown) open.add(key);
    if (made.open) fill();
  });
  return made;
}

/** Put new children into a place; the focus stays with the element of the same `data-key`, and the scroll where it was. */
export function refill(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.dataset.key;
  const index = focused ? [...place.querySelectorAll("[data-key]")].indexOf(focused) : -1;
  const top = place.scrollTop;
  place.replaceChildren(...children.flat(Infinity).filter(Boolean));
  for (const list of place.querySelectorAll("[data-walk]")) settle(list);
  place.scrollTop = top;
  if (!focused) return;
  const all = [...place.querySelectorAll("[data-key]")];
  const next = all.find((each) => each.dataset.key === key) ?? all[Math.min(index, all.length - 1)] ?? place;
  next.focus({ preventScroll: true });
}

const walkable = (list) => [...list.querySelectorAll("button, summary")].filter((each) => each.offsetParent !== null);

/** One element of a list is reached by Tab, the others by arrow keys. */
function settle(list) {
  const all = [...list.querySelectorAll("button, summary")];
  const current = all.find((each) => each.getAttribute("aria-current")) ?? all[0];
  for (const each of all) each.tabIndex = each === current ? 0 : -1;
}

document.addEventListener("focusin", (event) => {
  const list = event.target.closest?.("[data-walk]");
  if (!list || !event.target.matches("button, summary")) return;
  for (const each of list.querySelectorAll("button, summary")) each.tabIndex = each === event.target ? 0 : -1;
});

document.addEventListener("keydown", (event) => {
  const list = event.target.closest?.("[data-walk]");
  if (!list || event.ctrlKey || event.metaKey || event.altKey) return;
  const all = walkable(list);
  const at = all.indexOf(event.target);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (to === undefined || at < 0) return;
  event.preventDefault();
  all[Math.max(0, Math.min(to, all.length - 1))].focus();
});
