// The field in the top bar finds everything as one types (a combobox: the field keeps the focus, arrows choose). A number
// and Enter dials; what was chosen opens; anything else opens the call list with it as filter.
import { api } from "./api.js";
import { can } from "./config.js";
import { $, $$, announce, h, icon, show } from "./dom.js";
import { looksLikeNumber } from "./format.js";
import { t } from "./i18n.js";
import { visit } from "./nav.js";

const PAUSE = 140;

export function startSearch(dialer) {
  const form = $("#search");
  const field = form.q;
  const panel = $("#found");
  let timer = 0;
  let asked = null;
  let active = -1;

  const options = () => $$("[role=option]", panel);

  function open(yes) {
    show(panel, yes);
    field.setAttribute("aria-expanded", String(yes));
    if (!yes) choose(-1);
  }

  function choose(index) {
    const all = options();
    active = all.length && index >= 0 ? index % all.length : -1;
    for (const [n, option] of all.entries()) option.setAttribute("aria-selected", String(n === active));
    if (active < 0) return field.removeAttribute("aria-activedescendant");
    field.setAttribute("aria-activedescendant", all[active].id);
    return all[active].scrollIntoView({ block: "nearest" });
  }

  function leave() {
    field.value = "";
    asked?.abort();
    open(false);
  }

  function go(option) {
    const { url, number } = option.dataset;
    if (!url) return dial(number);
    leave();
    field.blur();
    return visit(url);
  }

  async function dial(number) {
    if (await dialer.dial(number)) leave();
  }

  async function look() {
    const text = field.value.trim();
    asked?.abort();
    if (!text) return open(false);
    asked = new AbortController();
    try {
      const found = await api("GET", `/api/v1/search?q=${encodeURIComponent(text)}`, undefined, { signal: asked.signal });
      if (field.value.trim() === text && document.activeElement === field) draw(found.groups, text);
    } catch (error) {
      if (error.name !== "AbortError") open(false);
    }
  }

  // A number that nobody has: it can be called, or become a client (TEL-52).
  function unknown(text) {
    const hits = [{ title: t("Call %(number)s", { number: text }), url: "", number: text, icon: "phone" }];
    if (can("contacts.edit")) hits.push({ title: t("Create a client with this number"), url: `/contacts/new?phone=${encodeURIComponent(text)}`, icon: "plus" });
    return { title: t("New number"), hits };
  }

  function draw(found, text) {
    let n = 0;
    const known = found.some((group) => group.hits.some((hit) => hit.number));
    const groups = looksLikeNumber(text) && !known ? [...found, unknown(text)] : found;
    const lines = groups.map((group) => h("div.group", { role: "group", "aria-label": group.title },
      h("div.title", { "aria-hidden": "true" }, group.title),
      group.hits.map((hit) => h("div.hit", { role: "option", id: `found-${n++}`, "aria-selected": "false", "data-url": hit.url, "data-number": hit.number || null },
        icon(hit.icon || "next"), h("span.grow", h("span.mid.cut", hit.title), hit.note && h("span.small.t3.cut", hit.note)),
        hit.number && h("button.btn.bare.icon.sm", { type: "button", tabindex: "-1", "data-dial": hit.number, "aria-label": t("Call %(name)s", { name: hit.title }) }, icon("phone", "s"))))));
    if (!lines.length) lines.push(h("div.nothing.t3", t("Nothing found for “%(text)s”", { text })));
    if (lines.length && n) lines.push(h("div.keys-line.tiny.t3", { "aria-hidden": "true" }, t("↑ ↓ choose · Enter opens · Shift+Enter calls")));
    panel.replaceChildren(...lines);
    open(true);
    announce(n ? t("Found: %(count)s", { count: n }) : t("Nothing found"));
  }

  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE);
  });
  field.addEventListener("focus", () => { if (field.value.trim()) look(); });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    const chosen = options()[active];
    if (event.key === "Escape" && !panel.hidden) {
      event.preventDefault();
      event.stopPropagation();
      return open(false);
    }
    if (panel.hidden) return;
    const all = options().length;
    if (event.key === "ArrowDown") choose(active + 1);
    else if (event.key === "ArrowUp") choose(active <= 0 ? all - 1 : active - 1);
    else if (event.key === "Enter" && chosen) {
      if (event.shiftKey && chosen.dataset.number) dial(chosen.dataset.number);
      else go(chosen);
    } else return;
    event.preventDefault();
  });
  panel.addEventListener("pointerdown", (event) => event.preventDefault());
  panel.addEventListener("click", (event) => {
    if (event.target.closest("[data-dial]")) return leave();
    const option = event.target.closest("[role=option]");
    if (option) go(option);
  });
  field.addEventListener("blur", () => open(false));
  document.addEventListener("keydown", (event) => {
    if ((event.ctrlKey || event.metaKey) && !event.altKey && event.code === "KeyK") {
      event.preventDefault();
      field.focus();
      field.select();
    }
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text) return;
    clearTimeout(timer);
    if (looksLikeNumber(text)) await dial(text);
    else {
      open(false);
      visit(`/calls?q=${encodeURIComponent(text)}`);
    }
  });
}
