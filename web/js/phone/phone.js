// The phone: loaded once with the shell, it owns the line, the call, the microphone and the loudspeaker. Views only draw
// its state; navigation never touches it. Telephony facts that it obeys stand in spec/telephony.md of the project's plan.
import { api } from "../api.js";
import { me } from "../config.js";
import * as clock from "../clock.js";
import { Emitter } from "../emitter.js";
import { Line } from "./line.js";
import { MicError, Microphone } from "./mic.js";
import { watchQuality } from "./quality.js";
import * as sounds from "./sounds.js";
import { Tabs } from "./tabs.js";

const START = 10_000;
const remembered = () => `phone-on-${me.user_id}`;
const idle = () => ({ on: false, line: "off", trip: null, problem: "", call: null });

// Says: state (whole state), ended ({direction, answered, seconds, cause, number, name}), mic ({kind, again}).
export class Phone extends Emitter {
  state = idle();
  mic = new Microphone();
  #line = new Line();
  #tabs = new Tabs((message) => this.#received(message));
  #session = null;
  #audio = new Audio();
  #stopQuality = () => {};
  #expected = null;

  constructor() {
    super();
    this.#line.on("state", (change) => this.#lineChanged(change));
    this.#line.on("trip", (trip) => this.#change({ trip }));
    this.#line.on("refused", (why) => this.#refused(why));
    this.#line.on("ring", (ring) => this.#ring(ring));
    addEventListener("beforeunload", (event) => { if (this.#tabs.leading && this.state.call) event.preventDefault(); });
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
    const { devices } = await api("GET", "/api/v1/me/devices");
    const device = devices.find((one) => one.kind === "webrtc");
    if (!device) throw new Error("no device");
    if (this.#line.state !== "off") this.#line.stop();
    this.#change({ on: true, problem: "" });
    this.#remember(true);
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
    if (this.#session) return session.terminate({ status_code: 486 });
    this.#session = session;
    const auto = request.hasHeader("X-Auto");
    const expected = auto && this.#expected?.until > Date.now() ? this.#expected : null;
    this.#expected = null;
    session.on("icecandidate", ({ ready }) => ready());
    session.on("peerconnection", ({ peerconnection }) => this.#hear(peerconnection));
    session.on("confirmed", () => this.#talk());
    session.on("ended", (why) => this.#over(session, why));
    session.on("failed", (why) => this.#over(session, why));
    this.#change({
      call: {
        key: request.call_id, direction: auto ? "out" : "in", stage: auto ? "connecting" : "ringing", auto,
        number: expected?.to ?? request.from?.uri?.user ?? "", name: expected?.name ?? request.from?.display_name ?? "",
        at: clock.now(), answeredAt: null, muted: false, quiet: false, quality: null,
      },
    });
    if (auto) return this._answer();
    sounds.startRing();
    // Opened while it rings, the voice is there a tenth of a second sooner; asking is left to the answer.
    this.mic.permission().then((state) => { if (state === "granted" && this.#session === session) this.mic.open().catch(() => {}); });
    return undefined;
  }

  async _answer() {
    const session = this.#session;
    if (!session || !session.isInProgress() || this.state.call.stage === "answering") return;
    this.#callChange({ stage: "answering" });
    sounds.stopRing();
    try {
      const stream = await this.mic.open();
      if (this.#session !== session || session.isEnded()) return;
      session.answer({ mediaStream: stream, mediaConstraints: { audio: true, video: false }, pcConfig: { iceServers: [] } });
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
  }

  // Held, the client hears the exchange's music; the server sees it and shows it on every tab.
  _hold() {
    const session = this.#session;
    if (!session?.isEstablished()) return;
    if (session.isOnHold().local) session.unhold({ useUpdate: false });
    else session.hold({ useUpdate: false });
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
      this.#audio.play().catch(() => {});
    });
    this.#stopQuality = watchQuality(connection, (quality) => this.#callChange({ quality }));
  }

  #talk() {
    performance.mark("phone:talk");
    this.#callChange({ stage: "talking", answeredAt: clock.now() });
  }

  #over(session, { originator, cause, message }) {
    if (this.#session !== session) return;
    this.#session = null;
    sounds.stopRing();
    this.#stopQuality();
    this.#audio.srcObject = null;
    this.mic.release();
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
