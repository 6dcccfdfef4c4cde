// A field that finds a client by a piece of the name or number (a combobox: the field keeps the focus, arrows choose).
import { api } from "./api.js";
import { announce, h, icon } from "./dom.js";
import { t } from "./i18n.js";

const PAUSE = 160;
let fields = 0;

// pick(entry) gets {id, name, note, phones: [{number, title}]}; `label` names the field.
export function clientField({ label, pick }) {
  const id = `book-${fields++}`;
  const list = h("div.book", { role: "listbox", id, "aria-label": label, hidden: true });
  const input = h("input.in", {
    type: "search", role: "combobox", autocomplete: "off", maxlength: "100", placeholder: label, "aria-label": label,
    "aria-expanded": "false", "aria-controls": id, "aria-autocomplete": "list", "data-book": true,
  });
  let found = [];
  let active = -1;
  let timer = 0;
  let asked = null;

  const options = () => [...list.querySelectorAll("[role=option]")];
  const open = (yes) => {
    list.hidden = !yes;
    input.setAttribute("aria-expanded", String(yes));
    if (!yes) choose(-1);
  };
  const choose = (index) => {
    const all = options();
    active = all.length && index >= 0 ? index % all.length : -1;
    for (const [n, option] of all.entries()) option.setAttribute("aria-selected", String(n === active));
    if (active < 0) return input.removeAttribute("aria-activedescendant");
    input.setAttribute("aria-activedescendant", all[active].id);
    return all[active].scrollIntoView({ block: "nearest" });
  };
  const take = (entry) => {
    input.value = "";
    open(false);
    pick(entry);
  };
  const draw = () => {
    list.replaceChildren(...(found.length ? found.map((entry, n) => h(
      "div.hit", { role: "option", id: `${id}-${n}`, "aria-selected": "false", "data-client": entry.id, onclick: () => take(entry) },
      icon("user", "s"),
      h("span.grow", h("span.mid.cut", entry.name || entry.phones[0].number), h("span.small.t3.cut.num", [entry.note, entry.phones[0].number, entry.phones.length > 1 && `+${entry.phones.length - 1}`].filter(Boolean).join(" · "))),
    )) : [h("div.nothing.t3.small", t("Nobody found"))]));
    open(true);
    announce(found.length ? t("Found: %(count)s", { count: found.length }) : t("Nobody found"));
  };
  const look = async () => {
    const text = input.value.trim();
    asked?.abort();
    if (text.length < 2) return open(false);
    asked = new AbortController();
    try {
      const { entries } = await api("GET", `/api/v1/dial-book?q=${encodeURIComponent(text)}`, undefined, { signal: asked.signal });
      if (input.value.trim() !== text) return undefined;
      found = entries;
      return draw();
    } catch (error) {
      return error.name === "AbortError" ? undefined : open(false);
    }
  };

  list.addEventListener("pointerdown", (event) => event.preventDefault());
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(look, PAUSE); });
  input.addEventListener("blur", () => open(false));
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || list.hidden) return;
    if (event.key === "ArrowDown") choose(active + 1);
    else if (event.key === "ArrowUp") choose(active <= 0 ? options().length - 1 : active - 1);
    else if (event.key === "Enter" && (found[active] || found.length === 1)) take(found[active] ?? found[0]);
    else if (event.key === "Escape") open(false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  return h("div.bookfield", input, list);
}
