// Voice menus: rows of keys, deleting with undo, the simulated caller.
import { $, $$, h, icon } from "../js/dom.js";
import { t } from "../js/i18n.js";

let shell;
// What was pressed so far, and which answer is awaited: an older one is overtaken.
let pressed = [];
let turn = 0;
let fresh = 0;

export function start(given) {
  shell = given;
  shell.onPage("#menus", opened);
  document.addEventListener("click", click);
  // Before htmx, which would load the page anew.
  document.addEventListener("click", near, true);
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-try-form]")) return;
    event.preventDefault();
    again();
  });
  document.addEventListener("change", (event) => { if (event.target.closest("[data-try-form]")) simulate(); });
  addEventListener("hashchange", found);
}

function opened(root) {
  pressed = [];
  const wrong = $("#menu-form [aria-invalid]", root);
  if (wrong) wrong.focus();
  else found();
  if ($("[data-try]", root)) simulate();
}

// A card of the tree leads to its row in the form.
function found() {
  const row = /^#(row-\d+|silence)$/.test(location.hash) && $(`#menus ${location.hash}`);
  if (!row) return;
  $$("#menus .found").forEach((other) => other.classList.remove("found"));
  row.classList.add("found");
  row.scrollIntoView({ block: "nearest" });
  $("select.goal", row)?.focus();
}

function click(event) {
  const at = (selector) => event.target.closest?.(selector);
  if (!at("#menus")) return;
  if (at("[data-row-add]")) addRow();
  else if (at("[data-row-remove]")) removeRow(at("[data-row]"));
  else if (at("[data-menu-delete]")) remove();
  else if (at("[data-press]")) press(at("[data-press]").dataset.press);
}

// The row of a card that stands on this very page is shown without loading anything, so that nothing typed is lost.
function near(event) {
  const link = event.target.closest?.('#menus a.node[href*="#"]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const to = new URL(link.href);
  if (to.pathname !== location.pathname && to.pathname !== `/menus/${$("#menus").dataset.menuId}`) return;
  event.preventDefault();
  event.stopPropagation();
  history.replaceState(history.state, "", location.pathname + location.search + to.hash);
  found();
}

// --- rows ------------------------------------------------------------------------------------------------------------

function addRow() {
  const rows = $("#menus [data-rows]");
  const row = $("#menus template#key-row").content.firstElementChild.cloneNode(true);
  const name = `new${fresh += 1}`;
  row.id = `row-${name}`;
  for (const part of $$("[id], [for]", row)) {
    if (part.id) part.id = part.id.replace(/-new$/, `-${name}`);
    if (part.htmlFor) part.htmlFor = part.htmlFor.replace(/-new$/, `-${name}`);
  }
  const taken = new Set($$("select[name=key]", rows).map((one) => one.value));
  const key = $("select[name=key]", row);
  key.value = [..."1234567890*#"].find((one) => !taken.has(one)) ?? "";
  rows.append(row);
  // The next free key is chosen already: what it does is the question.
  $("select.goal", row).focus();
  row.scrollIntoView({ block: "nearest" });
}

function removeRow(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  const rows = row.parentElement;
  const before = row.nextSibling;
  const key = $("select[name=key]", row).value;
  row.remove();
  if (!rows.querySelector("[data-row]")) rows.replaceChildren();
  ($("[data-row-remove]", next ?? undefined) ?? $("#menus [data-row-add]")).focus();
  const back = () => { if (rows.isConnected) rows.insertBefore(row, before?.parentNode === rows ? before : null); };
  shell.toast(t("Key %(key)s taken away", { key: key || "?" }), { action: { text: t("Undo"), run: back } });
}

async function remove() {
  let gone;
  try {
    gone = await shell.api("DELETE", `/api/v1/menus/${$("#menus").dataset.menuId}`);
  } catch (error) {
    return shell.complain(error.message);
  }
  await shell.visit("/menus");
  const { id, ...body } = gone;
  const back = async () => {
    try {
      shell.visit(`/menus/${(await shell.api("POST", "/api/v1/menus", body)).id}`);
    } catch (error) {
      shell.complain(error.message);
    }
  };
  return shell.toast(t("Menu deleted: %(name)s", { name: gone.name }), { action: { text: t("Undo"), run: back } });
}

// --- simulated caller ------------------------------------------------------------------------------------------------

function press(key) {
  pressed.push(key);
  simulate();
}

function again() {
  pressed = [];
  simulate();
}

async function simulate() {
  const root = $("#menus [data-try]");
  const form = root && $("[data-try-form]", root);
  if (!form) return;
  const mine = turn += 1;
  for (const button of $$("[data-press]", root)) {
    const last = pressed.length > 0 && button.dataset.press === pressed.at(-1);
    if (last) button.setAttribute("aria-pressed", "true");
    else button.removeAttribute("aria-pressed");
  }
  let tried;
  try {
    tried = await shell.api("POST", "/api/v1/menus/simulate", {
      number_id: Number(root.dataset.number) || null, menu_id: Number(root.dataset.only), at: form.elements.at.value,
      caller: form.elements.caller.value, answered: form.elements.answered.value === "1", keys: pressed,
    });
  } catch (error) {
    if (mine === turn) say(root, { answer: error.message, state: "missed", icon: "alert", path: [], ways: [] });
    return;
  }
  if (mine === turn && root.isConnected) say(root, tried);
}

function say(root, tried) {
  $('[data-part="path"]', root).replaceChildren(...tried.path.map((stop, place) => h(
    "li", h("span.hop", { "data-state": stop.state }, icon(stop.icon, "s"), h("span", stop.text)),
    place < tried.path.length - 1 && icon("next", "s"),
  )));
  const answer = $('[data-part="answer"]', root);
  answer.dataset.state = tried.state;
  answer.replaceChildren(icon(tried.icon, "s"), h("span", tried.answer));
  mark(tried.ways);
}

// A card is on the way when its own mark was met, or when something behind it was.
function mark(ways) {
  const met = new Set(ways);
  const tree = $("#menus .tree");
  for (const card of $$("li", tree)) card.classList.remove("on");
  for (const card of $$("li[data-way]", tree)) {
    if (!met.has(card.dataset.way)) continue;
    for (let at = card; at && tree.contains(at); at = at.parentElement.closest("li")) at.classList.add("on");
  }
  tree?.firstElementChild?.classList.toggle("on", ways.length > 0);
  follow(tree);
}

// The end of the way comes into view sideways; the page itself stays where it is.
function follow(tree) {
  const last = tree && ($$("li.on", tree).at(-1) ?? $("[aria-current]", tree)?.parentElement);
  const card = last && $(".node", last);
  const canvas = tree?.closest(".canvas");
  if (!card) return;
  const over = card.getBoundingClientRect().right - canvas.getBoundingClientRect().right + 24;
  const under = card.getBoundingClientRect().left - canvas.getBoundingClientRect().left - 24;
  canvas.scrollLeft += over > 0 ? over : Math.min(under, 0);
}
