// The microphone: asked for when it is first needed, and whoever waits for it goes on by itself once it is allowed.
import { Emitter } from "../emitter.js";

const KEEP = 15_000;
const LEVELS = 6;
// Where the system says no although the page is allowed, going on by oneself would never end.
const SELDOM = 10_000;

export class MicError extends Error {
  // kind: blocked (the person or the browser said no), missing (no microphone), busy (another program holds it), insecure
  constructor(kind) {
    super(kind);
    this.kind = kind;
  }
}

const kindOf = (error) => ({ NotAllowedError: "blocked", SecurityError: "blocked", NotFoundError: "missing", OverconstrainedError: "missing" })[error.name] ?? "busy";

export class Microphone extends Emitter {
  #stream = null;
  #raw = null;
  #opening = null;
  #closer = 0;
  #meter = null;
  #device = "";
  #volume = 1;
  #gain = null;
  #wentOn = -SELDOM;

  // granted, prompt, denied; "prompt" where the browser does not tell.
  async permission() {
    try {
      return (await navigator.permissions.query({ name: "microphone" })).state;
    } catch {
      return "prompt";
    }
  }

  // Runs `then` once the permission turns to granted (after a person changed the site's settings).
  async whenAllowed(then) {
    try {
      const status = await navigator.permissions.query({ name: "microphone" });
      const look = () => {
        if (status.state !== "granted") return;
        status.removeEventListener("change", look);
        then();
      };
      status.addEventListener("change", look);
      // Who allowed it before we listened has made no change that we could hear of.
      if (status.state === "granted" && performance.now() - this.#wentOn > SELDOM) {
        this.#wentOn = performance.now();
        look();
      }
    } catch {
      // The dialog's button «Try again» is left.
    }
  }

  // The live stream; the browser may ask first. Raises MicError. Several callers share one question.
  open() {
    clearTimeout(this.#closer);
    if (this.#stream?.getAudioTracks()[0]?.readyState === "live") return Promise.resolve(this.#stream);
    this.#opening ??= this.#ask().finally(() => { this.#opening = null; });
    return this.#opening;
  }

  async #ask() {
    if (!navigator.mediaDevices?.getUserMedia) throw new MicError("insecure");
    // Tests compare tones, which echo cancellation and gain control would change.
    const plain = globalThis.callcenterPlainAudio === true;
    const audio = { echoCancellation: !plain, noiseSuppression: !plain, autoGainControl: !plain };
    if (this.#device) audio.deviceId = { ideal: this.#device };
    try {
      this.#raw = await navigator.mediaDevices.getUserMedia({ audio, video: false });
      this.#stream = this.#louder(this.#raw);
    } catch (error) {
      throw new MicError(kindOf(error));
    }
    this.#raw.getAudioTracks()[0].addEventListener("ended", () => this.emit("ended"));
    this.#startMeter();
    this.emit("opened");
    return this.#stream;
  }

  // Another microphone ('' = the system's) or another volume (1 = as it comes); the stream is opened anew where it is open.
  // Resolves to the new stream, or null when nothing has to be changed in a call.
  async choose(device, volume) {
    const same = device === this.#device && (volume === this.#volume || this.#gain);
    this.#device = device;
    this.#volume = volume;
    if (this.#gain) this.#gain.node.gain.value = volume;
    if (same || !this.#stream) return null;
    this.close();
    return this.open();
  }

  // Only a voice that shall be louder or softer goes through the browser's mixer: it may not run before a first gesture.
  #louder(stream) {
    if (this.#volume === 1) return stream;
    const context = new AudioContext();
    const node = context.createGain();
    node.gain.value = this.#volume;
    const out = context.createMediaStreamDestination();
    context.createMediaStreamSource(stream).connect(node).connect(out);
    context.resume().catch(() => {});
    this.#gain = { context, node };
    return out.stream;
  }

  // Lets go a little later: the next call of a busy agent then starts at once.
  release(after = KEEP) {
    clearTimeout(this.#closer);
    this.#closer = setTimeout(() => this.close(), after);
  }

  close() {
    clearTimeout(this.#closer);
    for (const stream of [this.#stream, this.#raw]) stream?.getTracks().forEach((track) => track.stop());
    this.#stream = this.#raw = null;
    this.#gain?.context.close();
    this.#gain = null;
    this.#meter?.context.close();
    this.#meter = null;
    this.emit("closed");
  }

  get isOpen() {
    return Boolean(this.#stream);
  }

  #startMeter() {
    const context = new AudioContext();
    const analyser = context.createAnalyser();
    analyser.fftSize = 512;
    context.createMediaStreamSource(this.#stream).connect(analyser);
    this.#meter = { context, analyser, samples: new Float32Array(analyser.fftSize) };
  }

  // 0 (silence) to 6 (loud): decibels of the last 10 ms, in steps of 8 dB from -54 dBFS.
  level() {
    if (!this.#meter) return 0;
    const { analyser, samples } = this.#meter;
    analyser.getFloatTimeDomainData(samples);
    const power = samples.reduce((sum, value) => sum + value * value, 0) / samples.length;
    return levelOf(power);
  }
}

export function levelOf(power) {
  const decibels = 10 * Math.log10(power + 1e-10);
  return Math.max(0, Math.min(LEVELS, Math.ceil((decibels + 54) / 8)));
}
