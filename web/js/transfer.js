// The panel that gives my call away: somebody inside who is free, a queue, a menu, or a number outside. The server does it,
// so it works from any tab and for a call on the SIP phone.
import { api } from "./api.js";
import { announce, h, icon } from "./dom.js";
import { t } from "./i18n.js";
import { complain, toast } from "./toast.js";

const GLYPHS = { agent: "user", queue: "queue", menu: "branch" };
const WORDS = { agent: () => t("Colleague"), queue: () => t("Queue"), menu: () => t("Voice menu") };
const path = (call, first) => `/api/v1/calls/${encodeURIComponent(call.seen.id)}/${first ? "consult" : "transfer"}`;
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
  const draw = () => {
    const typed = field.value.trim().toLowerCase();
    const fits = found.targets.filter((one) => !typed || `${one.name} ${one.about}`.toLowerCase().includes(typed));
    list.replaceChildren(...fits.slice(0, 30).map((one) => h(
      "button.btn", { type: "button", role: "listitem", "data-target": `${one.kind}-${one.id}`, onclick: () => send({ kind: one.kind, id: one.id }, one.name) },
      icon(GLYPHS[one.kind], "s"), h("span.grow.cut", one.name), h("span.tiny.t3.num", one.about || WORDS[one.kind]()),
    )));
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
    return list.querySelector("button")?.click();
  };
  // A colleague's short number is the colleague.
  const inside = (to) => {
    const one = found.targets.find((target) => target.kind === "agent" && target.about === to);
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
  load();
  return h(
    "div.callcard", { role: "dialog", "aria-label": t("Transfer the call"), "data-transfer": true, "data-state": "talk", onkeydown: (event) => { if (event.key === "Escape") close(); } },
    h("div.bar", icon("transfer", "s"), h("span", t("Transfer the call")), h("button.btn.bare.icon.sm.ticks", { type: "button", "aria-label": t("Close"), onclick: close }, icon("x", "s"))),
    h("div.padpanel", ways, h("form.dial", { onsubmit: submit }, field, button), list),
  );
}
