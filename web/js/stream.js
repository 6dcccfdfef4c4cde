// The one live stream. Browsers give a server six connections, so only one tab holds the stream and passes it on to
// the others; a Web Lock says which, and the next tab takes over when it is closed. It is read with fetch and not with
// EventSource, which shows neither a 401 nor the comment lines that tell a living link from a dead one.
import { ApiError } from "./api.js";
import { config } from "./config.js";
import { Emitter } from "./emitter.js";
import { heard, reset } from "./clock.js";
import { ask } from "./signin.js";
import { store } from "./store.js";

const ADDRESS = "/api/v1/events";
const STALE = 25_000;
const GRACE = 1_200;
const FIRST_PAUSE = 500;
const LONGEST_PAUSE = 15_000;

// Says card, notice, recording (as the server sent them), away (at) and back (seconds away).
export const stream = new Emitter();

let channel;
let leading = false;
let awaySince = 0;
let grace = 0;
let lastHeard = Date.now();
let wake = () => {};

export function startStream() {
  const name = `live-${config.me.user_id}-${config.me.business_id}`;
  channel = new BroadcastChannel(name);
  channel.onmessage = ({ data }) => (leading ? answer(data) : follow(data));
  channel.postMessage({ kind: "hello" });
  if (navigator.locks) navigator.locks.request(name, lead).catch(lead);
  else lead();
  setInterval(watchFollowing, 5_000);
  const hurry = () => wake();
  addEventListener("online", hurry);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) hurry(); });
}

// --- the tab that holds the stream ------------------------------------------------------------------------------------

async function lead() {
  leading = true;
  let pause = FIRST_PAUSE;
  for (;;) {
    const began = Date.now();
    try {
      await listen();
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) await ask();
    }
    lost();
    // A stream that lived for a while was sound: begin with short pauses again.
    if (Date.now() - began > 30_000) pause = FIRST_PAUSE;
    await rest(pause * (0.75 + Math.random() / 2));
    pause = Math.min(pause * 2, LONGEST_PAUSE);
  }
}

function rest(milliseconds) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    wake = () => { clearTimeout(timer); resolve(); };
  });
}

async function listen() {
  const abort = new AbortController();
  let watchdog = setTimeout(() => abort.abort(), STALE);
  try {
    const response = await fetch(ADDRESS, { headers: { Accept: "text/event-stream" }, signal: abort.signal, cache: "no-store" });
    if (response.status === 401) throw new ApiError(401, "not_signed_in", "");
    if (!response.ok || !response.body) throw new ApiError(response.status, "", "");
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    const frames = new Frames();
    for (;;) {
      const { value, done } = await reader.read();
      if (done) return;
      clearTimeout(watchdog);
      watchdog = setTimeout(() => abort.abort(), STALE);
      alive();
      for (const frame of frames.feed(value)) take(frame.event, JSON.parse(frame.data));
    }
  } finally {
    clearTimeout(watchdog);
    abort.abort();
  }
}

// Cuts the text of a stream into frames; a frame may come in any number of pieces.
export class Frames {
  #rest = "";

  feed(text) {
    this.#rest += text;
    const parts = this.#rest.split(/\r?\n\r?\n/);
    this.#rest = parts.pop();
    return parts.map(frame).filter((found) => found.data);
  }
}

function frame(text) {
  const found = { event: "message", data: "" };
  for (const line of text.split(/\r?\n/)) {
    const [, field, value] = /^(event|data): ?(.*)$/.exec(line) ?? [];
    if (field === "event") found.event = value;
    else if (field === "data") found.data += (found.data ? "\n" : "") + value;
  }
  return found;
}

function alive() {
  lastHeard = Date.now();
  channel.postMessage({ kind: "beat" });
}

function answer(message) {
  // A tab that just opened gets the whole picture from here and not from the server.
  if (message.kind === "hello" && store.state.live) channel.postMessage({ kind: "frame", event: "snapshot", data: store.state });
}

// --- the tabs that follow ----------------------------------------------------------------------------------------------

function follow(message) {
  lastHeard = Date.now();
  if (message.kind === "frame") take(message.event, message.data);
  else if (message.kind === "lost") lost();
  else if (message.kind === "beat" && !store.state.live) channel.postMessage({ kind: "hello" });
}

function watchFollowing() {
  if (!leading && Date.now() - lastHeard > STALE + 15_000) lost();
}

// --- both --------------------------------------------------------------------------------------------------------------

function take(event, data) {
  if (leading) channel.postMessage({ kind: "frame", event, data });
  if (event === "snapshot") {
    reset();
    heard(data.now);
    store.snapshot(data);
    back();
  } else if (event === "delta") {
    heard(data.at);
    store.delta(data);
  } else {
    stream.emit(event, data);
  }
}

function lost() {
  if (leading) channel.postMessage({ kind: "lost" });
  if (awaySince || !store.state.live) return;
  awaySince = Date.now();
  // A stream that is taken up again at once was not away for anybody.
  grace = setTimeout(() => {
    store.setLive(false);
    stream.emit("away", awaySince);
  }, GRACE);
}

function back() {
  if (!awaySince) return;
  clearTimeout(grace);
  const seconds = (Date.now() - awaySince) / 1000;
  awaySince = 0;
  if (seconds * 1000 >= GRACE) stream.emit("back", seconds);
}
