// The panel that gives my call away: a colleague, a queue, a menu, or a number outside. The server does it, so it works from
// any tab and for a call on the SIP phone. Colleagues stand with what they do now; who is free can be chosen.
import { api } from "./api.js";
import { announce, h, icon } from "./dom.js";
import { me } from "./config.js";
import { t } from "./i18n.js";
import { store } from "./store.js";
import { complain, toast } from "./toast.js";
import { statusWord } from "./words.js";

const GLYPHS = { agent: "user", queue: "queue", menu: "branch" };
const WORDS = { agent: () => t("Colleague"), queue: () => t("Queue"), menu: () => t("Voice menu") };
const path = (call, first) => `/api/v1/calls/${encodeURIComponent(call.seen.id)}/${first ? "consult" : "transfer"}`;
const TONES = { available: "ready", talking: "talk", do_not_disturb: "pause", disconnected: "off" };
const RANK = Object.keys(TONES);
// My colleagues, those who are free first; a call cannot go to the others now.
export const colleagues = (agents) => agents
  .filter((agent) => agent.id !== me?.agent_id)
  .map(({ id, name, short_number: about, status, state }) => ({ kind: "agent", id, name, about, status, away: state !== "ready" }))
  .sort((a, b) => RANK.indexOf(a.status) - RANK.indexOf(b.status) || a.name.localeCompare(b.name));
// How I gave the last call away; the next one begins so.
let talkFirst = false;

export function drawTransfer({ call, close }) {
  const list = h("div.targets", { role: "list", "aria-label": t("Where to") });
  const field = h("input.in", { name: "to", autocomplete: "off", placeholder: t("Name or number"), "aria-label": t("Name or number") });
  let found = { inside: true, targets: [] };
  let busy = false;

  const send = async (body, name) => {
    if (busy) return;
    busy = true;
    try {
      await api("POST", path(call, talkFirst), body);
      toast(talkFirst ? t("Calling %(name)s; the client hears music", { name }) : t("Call transferred: %(name)s", { name }), { glyph: "transfer" });
      close();
    } catch (error) {
      complain(error.message);
      // Who was free a moment ago may not be now.
      load();
    } finally {
      busy = false;
    }
  };
  // The stream knows better than the list that was read when the panel opened: states change while one looks at it.
  const targets = () => {
    if (!found.inside || !store.state.live) return found.targets;
    const people = colleagues(Object.values(store.state.agents));
    return [...people.filter((one) => !one.away), ...found.targets.filter((one) => one.kind !== "agent"), ...people.filter((one) => one.away)];
  };
  let shown = "";
  const draw = () => {
    const typed = field.value.trim().toLowerCase();
    const fits = targets().filter((one) => !typed || `${one.name} ${one.about}`.toLowerCase().includes(typed)).slice(0, 30);
    const key = JSON.stringify([fits, found.inside]);
    if (key === shown) return;
    shown = key;
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.target : "";
    list.replaceChildren(...fits.map((one) => h(
      "button.btn", { type: "button", role: "listitem", "data-target": `${one.kind}-${one.id}`, disabled: one.away || null, onclick: () => send({ kind: one.kind, id: one.id }, one.name) },
      icon(GLYPHS[one.kind], "s"), h("span.grow.cut", one.name), one.status && h("span.state.tiny", { "data-state": TONES[one.status], "data-part": "status" }, statusWord(one.status)), h("span.tiny.t3.num", one.about || WORDS[one.kind]()),
    )));
    if (focused) list.querySelector(`[data-target="${focused}"]:enabled`)?.focus();
    if (!fits.length) list.append(h("p.small.t3", found.inside ? t("Nobody fits. A number is called outside.") : t("You can transfer calls to outside numbers only.")));
  };
  const load = async () => {
    try {
      found = await api("GET", "/api/v1/transfer-targets");
      draw();
      announce(t("%(count)s to choose from", { count: found.targets.length }));
    } catch (error) {
      complain(error.message);
    }
  };
  const submit = (event) => {
    event.preventDefault();
    const to = field.value.trim();
    if (/\d/.test(to)) return send(inside(to) ?? { kind: "number", number: to }, to);
    return list.querySelector("button:enabled")?.click();
  };
  // A colleague's short number is the colleague.
  const inside = (to) => {
    const one = targets().find((target) => target.kind === "agent" && target.about === to);
    return one && { kind: one.kind, id: one.id };
  };

  const button = h("button.btn.yes", { type: "submit" });
  const way = (first, word) => h("button", { type: "button", "data-way": first ? "first" : "at-once", onclick: () => choose(first) }, word);
  const ways = h("div.seg", { role: "group", "aria-label": t("How to transfer") }, way(false, t("Connect at once")), way(true, t("Talk first")));
  const choose = (first) => {
    talkFirst = first;
    for (const one of ways.children) one.setAttribute("aria-pressed", String((one.dataset.way === "first") === first));
    button.textContent = first ? t("Dial") : t("Transfer");
  };
  choose(talkFirst);

  field.addEventListener("input", draw);
  let open = false;
  const stop = store.subscribe((s) => s.agents, () => {
    if (open && !list.isConnected) return stop();
    return draw();
  });
  // By then the dock has put the panel into the page.
  queueMicrotask(() => { open = true; });
  load();
  return h(
    "div.callcard", { role: "dialog", "aria-label": t("Transfer the call"), "data-transfer": true, "data-state": "talk" },
    h("div.bar", icon("transfer", "s"), h("span", t("Transfer the call")), h("button.btn.bare.icon.sm.ticks", { type: "button", "aria-label": t("Close"), onclick: close }, icon("x", "s"))),
    h("div.padpanel", ways, h("form.dial", { onsubmit: submit }, field, button), list),
  );
}
