// Tags on a card, and the pages of tags and lists.
import { $, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";
import { question } from "../js/overlays.js";

let shell;

export function start(given) {
  shell = given;
  shell.onPage("[data-contact-tags]", loadCard);
  document.addEventListener("submit", submit);
  document.addEventListener("click", click);
  document.addEventListener("change", (event) => {
    const whose = event.target.closest("[data-labels-whose]");
    if (whose) shell.visit(`/contacts/tags?member=${whose.value}`);
  });
  // What was done in the background may be about the card or the page that is open.
  shell.stream.on("job", (job) => {
    if (!["done", "cancelled"].includes(job.state)) return;
    const card = $("#main [data-contact-tags]");
    if (card && !card.contains(document.activeElement)) loadCard(card);
    if ($("#main [data-labels]") && job.kind === "contacts.label-delete") shell.refresh();
  });
}

// --- a card ----------------------------------------------------------------------------------------------------------

const path = (root) => `/api/v1/contacts/${root.dataset.contactTags}/tags`;

async function loadCard(root) {
  try {
    drawCard(root, await shell.api("GET", path(root)));
  } catch (error) {
    root.replaceChildren(h("span.small.t3", error.message));
  }
}

function drawCard(root, found, focus = false) {
  const chips = found.tags.map((tag) => h(
    "span.tag", { "data-tag": tag.id }, h("span", tag.title),
    found.may_change && h("button", { type: "button", "data-tag-remove": tag.id, "aria-label": t("Remove the tag %(title)s", { title: tag.title }) }, icon("x", "s")),
  ));
  const add = found.may_change && h("button.btn.bare.sm", { type: "button", "data-tag-open": true }, icon("plus", "s"), t("Tag"));
  root.replaceChildren(...chips, ...(add ? [add] : []));
  root.choices = found.choices;
  if (focus) $("[data-tag-open]", root)?.focus();
}

function openForm(root) {
  const list = `tag-choices-${root.dataset.contactTags}`;
  const input = h("input.in", { name: "title", maxlength: 60, autocomplete: "off", list, placeholder: t("Choose or type a new one"), "aria-label": t("Tag") });
  const form = h(
    "form", { "data-tag-add": true }, input, h("datalist", { id: list }, root.choices.map((tag) => h("option", { value: tag.title }))),
    h("button.btn.sm", { type: "submit" }, t("Add")), h("button.btn.bare.icon.sm", { type: "button", "data-tag-close": true, "aria-label": t("Close") }, icon("x", "s")),
  );
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") { event.stopPropagation(); loadCard(root); } });
  $("[data-tag-open]", root).replaceWith(form);
  input.focus();
}

async function addTag(root, form) {
  const title = form.elements.title.value.trim();
  if (!title) return;
  const known = root.choices.find((tag) => tag.title.toLowerCase() === title.toLowerCase());
  try {
    drawCard(root, await shell.api("POST", path(root), known ? { tag_id: known.id } : { title }), true);
  } catch (error) {
    shell.complain(error.message);
  }
}

// One word of undo is better than a question: the tag can be put on again at once.
async function removeTag(root, id, title) {
  try {
    drawCard(root, await shell.api("DELETE", `${path(root)}/${id}`), true);
  } catch (error) {
    return shell.complain(error.message);
  }
  const back = async () => drawCard(root, await shell.api("POST", path(root), { tag_id: Number(id) }).catch(() => shell.api("POST", path(root), { title })));
  return shell.toast(t("Tag removed: %(title)s", { title }), { action: { text: t("Undo"), run: back } });
}

// --- the pages -------------------------------------------------------------------------------------------------------

const kind = (element) => element.closest("[data-labels]").dataset.labels;

function submit(event) {
  const form = event.target;
  const root = form.closest("[data-contact-tags]");
  if (form.matches("[data-tag-add]")) {
    event.preventDefault();
    return addTag(root, form);
  }
  if (form.matches("[data-label-new]")) {
    event.preventDefault();
    return save(form, "POST", `/api/v1/${kind(form)}`);
  }
  if (form.matches("[data-label-edit]")) {
    event.preventDefault();
    return save(form, "PUT", `/api/v1/${kind(form)}/${form.closest("[data-label]").dataset.label}`);
  }
  return undefined;
}

async function save(form, method, address) {
  try {
    await shell.api(method, address, { title: form.elements.title.value });
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
    form.elements.title.focus();
  }
}

function click(event) {
  const on = (selector) => event.target.closest(selector);
  const root = on("[data-contact-tags]");
  if (root && on("[data-tag-open]")) return openForm(root);
  if (root && on("[data-tag-close]")) return loadCard(root);
  const remove = root && on("[data-tag-remove]");
  if (remove) return removeTag(root, remove.dataset.tagRemove, remove.closest(".tag").textContent);
  const row = on("[data-labels] [data-label]");
  if (row && on("[data-label-rename]")) return rename(row);
  if (row && on("[data-label-delete]")) return erase(row);
  return undefined;
}

function rename(row) {
  const input = h("input.in", { name: "title", value: row.dataset.title, maxlength: kind(row) === "tags" ? 60 : 100, "aria-label": t("Title") });
  const form = h("form.row", { "data-label-edit": true }, input, h("button.btn.sm", { type: "submit" }, t("Save")));
  form.addEventListener("keydown", (event) => { if (event.key === "Escape") shell.refresh(); });
  row.cells[0].replaceChildren(form);
  input.select();
}

async function erase(row) {
  const { title, contacts, label } = row.dataset;
  const tags = kind(row) === "tags";
  const text = tags
    ? t("The tag is taken off all clients that have it: %(count)s. This cannot be undone.", { count: contacts })
    : t("The clients of the list stay: %(count)s. The list itself cannot be restored.", { count: contacts });
  const sure = await question(tags ? t("Delete the tag «%(title)s»?", { title }) : t("Delete the list «%(title)s»?", { title }), text, t("Delete"));
  if (!sure) return;
  try {
    const done = await shell.api("DELETE", `/api/v1/${kind(row)}/${label}`);
    if (done.job) shell.toast(t("It is being deleted in the background."), { glyph: "clock" });
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}
