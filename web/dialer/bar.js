// The bar above the phone: the list that one performs, the client who is called or comes next, the countdown of the pause.
import { t } from "../js/i18n.js";

const TONES = { ringing: "ring", calling: "ring", talking: "talk", pause: "wrap", waits: "wrap", later: "pause", soon: "ready", held: "pause", standing: "ready", aside: "pause" };
let shell;
let run = null;
let drawn = "";

export function startBar(given) {
  shell = given;
  if (!document.getElementById("run-bar")) return;
  shell.stream.on("dialer", (found) => take(found.list_id ? found : null));
  shell.stream.on("back", ask);
  setInterval(tick, 250);
  document.getElementById("run-bar").addEventListener("click", clicked);
  ask();
}

// After a press: whether the bar has just led to the card of a client who is to be looked at.
export async function leads() {
  await ask();
  return Boolean(run && previews(run) && run.phase === "waits" && run.client);
}

async function ask() {
  try {
    take((await shell.api("GET", "/api/v1/me/dial-list")).run);
  } catch {
    // The stream tells of the next change.
  }
}

function take(found) {
  const before = run;
  run = found;
  draw();
  if (found?.phase !== before?.phase && found?.phase === "waits") shell.dom.announce(previews(found) ? t("Look at the client, then press «Call».") : t("Press «Next client» when you are ready."));
  // Who is to look at a client first sees his card without a press, unless he is at work elsewhere.
  const look = found && previews(found) && found.phase === "waits" && found.client && found.client.id !== before?.client?.id;
  if (look && shell.dom.$("#dial-list, #dialer, [data-contact]")) {
    shell.visit(`/contacts/${found.client.id}`);
    return;
  }
  // The list's own page shows the same: it is drawn anew when a call is over.
  if (found?.done !== before?.done || found?.status !== before?.status) {
    const page = shell.dom.$("#dial-list");
    if (before !== null && page && !page.contains(document.activeElement)) shell.refresh();
  }
}

const previews = (one) => one.mode === "preview";
const WORDS = {
  standing: () => t("Waiting for a client to answer"),
  aside: () => t("Your phone is free for callers"),
  ringing: () => t("Your phone rings: answer it"),
  calling: () => t("Client is being called"),
  talking: () => t("You are talking"),
  pause: () => t("Pause, next call in"),
  waits: () => t("Waits for «Next client»"),
  later: () => t("Nobody is due, next call at"),
  soon: () => t("Next client is about to be called"),
  held: () => t("List is paused"),
};

function draw() {
  const bar = document.getElementById("run-bar");
  shell.dom.show(bar, Boolean(run));
  if (!run) { drawn = ""; return; }
  const key = JSON.stringify(run);
  if (key === drawn) return;
  drawn = key;
  const { h, icon } = shell.dom;
  const held = run.phase === "held";
  const name = run.client?.name || (run.client ? shell.format.phone(run.client.number) : "");
  bar.dataset.state = TONES[run.phase] ?? "pause";
  const button = (action, text, glyph, cls = "") => h(`button.btn.sm${cls}`, { type: "button", "data-run": action }, icon(glyph, "s"), text);
  const promise = run.call_id && ["talking", "pause", "waits"].includes(run.phase) && h("button.btn.sm", { type: "button", "data-promise": `/api/v1/calls/${encodeURIComponent(run.call_id)}/call-back` }, icon("clock", "s"), t("Call back later"));
  bar.replaceChildren(
    h("div.what",
      h("a.mid.cut.link", { href: `/dialer/${run.list_id}` }, run.title),
      h("span.small.t3.num", t("left: %(left)s, called: %(done)s", { left: run.left, done: run.done }))),
    h("div.row.tight", h("span.small.tone", (run.phase === "waits" && previews(run) ? t("Look at the client, then call") : WORDS[run.phase]?.()) ?? ""), run.until && h("time.num", "")),
    h("div.whom", run.client && !held && h("span.small.t3", ["pause", "waits", "soon", "later"].includes(run.phase) ? t("Comes next") : t("Now")),
      run.client && !held && h("a.mid.cut.link", { href: `/contacts/${run.client.id}` }, name),
      held && run.why && h("span.small.why", run.why)),
    run.team ? h("div.row.wrap", promise, button("leave", t("Leave the list"), "x", ".warn")) : h("div.row.wrap",
      promise,
      ["pause", "waits", "later"].includes(run.phase) && button("next", previews(run) ? t("Call this client") : t("Next client"), previews(run) ? "phone" : "next", ".main"),
      held ? button("start", t("Continue"), "play", ".main") : button("pause", t("Pause"), "pause"),
      button("stop", t("Stop"), "x", ".warn")),
  );
  tick();
}

function tick() {
  const place = run?.until && document.querySelector("#run-bar time");
  if (!place) return;
  const until = Date.parse(run.until);
  const left = Math.ceil((until - shell.clock.now()) / 1000);
  shell.dom.setText(place, run.phase === "later" ? shell.format.moment(run.until) : shell.format.duration(Math.max(0, left)));
}

async function clicked(event) {
  const button = event.target.closest("[data-run]");
  if (!button || !run) return;
  button.disabled = true;
  try {
    await shell.api("POST", `/api/v1/dial-lists/${run.list_id}/${button.dataset.run}`);
    if (!(await leads()) && shell.dom.$("#dial-list, #dialer")) shell.refresh();
  } catch (error) {
    shell.complain(error.message);
    button.disabled = false;
  }
}
