// The page of a number and of special days: spans of working hours, presets, the order of employees, prompts to hear.
import { $, $$, announce } from "../js/dom.js";
import { t } from "../js/i18n.js";

const MOST = 4;
const sound = typeof Audio === "undefined" ? null : new Audio();
let playing = null;

export function start(shell) {
  document.addEventListener("click", clicked);
  document.addEventListener("change", changed);
  document.addEventListener("pointerdown", dragged);
  document.addEventListener("input", ({ target }) => touched(target.closest?.("form[data-section]")));
  sound?.addEventListener("ended", silent);
  sound?.addEventListener("error", () => { if (playing) { silent(); shell.toast(t("This prompt has no sound yet."), { state: "over" }); } });
  shell.onPage("#number", (page) => { silent(); for (const form of $$("form[data-section]", page)) parts(form); });
}

function clicked({ target }) {
  const button = target.closest?.("#number button, #days button, [data-prompts] button");
  if (!button) return;
  const list = button.closest("[data-spans]");
  if (button.matches("[data-span-add]")) add(list)?.querySelector("input").focus();
  else if (button.matches("[data-span-drop]")) drop(button);
  else if (button.matches("[data-preset]")) preset(button.dataset.preset);
  else if (button.matches("[data-copy]")) copy(button.closest("[data-day]"));
  else if (button.matches("[data-up]")) move(button.closest("[data-row]"), -1, button);
  else if (button.matches("[data-down]")) move(button.closest("[data-row]"), 1, button);
  else if (button.matches("[data-prompt-play]")) play(button);
  else if (button.matches("[data-day-edit]")) editDay(button);
}

function changed({ target }) {
  if (target.matches?.("[data-hours-mode]")) $("[data-week-part]").hidden = target.value === "always" && target.checked;
  else if (target.matches?.("[data-closed]")) openDay(!target.checked);
  else if (target.matches?.("[data-prompt]")) {
    silent();
    $("[data-prompt-play]", target.closest(".prompt-row")).disabled = !target.value;
  }
  const form = target.closest?.("form[data-section]");
  if (form) parts(form);
}

// The section that was changed has the main button.
function touched(form) {
  if (form) $('[name="scope"][value="one"]', form)?.classList.add("main");
}

// What belongs to one choice only is shown with that choice.
function parts(form) {
  const chosen = $("[data-takers] input:checked, [data-forward] input:checked", form)?.value;
  for (const part of $$("[data-when]", form)) part.hidden = !part.dataset.when.split(" ").includes(chosen);
  for (const box of $$('[data-order] input[type="checkbox"]', form)) {
    box.disabled = chosen === "all" || !$("[data-up]", form);
    if (chosen === "all") box.checked = true;
  }
  const goal = $("[data-goal]", form);
  if (goal) $("[data-goal-number]", form).hidden = goal.value !== "external";
}

// --- spans of a day

function add(list, from = "", to = "") {
  if ($$("[data-span]", list).length >= MOST) {
    announce(t("A day may have at most %(limit)s spans of working hours.", { limit: MOST }));
    return null;
  }
  const button = $("[data-span-add]", list);
  const tail = list.closest("[data-day]")?.dataset.day ?? "";
  const label = button.getAttribute("aria-label").split(": ").slice(1).join(": ");
  const row = document.createElement("span");
  row.className = "span";
  row.dataset.span = "";
  for (const [name, value, word, hint] of [["from", from, t("from"), "9:00"], ["to", to, t("to"), "18:00"]]) {
    const input = document.createElement("input");
    Object.assign(input, { className: "in num", name: name + tail, value, size: 5, maxLength: 5, inputMode: "numeric", placeholder: hint });
    input.setAttribute("aria-label", `${label}: ${word}`);
    if (name === "to") {
      const dash = document.createElement("span");
      dash.textContent = "–";
      dash.setAttribute("aria-hidden", "true");
      row.append(dash);
    }
    row.append(input);
  }
  const cross = document.createElement("button");
  Object.assign(cross, { type: "button", className: "btn bare icon sm" });
  cross.dataset.spanDrop = "";
  cross.setAttribute("aria-label", `${t("Take these hours away")}: ${label}`);
  const known = $("[data-span-drop] svg");
  if (known) cross.replaceChildren(known.cloneNode(true));
  row.append(cross);
  button.before(row);
  free(list);
  return row;
}

function drop(button) {
  const list = button.closest("[data-spans]");
  button.closest("[data-span]").remove();
  free(list);
  $("[data-span-add]", list).focus();
}

function free(list) {
  const word = $("[data-free]", list.parentElement);
  if (word) word.hidden = $$("[data-span]", list).length > 0;
}

const read = (list) => $$("[data-span]", list).map((row) => $$("input", row).map((input) => input.value));

function write(list, spans) {
  for (const row of $$("[data-span]", list)) row.remove();
  for (const [from, to] of spans) add(list, from, to);
  free(list);
  touched(list.closest("form[data-section]"));
}

function preset(text) {
  const [spans, days] = text.split("|");
  for (const day of $$("[data-day]")) {
    const open = days.includes(String(Number(day.dataset.day) + 1));
    write($("[data-spans]", day), open ? spans.split(",").map((one) => one.split("-")) : []);
  }
  announce(t("The week is filled in; save it to keep it."));
}

function copy(day) {
  const number = Number(day.dataset.day);
  const all = $$("[data-day]");
  if (number === 0) for (const other of all.slice(1, 5)) write($("[data-spans]", other), read($("[data-spans]", day)));
  else write($("[data-spans]", day), read($("[data-spans]", all[number - 1])));
}

// --- the order of employees: by buttons, or by dragging

function move(row, step, button) {
  const other = step < 0 ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  other[step < 0 ? "before" : "after"](row);
  touched(row.closest("form[data-section]"));
  button.focus();
  announce(t("Place %(place)s of %(all)s", { place: [...row.parentElement.children].indexOf(row) + 1, all: row.parentElement.children.length }));
}

function dragged(event) {
  const grip = event.target.closest?.("#number [data-order] [data-grip]");
  if (!grip || event.button) return;
  event.preventDefault();
  const row = grip.closest("[data-row]");
  row.classList.add("dragged");
  const over = (moving) => {
    for (const other of row.parentElement.children) {
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
    touched(row.closest("form[data-section]"));
    for (const [name, run] of [["pointermove", over], ["pointerup", end], ["pointercancel", end]]) removeEventListener(name, run);
  };
  for (const [name, run] of [["pointermove", over], ["pointerup", end], ["pointercancel", end]]) addEventListener(name, run);
}

// --- prompts

function play(button) {
  const again = playing === button;
  silent();
  const name = $("select", button.closest(".prompt-row")).value;
  if (again || !name || !sound) return;
  playing = button;
  button.setAttribute("aria-pressed", "true");
  sound.src = `/api/v1/prompts/audio/${encodeURIComponent(name)}`;
  sound.play().catch(() => {});
}

function silent() {
  const button = playing;
  playing = null;
  sound?.pause();
  button?.removeAttribute("aria-pressed");
}

// --- special days

function openDay(open) {
  $("[data-open-part]").hidden = !open;
}

function editDay(button) {
  const form = $("[data-day-form]");
  const spans = button.dataset.spans ? button.dataset.spans.split(",").map((one) => one.split("-")) : [];
  form.elements.first.value = button.closest("[data-day-row]").dataset.dayRow;
  form.elements.last.value = "";
  form.elements.title.value = button.dataset.title;
  form.elements.closed.checked = spans.length === 0;
  write($("[data-spans]", form), spans.length ? spans : [["", ""]]);
  openDay(spans.length > 0);
  form.elements.title.focus();
}
