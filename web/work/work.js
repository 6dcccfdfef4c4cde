// Background jobs: the indicator in the top bar, a toast at the end, and the page of jobs kept fresh in place.
import { $, $$, h, icon, setText, show } from "../js/dom.js";
import { t } from "../js/i18n.js";

const OPEN = ["scheduled", "waiting", "running"];
const TONES = { done: ["ready", "check"], failed: ["missed", "alert"], cancelled: ["pause", "ban"], running: ["talk", "redo"] };
const OTHERS_EVERY = 3_000;
const mine = new Map();
const drawn = new Map();
let shell;
let badge;

export function start(given) {
  shell = given;
  badge = h("a.jobs-now", { href: "/work", id: "jobs-now", hidden: true }, icon("redo", "s"), h("span.meter", { "data-state": "talk" }, h("i")), h("span.num"));
  badge.addEventListener("click", (event) => { event.preventDefault(); shell.visit("/work"); });
  $(".top .end")?.prepend(badge);
  shell.stream.on("job", take);
  // What ended while the link was away is heard of by asking.
  shell.stream.on("back", load);
  document.addEventListener("click", click);
  shell.onPage("#work", watchOthers);
  load();
}

// Others of the feature (the bar of actions) wait for a job that they started: run(job) on each news of it.
export function follow(id, run) {
  const before = drawn.get(id) ?? [];
  drawn.set(id, [...before, run]);
  if (mine.has(id)) run(mine.get(id));
}

async function load() {
  let found;
  try {
    found = await shell.api("GET", "/api/v1/work?open=1");
  } catch {
    return;
  }
  const known = new Set(found.jobs.map((job) => job.id));
  for (const id of [...mine.keys()]) if (!known.has(id)) catchUp(id);
  for (const job of found.jobs) mine.set(job.id, job);
  draw();
}

async function catchUp(id) {
  try {
    take(await shell.api("GET", `/api/v1/work/${id}`));
  } catch {
    mine.delete(id);
    draw();
  }
}

function take(job) {
  const open = OPEN.includes(job.state);
  const was = mine.get(job.id);
  if (open) mine.set(job.id, job);
  else mine.delete(job.id);
  draw();
  paint(job);
  for (const run of drawn.get(job.id) ?? []) run(job);
  if (!open) {
    drawn.delete(job.id);
    if (was || job.state !== "cancelled") say(job);
  }
}

function say(job) {
  const action = { text: t("Show"), run: () => shell.visit(job.link || "/work") };
  if (job.state === "failed") shell.complain(`${job.title}: ${job.error}`, { action });
  else if (job.state === "cancelled") shell.toast(t("Cancelled: %(title)s", { title: job.title }), { state: "pause", action });
  else done(job, action);
}

// What is done can be taken back right here, where that is possible.
async function done(job, action) {
  const now = await shell.api("GET", `/api/v1/work/${job.id}`).catch(() => job);
  const undo = now.undo_until && { text: t("Undo"), run: () => order(`/api/v1/work/${job.id}/undo`).catch((error) => shell.complain(error.message)) };
  shell.toast([t("Done: %(title)s", { title: job.title }), ...job.notes].join(" · "), { action: undo || action });
}

const order = async (path) => take(await shell.api("POST", path, {}));

// The indicator: one bar for all that runs or waits now; what is scheduled for later does not count.
function draw() {
  const now = [...mine.values()].filter((job) => job.state !== "scheduled");
  show(badge, now.length > 0);
  if (!now.length) return;
  const running = now.find((job) => job.state === "running") ?? now[0];
  $(".meter > i", badge).style.setProperty("--v", `${running.percent ?? 0}%`);
  setText($("span.num", badge), now.length > 1 ? String(now.length) : running.percent === null ? "" : `${running.percent}%`);
  badge.setAttribute("aria-label", t("Background jobs: %(count)s. %(title)s, %(percent)s %", { count: now.length, title: running.title, percent: running.percent ?? 0 }));
  badge.title = running.title;
}

const row = (id) => $(`#work [data-job="${id}"]`);

// The row of the page, in place; a job that begins or ends gets other buttons, so the page comes anew.
function paint(job) {
  const root = $("#work");
  if (!root) return;
  const line = row(job.id);
  if (!line || line.dataset.jobState !== job.state) return shell.refresh();
  const part = (name) => $(`[data-part="${name}"]`, line);
  const number = (value) => value.toLocaleString(shell.config.language === "ru" ? "ru-RU" : "en-GB");
  setText(part("counts"), job.total === null ? number(job.done) : t("%(done)s of %(total)s", { done: number(job.done), total: number(job.total) }));
  setText(part("said"), job.error || job.notes.join(" · "));
  const [tone, glyph] = TONES[job.state] ?? ["ring", "clock"];
  const state = $(".state", part("state"));
  if (state && state.dataset.state !== tone) state.replaceWith(h("span.state", { "data-state": tone }, icon(glyph, "s"), job.state_title));
  if (job.percent !== null) {
    part("bar").setAttribute("aria-valuenow", job.percent);
    $("i", part("bar")).style.setProperty("--v", `${job.percent}%`);
  }
}

// The stream brings my jobs only: those of others are asked for while they go on.
function watchOthers(root) {
  const others = () => $$("[data-job]:not([data-mine])", root).filter((line) => OPEN.includes(line.dataset.jobState));
  if (!others().length) return;
  const timer = setInterval(async () => {
    const lines = root.isConnected ? others() : [];
    if (!lines.length) return clearInterval(timer);
    for (const line of lines) paint(await shell.api("GET", `/api/v1/work/${line.dataset.job}`).catch(() => null) ?? {});
  }, OTHERS_EVERY);
}

async function click(event) {
  const button = event.target.closest("[data-job-cancel], [data-job-undo]");
  if (!button) return;
  const undo = button.dataset.jobUndo;
  button.disabled = true;
  try {
    await order(`/api/v1/work/${undo ?? button.dataset.jobCancel}/${undo ? "undo" : "cancel"}`);
    if (undo && $("#work")) shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
  button.disabled = false;
}
