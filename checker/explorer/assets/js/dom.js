// Elements from plain data, and lists that a keyboard can walk.

/** The handlers of each element, by name: what stays takes those of what it is made like. */
const handlers = new WeakMap();

/** An element: attributes, `on…` handlers, and children that are elements, text, or nothing. */
export function h(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  handlers.set(made, Object.keys(attributes).filter((name) => name.startsWith("on")));
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) made[name] = value;
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
  const fill = (made) => made.open && made.childElementCount === 1 && made.append(...body().flat(Infinity).filter(Boolean));
  const ontoggle = ({ currentTarget: made }) => {
    if (!made.open) open.delete(key);
    else if (!shown) open.add(key);
    fill(made);
  };
  const made = h("details", { open: shown || open.has(key), ontoggle }, h("summary", { "data-key": key }, summary));
  fill(made);
  return made;
}

/** Give a place new children, with as few changes as that takes; the focus stays with the element of the same `data-key`. */
export function refill(place, ...children) {
  const focused = place.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.dataset.key;
  const index = focused ? [...place.querySelectorAll("[data-key]")].indexOf(focused) : -1;
  const wanted = h("div", {}, children);
  for (const list of wanted.querySelectorAll("[data-walk]")) settle(list, key);
  patchChildren(place, wanted);
  if (!focused || document.activeElement === focused) return;
  const all = [...place.querySelectorAll("[data-key]")];
  const next = all.find((each) => each.dataset.key === key) ?? all[Math.min(index, all.length - 1)] ?? place;
  next.focus({ preventScroll: true });
}

/** What tells a child from its siblings: its own key, or that of what a row holds. */
const keyOf = (node) => node.dataset?.key ?? (node.localName === "li" ? node.querySelector("[data-key]")?.dataset.key : undefined);

/** Make the children of `old` like those of `wanted`; elements that stay are kept, those with keys wherever they are. */
function patchChildren(old, wanted) {
  const made = [...wanted.childNodes];
  const keys = made.map(keyOf);
  const kept = new Set(keys);
  const keyed = new Map([...old.childNodes].map((node) => [keyOf(node), node]));
  let at = old.firstChild;
  made.forEach((each, number) => {
    const key = keys[number];
    while (at && keyOf(at) !== undefined && !kept.has(keyOf(at))) at = removed(at);
    const same = key === undefined ? at : keyed.get(key);
    if (!same || keyOf(same) !== key || same.nodeName !== each.nodeName) return old.insertBefore(each, at);
    keyed.delete(key);
    if (same === at) at = at.nextSibling;
    else old.insertBefore(same, at);
    return patch(same, each);
  });
  while (at) at = removed(at);
}

function removed(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function patch(old, wanted) {
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== wanted.data) old.data = wanted.data;
    return;
  }
  for (const { name, value } of wanted.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  for (const { name } of [...old.attributes]) if (!wanted.hasAttribute(name)) old.removeAttribute(name);
  for (const name of handlers.get(old) ?? []) old[name] = null;
  for (const name of handlers.get(wanted) ?? []) old[name] = wanted[name];
  handlers.set(old, handlers.get(wanted) ?? []);
  patchChildren(old, wanted);
}

const walkable = (list) => [...list.querySelectorAll("button, summary")].filter((each) => each.offsetParent !== null);

/** One element of a list is reached by Tab, the others by arrow keys: that with the key, the current one, or the first. */
function settle(list, key) {
  const all = [...list.querySelectorAll("button, summary")];
  const current = all.find((each) => key && each.dataset.key === key) ?? all.find((each) => each.getAttribute("aria-current")) ?? all[0];
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
