// Keeps the wallboard fresh in place: texts, colours and bars change, nothing moves. The server drew the first picture.
import { api } from "../js/api.js";
import { config } from "../js/config.js";
import { secondsSince } from "../js/clock.js";
import { $, $$, announce, h, icon, setText, show } from "../js/dom.js";
import { duration, phone } from "../js/format.js";
import { pages, refresh } from "../js/nav.js";
import { store } from "../js/store.js";
import { agentIcon, agentWord, reasonWord } from "../js/words.js";
import { Alarm } from "./alarm.js";
import { startFormula } from "./formula.js";
import { concerns, counts, spark, sums, targetOf, tileTone, waitTone } from "./rules.js";
import { level, longestOf, valueOf } from "./limits.js";
import { percent, setTone, sparkSvg } from "./draw.js";

const HOURS_EVERY = 60_000;
const DRAW_EVERY = 120;
const MOST_BARS = 8;

let board = null;

export function start() {
  pages.on("page", mount);
  document.addEventListener("click", clicked);
  document.addEventListener("change", (event) => { if (event.target.matches("[data-show-select]")) choose(event.target.value); });
  document.addEventListener("fullscreenchange", fullscreenChanged);
  document.addEventListener("input", slid);
  document.addEventListener("change", (event) => { if (event.target.matches("[data-past] [data-minutes]")) event.target.form.requestSubmit(); });
  store.subscribe((state) => [state.calls, state.agents, state.queues, state.alerts], () => board?.later());
  setInterval(() => board?.second(), 1000);
  setInterval(() => board?.readHours(), HOURS_EVERY);
  startFormula(() => board);
  mount();
}

function mount() {
  const root = $("#wallboard");
  board = root ? new Board(root) : null;
  board?.draw();
}

class Board {
  constructor(root) {
    this.root = root;
    this.config = JSON.parse($("#wallboard-config", root).textContent);
    this.chosen = root.dataset.queue;
    this.only = "";
    this.alarm = new Alarm($("[data-sound]", root), this.config);
    this.waiting = false;
    this.drawnAt = 0;
    this.concernKey = "";
    this.tiles = new Map($$("[data-part=tiles] > .tile", root).map((tile) => [tile.dataset.agent, tile]));
    this.rows = new Map($$("[data-row]", root).map((row) => [row.dataset.row, row]));
  }

  // Changes come in bursts: the first is drawn at once, those behind it together, and none while the page is hidden.
  later() {
    if (this.waiting) return;
    this.waiting = true;
    const rest = this.drawnAt + DRAW_EVERY - performance.now();
    setTimeout(() => requestAnimationFrame(() => {
      this.waiting = false;
      this.drawnAt = performance.now();
      this.draw();
    }), Math.max(0, rest));
  }

  // Until the first snapshot there is nothing better than the server's picture.
  get known() { return !this.config.past && (store.state.live || store.state.rev > 0); }

  // All queues: of the stream, and until it speaks, those of the server's picture.
  allQueues() { return this.known ? Object.values(store.state.queues) : this.config.queues; }

  queues() {
    const all = this.allQueues();
    return this.chosen ? all.filter((queue) => String(queue.id) === this.chosen) : all;
  }

  allAgents() { return this.known ? Object.values(store.state.agents) : this.config.agents; }

  agents() {
    const all = this.allAgents();
    return this.chosen ? all.filter((agent) => agent.queues.map(String).includes(this.chosen)) : all;
  }

  // An agent who serves several queues counts once.
  inState(state, queue = this.chosen) {
    return this.allAgents().filter((agent) => agent.state === state && (!queue || agent.queues.map(String).includes(queue))).length;
  }

  draw() {
    if (!this.known || !this.root.isConnected || this.config.past) return;
    const queues = this.queues();
    if (this.changedShape()) return;
    this.drawTotals(queues);
    for (const queue of Object.values(store.state.queues)) this.drawRow(queue);
    this.drawTiles();
    this.drawConcerns(queues);
  }

  // Tones and concerns change by the clock alone.
  second() {
    if (!this.known || document.hidden || this.config.past) return;
    const queues = this.queues();
    this.drawLongest(queues);
    for (const queue of queues) { this.drawWaiters(queue); this.paintLimits(queue); }
    for (const agent of this.agents()) {
      const tile = this.tiles.get(String(agent.id));
      if (tile && agent.state === "paused") this.paintTile(tile, agent);
    }
    this.drawConcerns(queues);
  }

  // A queue was added or taken away: the page is drawn anew by the server.
  changedShape() {
    const ids = Object.keys(store.state.queues);
    const same = ids.length === this.rows.size && ids.every((id) => this.rows.has(id));
    if (same || this.reloading) return !same;
    this.reloading = true;
    refresh();
    return true;
  }

  figure(name, queue, text) {
    for (const button of $$(`[data-figure="${name}"][data-queue="${queue}"]`, this.root)) setText(button, text);
  }

  drawTotals(queues) {
    const total = sums(queues, this.config, secondsSince);
    const kpi = (name) => $(`[data-kpi="${name}"]`, this.root);
    const put = (place, name, text) => setText($(`[data-figure="${name}"]`, kpi(place)), text);
    put("waiting", "waiting", total.waiting);
    setTone(kpi("waiting"), total.waiting ? "ring" : "");
    this.share($("[data-figure=service_level]", kpi("service_level")), total.service_level.value);
    setText($("[data-part=note]", kpi("service_level")), this.goalNote(total.service_level.value, queues));
    put("talking", "talking", this.inState("talking"));
    put("talking", "aht", span(total.aht.value));
    put("asa", "asa", span(total.asa.value));
    this.share($("[data-figure=occupancy]", kpi("asa")), total.occupancy.value);
    put("abandoned", "abandoned", total.abandoned);
    put("abandoned", "entered", total.entered);
    this.share($("[data-figure=abandonment]", kpi("abandoned")), total.abandonment.value);
    this.drawLongest(queues, total);
  }

  share(button, value) {
    const text = percent(value);
    if (button.dataset.text === text) return;
    button.dataset.text = text;
    if (value === null) button.replaceChildren("—");
    else button.replaceChildren(String(Math.round(value * 100)), h("small", config.language === "en" ? "%" : "\u00a0%"));
  }

  goalNote(value, queues) {
    const { texts, goal } = this.config;
    const text = value === null ? texts.goalNote : value >= goal ? texts.goalMet : texts.goalMissed;
    return fill(text, { goal: texts.goal, target: this.seconds(queues, "targets", "ownTarget") });
  }

  // "20 s" when all queues have the same setting, else words.
  seconds(queues, setting, otherwise) {
    const found = new Set(queues.map((queue) => this.config[setting][queue.id] ?? this.config.target));
    if (found.size > 1) return this.config.texts[otherwise];
    return fill(this.config.texts.seconds, { seconds: [...found][0] ?? this.config.target });
  }

  drawLongest(queues, total = sums(queues, this.config, secondsSince)) {
    const button = $('[data-kpi="waiting"] [data-figure="longest"]', this.root);
    setTone(button, total.longest?.tone ?? "off");
    since(button, total.longest?.since, "span");
    for (const queue of queues) this.drawRowLongest(queue);
  }

  drawRow(queue) {
    const row = this.rows.get(String(queue.id));
    if (!row) return;
    show(row, !this.chosen || this.chosen === String(queue.id));
    setText(row.cells[0], queue.name);
    const button = (name) => $(`[data-figure="${name}"]`, row);
    setText(button("waiting"), queue.waiting.length);
    button("waiting").classList.toggle("t3", !queue.waiting.length);
    for (const name of ["ready", "talking", "entered", "answered", "abandoned"]) setText(button(name), queue[name]);
    for (const name of ["service_level", "occupancy"]) this.share(button(name), queue[name].value);
    for (const name of ["asa", "aht"]) setText(button(name), span(queue[name].value));
    this.drawWaiters(queue);
    this.paintLimits(queue, row);
  }

  paintLimits(queue, row = this.rows.get(String(queue.id))) {
    if (!row || !this.config.limits.length) return;
    for (const button of $$("[data-figure]", row)) {
      const found = level(this.config.limits, queue.id, button.dataset.figure, valueOf(queue, button.dataset.figure, secondsSince));
      if (found) button.dataset.limit = found;
      else delete button.dataset.limit;
    }
  }

  drawWaiters(queue) {
    const row = this.rows.get(String(queue.id));
    if (!row) return;
    const tones = queue.waiting.slice(0, MOST_BARS).map((caller) => waitTone(secondsSince(caller.since), targetOf(queue.id, this.config), this.config));
    const box = $(".waiters", row);
    if (box.dataset.tones !== tones.join()) {
      box.dataset.tones = tones.join();
      box.replaceChildren(...tones.map((tone) => h("i", { "data-state": tone })));
    }
    this.drawRowLongest(queue);
  }

  drawRowLongest(queue) {
    const button = $('[data-figure="longest"]', this.rows.get(String(queue.id)));
    if (!button) return;
    // Who is served next need not be who has waited longest: a supervisor may move people to the front.
    const first = queue.waiting.length ? { since: longestOf(queue) } : null;
    const tone = first ? waitTone(secondsSince(first.since), targetOf(queue.id, this.config), this.config) : "off";
    if (button.dataset.glyph !== tone) {
      button.dataset.glyph = tone;
      $(".i", button)?.remove();
      if (first) button.prepend(icon(tone === "ring" ? "clock" : "alert", "s"));
    }
    setTone(button, tone);
    since(button, first?.since, "b");
  }

  drawTiles() {
    const agents = this.agents();
    const list = $("[data-part=tiles]", this.root);
    const seen = new Set();
    for (const agent of Object.values(store.state.agents)) {
      const id = String(agent.id);
      seen.add(id);
      if (!this.tiles.has(id)) this.addTile(list, id);
      const tile = this.tiles.get(id);
      const call = store.state.calls[agent.call_id];
      // Most tiles are as they were: with two hundred agents that is what keeps the page light.
      if (tile.agent === agent && tile.call === call && tile.shown === `${this.chosen} ${this.only}`) continue;
      Object.assign(tile, { agent, call, shown: `${this.chosen} ${this.only}` });
      this.paintTile(tile, agent);
    }
    for (const [id, tile] of this.tiles) {
      if (seen.has(id)) continue;
      tile.remove();
      this.tiles.delete(id);
    }
    show($("[data-part=nobody]", this.root), seen.size === 0);
    this.drawCounts(agents);
  }

  addTile(list, id) {
    const tile = $("#tile-template", this.root).content.firstElementChild.cloneNode(true);
    tile.dataset.agent = id;
    const set = $("[data-agent-state]", tile);
    if (set) set.dataset.agentState = id;
    list.append(tile);
    this.tiles.set(id, tile);
  }

  paintTile(tile, agent) {
    const tone = tileTone(agent, secondsSince, this.config);
    const glyph = tone === "over" ? "alert" : agentIcon(agent.state);
    if (tile.dataset.glyph !== glyph) {
      tile.dataset.glyph = glyph;
      $(".glyph", tile).replaceChildren(icon(glyph, "s"));
    }
    $(".glyph", tile).classList.toggle("pulse", agent.state === "ringing");
    setTone(tile, tone);
    tile.dataset.is = agent.state;
    setText($("strong", tile), agent.name);
    $("[data-agent-state]", tile)?.setAttribute("aria-label", `${this.config.texts.setState}: ${agent.name}`);
    setText($("[data-part=about]", tile), this.about(agent));
    const time = $("time", tile);
    if (time.dataset.since !== agent.since) {
      time.dataset.since = agent.since;
      setText(time, duration(secondsSince(agent.since)));
    }
    const here = !this.chosen || agent.queues.map(String).includes(this.chosen);
    show(tile, here && (!this.only || this.only === agent.state));
  }

  about(agent) {
    if (agent.state === "ringing" || agent.state === "talking") {
      const call = store.state.calls[agent.call_id];
      const whom = call ? call.contact?.name || phone(call.client_number) : "";
      return [whom, call?.queue?.name].filter(Boolean).join(" · ") || agentWord(agent.state);
    }
    const over = agent.limit_at && agent.state === "paused" ? secondsSince(agent.limit_at) : -1;
    return (over >= 0 ? `+${duration(over)} ` : "") + agentWord(agent.state, agent.reason);
  }

  drawCounts(agents) {
    const found = counts(agents, this.config.states);
    const atWork = agents.length - found.offline;
    for (const state of this.config.states) {
      setText($(`[data-only="${state}"] [data-count]`, this.root), found[state]);
      const bar = $(`[data-bar="${state}"]`, this.root);
      if (bar) bar.style.setProperty("--v", `${atWork ? Math.round((10000 * found[state]) / atWork) / 100 : 0}%`);
    }
    setText($("[data-part=agents]", this.root), agents.length);
    const said = this.config.states.map((state) => `${agentWord(state)} ${found[state]}`).join(", ");
    $("[data-part=meter]", this.root).setAttribute("aria-label", said);
  }

  drawConcerns(queues) {
    const list = concerns(queues, this.agents(), this.config, secondsSince);
    const alerts = store.state.alerts ?? [];
    this.alarm.hear(alerts, list);
    const key = JSON.stringify([alerts.map((a) => [a.key, a.message, a.since]), list.map((c) => [c.kind, c.id, c.since, c.name, c.detail])]);
    if (key === this.concernKey) return;
    this.concernKey = key;
    const lines = [
      ...alerts.map((alert) => line("missed", "alert", [alert.message], [this.config.texts.for, " ", ticking(alert.since)])),
      ...list.map((item) => line(item.tone, this.config.concernIcons[item.kind], [this.config.concerns[item.kind], " ", ticking(item.since)], [about(item)])),
    ];
    $("[data-part=concerns]", this.root).replaceChildren(...lines);
    setText($("[data-part=count]", this.root), lines.length);
    show($("[data-part=count]", this.root), lines.length > 0);
    show($("[data-part=calm]", this.root), lines.length === 0);
  }

  async readHours() {
    if (document.hidden || !this.known) return;
    try {
      const { queues } = await api("GET", "/api/v1/wallboard/hours");
      for (const [id, row] of this.rows) {
        const hours = (queues[id] ?? []).map((hour) => [hour.hour, hour.numerator, hour.denominator]);
        const found = spark(hours, this.config.goal);
        $("[data-part=spark]", row).replaceChildren(...(found ? [sparkSvg(found, this.config.texts.sparkName)] : []));
      }
    } catch {
      // The next minute asks again; the line that shows an hour ago is still right.
    }
  }

  show(queue) {
    this.chosen = queue;
    this.root.dataset.queue = queue;
    for (const button of $$("[data-show]", this.root)) button.setAttribute("aria-pressed", String(button.dataset.show === queue));
    for (const button of $$(".kpis [data-figure]", this.root)) button.dataset.queue = queue;
    const address = new URL(location.href);
    if (queue) address.searchParams.set("queue", queue);
    else address.searchParams.delete("queue");
    history.replaceState(history.state, "", address);
    this.draw();
  }

  showOnly(state) {
    this.only = this.only === state ? "" : state;
    for (const button of $$("[data-only]", this.root)) button.setAttribute("aria-pressed", String(button.dataset.only === this.only));
    this.drawTiles();
  }
}

const span = (value) => (value === null ? "—" : duration(value));
const fill = (text, values) => text.replace(/%\((\w+)\)s/g, (_, name) => values[name] ?? "");
const ticking = (moment) => h("span.num", { "data-since": moment }, duration(secondsSince(moment)));
const about = (item) => [item.name, item.kind === "wait" ? phone(item.detail) : reasonWord(item.detail)].filter(Boolean).join(", ");

function line(tone, glyph, title, detail) {
  return h("li", { "data-state": tone }, h("span.glyph", icon(glyph, "s")), h("span.grow", h("span.mid.block", ...title), h("span.small.t3.block.cut", ...detail)));
}

// A ticking wait inside a button, or a dash.
function since(button, moment, tag) {
  const old = $(tag, button);
  if (!moment) {
    if (!old || old.dataset.since) {
      const dash = h(`${tag}.num`, "—");
      if (old) old.replaceWith(dash);
      else button.replaceChildren(dash);
    }
    return;
  }
  if (old?.dataset.since === moment) return;
  const timer = h(`${tag}.num`, { "data-since": moment }, duration(secondsSince(moment)));
  if (old) old.replaceWith(timer);
  else button.replaceChildren(timer);
}

function clicked({ target }) {
  if (!board || !target.closest?.("#wallboard")) return;
  const shown = target.closest("[data-show]");
  if (shown) choose(shown.dataset.show);
  const only = target.closest("[data-only]");
  if (only) board.showOnly(only.dataset.only);
  const view = target.closest("[data-view]");
  if (view?.matches("button")) {
    $("[data-table]", board.root).dataset.view = view.dataset.view;
    for (const button of $$("[data-views] [data-view]", board.root)) button.setAttribute("aria-pressed", String(button === view));
  }
  if (target.closest("[data-sound]")) board.alarm.toggle();
  if (target.closest("[data-fullscreen]")) fullscreen();
}

// The slider of a past day moves the time beside it; the board is asked for when it is let go.
function slid({ target }) {
  if (!target.matches?.("[data-past] [data-minutes]")) return;
  const two = (number) => String(number).padStart(2, "0");
  const time = `${two(Math.floor(target.value / 60))}:${two(target.value % 60)}`;
  target.setAttribute("aria-valuetext", time);
  const field = target.form.elements.at;
  field.value = `${field.value.slice(0, 10)}T${time}:00`;
}

function choose(queue) {
  board?.show(queue);
}

function fullscreen() {
  if (document.fullscreenElement) document.exitFullscreen();
  else $("#main").requestFullscreen().catch(() => announce(board.config.texts.full));
}

function fullscreenChanged() {
  const button = board && $("[data-fullscreen] span", board.root);
  if (button) setText(button, document.fullscreenElement ? board.config.texts.leave : board.config.texts.full);
}
