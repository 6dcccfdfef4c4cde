// The card and its form: rows of numbers and channels, the organisation that is found while one types, files, questions.
import { $, $$, h } from "../js/dom.js";
import { api } from "../js/api.js";
import { t } from "../js/i18n.js";
import { question } from "../js/overlays.js";
import { complain } from "../js/toast.js";

const WAIT = 150;
const MB = 1024 * 1024;

export function start(shell) {
  document.addEventListener("click", clicked);
  document.addEventListener("change", changed);
  // Before htmx takes the form: a destructive act asks first.
  document.addEventListener("submit", asked, true);
  shell.onPage("[data-card-form]", (root) => {
    for (const box of $$("[data-pick-organisation]", root)) pickOrganisation(box);
    $('[aria-invalid="true"]', root)?.focus();
  });
}

function clicked({ target }) {
  const more = target.closest(".many [data-more]");
  if (more) return addRow(more.closest(".many"));
  const drop = target.closest(".many [data-drop]");
  if (drop) return dropRow(drop);
  const edit = target.closest("[data-edit-entry]");
  if (edit) return toggleEdit(edit.closest("li"));
  return undefined;
}

let made = 100;
function addRow(box) {
  const row = $("template", box).content.firstElementChild.cloneNode(true);
  made += 1;
  for (const input of $$("[name]", row)) input.name = input.name.replace(/\.\d+\./, `.${made}.`);
  $("[data-rows]", box).append(row);
  $("input", row).focus();
}

function dropRow(button) {
  const box = button.closest(".many");
  button.closest("[data-row]").remove();
  $("[data-more]", box).focus();
}

function toggleEdit(line) {
  const form = $(".edit-entry", line);
  const shown = $("[data-text]", line);
  form.hidden = !form.hidden;
  if (shown) shown.hidden = !form.hidden;
  if (!form.hidden) $("textarea", form).focus();
}

// A file is sent as soon as it is chosen; one that is too large is not even begun.
function changed({ target }) {
  const form = target.closest?.("form[data-upload]");
  if (!form || target.type !== "file" || !target.files.length) return;
  const limit = Number(target.dataset.limit);
  if (target.files[0].size > limit * MB) {
    complain(t("This file is too large: at most %(limit)s MB.", { limit }));
    target.value = "";
    return;
  }
  form.requestSubmit();
}

const agreed = new WeakSet();
async function asked(event) {
  const form = event.target;
  if (!form.dataset?.ask || agreed.has(form)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!(await question(form.dataset.ask, form.dataset.askText ?? "", form.dataset.askYes ?? t("Delete")))) return;
  agreed.add(form);
  form.requestSubmit(event.submitter ?? undefined);
}

// A combobox: what is typed stays as the name of a new organisation until one of the list is picked.
function pickOrganisation(box) {
  if (box.dataset.ready) return;
  box.dataset.ready = "true";
  const input = $('input[name="organisation"]', box);
  const id = $('input[name="organisation_id"]', box);
  const list = $("ul", box);
  let timer;
  let asking;
  let at = -1;

  const close = () => {
    list.hidden = true;
    at = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
  };
  const choose = (item) => {
    input.value = item.dataset.name;
    id.value = item.dataset.id;
    close();
  };
  const mark = (next) => {
    const items = $$("li", list);
    at = (next + items.length) % items.length;
    items.forEach((item, place) => item.setAttribute("aria-selected", String(place === at)));
    input.setAttribute("aria-activedescendant", items[at].id);
  };
  const draw = (found, typed) => {
    const items = found.map((one, place) => h("li", { id: `organisation-${place}`, role: "option", "data-id": one.id, "data-name": one.name }, h("span.grow.cut", one.name), one.inn && h("span.small.t3.num", one.inn)));
    if (!found.some((one) => one.name.toLowerCase() === typed.toLowerCase())) {
      items.push(h("li", { id: `organisation-${items.length}`, role: "option", "data-id": "", "data-name": typed }, t("Create “%(name)s”", { name: typed })));
    }
    list.replaceChildren(...items);
    list.hidden = false;
    input.setAttribute("aria-expanded", "true");
    at = -1;
  };
  input.addEventListener("input", () => {
    id.value = "";
    clearTimeout(timer);
    asking?.abort();
    const typed = input.value.trim();
    if (!typed) return close();
    timer = setTimeout(async () => {
      asking = new AbortController();
      try {
        const found = await api("GET", `/api/v1/contacts/organisations?q=${encodeURIComponent(typed)}`, undefined, { signal: asking.signal });
        if (document.activeElement === input) draw(found, typed);
      } catch (error) {
        if (error.name !== "AbortError") close();
      }
    }, WAIT);
    return undefined;
  });
  input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(at + 1);
    else if (event.key === "ArrowUp") mark(at < 0 ? -1 : at - 1);
    else if (event.key === "Enter" && at >= 0) choose($$("li", list)[at]);
    else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // Not click: the field would lose the focus and close the list first.
  list.addEventListener("pointerdown", (event) => {
    const item = event.target.closest("li");
    if (!item) return;
    event.preventDefault();
    choose(item);
  });
  input.addEventListener("blur", close);
}
