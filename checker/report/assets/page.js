// The page works without this: it lets the reader step through the pictures of a run, and choose light or dark.
(() => {
  const root = document.documentElement;
  root.classList.add("js");

  const theme = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const name = () => { theme.textContent = dark() ? "light" : "dark"; };
  theme.hidden = false;
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; name(); });
  name();

  for (const run of document.querySelectorAll("details.run")) {
    const links = [...run.querySelectorAll("a[data-step]")];
    const frames = run.querySelector(".frames");
    if (!frames) continue;
    const figures = [...frames.querySelectorAll("figure")];
    const show = (number, focus) => {
      const chosen = Math.max(0, Math.min(links.length - 1, number));
      links.forEach((link, at) => {
        link.parentElement.classList.toggle("current", at === chosen);
        if (at === chosen) link.setAttribute("aria-current", "step"); else link.removeAttribute("aria-current");
      });
      figures.forEach((figure, at) => figure.classList.toggle("current", at === chosen));
      if (focus) links[chosen].focus({ preventScroll: false });
    };
    const current = () => links.findIndex((link) => link.hasAttribute("aria-current"));
    links.forEach((link, at) => link.addEventListener("click", (event) => { event.preventDefault(); show(at, false); }));
    run.querySelector(".player").addEventListener("keydown", (event) => {
      const by = { ArrowDown: 1, ArrowRight: 1, j: 1, ArrowUp: -1, ArrowLeft: -1, k: -1, Home: -Infinity, End: Infinity }[event.key];
      if (by === undefined || event.ctrlKey || event.metaKey || event.altKey || event.target.tagName === "SUMMARY") return;
      event.preventDefault();
      show(current() + by, true);
    });
    const hint = document.createElement("p");
    hint.className = "hint";
    hint.textContent = "arrow keys step through the run";
    frames.prepend(hint);
    show(run.querySelector(".step.last") ? links.length - 1 : 0, false);
  }

  const open = () => {
    const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (let each = target; each; each = each.parentElement) if (each.tagName === "DETAILS") each.open = true;
    if (target) target.scrollIntoView();
  };
  addEventListener("hashchange", open);
  open();
  let closed = [];
  addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("details.run:not([open])")].filter((each) => each.querySelector(".mark.refuted")); closed.forEach((each) => { each.open = true; }); });
  addEventListener("afterprint", () => closed.forEach((each) => { each.open = false; }));
})();
