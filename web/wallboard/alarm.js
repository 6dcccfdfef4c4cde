// Something new and bad is heard once; the button keeps the choice in this browser.
import { announce } from "../js/dom.js";

const KEY = "wallboard-sound";

export class Alarm {
  #known = null;

  constructor(button, config) {
    this.button = button;
    this.config = config;
    this.on = localStorage.getItem(KEY) !== "off";
    this.paint();
  }

  toggle() {
    this.on = !this.on;
    localStorage.setItem(KEY, this.on ? "on" : "off");
    this.paint();
    if (this.on) beep();
  }

  paint() {
    this.button?.setAttribute("aria-pressed", String(this.on));
  }

  // Alerts and callers who have waited very long; what was there when the page opened is seen, not heard.
  hear(alerts, concerns) {
    // A limit may be meant to be seen only.
    const texts = new Map(alerts.filter((alert) => !alert.key.startsWith("limit-quiet")).map((alert) => [`alert ${alert.key}`, alert.message]));
    for (const item of concerns) if (item.kind === "wait") texts.set(`wait ${item.id}`, `${this.config.concerns.wait}: ${item.name}`);
    const fresh = this.#known === null ? [] : [...texts].filter(([key]) => !this.#known.has(key));
    this.#known = new Set(texts.keys());
    if (!fresh.length) return;
    announce(fresh.map(([, text]) => text).join(". "), true);
    if (this.on) beep();
  }
}

let audio;

// Two short soft tones. Without an earlier click the browser keeps silent, which is its right.
function beep() {
  try {
    audio ??= new AudioContext();
    if (audio.state === "suspended") audio.resume();
    for (const [at, pitch] of [[0, 660], [0.18, 880]]) {
      const tone = audio.createOscillator();
      const level = audio.createGain();
      const begin = audio.currentTime + at;
      tone.frequency.value = pitch;
      level.gain.setValueAtTime(0.0001, begin);
      level.gain.exponentialRampToValueAtTime(0.12, begin + 0.02);
      level.gain.exponentialRampToValueAtTime(0.0001, begin + 0.16);
      tone.connect(level).connect(audio.destination);
      tone.start(begin);
      tone.stop(begin + 0.18);
    }
  } catch {
    // No sound device: the alert is on the page.
  }
}
