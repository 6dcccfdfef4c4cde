// What my state asks of me, in the dock: how long the wrap-up or the break still is, and the way back to work.
import { $, announce, h, icon, setText, show } from "./dom.js";
import { api } from "./api.js";
import { now } from "./clock.js";
import { me } from "./config.js";
import { duration } from "./format.js";
import { t } from "./i18n.js";
import { myAgent } from "./mycall.js";
import { store } from "./store.js";
import { complain } from "./toast.js";
import { overLimit, reasonWord } from "./words.js";

let drawn = "";

export function startMine() {
  if (!me?.agent_id) return;
  store.subscribe((s) => myAgent(s), draw);
  setInterval(draw, 500);
  document.addEventListener("click", (event) => { if (event.target.closest("[data-extend]")) extend(); });
}

async function extend() {
  try {
    await api("POST", "/api/v1/me/wrapup/extend");
  } catch (error) {
    complain(error.message);
  }
}

// {kind, tone, glyph, word (what it is), time (seconds), more (the wrap-up may be lengthened)}, or null.
export function picture(agent, moment) {
  if (agent?.state === "wrapup") return { kind: "wrapup", tone: "wrap", glyph: "note", word: agent.wrapup_until ? t("Wrap-up, left") : t("Wrap-up"), time: !agent.wrapup_until ? null : Math.max(0, (Date.parse(agent.wrapup_until) - moment) / 1000), more: agent.can_extend };
  if (agent?.state !== "paused") return null;
  const reason = reasonWord(agent.reason) || t("Break");
  if (agent.reason === "no_answer" && !agent.reason_id) return { kind: "no_answer", tone: "missed", glyph: "missed", word: t("You did not answer; calls do not reach you"), time: null };
  const over = overLimit(agent, moment);
  if (over === null) return { kind: "pause", tone: "pause", glyph: "cup", word: reason, time: (moment - Date.parse(agent.since)) / 1000 };
  if (over >= 0) return { kind: "over", tone: "over", glyph: "alert", word: t("%(reason)s: over the limit by", { reason }), time: over };
  return { kind: "pause", tone: "pause", glyph: "cup", word: t("%(reason)s: left", { reason }), time: -over };
}

function draw() {
  const part = $('#dock [data-part="mine"]');
  if (!part) return;
  const found = picture(myAgent(store.state), now());
  show(part, Boolean(found));
  const key = found ? JSON.stringify([found.kind, found.word, found.more]) : "";
  if (key !== drawn) {
    drawn = key;
    part.replaceChildren(...(found ? content(found) : []));
    if (found) {
      part.dataset.state = found.tone;
      part.dataset.kind = found.kind;
      if (["over", "no_answer"].includes(found.kind)) announce(found.word, true);
    }
  }
  // The last second is still one: «0:00» would stand while nothing happens.
  if (found?.time !== null && found) setText($("time", part), duration(found.kind === "wrapup" ? Math.ceil(found.time) : found.time));
}

function content({ kind, glyph, word, time, more }) {
  const back = kind === "wrapup" ? t("Ready") : t("I am back");
  return [
    h("span.tone.row.tight.grow", icon(glyph, "s"), h("span.small.word", word), time !== null && h("time.num.bold", "")),
    more && h("button.btn.sm", { type: "button", "data-extend": "" }, t("More time")),
    h("button.btn.sm.main", { type: "button", "data-wanted": "ready" }, icon("check", "s"), back),
  ].filter(Boolean);
}
