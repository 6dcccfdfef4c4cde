// «Automatic check» (IMP-30): while a card is filled in, and before it is saved, cards with the same phone or e-mail are
// shown. Works on any form inside #client-form, #card-form or [data-check-duplicates], by delegation.
import { $, $$, h, icon } from "../js/dom.js";
import { api } from "../js/api.js";
import { t } from "../js/i18n.js";

const FORMS = "#client-form, #card-form, [data-check-duplicates]";
const WAIT = 400;
// Those who have read the warning for exactly these values and save anyway.
const agreed = new WeakMap();
const timers = new WeakMap();

export function startCheck() {
  document.addEventListener("input", (event) => {
    const form = formOf(event.target);
    if (!form || !kindOf(event.target.name)) return;
    clearTimeout(timers.get(form));
    timers.set(form, setTimeout(() => look(form), WAIT));
  });
  // Capturing, so that the question comes before htmx sends the form.
  document.addEventListener("submit", submitted, true);
}

const formOf = (element) => (element.closest?.(FORMS) ? element.closest("form") : null);

function kindOf(name = "") {
  if (/^(phone2?|phones\.\d+(\.number)?|phones)$/.test(name)) return "phone";
  return /^(email|channels\.\d+(\.value)?|channels)$/.test(name) ? "email" : "";
}

export function query(form) {
  const asked = new URLSearchParams();
  for (const input of $$("input", form)) {
    const kind = kindOf(input.name);
    const value = input.value.trim();
    if (kind === "phone" && value.replace(/\D/g, "").length > 4) asked.append("phone", value);
    if (kind === "email" && value.includes("@")) asked.append("email", value);
  }
  if (![...asked].length) return "";
  const where = form.closest(FORMS);
  asked.set("kind", form.elements.kind?.value === "organisation" || where.dataset.kind === "organisation" ? "organisation" : "person");
  const besides = where.dataset.contact ?? /\/contacts\/(\d+)/.exec(form.getAttribute("action") ?? "")?.[1];
  if (besides) asked.set("besides", besides);
  return asked.toString();
}

async function ask(asked) {
  try {
    const found = await api("GET", `/api/v1/duplicates/check?${asked}`);
    return found.cards.length || found.others ? found : null;
  } catch {
    // A check that cannot be made keeps nobody from saving.
    return null;
  }
}

async function look(form) {
  const asked = query(form);
  const found = asked ? await ask(asked) : null;
  if (form.isConnected && asked === query(form)) draw(form, found, false);
  return found;
}

function submitted(event) {
  const form = formOf(event.target);
  if (!form) return;
  const asked = query(form);
  if (!asked || agreed.get(form) === asked) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  clearTimeout(timers.get(form));
  ask(asked).then((found) => {
    if (!found) return save(form, asked, event.submitter);
    draw(form, found, true, () => save(form, asked, event.submitter));
    return null;
  });
}

function save(form, asked, submitter) {
  agreed.set(form, asked);
  form.requestSubmit(submitter ?? undefined);
}

function draw(form, found, asking, anyway) {
  const there = $(".dup-known", form);
  if (!found) return there?.remove();
  const words = { phone: t("the same phone"), email: t("the same e-mail"), name: t("the same name"), inn: t("the same INN") };
  const note = h(
    "div.note.dup-known", { "data-state": "over", role: "alert" },
    h("div.row", icon("alert", "s"), h("b", t("There is such a card already"))),
    h(
      "ul",
      found.cards.map((one) => h("li", h("a", { href: `/contacts/${one.id}`, target: "_blank", rel: "noopener", "hx-boost": "false" }, one.name), ` — ${one.by.map((by) => words[by]).join(", ")}${one.responsible ? `; ${one.responsible}` : ""}`)),
      found.others > 0 && h("li", t("With another employee: %(count)s", { count: found.others })),
    ),
    asking && h("div.row", h("button.btn.sm", { type: "button", onclick: anyway }, t("Save anyway"))),
  );
  if (there) there.replaceWith(note);
  else form.prepend(note);
  if (asking) note.scrollIntoView({ block: "nearest" });
  return note;
}
