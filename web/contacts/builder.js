// The super-filter (CON-10): conditions in groups joined by «and» and «or», drawn from the JSON that the server reads.
import { $, $$, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";

const NO_VALUE = ["empty", "filled", "yes", "no"];
const DEEP = 3;

// Draws the tree that ``text`` (JSON or nothing) holds into ``panel``.
export function build(panel, text) {
  let kept = null;
  try {
    kept = text ? JSON.parse(text) : null;
  } catch {
    kept = null;
  }
  const about = {
    fields: JSON.parse(panel.dataset.fields),
    operators: JSON.parse(panel.dataset.operators),
    byType: JSON.parse(panel.dataset.byType),
  };
  const top = kept && kept.field ? { join: "and", items: [kept] } : kept ?? { join: "and", items: [] };
  panel.replaceChildren(group(about, top, 1));
}

// The tree as it stands in the panel; null when there is nothing in it.
export function tree(panel) {
  const made = read($(".fgroup", panel));
  return made?.items.length ? made : null;
}

function group(about, kept, depth) {
  const join = h("select.in", { "aria-label": t("How the conditions are joined"), "data-join": "" },
    h("option", { value: "and", selected: kept.join !== "or" }, t("all of these")),
    h("option", { value: "or", selected: kept.join === "or" }, t("any of these")));
  const items = h("div.fitems");
  const add = (item) => items.append(item.items ? group(about, item, depth + 1) : condition(about, item));
  for (const item of kept.items ?? []) add(item);
  const plus = h("button.btn.sm", { type: "button", onclick: () => { add({}); $("select", items.lastElementChild).focus(); } },
    icon("plus", "s"), t("Condition"));
  const nest = depth < DEEP && h("button.btn.sm.bare", { type: "button", onclick: () => add({ join: "or", items: [{}] }) },
    icon("plus", "s"), t("Group"));
  const drop = depth > 1 && h("button.btn.icon.sm", { type: "button", "aria-label": t("Remove this group"),
    onclick: ({ currentTarget }) => currentTarget.closest(".fgroup").remove() }, icon("x", "s"));
  return h("div.fgroup", { role: "group" }, h("div.row", join, drop), items, h("div.row", plus, nest));
}

function condition(about, kept) {
  const field = h("select.in", { "aria-label": t("Field"), "data-field": "" },
    about.fields.map((one) => h("option", { value: one.key, selected: one.key === kept.field }, one.title)));
  const op = h("select.in", { "aria-label": t("Comparison"), "data-op": "" });
  const value = h("span.fvalue");
  const drop = h("button.btn.icon.sm", { type: "button", "aria-label": t("Remove this condition"),
    onclick: ({ currentTarget }) => currentTarget.closest(".frule").remove() }, icon("x", "s"));
  const known = () => about.fields.find((one) => one.key === field.value) ?? about.fields[0];
  const values = (given) => value.replaceChildren(...inputs(known(), op.value, given));
  const ops = (chosen) => {
    op.replaceChildren(...about.byType[known().type].map((one) =>
      h("option", { value: one, selected: one === chosen }, about.operators[one])));
  };
  field.addEventListener("change", () => { ops(); values(); });
  op.addEventListener("change", () => values(current(value)));
  ops(kept.op);
  values(kept.value);
  return h("div.frule.row", field, op, value, drop);
}

function inputs(field, op, given) {
  if (NO_VALUE.includes(op)) return [];
  const list = Array.isArray(given) ? given : given === undefined || given === null ? [] : [given];
  if (op === "in" || op === "not_in") {
    const size = Math.min(4, Math.max(2, field.options.length));
    return [h("select.in.many-values", { multiple: true, size, "data-value": "many", "aria-label": t("Values of “%(field)s”", { field: field.title }) },
      field.options.map(([key, title]) => h("option", { value: key, selected: list.map(String).includes(String(key)) }, title)))];
  }
  const type = ["last_days", "not_last_days"].includes(op) ? "number" : ["date", "moment"].includes(field.type) ? "date" : field.type === "clock" ? "time" : "text";
  const one = (at) => h("input.in", { type, value: list[at] ?? "", "data-value": "", maxlength: 200,
    "aria-label": t("Values of “%(field)s”", { field: field.title }) });
  return op === "between" ? [one(0), " – ", one(1)] : [one(0)];
}

function current(value) {
  const many = $("[data-value=many]", value);
  if (many) return [...many.selectedOptions].map((one) => one.value);
  return $$("[data-value]", value).map((one) => one.value).filter(Boolean);
}

function read(root) {
  if (!root) return null;
  const items = [];
  for (const item of root.querySelector(":scope > .fitems").children) {
    if (item.classList.contains("fgroup")) {
      const made = read(item);
      if (made.items.length) items.push(made);
      continue;
    }
    const made = { field: $("[data-field]", item).value, op: $("[data-op]", item).value };
    if (!NO_VALUE.includes(made.op)) {
      const values = current($(".fvalue", item));
      const several = ["in", "not_in", "between"].includes(made.op);
      made.value = several ? values : values[0] ?? "";
    }
    items.push(made);
  }
  return { join: root.querySelector(":scope > .row > [data-join]").value, items };
}
