// The line to Asterisk: registration over a WebSocket, kept alive in hidden tabs and put right after any break.
import JsSIP from "jssip";
import { config } from "../config.js";
import { Emitter } from "../emitter.js";

const EXPIRES = 90;
const REFRESH = 30_000;

// Says: state (off, connecting, online, lost), ring (session, request), trip (ms of a registration).
export class Line extends Emitter {
  #agent = null;
  #worker = null;
  #asked = 0;
  #registeredAt = 0;
  state = "off";

  start(device) {
    JsSIP.debug.disable();
    const socket = new JsSIP.WebSocketInterface(device.ws_url);
    this.#agent = new JsSIP.UA({
      sockets: [socket],
      uri: `sip:${device.login}@${device.domain}`,
      authorization_user: device.login,
      password: device.password,
      register: true,
      register_expires: EXPIRES,
      session_timers: false,
      connection_recovery_min_interval: 1,
      connection_recovery_max_interval: 8,
      user_agent: "callcenter-page",
    });
    const on = (name, run) => this.#agent.on(name, run);
    on("connecting", () => { if (this.state === "off") this.#set("connecting"); });
    on("disconnected", () => { if (this.state !== "off") this.#set("lost"); });
    on("connected", () => this.emit("connected"));
    on("registered", () => this.#registered());
    on("unregistered", () => { if (this.state === "online") this.#set("lost"); });
    on("registrationFailed", ({ cause, response }) => this.#failed(cause, response));
    on("newRTCSession", ({ originator, session, request }) => {
      if (originator === "remote") this.emit("ring", { session, request });
    });
    this.#set("connecting");
    this.#asked = performance.now();
    this.#agent.start();
    this.#worker = new Worker(config.keepalive);
    this.#worker.onmessage = () => this.#beat();
    document.addEventListener("visibilitychange", this.#seen);
    addEventListener("online", this.#seen);
  }

  // Calls an extension of Asterisk; for a call that this page goes on with.
  call(extension, options) {
    return this.#agent.call(`sip:${extension}@${this.#agent.configuration.uri.host}`, options);
  }

  stop() {
    document.removeEventListener("visibilitychange", this.#seen);
    removeEventListener("online", this.#seen);
    this.#worker?.terminate();
    this.#set("off");
    const agent = this.#agent;
    this.#agent = null;
    agent?.stop();
  }

  #set(state) {
    if (this.state === state) return;
    const before = this.state;
    this.state = state;
    this.emit("state", { state, before });
  }

  #registered() {
    this.#registeredAt = Date.now();
    if (this.#asked) this.emit("trip", Math.round(performance.now() - this.#asked));
    this.#asked = 0;
    this.#set("online");
  }

  #failed(cause, response) {
    this.emit("refused", { cause, status: response?.status_code ?? 0 });
    if (this.state !== "off") this.#set("lost");
  }

  // A page that comes back to the front cannot know what it slept through.
  #seen = () => { if (!document.hidden) this.#refresh(10_000); };
  #beat = () => this.#refresh(REFRESH);

  #refresh(age) {
    if (!this.#agent?.isConnected() || Date.now() - this.#registeredAt < age) return;
    this.#asked = performance.now();
    this.#agent.registrator().register();
  }
}
