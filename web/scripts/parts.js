// What the script's panel is made of: the text, the outcomes, the questionnaire. Drawn once for a script, then only
// marked, so that nothing that is being typed is drawn over.
import { $, $$, h, icon, show } from "../js/dom.js";
import { moment } from "../js/format.js";
import { t } from "../js/i18n.js";

const MOST_BUTTONS = 7;
export const STATES = {
  open: ["ring", "clock", () => t("Begun")],
  refused: ["missed", "ban", () => t("Refused to answer")],
  postponed: ["ring", "clock", () => t("Postponed")],
  done: ["ready", "check", () => t("Filled in")],
};

export function drawText(script) {
  const text = h("div.script-text", { "data-script-text": true });
  // Cleaned by the server: known tags and links only.
  text.innerHTML = script.text || `<p>${t("This script has no text.")}</p>`;
  for (const link of $$("a[href]", text)) {
    // The call's page is never left.
    if (!link.getAttribute("href").startsWith("#")) link.target = "_blank";
  }
  return text;
}

// A client's answer leads to its place in the text (OUT-25).
export function jump(event) {
  const link = event.target.closest?.(".script-text:not([contenteditable]) a[href^='#']");
  if (!link) return;
  event.preventDefault();
  event.stopPropagation();
  const name = decoded(link.getAttribute("href").slice(1));
  const place = $$("[data-anchor]", link.closest(".script-text")).find((one) => one.dataset.anchor === name);
  if (!place) return;
  place.tabIndex = -1;
  place.focus({ preventScroll: true });
  place.scrollIntoView({ block: "start" });
  place.classList.remove("came");
  // Read, so that the mark begins anew.
  void place.offsetWidth;
  place.classList.add("came");
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function drawOutcomes(script, result) {
  const chosen = result?.outcome_id ?? null;
  return h(
    "fieldset.outcomes", { "data-outcomes": true }, h("legend.small.mid", t("How the talk ended")),
    h("div.row.wrap.tight", script.outcomes.map((one) => h(
      "label.pill.outcome", { "data-state": one.tone, "data-kind": one.kind, title: one.comment },
      h("input", { type: "radio", name: "outcome", value: one.id, checked: one.id === chosen }), h("span", one.title),
    ))),
    h("p.small.t3", { "data-outcome-hint": true, hidden: true }),
    h("label", h("span.vh", t("Comment on the talk")), h("textarea.in", { name: "comment", rows: 1, maxlength: 500, placeholder: t("Comment on the talk") }, result?.comment ?? "")),
  );
}

export function hint(script, place, chosen) {
  const words = script.outcomes.find((one) => one.id === chosen)?.comment ?? "";
  show(place, Boolean(words));
  place.textContent = words;
}

export function drawForm(form) {
  return h(
    "form.questions", { "data-questions": form.id, novalidate: true },
    h("div.row.wrap", h("strong.grow", form.name), h("span.state", { "data-form-state": true })),
    form.completed_at && h("p.note", { "data-state": "ready" }, icon("check", "s"), t("The client completed it before: %(when)s.", { when: moment(form.completed_at) })),
    form.intro && h("p.intro", form.intro),
    form.questions.map((one) => question(one, form.values[one.id])),
    h("p.note", { "data-form-problem": true, "data-state": "missed", role: "alert", hidden: true }),
    h(
      "div.row.wrap",
      h("button.btn.main", { type: "button", "data-form-do": "done" }, t("Complete")),
      h("button.btn", { type: "button", "data-form-do": "postponed" }, t("Postpone")),
      h("button.btn", { type: "button", "data-form-do": "refused" }, t("Refusal")),
    ),
  );
}

export function markState(root, state) {
  const place = $("[data-form-state]", root);
  const [tone, glyph, word] = STATES[state] ?? [];
  show(place, Boolean(word));
  if (!word) return;
  place.dataset.state = tone;
  place.replaceChildren(icon(glyph, "s"), word());
}

export function markProblems(root, message = "", fields = {}) {
  const place = $("[data-form-problem]", root);
  show(place, Boolean(message));
  place.replaceChildren(icon("alert", "s"), message);
  for (const one of $$("[data-question]", root)) {
    const words = fields[one.dataset.question] ?? "";
    const said = $(".error-text", one);
    show(said, Boolean(words));
    said.textContent = words;
    for (const field of $$("input, select, textarea", one)) {
      if (words) field.setAttribute("aria-invalid", "true");
      else field.removeAttribute("aria-invalid");
    }
  }
  const first = $$("[data-question]", root).find((one) => fields[one.dataset.question]);
  if (first) ($("input, select, textarea", first)).focus();
}

// What has just been answered anew is not wrong any more; the others still are.
export function markMended(root, place) {
  const one = place.closest("[data-question]");
  if (!one) return;
  show($(".error-text", one), false);
  for (const field of $$("[aria-invalid]", one)) field.removeAttribute("aria-invalid");
  if (!$$("[data-question] .error-text", root).some((other) => !other.hidden)) show($("[data-form-problem]", root), false);
}

function question(one, value) {
  const name = `q${one.id}`;
  const title = [one.title, one.mandatory && h("abbr", { title: t("Must be answered") }, " *")];
  const inside = {
    one: () => choose(one, name, one.options.map((option) => [option.key, option.title]), value),
    many: () => h("div.choices", one.options.map((option) => h("label.choice", h("input", { type: "checkbox", name, value: option.key, checked: value?.includes(option.key) }), option.title))),
    yesno: () => choose(one, name, [["yes", t("Yes")], ["no", t("No")]], value === undefined ? undefined : [true, "yes"].includes(value) ? "yes" : "no"),
    scale: () => choose(one, name, Array.from({ length: one.most }, (_, n) => [n + 1, String(n + 1)]), value, true),
  }[one.kind];
  const wrong = h("span.error-text", { hidden: true });
  if (inside) return h("fieldset.question", { "data-question": one.id, "data-kind": one.kind }, h("legend.mid", title), inside(), wrong);
  const field = {
    text: () => h("textarea.in", { name, rows: 2, maxlength: 2000 }, value ?? ""),
    number: () => h("input.in", { name, inputmode: "decimal", value: value ?? "" }),
    date: () => h("input.in", { name, type: "date", value: value ?? "" }),
  }[one.kind];
  return h("div.question", { "data-question": one.id, "data-kind": one.kind }, h("label", h("span.mid", title), field()), wrong);
}

function choose(one, name, options, value, row = false) {
  if (options.length > MOST_BUTTONS && !row) {
    return h("select.in", { name, "aria-label": one.title }, h("option", { value: "" }, t("not answered")), options.map(([key, title]) => h("option", { value: key, selected: key === value }, title)));
  }
  return h(row ? "div.row.wrap.tight" : "div.choices", options.map(([key, title]) => h("label.choice", h("input", { type: "radio", name, value: key, checked: key === value }), title)));
}

// What was entered, by question id, as the API takes it.
export function valuesOf(root) {
  const values = {};
  for (const one of $$("[data-question]", root)) {
    const { question: id, kind } = one.dataset;
    if (kind === "many") {
      const keys = $$("input:checked", one).map((box) => Number(box.value));
      if (keys.length) values[id] = keys;
      continue;
    }
    const field = $("input:checked, select, textarea, input:not([type=radio])", one);
    if (!field || field.value.trim() === "") continue;
    values[id] = ["one", "scale"].includes(kind) ? Number(field.value) : field.value;
  }
  return values;
}
