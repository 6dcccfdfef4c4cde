// The call list while it stays open: a row opens in place, and calls that begin, change or end appear by themselves.
import { $, $$, setText, show } from "../js/dom.js";
import { t } from "../js/i18n.js";
import { tick } from "../js/clock.js";

// Changed rows are fetched together, at most this often (ms), so that a busy hour costs little.
const GATHER = 1200;
// A call's row is written a moment after the call is heard of: what is not there yet is asked for again, this often.
const TRIES = 4;
const DAY = 60_000;

let shell;
let waiting = new Map();
let timer = 0;
let empty = 0;
let held = [];

export function start(given) {
  shell = given;
  // Before htmx, which would follow the link.
  document.addEventListener("click", clicked, true);
  shell.store.subscribe((state) => state.calls, changed);
  shell.stream.on("recording", ({ call_id: id }) => want(id));
  shell.pages.on("page", () => { held = []; waiting.clear(); });
  setInterval(drawDay, DAY);
  document.addEventListener("pointerout", (event) => { if (event.target.closest?.("#calls-body")) setTimeout(release, 300); });
}

const root = () => $("#calls");
const body = () => $("#calls-body");

// --- a row opens -------------------------------------------------------------------------------------------------------

function clicked(event) {
  const row = event.target.closest?.("#calls-body tr[data-call]");
  if (event.target.closest?.("#calls-new")) return release(true);
  if (!row) return undefined;
  const more = event.target.closest("[data-more]");
  const listen = event.target.closest("[data-listen]");
  const plain = !event.target.closest("a, button, input, label") && !String(getSelection());
  if (!more && !listen && !plain) return undefined;
  if (more && (event.ctrlKey || event.metaKey || event.shiftKey)) return undefined;
  event.preventDefault();
  event.stopPropagation();
  return toggle(row, Boolean(listen));
}

async function toggle(row, play) {
  const id = row.dataset.call;
  const there = row.nextElementSibling?.matches("tr.detail") ? row.nextElementSibling : null;
  if (there && !play) return close(row, there);
  if (there) return there.querySelector("[data-play]")?.click();
  row.classList.add("open");
  $("[data-more]", row)?.setAttribute("aria-expanded", "true");
  const detail = await part(`/calls/${encodeURIComponent(id)}`, "#call-detail");
  if (!detail || !row.isConnected || row.nextElementSibling?.matches("tr.detail")) return undefined;
  const line = document.createElement("tr");
  line.className = "detail";
  const cell = line.insertCell();
  cell.colSpan = row.cells.length;
  detail.removeAttribute("id");
  cell.append(detail);
  row.after(line);
  window.htmx?.process(line);
  // Players paint themselves when they come into the page.
  document.dispatchEvent(new CustomEvent("htmx:after:swap", { detail: { ctx: {} } }));
  if (play) $("[data-play]", line)?.click();
  return undefined;
}

function close(row, detail) {
  detail.remove();
  row.classList.remove("open");
  $("[data-more]", row)?.setAttribute("aria-expanded", "false");
}

// --- calls come and go -------------------------------------------------------------------------------------------------

function changed(calls, before) {
  if (!before || !root()) return;
  // The very first call of an empty list brings the whole table.
  if (!body()) return void (empty ||= setTimeout(() => { empty = 0; if (root() && !body()) shell.refresh(); }, GATHER));
  for (const id of new Set([...Object.keys(calls), ...Object.keys(before)])) {
    const now = calls[id];
    const then = before[id];
    if (!now || !then || now.state !== then.state || now.contact?.name !== then.contact?.name) want(id);
  }
}

function want(id) {
  if (!body()) return;
  waiting.set(id, TRIES);
  timer ||= setTimeout(fetchRows, GATHER);
}

async function fetchRows() {
  timer = 0;
  const list = body();
  if (!list || !waiting.size) return;
  const asked = [...waiting.keys()].slice(0, 40);
  const query = new URLSearchParams(location.search);
  for (const name of ["page", "per_page", "id"]) query.delete(name);
  for (const id of asked) query.append("id", id);
  const found = await part(`/calls/rows?${query}`, "#calls-body");
  if (found && list === body()) {
    const rows = $$("tr[data-call]", found);
    const got = new Set(rows.map((row) => row.dataset.call));
    for (const row of rows.reverse()) place(row);
    for (const id of asked) again(id, got);
  }
  if (waiting.size) timer ||= setTimeout(fetchRows, GATHER);
}

// What did not come may not match the filters, or is not written yet: only the latter gets better by asking again.
function again(id, got) {
  const left = got.has(id) ? 0 : waiting.get(id) - 1;
  if (left > 0) waiting.set(id, left);
  else waiting.delete(id);
}

function place(row) {
  const there = document.getElementById(row.id);
  if (there) return replace(there, row);
  const first = body().querySelector("tr[data-call]");
  // A row that belongs on a later page is not for this one.
  if (root().dataset.pageNumber !== "1" || (first && row.dataset.at < first.dataset.at && full())) return undefined;
  if (busy()) {
    held = held.filter((one) => one.id !== row.id).concat(row);
    return offer();
  }
  return insert(row);
}

function replace(there, row) {
  if (there.classList.contains("open")) {
    row.classList.add("open");
    $("[data-more]", row)?.setAttribute("aria-expanded", "true");
  }
  if (there.contains(document.activeElement)) return;
  there.replaceWith(row);
  tick(row);
}

function insert(row) {
  const list = body();
  const older = $$("tr[data-call]", list).find((one) => one.dataset.at <= row.dataset.at);
  list.insertBefore(row, older ?? null);
  tick(row);
  for (const last of $$("tr[data-call]", list).slice(Number(root().dataset.perPage))) {
    if (last.nextElementSibling?.matches("tr.detail")) last.nextElementSibling.remove();
    last.remove();
  }
}

const full = () => $$("tr[data-call]", body()).length >= Number(root().dataset.perPage);

// Nothing may move under somebody's pointer, focus or open recording: new rows then wait behind a button.
function busy() {
  const list = body();
  return Boolean(list.querySelector("tr.detail, tr:hover") || list.contains(document.activeElement));
}

function offer() {
  const button = $("#calls-new");
  setText(button, t("New calls: %(count)s", { count: held.length }));
  show(button, held.length > 0);
}

function release(now = false) {
  if (!held.length || !body() || (!now && busy())) return;
  for (const row of held) if (!document.getElementById(row.id)) insert(row);
  held = [];
  offer();
}

async function drawDay() {
  if (!$("#calls-day") || document.hidden) return;
  const fresh = await part("/calls/day", "#calls-day");
  if (fresh) $("#calls-day")?.replaceWith(fresh);
}

async function part(address, selector) {
  try {
    const answer = await fetch(address, { credentials: "same-origin", headers: { "HX-Request": "true", Accept: "text/html" } });
    if (!answer.ok) return null;
    return new DOMParser().parseFromString(await answer.text(), "text/html").querySelector(selector);
  } catch {
    // The stream says when the server is away.
    return null;
  }
}
