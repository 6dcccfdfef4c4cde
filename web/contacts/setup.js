// The lists of the set-up page: rows are moved by dragging or by buttons, added, and marked for deletion; all of it
// holds only after saving.
import { $, $$, announce } from "../js/dom.js";
import { t } from "../js/i18n.js";

let made = 0;

export function start() {
  document.addEventListener("click", clicked);
  document.addEventListener("change", ({ target }) => {
    if (target.matches?.("[data-setup] [data-type]")) $("[data-options]", target.closest("li")).hidden = target.value !== "list";
  });
  document.addEventListener("pointerdown", dragged);
}

function clicked({ target }) {
  if (!target.closest("[data-setup]")) return;
  const row = target.closest("[data-row]");
  if (target.closest("[data-up]")) move(row, -1, target.closest("button"));
  else if (target.closest("[data-down]")) move(row, 1, target.closest("button"));
  else if (target.closest("[data-delete]")) mark(row, true);
  else if (target.closest("[data-undo]")) mark(row, false);
  else if (target.closest("[data-add]")) add(target.closest("form"));
}

function move(row, step, button) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  other[step < 0 ? "before" : "after"](row);
  // A moved element loses the focus; the next press goes on from here.
  button.focus();
  announce(t("Place %(place)s of %(all)s", { place: [...row.parentElement.children].indexOf(row) + 1, all: row.parentElement.children.length }));
}

function mark(row, gone) {
  if (gone && /^new:/.test($('input[name="order"]', row).value)) {
    const form = row.closest("form");
    row.remove();
    $("[data-add]", form).focus();
    return;
  }
  row.classList.toggle("gone", gone);
  $("[data-deleted]", row).value = gone ? "1" : "";
  $("[data-gone]", row).hidden = !gone;
  $("[data-delete]", row).hidden = gone;
  $("[data-undo]", row).hidden = !gone;
  $(gone ? "[data-undo]" : "[data-delete]", row).focus();
}

function add(form) {
  const row = $("template[data-new]", form).content.firstElementChild.cloneNode(true);
  made += 1;
  for (const input of $$("[name]", row)) {
    if (input.name === "order") input.value = `new:${made}`;
    else input.name = input.name.replace("new:0", `new:${made}`);
  }
  $("[data-sortable]", form).append(row);
  $("input:not([type=hidden])", row).focus();
}

// Pointer events, so that it works by touch as well.
function dragged(event) {
  const grip = event.target.closest?.("[data-setup] [data-grip]");
  if (!grip || event.button) return;
  event.preventDefault();
  const row = grip.closest("[data-row]");
  const list = row.parentElement;
  row.classList.add("dragged");
  const over = (moving) => {
    for (const other of list.children) {
      if (other === row) continue;
      const box = other.getBoundingClientRect();
      if (moving.clientY < box.top || moving.clientY > box.bottom) continue;
      const before = row.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_PRECEDING;
      const half = box.top + box.height / 2;
      if (before && moving.clientY < half) other.before(row);
      else if (!before && moving.clientY > half) other.after(row);
      return;
    }
  };
  const end = () => {
    row.classList.remove("dragged");
    removeEventListener("pointermove", over);
    removeEventListener("pointerup", end);
    removeEventListener("pointercancel", end);
  };
  addEventListener("pointermove", over);
  addEventListener("pointerup", end);
  addEventListener("pointercancel", end);
}
