// Keeps the team page's states fresh in place.
import { $, $$, setIcon, setText, show } from "../js/dom.js";
import { pages } from "../js/nav.js";
import { duration } from "../js/format.js";
import { store } from "../js/store.js";
import { agentIcon, overLimit, statusDetail, statusWord } from "../js/words.js";
import { now, tick } from "../js/clock.js";

const TONES = { ready: "ready", ringing: "ring", talking: "talk", wrapup: "wrap", paused: "pause", offline: "off" };

export function start() {
  store.subscribe((state) => state.agents, draw);
  pages.on("page", draw);
  // A pause goes over its limit by the clock alone.
  setInterval(() => { if (!document.hidden) draw(); }, 1000);
}

function draw() {
  const root = $("#team");
  if (!root) return;
  for (const row of $$("tr[data-agent]", root)) {
    const agent = store.state.agents[row.dataset.agent];
    if (agent) paint(row, agent);
  }
  tick(root);
}

function paint(row, agent) {
  const part = (name) => $(`[data-part="${name}"]`, row);
  setText(part("name"), agent.name);
  const short = part("short");
  const dial = short.querySelector("[data-dial]");
  if (dial) dial.dataset.dial = agent.short_number;
  setText(dial?.querySelector("[data-part=digits]") ?? short, agent.short_number);
  const over = overLimit(agent, now()) >= 0 && Boolean(agent.limit_at);
  part("state").dataset.state = over ? "over" : TONES[agent.state] ?? "off";
  setIcon(part("glyph"), over ? "alert" : agentIcon(agent.state), "s");
  setText(part("word"), statusWord(agent.status));
  setText(part("detail"), statusDetail(agent) + (over ? ` +${duration(overLimit(agent, now()))}` : ""));
  $("time", row).dataset.since = agent.since;
  for (const tag of $$("[data-phone]", row)) {
    const on = agent.online.includes(tag.dataset.phone);
    show(tag, on);
    if (on) tag.dataset.state = "ready";
  }
  show(part("none"), agent.online.length === 0);
}
