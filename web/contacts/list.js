// The list of clients: ticks, columns, views, rows that fit the window, quick actions. The super-filter is in builder.js.
import { $, $$ } from "../js/dom.js";
import { api } from "../js/api.js";
import { t } from "../js/i18n.js";
import { question } from "../js/overlays.js";
import { build, tree } from "./builder.js";

const ROW = 41;
const LEAST = 5;
let shell;

export function start(given) {
  shell = given;
  shell.onPage("#client-list", (root) => {
    fit(root);
    ticks(root);
    count(root);
    columns(root);
    views(root);
    filter(root);
    root.addEventListener("click", ({ target }) => archive(target.closest("[data-archive]")));
  });
}

// CON-08: as many rows as fit, at most 30. The server reads the cookie; the page is asked for anew only when it matters.
function fit(root) {
  const table = $("table", root);
  if (root.dataset.adaptive === undefined || !table) return;
  // What comes and goes with a filter counts for nothing: else each filter would have the page loaded twice.
  const passing = $$(".filter-words, #filter-builder", root);
  for (const one of passing) one.style.display = "none";
  const top = table.getBoundingClientRect().top + $("main").scrollTop;
  for (const one of passing) one.style.display = "";
  const room = Math.floor((innerHeight - top - 150) / ROW);
  const wanted = Math.max(LEAST, Math.min(Number(root.dataset.most), room));
  if (wanted === Number(root.dataset.rows)) return;
  const known = document.cookie.includes(`callcenter_rows=${wanted}`);
  document.cookie = `callcenter_rows=${wanted}; path=/; max-age=31536000; samesite=lax`;
  // Ticks that somebody has set already are worth more than a better fit.
  if (!known && !$("input[name=ids]:checked", root)) shell.refresh();
}

// A page of a large base is shown before it is counted how many there are.
async function count(root) {
  const place = $("[data-ask-total]", root);
  if (!place) return;
  try {
    const { total, exact } = await api("GET", place.dataset.askTotal);
    if (!place.isConnected) return;
    const said = total.toLocaleString(shell.config.language === "ru" ? "ru-RU" : "en-GB");
    place.textContent = t("Total: %(total)s", { total: exact ? said : `${said} ${t("(about)")}` });
    const page = $("[data-part=page]", root);
    const pages = Math.min(Math.max(1, Math.ceil(total / Number(page.dataset.perPage))), Number(page.dataset.deepest));
    page.textContent = t("page %(page)s of %(pages)s", { page: page.dataset.page, pages });
    const form = $("#bulk", root);
    form.dataset.total = total;
    $("[data-choose-all]", form).textContent = t("Choose all found: %(total)s", { total: said });
    form.dispatchEvent(new Event("counted"));
  } catch {
    // The list can be used without it.
  }
}

function ticks(root) {
  const form = $("#bulk", root);
  const page = $("[data-tick-page]", form);
  const all = $("[data-choose-all]", form);
  const boxes = $$("input[name=ids]", form);
  if (!page) return;
  const everything = form.elements.everything;
  const draw = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    page.checked = ticked > 0 && ticked === boxes.length;
    page.indeterminate = ticked > 0 && ticked < boxes.length;
    all.hidden = !page.checked || everything.value === "1" || !form.dataset.total || Number(form.dataset.total) <= boxes.length;
    form.dispatchEvent(new Event("selection"));
  };
  page.addEventListener("change", () => {
    for (const box of boxes) box.checked = page.checked;
    everything.value = "";
    draw();
  });
  for (const box of boxes) box.addEventListener("change", () => { everything.value = ""; draw(); });
  all.addEventListener("click", () => { everything.value = "1"; draw(); });
  form.addEventListener("counted", draw);
}

function columns(root) {
  const list = $("[data-columns-list]", root);
  const shown = ($("table.clients", root)?.dataset.columns ?? "").split(",").filter(Boolean).map((one) => one.split(":"));
  // Those that are shown come first, in their order.
  for (const [key, width] of shown.reverse()) {
    const item = $(`[data-key="${key}"]`, list);
    if (!item) continue;
    if (width) $(".width", item).value = width;
    list.prepend(item);
  }
  let dragged = null;
  list.addEventListener("dragstart", (event) => { dragged = event.target.closest("li"); });
  list.addEventListener("dragover", (event) => {
    const over = event.target.closest("li");
    event.preventDefault();
    if (!dragged || !over || over === dragged) return;
    const below = event.clientY > over.getBoundingClientRect().top + over.offsetHeight / 2;
    over[below ? "after" : "before"](dragged);
  });
  list.addEventListener("click", ({ target }) => {
    const item = target.closest("li");
    if (target.closest("[data-up]")) item.previousElementSibling?.before(item);
    else if (target.closest("[data-down]")) item.nextElementSibling?.after(item);
    else return;
    target.closest("button").focus();
  });
  list.addEventListener("change", (event) => {
    const ticked = $$("input[type=checkbox]:checked", list);
    if (ticked.length <= 6) return;
    event.target.checked = false;
    shell.toast(t("At most 6 columns. Untick one first."));
  });
  $("[data-columns-apply]", root).addEventListener("click", () => {
    const chosen = $$("li", list).filter((item) => $("input[type=checkbox]", item).checked);
    go(root, { cols: chosen.map((item) => [item.dataset.key, $(".width", item).value].filter(Boolean).join(":")).join(",") });
  });
  $("[data-columns-reset]", root).addEventListener("click", () => go(root, { cols: "" }));
}

function go(root, changes) {
  const query = new URLSearchParams(location.search);
  if (!location.search) for (const [key, value] of new FormData($(".list-filter", root))) if (value) query.set(key, value);
  query.delete("page");
  for (const [key, value] of Object.entries(changes)) if (value) query.set(key, value); else query.delete(key);
  query.set("all", "1");
  shell.visit(`${root.dataset.base}?${query}`);
}

function views(root) {
  const page = root.dataset.base.slice(1);
  $("[data-view-form]", root).addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const state = {};
    const query = location.search ? new URLSearchParams(location.search) : new FormData($(".list-filter", root));
    for (const [key, value] of query) if (value && !["all", "page", "per_page"].includes(key)) state[key] = value;
    try {
      await api("POST", "/api/v1/views", { page, title: form.title.value, shared: Boolean(form.shared?.checked), state });
      const plain = new URLSearchParams(state).toString();
      shell.visit(`${root.dataset.base}?${plain || "all=1"}`);
    } catch (problem) {
      shell.toast(problem.message);
    }
  });
  $("[data-delete-view]", root)?.addEventListener("click", async ({ currentTarget }) => {
    const id = currentTarget.dataset.deleteView;
    if (!(await question(t("Delete this view?"), t("The clients in it stay."), t("Delete")))) return;
    try {
      await api("DELETE", `/api/v1/views/${id}`);
      shell.refresh();
    } catch (problem) {
      shell.toast(problem.message);
    }
  });
}

function filter(root) {
  const form = $(".list-filter", root);
  const panel = $("#filter-builder", root);
  const opener = $("[data-builder-open]", root);
  build(panel, form.elements.where.value);
  opener.addEventListener("click", () => {
    panel.hidden = !panel.hidden;
    opener.setAttribute("aria-expanded", String(!panel.hidden));
    if (!panel.hidden) $("select, button", panel)?.focus();
  });
  form.addEventListener("submit", () => {
    const made = tree(panel);
    form.elements.where.value = made ? JSON.stringify(made) : "";
  }, true);
  // CON-42: the parameters are cleared, what was found stays until «Filter» is pressed.
  $("[data-clear]", form).addEventListener("click", () => {
    for (const one of $$("select", form)) if (!panel.contains(one)) one.value = "";
    form.elements.q.value = "";
    form.elements.where.value = "";
    build(panel, "");
    form.elements.q.focus();
  });
}

async function archive(button) {
  if (!button) return;
  const { archive: id, name } = button.dataset;
  const text = t("It can still be looked at, but it cannot come back and cannot be changed. Its deals are removed for good.");
  if (!(await question(t("Put %(name)s into the archive?", { name }), text, t("Put into the archive")))) return;
  try {
    await api("POST", `/api/v1/contacts/${id}/archive`);
    shell.refresh();
  } catch (problem) {
    shell.toast(problem.message);
  }
}
