// The phone: loaded once with the shell, it owns the line, the call, the microphone and the loudspeaker. Views only draw
// its state; navigation never touches it. Telephony facts that it obeys stand in spec/telephony.md of the project's plan.
import { api } from "../api.js";
import { me } from "../config.js";
import * as clock from "../clock.js";
import { Emitter } from "../emitter.js";
import { echo } from "./echo.js";
import { dialogOf, forget, keep, kept, replaces } from "./keep.js";
import { Line } from "./line.js";
import { MicError, Microphone } from "./mic.js";
import { watchQuality } from "./quality.js";
import * as sounds from "./sounds.js";
import { Tabs } from "./tabs.js";
import { wake } from "./wake.js";
import { stands } from "../standing.js";

const START = 10_000;
const BEAT = 1_000;
const PLAIN = { pcConfig: { iceServers: [] }, mediaConstraints: { audio: true, video: false } };
const remembered = () => `phone-on-${me.user_id}`;
const idle = () => ({ on: false, line: "off", trip: null, problem: "", call: null });

// Says: state (whole state), ended ({direction, answered, seconds, cause, number, name}), mic ({kind, again}).
export class Phone extends Emitter {
  state = idle();
  mic = new Microphone();
  #line = new Line();
  #tabs = new Tabs((message) => this.#received(message), () => this.#taken());
  #session = null;
  #audio = new Audio();
  #stopQuality = () => {};
  #expected = null;
  #keeper = 0;
  #echo = null;

  constructor() {
    super();
    this.#line.on("state", (change) => this.#lineChanged(change));
    this.#line.on("trip", (trip) => this.#change({ trip }));
    this.#line.on("refused", (why) => this.#refused(why));
    this.#line.on("ring", (ring) => this.#ring(ring));
    addEventListener("beforeunload", (event) => { if (this.#tabs.leading && this.state.call && !this.#session?.isEstablished()) event.preventDefault(); });
    this.#tabs.send({ kind: "hello" });
  }

  get leading() {
    return this.#tabs.leading;
  }

  get online() {
    return this.state.line === "online";
  }

  // After a reload the phone goes on by itself where the microphone is already allowed; else a person has to press.
  async resume() {
    if (!this.#wasOn() || (await this.mic.permission()) !== "granted") return;
    this.#tabs.inherit(() => this.#begin().catch((error) => this.#change({ problem: error.kind ?? "refused" })));
  }

  // The window of its own takes the phone, with a call that may go on.
  popOut() {
    if (!this.#wasOn()) return;
    this.#tabs.steal(() => this.#begin().catch((error) => this.#change({ problem: error.kind ?? "refused" })));
  }

  // Another window has the phone now and steps into the call: nothing is said here, and no goodbye is sent.
  #taken() {
    if (this.#session) this.#drop();
    sounds.stopRing();
    setTimeout(() => { if (!this.leading) this.#line.stop(); }, 3_000);
    this.resume();
  }

  // «Go on line»: the gesture that unlocks sound and asks for the microphone. Raises MicError or Error.
  async goOnline() {
    await sounds.unlock();
    if (this.online) return;
    if (!(await this.#tabs.take())) return;
    try {
      await this.mic.open();
      this.mic.release(4_000);
      await this.#begin();
    } catch (error) {
      this.#change({ problem: error.kind ?? "refused" });
      if (this.state.line === "off") this.#tabs.release();
      throw error;
    }
  }

  async #begin() {
    if (kept()) this.mic.open().catch(() => {});
    const { devices } = await api("GET", "/api/v1/me/devices");
    const device = devices.find((one) => one.kind === "webrtc");
    if (!device) throw new Error("no device");
    if (this.#line.state !== "off") this.#line.stop();
    this.#change({ on: true, problem: "" });
    this.#remember(true);
    const lost = kept();
    // Before the registration: the client hears nothing until the call is taken over.
    if (lost) {
      const once = this.#line.on("connected", () => { once(); this.#goOn(lost); });
    }
    this.#line.start(device);
    await this.#until(() => this.online, START);
  }

  #until(ready, most) {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => done(reject, new Error("refused")), most);
      const stop = this.on("state", () => { if (ready()) done(resolve); });
      const done = (settle, value) => { clearTimeout(timer); stop(); settle(value); };
      if (ready()) done(resolve);
    });
  }

  // Devices and volumes as a person has chosen them (js/sound.js); they hold in a call at once.
  async setSound({ mic, micVolume, speaker, volume }) {
    this.#audio.volume = volume;
    Promise.resolve(this.#audio.setSinkId?.(speaker)).catch(() => {});
    const stream = await this.mic.choose(mic, micVolume);
    const track = stream?.getAudioTracks()[0];
    const sender = track && this.#session?.connection?.getSenders().find((one) => one.track?.kind === "audio");
    if (!sender) return;
    track.enabled = sender.track.enabled && !this.state.call?.muted;
    await sender.replaceTrack(track);
  }

  // Commands work from any tab of the browser: answer, reject, hang, mute, hold, digit, quiet, expect, off.
  do(command, value) {
    if (!this.leading) return this.#tabs.send({ kind: "do", command, value });
    return this[`_${command}`]?.(value);
  }

  _off() {
    this.#remember(false);
    this._hang();
    this.#line.stop();
    this.mic.close();
    this.#change(idle());
    this.#tabs.release();
  }

  // The server rings this phone in a moment for a call that a person here asked for.
  _expect(what) {
    this.#expected = { ...what, until: Date.now() + 30_000 };
  }

  // --- a call ---------------------------------------------------------------------------------------------------------

  #ring({ session, request }) {
    performance.mark("phone:ring");
    this.#echo?.();
    if (this.#session) return session.terminate({ status_code: 486 });
    this.#session = session;
    // What the exchange brings: "1" is answered at once, "tone" and "queue" after a tone, "ask" only if it was asked for here.
    const way = request.getHeader("X-Auto") ?? "";
    const brought = Boolean(way) && way !== "queue";
    const expected = brought && this.#expected?.until > Date.now() ? this.#expected : null;
    const auto = way === "1" || Boolean(expected);
    this.#expected = null;
    this.#wire(session);
    session.on("confirmed", () => this.#talk());
    session.on("failed", (why) => this.#over(session, why));
    // The server brings this page back into a call that it could not go on with by itself.
    const back = auto && !expected ? kept()?.call : null;
    this.#change({
      call: back ? { ...back, stage: "connecting", auto } : {
        key: request.call_id, direction: auto ? "out" : "in", stage: auto ? "connecting" : "ringing", auto, brought,
        number: expected?.to ?? request.from?.uri?.user ?? "", name: expected?.name ?? request.from?.display_name ?? "",
        at: clock.now(), answeredAt: null, muted: false, quiet: false, quality: null,
      },
    });
    if (auto) return this._answer();
    if (["tone", "queue"].includes(way)) this.#answerByItself(session);
    else this.#startRinging(session);
    return undefined;
  }

  // A tone, then the call is taken (AGD-16); it rings as usual where nobody would hear the tone or could be heard.
  async #answerByItself(session) {
    const can = (await this.mic.permission()) === "granted" && (await sounds.autoTone());
    if (this.#session !== session || this.state.call?.stage !== "ringing") return;
    if (can) this._answer();
    else this.#startRinging(session);
  }

  #startRinging(session) {
    sounds.startRing();
    // Opened while it rings, the voice is there a tenth of a second sooner; asking is left to the answer.
    this.mic.permission().then((state) => { if (state === "granted" && this.#session === session) this.mic.open().catch(() => {}); });
  }

  #wire(session) {
    session.on("icecandidate", ({ ready }) => ready());
    session.on("peerconnection", ({ peerconnection }) => this.#hear(peerconnection));
    session.on("ended", (why) => this.#over(session, why));
  }

  // Takes a call over that another page of this browser had (AGD-09): Asterisk puts this leg into the old one's place.
  async #goOn({ dialog, call }) {
    // That leg was Asterisk's own affair: the server brings this page into the talk, if there is one.
    if (stands(call)) return this.#comeBack("/api/v1/me/dial-list/phone");
    const stream = await this.mic.open().catch(() => null);
    if (!stream || this.#session) return this.#comeBack();
    // Whoever was on hold stays there and hears nothing of here meanwhile.
    if (call.muted || call.held) stream.getAudioTracks().forEach((track) => { track.enabled = false; });
    const session = this.#line.call("cc-resume", {
      ...PLAIN, mediaStream: stream, extraHeaders: [replaces(dialog)],
      eventHandlers: {
        icecandidate: ({ ready }) => ready(),
        // Of a call that this side makes the connection is there before anybody could listen for it.
        peerconnection: ({ peerconnection }) => this.#hear(peerconnection),
      },
    });
    this.#session = session;
    if (call.muted || call.held) session.mute({ audio: true });
    this.#change({ call: { ...call, silent: false, stage: "talking" } });
    session.on("ended", (why) => this.#over(session, why));
    session.on("confirmed", () => {
      performance.mark("phone:rejoined");
      this.#keepCall();
      wake(session, call.held, () => {
        if (call.held && !this.state.call?.muted) session.unmute({ audio: true });
        this.#keepCall();
      });
    });
    session.on("failed", () => {
      if (this.#session !== session) return;
      this.#drop();
      this.#change({ call: null });
      this.#comeBack();
    });
    return undefined;
  }

  // The call lives, but this page cannot step in by itself: the server rings it into the talk.
  async #comeBack(first) {
    await this.#until(() => this.online, START).catch(() => {});
    if (first) await api("POST", first).catch(() => {});
    const { call_id: id } = await api("GET", "/api/v1/me/state").catch(() => ({ call_id: null }));
    if (id && !this.#session) await api("POST", `/api/v1/calls/${encodeURIComponent(id)}/rejoin`).catch(() => {});
    // Unless the server has rung already: what is kept is then the new call.
    if (!id && !this.#session) forget();
  }

  // A test of headset and line (echo.js), which ends when a real call rings.
  // Resolves to {connection, end}. Raises MicError, or Error where the phone is not on line or in a call.
  async echo() {
    if (!this.leading || !this.online) throw new Error("offline");
    if (this.#session) throw new Error("in_call");
    this.#echo?.();
    const { ready, end } = echo(this.#line, this.mic, await this.mic.open(), PLAIN, () => { this.#echo = null; });
    this.#echo = end;
    return ready;
  }

  #keepCall() {
    clearInterval(this.#keeper);
    const write = () => {
      const dialog = this.#session && dialogOf(this.#session);
      if (dialog && this.state.call) keep(dialog, { ...this.state.call, held: this.#session.isOnHold().local });
    };
    this.#keeper = setInterval(write, BEAT);
    write();
  }

  #drop() {
    clearInterval(this.#keeper);
    this.#session = null;
    this.#stopQuality();
    this.#audio.srcObject = null;
    this.mic.release();
  }

  async _answer() {
    const session = this.#session;
    if (!session || !session.isInProgress() || this.state.call.stage === "answering") return;
    this.#callChange({ stage: "answering" });
    sounds.stopRing();
    try {
      const stream = await this.mic.open();
      if (this.#session !== session || session.isEnded()) return;
      session.answer({ ...PLAIN, mediaStream: stream });
      if (this.state.call.muted) session.mute({ audio: true });
      this.#change({ problem: "" });
    } catch (error) {
      if (this.#session !== session) return;
      const kind = error instanceof MicError ? error.kind : "busy";
      this.#change({ problem: kind });
      this.#callChange({ stage: this.state.call.auto ? "connecting" : "ringing" });
      // The call waits: once the microphone is allowed it goes on by itself.
      this.#helpWithMic(kind, () => { if (this.#session === session) this._answer(); });
    }
  }

  #helpWithMic(kind, again) {
    this.mic.whenAllowed(again);
    this.emit("mic", { kind, again });
  }

  _reject() {
    if (this.#session?.isInProgress()) this.#session.terminate({ status_code: 486 });
  }

  _hang() {
    if (this.#session && !this.#session.isEnded()) this.#session.terminate();
  }

  _mute() {
    if (!this.#session?.isEstablished()) return;
    const muted = !this.state.call.muted;
    if (muted) this.#session.mute({ audio: true });
    else this.#session.unmute({ audio: true });
    this.#callChange({ muted });
    this.#keepCall();
  }

  // Held, the client hears the exchange's music; the server sees it and shows it on every tab.
  _hold() {
    const session = this.#session;
    if (!session?.isEstablished()) return;
    const done = () => this.#keepCall();
    if (session.isOnHold().local) session.unhold({ useUpdate: false }, done);
    else session.hold({ useUpdate: false }, done);
  }

  _digit(key) {
    sounds.keySound(key);
    if (!this.#session?.isEstablished()) return;
    this.#session.sendDTMF(key, { duration: 120, interToneGap: 80, transportType: "RFC2833" });
  }

  _quiet() {
    sounds.stopRing();
    this.#callChange({ quiet: true });
  }

  #hear(connection) {
    connection.addEventListener("track", ({ track, streams }) => {
      this.#audio.srcObject = streams[0] ?? new MediaStream([track]);
      this.#audio.play().then(() => { if (this.state.call?.silent) this.#callChange({ silent: false }); }, () => this.#playLater());
    });
    this.#stopQuality = watchQuality(connection, (quality) => this.#callChange({ quality }));
  }

  // After a crash the browser lets no page sound before it is touched: the first key or click gives the voice back.
  #playLater() {
    this.#callChange({ silent: true });
    const play = () => {
      for (const kind of ["pointerdown", "keydown"]) removeEventListener(kind, play, true);
      this.#audio.play().then(() => this.#callChange({ silent: false }), () => {});
    };
    for (const kind of ["pointerdown", "keydown"]) addEventListener(kind, play, true);
  }

  #talk() {
    performance.mark("phone:talk");
    // A call that was brought here goes out from now on.
    const { brought, direction } = this.state.call;
    this.#callChange({ direction: brought ? "out" : direction, stage: "talking", answeredAt: this.state.call.answeredAt ?? clock.now() });
    this.#keepCall();
  }

  #over(session, { originator, cause, message }) {
    if (this.#session !== session) return;
    sounds.stopRing();
    this.#drop();
    forget();
    const { call } = this.state;
    const elsewhere = /cause=200|elsewhere/i.test(message?.getHeader?.("Reason") ?? "");
    this.#change({ call: null });
    const seconds = call.answeredAt ? (clock.now() - call.answeredAt) / 1000 : 0;
    const ended = { direction: call.direction, answered: Boolean(call.answeredAt), seconds, cause, originator, elsewhere, number: call.number, name: call.name };
    this.#tabs.send({ kind: "ended", ended });
    this.emit("ended", ended);
  }

  // --- the line ---------------------------------------------------------------------------------------------------------

  #lineChanged({ state, before }) {
    if (!this.leading) return;
    this.#change({ line: state });
    // A goodbye that came while the link was away is lost: the other side's answer to this tells whether the call lives.
    if (state === "online" && before === "lost" && this.#session?.isEstablished()) {
      this.#session.renegotiate({ useUpdate: false });
    }
  }

  #refused({ status }) {
    if (status >= 400 && status < 500) this.#change({ problem: "refused" });
  }

  // --- state, and the other tabs ------------------------------------------------------------------------------------------

  #callChange(part) {
    if (this.state.call) this.#change({ call: { ...this.state.call, ...part } });
  }

  #change(part) {
    this.state = { ...this.state, ...part };
    if (this.leading) this.#tabs.send({ kind: "state", state: this.state });
    this.emit("state", this.state);
  }

  #received(message) {
    if (message.kind === "do" && this.leading) this.do(message.command, message.value);
    else if (message.kind === "hello" && this.leading) this.#tabs.send({ kind: "state", state: this.state });
    else if (message.kind === "state" && !this.leading) this.#follow(message.state);
    else if (message.kind === "ended" && !this.leading && !document.hidden) this.emit("ended", message.ended);
  }

  #follow(state) {
    const newlyOn = state.on && !this.state.on;
    this.state = state;
    this.emit("state", state);
    if (newlyOn) this.resume();
  }

  #remember(on) {
    try {
      if (on) localStorage.setItem(remembered(), "1");
      else localStorage.removeItem(remembered());
    } catch {
      // Then the phone has to be switched on after a reload.
    }
  }

  #wasOn() {
    try {
      return localStorage.getItem(remembered()) === "1";
    } catch {
      return false;
    }
  }
}
