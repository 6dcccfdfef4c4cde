// The page of duplicates (ticks, base, merge, progress), the warning on a card's form, and what others did with my clients.
import { $, $$, setText, show } from "../js/dom.js";
import { api } from "../js/api.js";
import { pages, refresh } from "../js/nav.js";
import { t } from "../js/i18n.js";
import { me } from "../js/config.js";
import { complain, toast } from "../js/toast.js";
import { startCheck } from "./check.js";

const POLL = 700;
const ASK_EVERY = 60_000;
let timer = 0;
let asked = 0;

export function start() {
  document.addEventListener("change", (event) => { if (event.target.matches("#duplicates [data-tick]")) tick(event.target); });
  document.addEventListener("click", clicked);
  pages.on("page", arrived);
  startCheck();
  arrived();
}

const root = () => $("#duplicates");
const number = (value) => new Intl.NumberFormat(document.documentElement.lang).format(value);

function arrived() {
  clearTimeout(timer);
  if (root()?.hasAttribute("data-busy")) timer = setTimeout(follow, POLL);
  if (me?.permissions.includes("contacts.see") && Date.now() - asked > ASK_EVERY) tellNotices();
}

function clicked(event) {
  const button = event.target.closest("#duplicates button");
  if (!button) return;
  if (button.dataset.act) confirmAct(button.dataset.act);
  else if (button.dataset.scope) scope(button);
  else if (button.dataset.all) attempt(async () => { await api("PUT", "/api/v1/duplicates/chosen", { chosen: button.dataset.all === "true" }); refresh(); });
  else if (button.hasAttribute("data-make-base")) attempt(async () => { await api("PATCH", member(button), { base: true }); refresh(); });
  else if (button.hasAttribute("data-cancel")) attempt(() => api("DELETE", "/api/v1/duplicates/job"));
}

const member = (inside) => `/api/v1/duplicates/members/${inside.closest("[data-member]").dataset.member}`;

async function attempt(work) {
  try {
    return await work();
  } catch (error) {
    complain(error.message);
    return null;
  }
}

async function tick(box) {
  const there = await attempt(() => api("PATCH", member(box), { chosen: box.checked }));
  if (!there) box.checked = !box.checked;
  const last = await attempt(() => api("GET", "/api/v1/duplicates"));
  if (last?.search) setText($("#duplicates [data-chosen]"), t("Ticked: %(count)s", { count: number(last.search.chosen) }));
}

function scope(button) {
  for (const one of $$("#duplicates [data-scope]")) one.setAttribute("aria-checked", String(one === button));
}

async function confirmAct(action) {
  const everything = $('#duplicates [data-scope="all"]').getAttribute("aria-checked") === "true";
  const plan = await attempt(() => api("GET", `/api/v1/duplicates/plan${everything ? "?everything=1" : ""}`));
  if (!plan) return;
  if (!plan.cards) return complain(t("Nothing is ticked."));
  const dialog = $("#dup-ask");
  const merge = action === "merge";
  setText($("#dup-ask-title"), merge ? t("Merge duplicates?") : t("Delete duplicates?"));
  setText($("[data-count]", dialog), merge
    ? t("%(count)s cards in %(groups)s groups become part of their base cards.", { count: number(plan.cards), groups: number(plan.groups) })
    : t("%(count)s cards in %(groups)s groups are deleted; only the base cards stay.", { count: number(plan.cards), groups: number(plan.groups) }));
  setText($("[data-warning]", dialog), merge
    ? t("Calls, history, documents and tags move to the base card. What both cards have is kept from the base. This cannot be undone.")
    : t("History, recordings, documents, contact persons and tags of these cards are gone for good. This cannot be undone."));
  show($("[data-whose]", dialog), merge && plan.others > 0);
  show($("[data-told]", dialog), !merge && plan.others > 0);
  setText($("[data-yes]", dialog), merge ? t("Merge") : t("Delete"));
  dialog.returnValue = "";
  dialog.show();
  $('[value="no"]', dialog).focus();
  dialog.addEventListener("close", () => {
    if (dialog.returnValue !== "yes") return;
    const available = $('[name="available"]:checked', dialog).value;
    attempt(async () => { await api("POST", `/api/v1/duplicates/${action}`, { everything, available }); refresh(); });
  }, { once: true });
}

async function follow() {
  if (!root()?.hasAttribute("data-busy")) return;
  let job;
  try {
    job = (await api("GET", "/api/v1/duplicates")).search?.job;
  } catch {
    // The stream says when the server is away; we go on asking.
    timer = setTimeout(follow, POLL * 4);
    return;
  }
  if (!job || !["scheduled", "waiting", "running"].includes(job.state)) return refresh();
  if (job.total) {
    setText($("[data-progress] [data-figure]"), `${number(job.done)} / ${number(job.total)}`);
    const part = Math.min(100, Math.floor((100 * job.done) / job.total));
    $("[data-progress] .meter > i")?.style.setProperty("--v", `${part}%`);
    $("[data-progress] .meter")?.setAttribute("aria-valuenow", part);
  }
  timer = setTimeout(follow, POLL);
}

// IMP-34: those whose clients somebody else merged or deleted are told on the next page that they open.
async function tellNotices() {
  asked = Date.now();
  let found = [];
  try {
    found = (await api("GET", "/api/v1/duplicates/notices", undefined, { again: false })).notices;
  } catch {
    return;
  }
  for (const one of found.slice(0, 3)) {
    toast(one.text, { state: "ring", glyph: "info", life: 60_000, action: { text: t("I see"), run: () => attempt(() => api("PUT", "/api/v1/duplicates/notices", {})) } });
  }
}
