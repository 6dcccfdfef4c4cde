// The dock draws the phone's state; it holds none of its own but which panel is open.
import { api } from "./api.js";
import { $, $$, announce, h, icon, setIcon, setText, show } from "./dom.js";
import { tick, now } from "./clock.js";
import { me } from "./config.js";
import { cardShown, drawCard, profileLink } from "./card.js";
import { drawKeypad } from "./keypad.js";
import { duration, initials } from "./format.js";
import { t } from "./i18n.js";
import { myAgent, myCall } from "./mycall.js";
import { letCallThrough } from "./overlays.js";
import { spying } from "./spying.js";
import { stands } from "./standing.js";
import { store } from "./store.js";
import { drawTalk, holdThere, park, talkKey, talks } from "./talk.js";
import { drawTransfer } from "./transfer.js";
import { stream } from "./stream.js";
import { complain, toast } from "./toast.js";

// A page that has no snapshot after this time says so.
const FIRST_SNAPSHOT = 8_000;
// I listen to somebody else's call: it is in no call of mine, and the bar above the dock ends it.
const listening = (call) => (call?.here && !call.seen ? spying.now : null);
const UNKNOWN = { score: 0, rtt: 0, loss: 0, jitter: 0 };
const QUALITY = [() => t("Measuring"), () => t("Bad connection"), () => t("Poor connection"), () => t("Good connection"), () => t("Excellent connection")];

export class Dock {
  #phone;
  #actions;
  #card = null;
  #keypad = false;
  #transfer = false;
  #asking = false;
  #pausing = false;
  #drawn = "";
  #last = null;
  #part = (name) => $(`[data-part="${name}"]`, $("#dock"));

  // actions: dial(number), goOnline()
  constructor(phone, actions) {
    this.#phone = phone;
    this.#actions = actions;
    phone.on("state", () => this.draw());
    phone.on("ended", (how) => this.#ended(how));
    stream.on("card", (card) => { this.#card = card; this.draw(); });
    stream.on("away", () => this.draw());
    stream.on("back", (seconds) => this.#back(seconds));
    store.subscribe((s) => [myAgent(s), s.calls[myAgent(s)?.call_id], s.live, s.link_up], () => this.draw());
    $("#dock").addEventListener("click", (event) => this.#click(event));
    this.#part("panel").addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || event.defaultPrevented || !(this.#keypad || this.#transfer)) return;
      event.preventDefault();
      this.closePanels();
    });
    this.#part("dial")?.addEventListener("submit", (event) => this.#submit(event));
    this.#meter();
    setInterval(() => this.#clock(), 500);
  }

  get call() {
    return myCall(this.#phone.state, store.state, this.#card);
  }

  draw() {
    const { call } = this;
    const stage = call?.stage;
    if (call) this.#last = call;
    const ringing = call?.direction === "in" && ["ringing", "answering"].includes(stage);
    const busy = Boolean(call) && !ringing;
    const dock = $("#dock");
    dock.classList.toggle("live", busy);
    dock.dataset.state = this.#dockState(call, ringing);
    this.#drawWho(call, ringing);
    this.#drawParts(call, ringing, busy);
    this.#drawQuality(call);
    this.#drawAway(call);
    this.#drawPanel(call, ringing);
    this.#clock();
  }

  #dockState(call, ringing) {
    if (!call) return this.#reachable() ? "ready" : "off";
    if (ringing || ["connecting", "calling"].includes(call.stage)) return "ring";
    return call.stage === "held" ? "pause" : "talk";
  }

  #reachable() {
    return this.#phone.online || (myAgent(store.state)?.online ?? []).includes("sip");
  }

  // The phone is connected (the self-test does that), but its owner has not said that he works.
  #resting() {
    return myAgent(store.state)?.wanted === "offline";
  }

  #drawWho(call, ringing) {
    const face = this.#part("face");
    const state = call ? this.#dockState(call, ringing) : this.#reachable() && !this.#resting() ? "ready" : "pause";
    face.dataset.state = state;
    face.className = call && !ringing ? "avatar" : "glyph round";
    face.classList.toggle("pulse", ringing);
    if (call && !ringing && call.who.known) {
      face.dataset.is = "";
      setText(face, initials(call.who.name));
    } else setIcon(face, call && !ringing ? "user" : "phone");
    const [title, about] = this.#words(call, ringing);
    this.#drawTitle(title, call && !ringing ? call.who : null);
    setText(this.#part("about"), about);
    this.#part("title").classList.toggle("bold", Boolean(call) && !ringing);
  }

  // A saved client's name leads to his card while we talk (TEL-60); it is replaced only when it is another one.
  #drawTitle(title, who) {
    const place = this.#part("title");
    const link = $("a", place);
    if (!who?.profile) {
      link?.remove();
      return setText(place, title);
    }
    if (link?.getAttribute("href") !== who.profile || link.textContent !== title) place.replaceChildren(profileLink(who));
    return undefined;
  }

  #words(call, ringing) {
    if (ringing) return [t("Incoming call"), [call.queue?.name ?? call.line?.title, !call.here && t("on your phone")].filter(Boolean).join(", ")];
    if (listening(call)) return [spying.now.agent_name, t("Listening in")];
    if (call) {
      const where = call.direction === "out" ? t("Outgoing") : call.line?.title ?? call.queue?.name ?? t("Incoming");
      return [call.who.name, [call.who.number || call.who.position, where].filter(Boolean).join(" · ")];
    }
    const { state } = this.#phone;
    if (!me?.agent_id) return [t("No phone"), t("An administrator can give you one")];
    if (stands(state.call)) return [t("You take part in a dial list"), t("Clients come to you one after another")];
    if (state.line === "connecting") return [t("Connecting the phone"), t("A moment")];
    if (state.line === "lost") return [t("Phone link lost"), t("It comes back by itself")];
    if (state.problem === "blocked") return [t("No microphone"), t("The browser blocks it")];
    if (state.problem === "missing") return [t("No microphone"), t("Connect a headset")];
    if (state.problem === "refused") return [t("Phone did not connect"), t("Try to go on line again")];
    if (this.#reachable() && this.#resting()) return [t("Phone is connected"), t("You are off line: queues do not ring you")];
    if (this.#phone.online) return [t("Phone is on"), t("No active calls")];
    if (this.#reachable()) return [t("SIP phone is on"), t("No active calls")];
    return [t("Phone is off"), t("Calls do not reach you")];
  }

  #drawParts(call, ringing, busy) {
    const { state } = this.#phone;
    const here = busy && call.here;
    show(this.#part("clock"), busy);
    show(this.#part("rec"), busy && call.recording);
    const talking = busy && ["talking", "held"].includes(call.stage);
    show(this.#part("keys"), here || talking);
    // On a SIP phone these keys are the telephone's own; giving the call away is the server's.
    for (const key of ["mute", "keypad"]) show($(`.keys [data-do="${key}"]`, $("#dock")), here && (key === "mute" || !listening(call)));
    const record = $('.keys [data-do="record"]', $("#dock"));
    const paused = Boolean(call?.recordingPausedUntil);
    show(record, talking && call.recording);
    record.setAttribute("aria-pressed", String(paused));
    setText(record.lastElementChild, paused ? t("Record") : t("Pause rec."));
    setIcon(this.#part("record-icon"), paused ? "rec" : "recpause");
    this.#part("rec").classList.toggle("paused", paused);
    const form = call?.seen?.form ?? "";
    show($('.keys [data-do="hold"]', $("#dock")), talking && !listening(call) && (here && !call.standing ? !form : ["", "waiting"].includes(form)));
    for (const key of ["transfer", "park"]) show($(`.keys [data-do="${key}"]`, $("#dock")), talking && Boolean(call.seen) && !form);
    if (!talking || form) this.#transfer = false;
    const hold = $('.keys [data-do="hold"]', $("#dock"));
    hold.setAttribute("aria-pressed", String(call?.stage === "held"));
    setText(hold.lastElementChild, call?.stage === "held" ? t("Resume") : t("Hold"));
    $('.keys [data-do="transfer"]', $("#dock")).setAttribute("aria-pressed", String(this.#transfer));
    show(this.#part("dial"), !call);
    show(this.#part("online"), !call && (state.line === "off" || (this.#phone.online && this.#resting())));
    show(this.#part("hang"), busy && form !== "consult" && !listening(call));
    setText(this.#part("hang-word"), call && ["connecting", "calling"].includes(call.stage) ? t("Cancel call") : form === "conference" ? t("Leave") : t("Hang up"));
    const mute = $('[data-do="mute"]', $("#dock"));
    mute.setAttribute("aria-pressed", String(Boolean(call?.muted)));
    setText(mute.lastElementChild, call?.muted ? t("Muted") : t("Mute"));
    setIcon(this.#part("mute-icon"), call?.muted ? "micoff" : "mic");
    $('.keys [data-do="keypad"]').setAttribute("aria-pressed", String(this.#keypad));
  }

  // Link quality: in a call what the voice meets, else the way to the phone server and back.
  #drawQuality(call) {
    const { line, trip } = this.#phone.state;
    // In a call the place is taken from the first moment, so that nothing moves when the figures come.
    const quality = call?.here && !["ringing", "answering"].includes(call.stage) ? call.quality ?? UNKNOWN : null;
    const idle = !call && line === "online" && trip !== null;
    show(this.#part("quality"), Boolean(quality) || idle);
    if (!quality && !idle) return;
    const score = quality ? quality.score : trip < 300 ? 4 : trip < 1000 ? 3 : 2;
    this.#part("bars").dataset.score = score;
    setText(this.#part("quality-word"), QUALITY[score]());
    const figures = score === 0 ? " " : quality ? t("%(rtt)s ms, lost %(loss)s", { rtt: quality.rtt, loss: `${quality.loss} %` }) : t("answer in %(ms)s ms", { ms: trip });
    setText(this.#part("quality-figures"), figures);
    if (quality) this.#part("quality").title = t("Delay %(rtt)s ms, lost %(loss)s, jitter %(jitter)s ms", { ...quality, loss: `${quality.loss} %` });
  }

  #drawAway(call) {
    const words = awayWords(store.state, call, this.#phone.state.line);
    $("#dock").classList.toggle("away", Boolean(words));
    show($("#away"), Boolean(words));
    if (words && $("#away span").textContent !== words) announce(words, true);
    setText($("#away span"), words);
  }

  #drawPanel(call, ringing) {
    const panel = this.#part("panel");
    const key = ringing ? JSON.stringify([call.here, call.stage, call.who, call.line, call.queue, call.card, call.quiet, call.waitedSince]) : talks(call) ? talkKey(call) : this.#transfer ? `transfer ${call.seen.id}` : this.#keypad ? `keypad ${Boolean(call)}` : "";
    if (key === this.#drawn) return;
    const first = ringing && !cardShown();
    const held = document.activeElement?.closest(".callcard") ? document.activeElement.dataset.answer !== undefined : false;
    this.#drawn = key;
    if (ringing) panel.replaceChildren(drawCard(call, this.#cardActions()));
    else if (talks(call)) this.#talk(panel, call);
    else if (this.#transfer) {
      panel.replaceChildren(drawTransfer({ call, close: () => this.toggleTransfer(false) }));
      $("input", panel).focus();
    } else if (this.#keypad) panel.replaceChildren(drawKeypad({ press: (digit) => this.#press(digit), close: () => this.toggleKeypad(false), inCall: Boolean(call) }));
    else panel.replaceChildren();
    tick(panel);
    if (!ringing) return;
    if (held) $("[data-answer]", panel)?.focus({ preventScroll: true });
    if (first) letCallThrough();
    if (first) announce(`${t("Incoming call")}: ${call.who.name}. ${call.line?.title ?? ""}`, true);
    this.#measure(call);
  }

  // From the phone's first word of a call to its card on the screen, for the benchmark and the test.
  #measure(call) {
    for (const [name, done] of [["ring-to-card", true], ["ring-to-full-card", Boolean(call.card)]]) {
      if (!done || !performance.getEntriesByName("phone:ring").length || performance.getEntriesByName(`${name}-${call.since}`).length) continue;
      performance.mark(`${name}-${call.since}`);
      performance.measure(name, "phone:ring");
    }
  }

  #cardActions() {
    return { answer: () => this.#phone.do("answer"), reject: () => this.#phone.do("reject"), quiet: () => this.#phone.do("quiet") };
  }

  // One panel at a time: of two that are open only one would be seen.
  toggleKeypad(open = !this.#keypad) {
    this.#keypad = open;
    if (open) this.#transfer = false;
    const held = this.#holdsFocus();
    this.draw();
    // Who works by keys or listens goes with the panel, and comes back to its key.
    if (open) $("[data-keypad]", this.#part("panel"))?.focus({ preventScroll: true });
    else if (held) $$('[data-do="keypad"]', $("#dock")).find((key) => key.checkVisibility())?.focus({ preventScroll: true });
  }

  #holdsFocus() {
    return this.#part("panel").contains(document.activeElement);
  }

  closePanels() {
    if (this.#transfer) this.toggleTransfer(false);
    if (this.#keypad) this.toggleKeypad(false);
  }

  toggleTransfer(open = !this.#transfer) {
    const { call } = this;
    this.#transfer = open && Boolean(call?.seen) && ["talking", "held"].includes(call.stage);
    if (this.#transfer) this.#keypad = false;
    const held = this.#holdsFocus();
    this.draw();
    if (!this.#transfer && held) $('.keys [data-do="transfer"]', $("#dock")).focus({ preventScroll: true });
  }

  // Drawn anew when somebody comes or goes; who worked by keys stays where he was.
  #talk(panel, call) {
    const at = panel.contains(document.activeElement) ? document.activeElement.dataset.talk : undefined;
    const fresh = !$("[data-talkpanel]", panel);
    panel.replaceChildren(drawTalk(call));
    if (at) $(`[data-talk="${at}"]`, panel)?.focus({ preventScroll: true });
    if (fresh) announce($("[data-talkpanel]", panel).getAttribute("aria-label"));
  }

  hold() {
    const { call } = this;
    if (call && (!call.here || call.standing) && call.seen) holdThere(call);
    else this.#phone.do("hold");
  }

  park() {
    if (this.call?.seen) park(this.call);
  }

  #press(digit) {
    this.#phone.do("digit", digit);
  }

  #click(event) {
    const doing = event.target.closest("[data-do]")?.dataset.do;
    if (doing === "keypad") this.toggleKeypad();
    else if (doing === "transfer") this.toggleTransfer();
    else if (doing === "record") this.toggleRecording();
    else if (doing === "hold") this.hold();
    else if (doing === "park") this.park();
    else if (doing === "online") this.#actions.goOnline();
    else if (doing === "hang") this.hangUp();
    else if (doing) this.#phone.do(doing);
  }

  // What is said while the recording is paused is in no file (AGD-14); the server does it, whatever phone the call is on.
  async toggleRecording() {
    const { call } = this;
    if (!call?.seen || !call.recording) return;
    // A press while the one before is still on its way means the opposite of it, and follows it.
    this.#pausing = this.#asking ? !this.#pausing : !call.recordingPausedUntil;
    if (this.#asking) return;
    const path = `/api/v1/calls/${encodeURIComponent(call.seen.id)}/recording`;
    this.#asking = true;
    try {
      for (let asked = null; asked !== this.#pausing; ) {
        asked = this.#pausing;
        const { limit } = (await api("POST", `${path}/${asked ? "pause" : "resume"}`)) ?? {};
        if (asked) toast(t("The recording is paused. It goes on by itself in %(time)s.", { time: duration(limit) }), { glyph: "recpause" });
        else toast(t("The call is recorded again."), { glyph: "rec" });
      }
    } catch (error) {
      complain(error.message);
    } finally {
      this.#asking = false;
    }
  }

  hangUp() {
    if (this.call && (!this.call.here || this.call.standing)) this.#hangUpThere(this.call);
    else this.#phone.do("hang");
  }

  // The call is on the agent's SIP phone: only the server can end it.
  async #hangUpThere(call) {
    try {
      await api("POST", `/api/v1/calls/${encodeURIComponent(call.seen.id)}/hangup`);
    } catch (error) {
      complain(error.message);
    }
  }

  async #submit(event) {
    event.preventDefault();
    const field = event.target.to;
    if (!field.value.trim()) return field.focus();
    // What was typed stays until the call is under way.
    if (await this.#actions.dial(field.value)) field.value = "";
    return undefined;
  }

  #clock() {
    const { call } = this;
    this.#drawAway(call);
    if (!call) return;
    const from = call.stage === "talking" || call.stage === "held" ? call.answeredAt ?? call.since : call.since;
    const word = { connecting: t("Connecting"), calling: t("Calling"), held: t("On hold") }[call.stage];
    setText(this.#part("time"), duration((now() - from) / 1000));
    this.#part("time").title = word ?? "";
    const paused = call.recordingPausedUntil;
    setText(this.#part("rec-word"), paused ? t("Recording paused, %(time)s", { time: duration(Math.max(0, paused - now()) / 1000) }) : t("Recording"));
    if (word && !call.recording) this.#state(word);
    else this.#state("");
  }

  #state(word) {
    let line = $("#dock .clock .waiting");
    if (!line && word) this.#part("clock").append((line = h("span.waiting.tiny.mid")));
    if (line) setText(line, word);
    show(line, Boolean(word));
  }

  #meter() {
    const bars = $$("i", this.#part("mic"));
    const draw = () => {
      const { call } = this.#phone.state;
      if (!document.hidden && call && this.#phone.leading) {
        const level = call.muted ? 0 : this.#phone.mic.level();
        bars.forEach((bar, n) => bar.classList.toggle("on", n < level));
      }
      setTimeout(() => requestAnimationFrame(draw), 66);
    };
    draw();
  }

  #ended(how) {
    if (stands(how)) return;
    this.#keypad = false;
    const name = this.#last?.who.name ?? how.number;
    if (how.answered) toast(t("Call ended: %(who)s, %(time)s", { who: name, time: duration(how.seconds) }), { glyph: "phone" });
    else if (how.elsewhere) toast(t("Another agent took the call"), { glyph: "phone" });
    else if (how.direction === "in" && how.originator === "remote") complain(t("Missed call: %(who)s", { who: name }), { glyph: "missed", state: "missed" });
    this.#card = null;
    this.draw();
  }

  #back(seconds) {
    this.draw();
    if (seconds >= 1) toast(t("Connection is back. It was away for %(time)s; everything on the page is up to date.", { time: duration(Math.ceil(seconds)) }), { glyph: "link" });
  }
}

function awayWords(live, call, line) {
  if (!live.live && (live.rev > 0 || performance.now() > FIRST_SNAPSHOT)) return t("Connection lost, restoring it");
  if (call?.silent) return t("The browser keeps the sound back: click anywhere or press a key");
  if (call?.here && line === "lost") return t("Phone link lost, restoring it; the call goes on");
  if (live.live && !live.link_up) return t("The telephone exchange is away, restoring it");
  return "";
}
