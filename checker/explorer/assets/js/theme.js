// Light, dark, or as the system has it.

const KEY = "attorn-theme";
const ORDER = ["system", "light", "dark"];
const SIGNS = { system: "◐", light: "○", dark: "●" };
const SAYS = { system: "Theme: follow the system", light: "Theme: light", dark: "Theme: dark" };
const button = document.getElementById("theme");

let theme = stored();
apply();

/** The next theme; returns what to say of it. */
export function cycleTheme() {
  theme = ORDER[(ORDER.indexOf(theme) + 1) % ORDER.length];
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // Without storage it lasts as long as the page.
  }
  apply();
  return SAYS[theme];
}

function stored() {
  try {
    const found = localStorage.getItem(KEY);
    return ORDER.includes(found) ? found : "system";
  } catch {
    return "system";
  }
}

function apply() {
  document.documentElement.dataset.theme = theme;
  document.getElementById("theme-sign").textContent = SIGNS[theme];
  button.setAttribute("aria-label", SAYS[theme]);
}
