// The call card: drawn at once from what the phone knows, filled in when the server's card comes.
import { $, h, icon } from "./dom.js";
import { initials, moment } from "./format.js";
import { t } from "./i18n.js";
import { duration } from "./format.js";
import { resultView } from "./words.js";

const MOST_PAST = 3;

// Draws the card of a ringing call; `act` has answer, reject, quiet.
export function drawCard(call, act) {
  const { card } = call;
  return h(
    "div.callcard", { role: "dialog", "aria-labelledby": "card-name", "aria-describedby": "card-why", "data-state": "ring", "data-card": card ? "full" : "first" },
    bar(call), person(call), tags(call), past(card), answers(call, act), call.here && more(call, act),
  );
}

function bar(call) {
  const why = [t("Incoming"), call.line?.title].filter(Boolean).join(" · ");
  return h(
    "div.bar", icon("in", "s"), h("span.cut", { id: "card-why" }, why),
    h(
      "span.ticks.num",
      call.queue && call.waitedSince && [t("waits"), " ", h("time", { "data-since": call.waitedSince }), " · "],
      t("rings"), " ", h("time", { "data-since": new Date(call.since).toISOString() }),
    ),
  );
}

function person(call) {
  const { who, card } = call;
  const face = who.known ? initials(who.name) : icon("user", "l");
  const place = card?.city && (card.local_time ? `${card.city}, ${card.local_time}` : card.city);
  return h(
    "div.person", h("span.avatar.lg.pulse", { "data-state": "ring", "aria-hidden": "true" }, face),
    h(
      "div.grow", h("strong", { id: "card-name", class: who.known ? "" : "num" }, who.profile ? profileLink(who) : who.name),
      h("div.facts-line", who.position && h("span", { "data-position": true }, who.position), who.number && h("span.num", { "data-number": true }, who.number), place && h("span", place)),
    ),
  );
}

// The profile opens in a tab of its own: what the agent does in this one is not disturbed by a call (TEL-55).
export const profileLink = (who) => h("a", { href: who.profile, target: "_blank", rel: "noopener", "data-profile": true, title: t("Open the client's card in a new tab") }, who.name);

function tags({ line, queue, card, who }) {
  const all = [
    line?.title && h("span.tag", { "data-line": true }, t("Line: %(name)s", { name: line.title })),
    queue?.name && queue.name !== line?.title && h("span.tag", t("Queue: %(name)s", { name: queue.name })),
    card && (card.calls_total > 0 ? h("span.tag", t("Calls before: %(count)s", { count: card.calls_total })) : h("span.tag", t("First call"))),
    card && !who.known && h("span.tag", t("New contact")),
  ].filter(Boolean);
  return all.length ? h("div.tags", all) : null;
}

function past(card) {
  const calls = card?.last_calls?.slice(0, MOST_PAST) ?? [];
  if (!calls.length) return null;
  return h("section", { "aria-label": t("Last calls") }, calls.map(pastCall));
}

function pastCall(call) {
  const view = resultView(call.result);
  const glyph = call.direction === "out" ? "out" : view.icon === "missed" ? "missed" : "in";
  const text = call.result === "answered" ? duration(call.talk_seconds ?? 0) : view.word.toLocaleLowerCase();
  const agents = (call.agents ?? []).map((agent) => agent.name ?? agent).join(", ");
  const direction = call.direction === "out" ? t("Outgoing") : t("Incoming");
  return h(
    "div.past", h("span.glyph", { "data-state": glyph === "missed" ? "missed" : "pause" }, icon(glyph, "s")),
    h("div.cut", `${direction}, ${text}`, agents && h("em.cut", agents)), h("time", moment(call.at)),
  );
}

function answers(call, act) {
  if (!call.here) return h("div.answer.one", h("div.note", { "data-state": "ring" }, icon("device", "s"), t("Answer on your phone: the call rings there.")));
  const busy = call.stage === "answering";
  return h(
    "div.answer",
    h("button.btn.yes.lg", { type: "button", "data-answer": true, disabled: busy, onclick: act.answer }, icon("phone"), busy ? t("Connecting") : t("Answer"), !busy && h("kbd", "↵")),
    h("button.btn.lg.warn", { type: "button", onclick: act.reject }, icon("hang"), t("Reject"), h("kbd", "Esc")),
  );
}

function more(call, act) {
  return h(
    "div.more",
    h("button.btn.bare.sm", { type: "button", disabled: call.quiet, onclick: act.quiet }, icon(call.quiet ? "voloff" : "vol", "s"), call.quiet ? t("Rings silently") : t("Silence the ring")),
  );
}

export const cardShown = () => Boolean($(".callcard"));
