// The supervisor's hand: who waits and who talks, listening in, redirecting; and the agent's notice that somebody listens.
import { $, announce, h, icon, setText, show } from "../js/dom.js";
import { phone as pretty } from "../js/format.js";
import { question } from "../js/overlays.js";
import { spying } from "../js/spying.js";

let shell;
let t;

const MODES = [["listen", "ear", () => t("Listen in")], ["whisper", "whisper", () => t("Whisper")], ["barge", "barge", () => t("Join")]];
const STATES = { started: () => t("Connecting"), menu: () => t("In the menu"), message: () => t("Leaves a message"), queued: () => t("Waits in the queue"), ringing: () => t("Ringing"), talking: () => t("Talking"), held: () => t("On hold") };
const TONES = { talking: "talk", held: "pause", queued: "ring", ringing: "ring" };

export function start(given) {
  shell = given;
  ({ t } = shell);
  const may = shell.me.permissions.includes("calls.supervise");
  if (may) {
    document.addEventListener("click", clicked);
    shell.onPage("#now-calls", () => draw());
    shell.store.subscribe((state) => [state.calls, state.queues, state.agents], () => draw());
    shell.stream.on("spy", ({ spy, why }) => setSpy(spy, why));
    shell.api("GET", "/api/v1/supervision/spies").then(({ spy }) => setSpy(spy)).catch(() => {});
  }
  if (shell.me.agent_id) {
    shell.stream.on("listeners", ({ listeners }) => drawListeners(listeners));
    shell.api("GET", "/api/v1/me/listeners").then(({ listeners }) => drawListeners(listeners)).catch(() => {});
    shell.stream.on("back", () => shell.api("GET", "/api/v1/me/listeners").then(({ listeners }) => drawListeners(listeners)).catch(() => {}));
  }
}

// --- calls now -------------------------------------------------------------------------------------------------------------

const rows = new Map();

function draw() {
  const root = $("#now-calls");
  if (!root) return rows.clear();
  const { calls, queues } = shell.store.state;
  const places = new Map();
  for (const queue of Object.values(queues)) for (const one of queue.waiting) places.set(one.call_id, one.position);
  const waits = (call) => places.has(call.id);
  const all = Object.values(calls).sort((a, b) => waits(b) - waits(a) || (a.queue?.name ?? "").localeCompare(b.queue?.name ?? "") * waits(a) || (places.get(a.id) ?? 0) - (places.get(b.id) ?? 0) || a.started_at.localeCompare(b.started_at));
  const list = $("[data-part=list]", root);
  setText($("[data-part=count]", root), String(all.length));
  show($("[data-part=none]", root), !all.length);
  for (const [id, row] of rows) if (!calls[id] || !list.contains(row.element)) { row.element.remove(); rows.delete(id); }
  all.forEach((call, n) => {
    const key = JSON.stringify([call.state, call.contact, call.agents, call.agent_id, call.queue?.id, call.queued_at, call.answered_at, places.get(call.id), spying.now?.agent_id, spying.now?.mode]);
    let row = rows.get(call.id);
    if (!row || row.key !== key) {
      const focused = row?.element.contains(document.activeElement) ? document.activeElement.dataset.what : null;
      const element = drawCall(call, places.get(call.id));
      if (row) row.element.replaceWith(element);
      row = { key, element };
      rows.set(call.id, row);
      if (focused) $(`[data-what="${focused}"]`, element)?.focus();
    }
    if (list.children[n] !== row.element) list.insertBefore(row.element, list.children[n] ?? null);
  });
}

function drawCall(call, position) {
  const name = call.contact?.name || pretty(call.client_number) || t("Number withheld");
  const agent = shell.store.state.agents[call.agent_id];
  const talks = ["talking", "held"].includes(call.state) && agent;
  const since = position ? call.queued_at : call.answered_at ?? call.started_at;
  const about = [position && `№ ${position}`, STATES[call.state]?.(), agent && !position && agent.name, call.queue?.name, call.contact?.name && pretty(call.client_number)].filter(Boolean).join(" · ");
  return h("li", { "data-call": call.id, "data-state": TONES[call.state] ?? "off" },
    h("span.glyph", icon(position ? "clock" : "phone", "s")),
    h("a.grow.plain", { href: `/calls/${encodeURIComponent(call.id)}` }, h("span.mid.block.cut", name), h("span.small.t3.block.cut", about)),
    h("time.num.small", { "data-since": since }, shell.format.duration(shell.clock.secondsSince(since))),
    h("span.acts",
      position && position > 1 && button("up", t("To the front"), { "data-front": call.id }),
      talks && agent.id !== shell.me.agent_id && MODES.map(([mode, glyph, word]) => button(glyph, `${word()}: ${agent.name}`, { "data-spy": mode, "data-agent": agent.id, "aria-pressed": String(spying.now?.agent_id === agent.id && spying.now.mode === mode) })),
      button("transfer", t("Redirect"), { "data-redirect": call.id }),
      button("hang", t("Hang up"), { "data-hangup": call.id })));
}

const button = (glyph, label, data) => h("button.btn.bare.icon.sm", { type: "button", "aria-label": label, title: label, "data-what": Object.keys(data)[0] + (data["data-spy"] ?? ""), ...data }, icon(glyph, "s"));

// --- what is pressed ----------------------------------------------------------------------------------------------------------

async function clicked({ target }) {
  const pressed = target.closest?.("[data-spy], [data-front], [data-redirect], [data-hangup], [data-spy-mode], [data-spy-end]");
  if (!pressed) return;
  const { spy, agent, front, redirect, hangup, spyMode } = pressed.dataset;
  try {
    if (spy) await listen(Number(agent), spy);
    else if (spyMode) await shell.api("PUT", `/api/v1/supervision/spies/${spying.now.id}`, { mode: spyMode });
    else if (pressed.dataset.spyEnd !== undefined) await shell.api("DELETE", `/api/v1/supervision/spies/${spying.now.id}`);
    else if (front) {
      await shell.api("POST", `/api/v1/supervision/calls/${encodeURIComponent(front)}/front`);
      shell.toast(t("Moved to the front of the queue"), { glyph: "up" });
    } else if (redirect) ask(redirect);
    else if (hangup && await question(t("Hang up this call?"), t("The client hears the end of the call at once."), t("Hang up"))) {
      await shell.api("POST", `/api/v1/supervision/calls/${encodeURIComponent(hangup)}/hangup`);
    }
  } catch (error) {
    shell.complain(error.message);
  }
}

async function listen(agent, mode) {
  const me = shell.store.state.agents[shell.me.agent_id];
  if (shell.me.agent_id && !shell.phone.online && !me?.online?.includes("sip")) {
    if (!(await shell.goOnline({ then: () => listen(agent, mode) }))) return;
  }
  performance.mark("spy:asked");
  setSpy(await shell.api("POST", "/api/v1/supervision/spies", { agent_id: agent, mode }));
}

// --- the bar of who listens ---------------------------------------------------------------------------------------------------

let bar = null;

function setSpy(spy, why = "") {
  const before = spying.now;
  spying.now = spy;
  if (before && !spy && why === "call") shell.toast(t("The talk of %(agent)s is over", { agent: before.agent_name }), { glyph: "ear" });
  drawBar();
  draw();
  shell.dock.draw();
}

function drawBar() {
  const spy = spying.now;
  if (!spy) {
    bar?.remove();
    bar = null;
    return;
  }
  const words = { listen: t("I am listening"), whisper: t("The agent hears me"), barge: t("Both hear me") };
  const made = h("section.spybar", { id: "spybar", "aria-label": t("Listening in"), "data-mode": spy.mode, "hx-ignore": "" },
    h("span.whom", h("b.cut", spy.agent_name), h("span.small.t2", spy.state === "up" ? words[spy.mode] : t("Your phone rings"))),
    h("span.seg", { role: "group", "aria-label": t("Mode") }, MODES.map(([mode, glyph, word]) => h("button", { type: "button", "data-spy-mode": mode, "aria-pressed": String(mode === spy.mode) }, icon(glyph, "s"), word()))),
    h("button.btn.no", { type: "button", "data-spy-end": "" }, icon("x", "s"), t("Stop listening")));
  const focused = bar?.contains(document.activeElement) ? document.activeElement.dataset.spyMode : null;
  const said = (one) => [...(one?.querySelector(".whom").children ?? [])].map((part) => part.textContent).join(". ");
  if (said(made) !== said(bar)) announce(said(made));
  if (bar) bar.replaceWith(made);
  else $("#dock").append(made);
  bar = made;
  if (focused) $(`[data-spy-mode="${focused}"]`, bar)?.focus();
}

// --- the agent is told -----------------------------------------------------------------------------------------------------------

let told = null;

function drawListeners(listeners) {
  const before = told?.textContent ?? "";
  told?.remove();
  told = null;
  if (!listeners.length) return;
  const words = { listen: t("listens to the call"), whisper: t("listens, you hear what he says"), barge: t("is in the call") };
  told = h("div.listeners", { id: "listeners", "hx-ignore": "" }, listeners.map((one) => h("span", icon("ear", "s"), h("b", one.name), " ", words[one.mode])));
  $("#dock").append(told);
  if (told.textContent !== before) announce(told.textContent);
}

// --- where to ---------------------------------------------------------------------------------------------------------------------

function ask(callId) {
  $("#redirect-sheet")?.remove();
  const { agents, queues } = shell.store.state;
  const order = { ready: 0, wrapup: 1, ringing: 2, talking: 2, paused: 3, offline: 4 };
  const people = Object.values(agents).sort((a, b) => order[a.state] - order[b.state] || a.name.localeCompare(b.name));
  const option = (kind, id, name, detail) => h("option", { value: `${kind}:${id}` }, detail ? `${name} (${detail})` : name);
  const select = h("select.in", { name: "place", required: "" },
    h("option", { value: "" }, t("Choose…")),
    h("optgroup", { label: t("Queues") }, Object.values(queues).map((queue) => option("queue", queue.id, queue.name))),
    h("optgroup", { label: t("Agents") }, people.map((one) => option("agent", one.id, one.name, shell.words.agentWord(one.state, one.reason)))),
    h("option", { value: "number:" }, t("Another number…")));
  const number = h("label.field", { hidden: "" }, t("Phone number"), h("input", { name: "number", inputmode: "tel", autocomplete: "off" }));
  const error = h("p.error-text", { role: "alert", hidden: "" });
  const dialog = h("dialog.sheet", { id: "redirect-sheet", "aria-labelledby": "redirect-title", "hx-ignore": "" },
    h("header", h("h2", { id: "redirect-title" }, t("Redirect the call")), h("button.btn.bare.icon.sm", { type: "button", "data-close": "", "aria-label": t("Close") }, icon("x"))),
    h("form.body.col", h("label.field", t("Where to"), select), number, error,
      h("div.actions", h("button.btn.bare", { type: "button", "data-close": "" }, t("Cancel")), h("button.btn.main", { type: "submit" }, t("Redirect")))));
  select.addEventListener("change", () => { number.hidden = select.value !== "number:"; if (!number.hidden) $("input", number).focus(); });
  $("form", dialog).addEventListener("submit", async (event) => {
    event.preventDefault();
    const [kind, id] = select.value.split(":");
    try {
      await shell.api("POST", `/api/v1/supervision/calls/${encodeURIComponent(callId)}/redirect`, { kind, target: kind === "number" ? $("input", number).value : id });
      dialog.close();
      shell.toast(t("The call is being redirected"), { glyph: "transfer" });
    } catch (failure) {
      setText(error, failure.message);
      show(error, true);
    }
  });
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.show();
  select.focus();
}
