// Every figure can be asked what it is made of: a small panel with the formula, numerator and denominator (SUP-02).
import { secondsSince } from "../js/clock.js";
import { $, setText, show } from "../js/dom.js";
import { duration } from "../js/format.js";
import { store } from "../js/store.js";
import { percent } from "./draw.js";
import { sums } from "./rules.js";

const GAP = 8;
let asked = null;

export function startFormula(current) {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("#wallboard [data-figure]");
    if (button) open(button, current());
  });
  // Before the shell's keys: there Escape would reject a call that rings.
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !panel()?.matches(":popover-open")) return;
    event.preventDefault();
    event.stopPropagation();
    panel().hidePopover();
    asked?.focus();
  }, { capture: true });
  // What is shown stays true while it is open.
  store.subscribe((state) => [state.queues], () => refresh(current()));
  setInterval(() => refresh(current()), 1000);
}

const panel = () => document.getElementById("formula");

function open(button, board) {
  const box = panel();
  if (box.matches(":popover-open")) {
    const same = asked === button;
    box.hidePopover();
    if (same) return;
  }
  asked = button;
  button.setAttribute("aria-expanded", "true");
  box.addEventListener("toggle", (event) => {
    if (event.newState === "closed") button.setAttribute("aria-expanded", "false");
  }, { once: true });
  fill(box, button, board);
  box.showPopover();
  place(box, button);
  box.focus({ preventScroll: true });
}

function refresh(board) {
  const box = panel();
  if (asked?.isConnected && box?.matches(":popover-open")) fill(box, asked, board);
}

function place(box, button) {
  const at = button.getBoundingClientRect();
  const size = box.getBoundingClientRect();
  // Inside a zoomed full screen the panel's own pixels are larger than the window's.
  const zoom = box.currentCSSZoom ?? 1;
  const left = Math.min(Math.max(GAP, at.left - GAP), innerWidth - size.width - GAP);
  const below = at.bottom + GAP + size.height <= innerHeight;
  box.style.left = `${left / zoom}px`;
  box.style.top = `${(below ? at.bottom + GAP : Math.max(GAP, at.top - size.height - GAP)) / zoom}px`;
}

export function explain(name, queueId, board) {
  const { config } = board;
  const all = board.allQueues();
  const queues = queueId ? all.filter((queue) => String(queue.id) === queueId) : all;
  const what = config.figures[name];
  const total = sums(queues, config, secondsSince);
  const target = board.seconds(queues, "targets", "ownTarget");
  const scope = queueId ? `${queues[0]?.name ?? ""}, ${isNow(name) ? config.texts.now : config.texts.today}` : isNow(name) ? config.texts.now : config.texts.all;
  const words = (text) => text.replaceAll("%(target)s", target);
  const told = { name: what.name, scope, formula: words(what.formula), note: "" };
  if (!what.top) {
    const value = name === "longest" ? total.longest?.seconds ?? null : ["talking", "ready"].includes(name) ? board.inState(name, queueId) : total[name];
    return { ...told, value: written(value, what.kind), top: written(value, what.kind), topName: name === "longest" ? what.name : config.texts.value, bottom: null };
  }
  const figure = total[name];
  if (figure.value === null) told.note = config.texts.none;
  else if (name === "occupancy" && !queueId) told.note = config.texts.eachQueue;
  else if (name === "service_level" && config.variant === "standard") told.note = config.texts.short.replace("%(short)s", board.seconds(queues, "shorts", "ownShort"));
  return {
    ...told,
    value: written(figure.value, what.kind),
    topName: words(what.top),
    top: written(figure.numerator, what.topKind),
    bottomName: what.bottom,
    bottom: written(figure.denominator, what.bottomKind),
  };
}

const isNow = (name) => ["waiting", "longest", "talking", "ready"].includes(name);

function written(value, kind) {
  if (value === null || value === undefined) return "—";
  if (kind === "share") return percent(value);
  return kind === "span" ? duration(value) : String(value);
}

function fill(box, button, board) {
  if (!board) return;
  const told = explain(button.dataset.figure, button.dataset.queue, board);
  const put = (part, text) => setText($(`[data-part="${part}"]`, box), text ?? "");
  put("name", told.name);
  put("scope", told.scope);
  put("value", told.value);
  put("formula", told.formula);
  put("top-name", told.topName);
  put("top", told.top);
  put("bottom-name", told.bottomName);
  put("bottom", told.bottom);
  put("note", told.note);
  show($("[data-part=below]", box), told.bottom !== null);
  show($(".proof", box), told.bottom !== null);
}
