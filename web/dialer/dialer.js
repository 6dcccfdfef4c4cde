// Dial lists: the form of a new one, what is done with a list, and the bar of the list that one performs, on every page.
import { build, tree } from "../contacts/builder.js";
import { question } from "../js/overlays.js";
import { t } from "../js/i18n.js";
import { follow } from "../work/work.js";
import { leads, startBar } from "./bar.js";
import { startPromise } from "./promise.js";

const API = "/api/v1/dial-lists";
let shell;

export function start(given) {
  shell = given;
  shell.onPage("#dialer", listPage);
  shell.onPage("#dial-list", onePage);
  shell.onPage("#refusing", refusing);
  shell.onPage("[data-what-if]", whatIf);
  shell.dom.$("body").addEventListener("click", clicked);
  // Before htmx, which would send the form by its address.
  document.addEventListener("submit", submitted, true);
  startBar(shell);
  startPromise(shell);
}

function submitted(event) {
  const form = event.target;
  const run = form.matches("[data-new-form]") ? make : form.matches("[data-refuse-form]") ? refuse : form.matches("[data-mode-form]") ? setMode : null;
  if (!run) return;
  event.preventDefault();
  event.stopPropagation();
  run(form);
}

async function clicked(event) {
  const button = event.target.closest("[data-list-do]");
  if (!button) return;
  const { list, title, listDo: action } = button.dataset;
  if (!(await agreed(action, title))) return;
  button.disabled = true;
  await act(list, action);
  button.disabled = false;
}

async function agreed(action, title) {
  if (action === "stop") return question(t("Stop the list “%(title)s”?", { title }), t("A talk goes on to its end. Whoever performs the list is let go, and anybody may continue it."), t("Stop"));
  if (action === "archive") return question(t("Put “%(title)s” into the archive?", { title }), t("It can be taken out again."), t("Into the archive"));
  return true;
}

export async function act(list, action) {
  try {
    await shell.api("POST", `${API}/${list}/${action}`);
    if (action === "retry") shell.toast(t("Those who were not reached come again; this may take a moment."));
    if (action === "start" && (await leads())) return;
    if (shell.dom.$("#dialer, #dial-list")) shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}

// --- a new list -------------------------------------------------------------------------------------------------------

function listPage(root) {
  const { $, $$, show } = shell.dom;
  const form = $("[data-new-form]", root);
  const panel = $("[data-builder]", form);
  build(panel, "");
  const openers = $$("[data-new-list]", root);
  const open = (yes) => {
    show(form, yes);
    for (const one of openers) one.setAttribute("aria-expanded", String(yes));
    if (yes) $("[data-count]", form).focus();
    else openers[0].focus();
  };
  for (const one of openers) one.addEventListener("click", () => open(form.hidden));
  for (const one of $$("[data-new-close]", form)) one.addEventListener("click", () => open(false));
  modes(form);
  const step = (number) => {
    for (const one of $$("[data-step]", form)) show(one, one.dataset.step === String(number));
  };
  $("[data-back]", form).addEventListener("click", () => { step(1); $("[data-count]", form).focus(); });
  $("[data-count]", form).addEventListener("click", async () => {
    try {
      complain(form, 1, "");
      const { total } = await shell.api("POST", `${API}/count`, { where: tree(panel) });
      if (!total) return complain(form, 1, t("The filter finds no client with a phone number."));
      step(2);
      const found = $("[data-found]", form);
      found.textContent = t("Clients by these conditions: %(total)s", { total: total.toLocaleString(shell.config.language === "ru" ? "ru-RU" : "en-GB") });
      form.elements.title.focus();
      return shell.dom.announce(found.textContent);
    } catch (error) {
      return complain(form, 1, error.message);
    }
  });
}

function complain(form, step, text) {
  const { $, show } = shell.dom;
  const line = $("[data-new-error]", step ? $(`[data-step="${step}"]`, form) : form);
  line.textContent = text;
  show(line, Boolean(text));
}

// What is set of how the list dials: of a list without a team only the numbers that clients see.
function dialing(form) {
  const { $$ } = shell.dom;
  const found = {};
  for (const one of $$("[data-dialing]", form)) {
    if (one.closest("[hidden]") && one.closest("[data-modes]")) continue;
    found[one.name] = one.type === "checkbox" ? one.checked : one.type === "number" ? Number(one.value) : one.value;
  }
  found.numbers = $$("[name=numbers]:checked", form).map((one) => Number(one.value));
  return found;
}

// Shows what belongs to the chosen mode, to machines, to several numbers.
function modes(form) {
  const { $$, show } = shell.dom;
  const look = () => {
    const { mode, amd, machine, callers } = form.elements;
    for (const one of $$("[data-modes]", form)) show(one, one.dataset.modes.split(" ").includes(mode.value));
    // Nobody asks for the next client of a team.
    const endless = $$("[name=pause]", form).find((one) => one.value === "");
    const team = ["progressive", "predictive"].includes(mode.value);
    show(endless?.parentElement, !team);
    if (team && endless?.checked) form.elements.pause.value = "20";
    show($$("[data-amd]", form)[0], amd.checked);
    show($$("[data-message]", form)[0], machine.value === "message");
    show($$("[data-numbers]", form)[0], callers.value !== "fixed");
  };
  form.addEventListener("change", look);
  look();
}

async function make(form) {
  const { $, $$ } = shell.dom;
  const panel = $("[data-builder]", form);
  const { pause, title, number_id: number, from, to, mode } = form.elements;
  const retry = {};
  for (const one of $$("[data-retry]", form)) {
    const times = Number($("[data-times]", one).value);
    if (times) retry[one.dataset.retry] = [Number($("[data-after]", one).value), times];
  }
  const days = $$("[data-day]", form).filter((one) => $("[data-day-on]", one).checked);
  const other = days.map((one) => [one.dataset.day, [$("[data-day-from]", one).value, $("[data-day-to]", one).value]]).filter(([, [begin, end]]) => begin || end);
  const hours = { from: from.value, to: to.value, days: days.map((one) => Number(one.dataset.day)), by_day: Object.fromEntries(other) };
  if (from.value && to.value && !days.length) return complain(form, 2, t("Choose at least one day for calls."));
  if (!(from.value || to.value) && (other.length || days.length < 7)) return complain(form, 2, t("Fill in when the hours of calls begin and end."));
  const body = {
    title: title.value, where: tree(panel), pause: pause.value === "" ? null : Number(pause.value), retry,
    number_id: number.value ? Number(number.value) : null, hours: from.value || to.value ? hours : {},
    mode: mode.value, dialing: dialing(form),
  };
  try {
    complain(form, 2, "");
    const made = await shell.api("POST", API, body);
    shell.visit(`/dialer/${made.id}`);
  } catch (error) {
    complain(form, 2, Object.values(error.fields ?? {})[0] || error.message);
  }
  return undefined;
}

// --- one list ---------------------------------------------------------------------------------------------------------

function onePage(root) {
  const { $ } = shell.dom;
  const base = `${API}/${root.dataset.dialList}`;
  $("[data-pause]", root)?.addEventListener("change", async ({ target }) => {
    try {
      await shell.api("PATCH", base, { pause: target.value === "" ? null : Number(target.value) });
      shell.toast(t("The pause is changed."));
    } catch (error) {
      shell.complain(error.message);
    }
  });
  if ($("[data-team]", root)) followTeam(root, base);
  const form = $("[data-mode-form]", root);
  if (form) {
    modes(form);
    const opener = $("[data-mode-open]", root);
    const open = (yes) => {
      shell.dom.show(form, yes);
      opener.setAttribute("aria-expanded", String(yes));
      (yes ? $("[name=mode]:checked", form) : opener).focus();
    };
    opener.addEventListener("click", () => open(form.hidden));
    $("[data-mode-close]", form).addEventListener("click", () => open(false));
  }
  root.addEventListener("click", ({ target }) => {
    const heard = target.closest("[data-heard]");
    if (heard) judge(base, heard);
    const out = target.closest("[data-exclude]");
    const back = target.closest("[data-include]");
    if (out) exclude(base, out.dataset.exclude);
    if (back) include(base, back.dataset.include);
  });
}

async function setMode(form) {
  try {
    complain(form, 0, "");
    await shell.api("PATCH", `${API}/${form.dataset.list}`, { mode: form.elements.mode.value, dialing: dialing(form) });
    await shell.refresh();
    shell.toast(t("How the list dials is changed."));
  } catch (error) {
    complain(form, 0, Object.values(error.fields ?? {})[0] || error.message);
  }
}

// Who takes part, and what the list does just now: read every two seconds while the page is looked at.
const AGENT_STATES = { ready: () => t("Ready"), ringing: () => t("Ringing"), talking: () => t("Talking"), wrapup: () => t("Wrap-up"), paused: () => t("Paused"), offline: () => t("Off line") };
const AGENT_TONES = { ready: "ready", ringing: "ring", talking: "talk", wrapup: "wrap", paused: "pause", offline: "off" };

async function followTeam(root, base) {
  const { $ } = shell.dom;
  while (root.isConnected) {
    if (!document.hidden) {
      try {
        const [team, list] = await Promise.all([shell.api("GET", `${base}/team`), shell.api("GET", base)]);
        drawTeam($("[data-team]", root), team);
        drawFigures(root, team, list);
      } catch {
        // The next reading shows it.
      }
    }
    await new Promise((resolve) => { setTimeout(resolve, 2_000); });
  }
}

const grouped = (value, how) => value.toLocaleString(shell.config.language === "ru" ? "ru-RU" : "en-GB", how);

// The figures above the clients go on with the calls.
function drawFigures(root, team, list) {
  const { $, setText } = shell.dom;
  const called = Object.values(list.outcomes).reduce((sum, one) => sum + one, 0);
  const shown = { left: list.left, called, talked: list.outcomes.answered ?? 0, team: team.members.length };
  for (const [name, value] of Object.entries(shown)) setText($(`#kpi-${name} [data-value]`, root), grouped(value));
}

function drawTeam(place, team) {
  const { $, h, setText } = shell.dom;
  const names = ["ringing", "analysed", "waiting", "talking", "persons", "abandoned"];
  for (const name of names) setText($(`[data-figure="${name}"]`, place), String(team[name]));
  const percent = (value) => `${grouped(value, { maximumFractionDigits: 2 })} %`;
  setText($('[data-figure="share"]', place), team.persons ? percent(team.share) : "—");
  $('[data-figure="share"]', place).dataset.state = team.share > team.cap ? "missed" : "ready";
  const wrong = $('[data-figure="wrong"]', place);
  if (wrong) setText(wrong, team.judged ? t("%(wrong)s of %(judged)s", { wrong: team.wrong, judged: team.judged }) : "—");
  const list = $("[data-members]", place);
  const key = JSON.stringify(team.members);
  if (list.dataset.drawn === key) return;
  list.dataset.drawn = key;
  list.replaceChildren(...team.members.map((one) => h("li.row", h("span.grow.cut", one.name),
    h("span.tag", { "data-state": AGENT_TONES[one.state] ?? "off" }, one.aside ? t("Free for callers") : AGENT_STATES[one.state]?.() ?? ""))));
  if (!team.members.length) list.replaceChildren(h("li.small.t3", t("Nobody takes part yet, so nobody is called.")));
}

async function judge(base, button) {
  try {
    await shell.api("POST", `${base}/samples/${button.dataset.sample}`, { heard: button.dataset.heard });
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}

async function exclude(base, entry) {
  try {
    await shell.api("DELETE", `${base}/clients/${entry}`);
    shell.refresh();
    shell.toast(t("The client is taken out of the list."), { action: { text: t("Undo"), run: () => include(base, entry) } });
  } catch (error) {
    shell.complain(error.message);
  }
}

async function include(base, entry) {
  try {
    await shell.api("POST", `${base}/clients/${entry}/restore`);
    shell.refresh();
  } catch (error) {
    shell.complain(error.message);
  }
}

// --- numbers that must not be called ----------------------------------------------------------------------------------

async function add(numbers, reason) {
  const { added, known, wrong } = await shell.api("POST", "/api/v1/do-not-call", { numbers, reason });
  shell.refresh();
  const parts = [t("Added: %(count)s", { count: added }), known && t("there already: %(count)s", { count: known }), wrong.length && t("no numbers: %(list)s", { list: wrong.join(", ") })];
  shell.toast(parts.filter(Boolean).join("; "), wrong.length ? { state: "over" } : {});
}

async function refuse(form) {
  try {
    complain(form, 0, "");
    await add(form.elements.numbers.value, form.elements.reason.value);
  } catch (error) {
    complain(form, 0, Object.values(error.fields ?? {})[0] || error.message);
  }
}

function refusing(root) {
  root.addEventListener("click", async ({ target }) => {
    const row = target.closest("[data-allow]")?.closest("[data-refusal]");
    if (!row) return;
    const { refusal, number, reason } = row.dataset;
    try {
      await shell.api("DELETE", `/api/v1/do-not-call/${refusal}`);
      shell.refresh();
      shell.toast(t("The number may be called again."), { action: { text: t("Undo"), run: () => add(number, reason) } });
    } catch (error) {
      shell.complain(error.message);
    }
  });
}

// --- what if ------------------------------------------------------------------------------------------------------------

// Each day that is tried is shown as soon as it is known, unless somebody types the next question just then.
function whatIf(root) {
  let known = null;
  follow(Number(root.dataset.whatIf), (job) => {
    const now = `${job.state} ${job.done}`;
    const typing = document.activeElement?.matches("#what-if input");
    if (known !== null && now !== known && root.isConnected && !(typing && job.state === "running")) shell.refresh();
    known = now;
  });
}
