// A board on the wall: draws what it is told and asks again every two seconds. It has no session and can do nothing.
import { level, longestOf, valueOf } from "../wallboard/limits.js";

const config = JSON.parse(document.getElementById("wall-config").textContent);
const { texts, limits } = config;
const EVERY = 2_000;
const TONES = { ready: "ready", ringing: "ring", talking: "talk", wrapup: "wrap", paused: "pause", offline: "off" };

let state = config.first;
let offset = Date.parse(state.now) - Date.now();

function h(what, attributes = {}, ...children) {
  const [tag, ...classes] = what.split(".");
  const element = document.createElement(tag);
  if (classes.length) element.className = classes.join(" ");
  for (const [name, value] of Object.entries(attributes)) if (value !== undefined && value !== "") element.setAttribute(name, value);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const seconds = (since) => Math.max(0, (Date.now() + offset - Date.parse(since)) / 1000);
const two = (number) => String(number).padStart(2, "0");
function span(value) {
  if (value === null) return "—";
  const whole = Math.floor(value);
  return whole >= 3600 ? `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}` : `${Math.floor(whole / 60)}:${two(whole % 60)}`;
}
const share = (value) => (value === null ? "—" : new Intl.NumberFormat(config.language, { style: "percent" }).format(value));
const ratio = (name) => {
  const top = state.queues.reduce((sum, queue) => sum + queue[name].numerator, 0);
  const bottom = state.queues.reduce((sum, queue) => sum + queue[name].denominator, 0);
  return bottom ? top / bottom : null;
};
const longest = (queues) => queues.flatMap((queue) => queue.waiting).map((one) => one.since).sort()[0];
const sum = (name) => state.queues.reduce((all, queue) => all + queue[name], 0);

function draw() {
  const first = longest(state.queues);
  const kpi = (name, value) => h("div.kpi", { "data-kpi": name }, h("span", {}, texts[name]), h("b.num", {}, String(value)));
  const talking = state.agents.filter((agent) => agent.state === "talking").length;
  const ready = state.agents.filter((agent) => agent.state === "ready").length;
  document.getElementById("wall").replaceChildren(
    h("div.kpis", {}, kpi("waiting", state.queues.reduce((all, queue) => all + queue.waiting.length, 0)), kpi("longest", first ? span(seconds(first)) : "—"), kpi("service_level", share(ratio("service_level"))), kpi("talking", talking), kpi("ready", ready), kpi("abandoned", sum("abandoned"))),
    ...state.alerts.map((alert) => h("p.note", { role: "alert", "data-state": "missed" }, alert.message)),
    queues(),
    h("ul.tiles", { "aria-label": texts.agents }, ...state.agents.filter((agent) => agent.state !== "offline").map(tile)),
  );
  document.getElementById("wall-time").textContent = new Date(Date.now() + offset).toLocaleTimeString(config.language, { hour: "2-digit", minute: "2-digit", timeZone: config.timezone });
}

function queues() {
  const names = ["waiting", "longest", "service_level", "ready", "entered", "answered", "abandoned", "asa"];
  const shown = {
    waiting: (queue) => queue.waiting.length,
    longest: (queue) => (queue.waiting.length ? span(seconds(longestOf(queue))) : "—"),
    service_level: (queue) => share(queue.service_level.value),
    asa: (queue) => span(queue.asa.value),
  };
  const cell = (queue, name) => h("td.n.num", { "data-figure": name, "data-limit": level(limits, queue.id, name, valueOf(queue, name, seconds)) }, String(shown[name]?.(queue) ?? queue[name]));
  const row = (queue) => h("tr", { "data-row": queue.id }, h("th", { scope: "row" }, queue.name, ...callers(queue)), ...names.map((name) => cell(queue, name)));
  return h("table.table", {}, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, texts.queue), ...names.map((name) => h("th.n", { scope: "col" }, texts[name])))), h("tbody", {}, ...state.queues.map(row)));
}

const callers = (queue) => queue.waiting.filter((one) => one.number || one.name).slice(0, 3).map((one) => h("span.small.t3", {}, ` ${one.name || one.number}`));

function tile(agent) {
  const call = agent.call_id ? state.calls[agent.call_id] : null;
  const about = call ? call.contact?.name || call.client_number : texts.states[agent.state];
  return h("li.tile", { "data-state": TONES[agent.state], "data-agent": agent.id }, h("strong.cut", {}, agent.name), h("em.cut", {}, about), h("time.num", {}, span(seconds(agent.since))));
}

async function ask() {
  const away = document.getElementById("wall-away");
  try {
    const answer = await fetch(`${location.pathname}/state`, { cache: "no-store", headers: { Accept: "application/json" }, signal: AbortSignal.timeout(8_000) });
    if (answer.status === 404) {
      // Nothing of the business stays on a screen whose link was taken away.
      document.body.replaceChildren(h("p.note", { role: "alert", "data-state": "missed", id: "wall-gone" }, texts.gone));
      return;
    }
    if (!answer.ok) throw new Error(String(answer.status));
    state = await answer.json();
    offset = Date.parse(state.now) - Date.now();
    away.hidden = state.link_up;
    if (!state.link_up) away.textContent = texts.away;
    draw();
  } catch {
    away.hidden = false;
  }
  setTimeout(ask, EVERY);
}

draw();
setInterval(() => { if (document.getElementById("wall")) draw(); }, 1_000);
setTimeout(ask, EVERY);
