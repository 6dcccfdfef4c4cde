// Rows of a form (outcomes, questions): added from a template, taken away, moved by dragging or by buttons; and parts of a
// form that are shown with one choice only. All of it holds only after saving.
import { $, $$, announce } from "../js/dom.js";
import { t } from "../js/i18n.js";

let made = 0;

export function start() {
  document.addEventListener("click", clicked);
  document.addEventListener("change", ({ target }) => { if (target.matches?.("[data-shows]")) shown(target); });
  document.addEventListener("pointerdown", dragged);
  // A browser shows the line with the caret only; the rest may lie behind the dock.
  document.addEventListener("focusin", ({ target }) => { if (target.matches?.("[data-row] textarea")) target.scrollIntoView({ block: "nearest" }); });
}

function clicked({ target }) {
  const rows = target.closest?.("[data-rows]");
  if (!rows) return;
  const row = target.closest("[data-row]");
  if (target.closest("[data-row-up]")) move(row, -1, target.closest("button"));
  else if (target.closest("[data-row-down]")) move(row, 1, target.closest("button"));
  else if (target.closest("[data-row-drop]")) drop(rows, row);
  else if (target.closest("[data-row-add]")) add(rows);
}

function place(row) {
  const all = [...row.parentElement.children];
  announce(t("Place %(place)s of %(all)s", { place: all.indexOf(row) + 1, all: all.length }));
}

function move(row, step, button) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  other[step < 0 ? "before" : "after"](row);
  // A moved element loses the focus; the next press goes on from here.
  button.focus();
  place(row);
}

function drop(rows, row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  (next ? $("[data-row-drop]", next) : $("[data-row-add]", rows)).focus();
}

function add(rows) {
  const row = $("template[data-row-template]", rows).content.firstElementChild.cloneNode(true);
  made += 1;
  const key = `added${made}`;
  for (const one of $$("*", row)) {
    for (const { name, value } of [...one.attributes]) if (value.includes("added")) one.setAttribute(name, value.replaceAll("added", key));
  }
  $("[data-row-list]", rows).append(row);
  $("input:not([type=hidden])", row).focus();
}

function dragged(event) {
  const grip = event.target.closest?.("[data-row-grip]");
  if (!grip || event.button) return;
  event.preventDefault();
  const row = grip.closest("[data-row]");
  row.classList.add("dragged");
  const over = (at) => {
    const other = document.elementsFromPoint(at.clientX, at.clientY).map((one) => one.closest("[data-row]")).find((one) => one && one !== row && one.parentElement === row.parentElement);
    if (!other) return;
    const box = other.getBoundingClientRect();
    other[at.clientY < box.top + box.height / 2 ? "before" : "after"](row);
  };
  const end = () => {
    row.classList.remove("dragged");
    removeEventListener("pointermove", over);
    place(row);
  };
  addEventListener("pointermove", over);
  addEventListener("pointerup", end, { once: true });
}

// data-shown-by="kind=in kind=out": the part is there while one of these is chosen.
function shown(field) {
  const form = field.closest("form");
  for (const part of $$("[data-shown-by]", form)) {
    const wanted = part.dataset.shownBy.split(" ").map((one) => one.split("="));
    const own = wanted.filter(([name]) => name === field.name);
    const chosen = field.type === "checkbox" && !field.checked ? "" : field.value;
    if (own.length) part.hidden = !own.some(([, value]) => value === chosen);
  }
}
