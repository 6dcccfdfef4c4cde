import { $, $$, announce } from "./dom.js";
import { api } from "./api.js";
import { t } from "./i18n.js";
import { pages } from "./nav.js";

const ORDER = ["auto", "light", "dark"];
const word = (theme) => ({ auto: t("Theme: as in the system"), light: t("Theme: light"), dark: t("Theme: dark") })[theme];
const chosen = () => document.documentElement.dataset.theme ?? "auto";

function apply(theme) {
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  const button = $("#theme");
  button?.setAttribute("aria-label", word(theme));
  if (button) button.title = word(theme);
}

function keep(theme) {
  try {
    localStorage.setItem("theme", theme);
  } catch {
    // This tab only, then.
  }
}

export function startTheme() {
  apply(chosen());
  pages.on("theme", (theme) => { keep(theme); apply(theme); });
  const next = () => {
    const theme = ORDER[(ORDER.indexOf(chosen()) + 1) % ORDER.length];
    apply(theme);
    announce(word(theme));
    keep(theme);
    // The profile keeps it for other machines; without a link this browser has it anyway.
    api("PATCH", "/api/v1/me", { theme }, { again: false }).catch(() => {});
  };
  for (const button of [$("#theme"), ...$$("[data-theme-next]")]) button?.addEventListener("click", next);
}
